package cmd

import "testing"

// TestUsageErrors holds what is said of words and flags that a command does not take.
func TestUsageErrors(t *testing.T) {
	newPerson(t).expect(
		said{"sned", exitUsage, nil, []string{`error: there is no command "sned"; did you mean "send"?`, `hint: see "usagectl --help"`}},
		said{"qqqqqq", exitUsage, nil, []string{`error: there is no command "qqqqqq"` + "\n"}},
		said{"send demo", exitUsage, nil, []string{"the command is: usagectl send TOOL EVENT", `see "usagectl send --help"`}},
		said{"send demo run.end 5s --wait", exitUsage, nil, []string{`"5s" is a word too many; the time of --wait stands behind "=", as in --wait=5s`}},
		said{"send demo run.end 5s", exitUsage, nil, []string{"the command is: usagectl send TOOL EVENT"}},
		said{"inspect demo a b", exitUsage, nil, []string{"the command is: usagectl inspect TOOL [EVENT]"}},
		said{"deliver now", exitUsage, nil, []string{"usagectl deliver --help"}},
		said{"status --al", exitUsage, nil, []string{`there is no flag "--al"; did you mean "--all"?`}},
		said{"status -Z", exitUsage, nil, []string{`there is no flag "-Z"`}},
		said{"enable demo --level", exitUsage, nil, []string{"--level needs a value: N"}},
		said{"enable demo --level x", exitUsage, nil, []string{`--level is "x": a whole number is needed`}},
		said{"flush --timeout x", exitUsage, nil, []string{`--timeout is "x": a time such as 500ms, 10s or 2m is needed`}},
		said{"status --all=x", exitUsage, nil, []string{`--all is "x": true or false is needed`}},
		said{"inspect demo --payload --wire", exitUsage, nil, []string{"--payload and --wire cannot stand together"}},
		said{"inspect demo --sent --forget", exitUsage, nil, []string{"--forget and --sent cannot stand together"}},
		said{"enable", exitUsage, nil, []string{"which tool? name one or more", `see the tools on this machine with "usagectl status"`}},
		said{"disable demo --all", exitUsage, nil, []string{"name tools, or say --all, not both"}},
	)
}
