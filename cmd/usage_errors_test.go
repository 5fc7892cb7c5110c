package cmd

import "testing"

// TestUsageErrors holds what is said of words and flags that a command does not take.
func TestUsageErrors(t *testing.T) {
	newPerson(t).expect(
		said{"sned", exitUsage, nil, []string{`error: there is no command "sned"; did you mean "send"?`, `hint: see "usagectl --help"`}},
		said{"qqqqqq", exitUsage, nil, []string{`error: there is no command "qqqqqq"` + "\n"}},
		said{"inspect demo a b", exitUsage, nil, []string{"the command is: usagectl inspect TOOL [EVENT]"}},
		said{"deliver now", exitUsage, nil, []string{"usagectl deliver --help"}},
		said{"status --al", exitUsage, nil, []string{`there is no flag "--al"; did you mean "--all"?`}},
		said{"status -Z", exitUsage, nil, []string{`there is no flag "-Z"`}},
		said{"enable demo --level", exitUsage, nil, []string{"--level needs a value: N"}},
		said{"enable demo --level x", exitUsage, nil, []string{`--level is "x": a whole number is needed`}},
		said{"flush --timeout -5s", exitUsage, nil, []string{`--timeout is "-5s": a time of 0 or more is needed`}},
		said{"status -json", exitUsage, nil, []string{`there is no flag "-j"; did you mean "--json"?`}},
		said{"flush --timeout x", exitUsage, nil, []string{`--timeout is "x": a time such as 500ms, 10s or 2m is needed`}},
		said{"status --all=x", exitUsage, nil, []string{`--all is "x": true or false is needed`}},
		said{"inspect demo --payload --wire", exitUsage, nil, []string{"--payload and --wire cannot be combined"}},
		said{"inspect demo --sent --forget", exitUsage, nil, []string{"--forget and --sent cannot be combined"}},
		said{"enable", exitUsage, nil, []string{"which tool? name one or more", `see the tools on this machine with "usagectl status"`}},
		said{"disable demo --all", exitUsage, nil, []string{"name tools, or say --all, not both"}},
	)
}
