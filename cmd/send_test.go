package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/sender"
)

func TestSend(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"send demo run.end", exitOK, nil, nil},
		said{"send demo run.end -v", exitOK, nil, []string{"usagectl: send demo run.end: off: you have not been asked yet\n"}},
		said{"send demo nosuch", exitOK, nil, []string{`usagectl: send demo nosuch: demo has no event "nosuch"; its events are: run.start, run.end` + "\n"}},
		said{"send demo run.ned --fail", exitData, nil, []string{`; did you mean "run.end"?`}},
		said{"send demo forget --fail", exitData, nil, []string{`the event "forget" is demo's deletion request`}},
		said{"send nosuch e", exitOK, nil, []string{`unknown tool "nosuch"`}},
		said{"send nosuch e --fail", exitData, nil, []string{"*"}},
		said{"send homebrew e --fail", exitData, nil, []string{"no manifest says what Homebrew sends"}},
		said{"enable demo -q", exitOK, nil, nil},
		said{"send demo run.end --set exit_code=0", exitOK, nil, nil},
		said{"send demo run.end -v", exitOK, nil, []string{"warning: no deliverer could be started: " + errNoProgram.Error(), "send demo run.end: queued: you agreed on 2026-03-04"}},
		said{"send demo run.end --set exit_code=x", exitOK, nil, []string{`field "exit_code" is left out: "x" is no int`}},
		said{"send demo run.end --set exit_code=999 --fail", exitData, nil, []string{"999 is more than 255"}},
		said{"send demo run.end --set exit_cod=1", exitOK, nil, []string{`"exit_cod"; did you mean "exit_code"?`}},
		said{"send demo run.end --set exit_code", exitOK, nil, []string{`--set "exit_code" is left out: NAME=VALUE is needed`}},
		said{"send demo run.end --run me", exitOK, nil, []string{`the run ID "me" is left out: a UUID is needed`}},
		said{"send demo run.end --tool-version " + strings.Repeat("1", 65), exitOK, nil, []string{"up to 64 printable characters are needed"}},
		said{"send demo run.end --data nosuch.json", exitOK, nil, []string{"--data: "}},
		said{"send demo run.end --dry-run", exitOK, []string{`  "event": "run.end",` + "\n"}, nil},
	)
	p.must("status demo --json")
	if queued := p.tool()["queued"]; queued != 8.0 {
		t.Errorf("queued are %v", queued)
	}
}

// TestSendFail holds that an author learns that nothing was sent, and why.
func TestSendFail(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"send demo run.end --fail", exitNo, nil, nil},
		said{"send demo run.end --fail -v", exitNo, nil, []string{"usagectl: send demo run.end: off: you have not been asked yet\n"}},
		said{"send demo run.end --fail --json", exitNo, []string{`"outcome":"off","reason":{"rule":"undecided","detail":"you have not been asked yet"}`}, nil},
		said{"send demo run.end --fail --set exit_code=x", exitData, nil, []string{`"x" is no int`}},
		said{"enable demo -q", exitOK, nil, nil},
		said{"send demo run.end --fail", exitOK, nil, nil},
	)
	p.env["DO_NOT_TRACK"] = "1"
	p.expect(said{"send demo run.end --fail -v", exitNo, nil, []string{"off: DO_NOT_TRACK is set"}})
}

// TestSendUsage holds that a script goes on whatever its command line, and that --fail
// counts wherever it is, unless it is the value of another flag or no flag at all.
func TestSendUsage(t *testing.T) {
	newPerson(t).expect(
		said{"send", exitOK, nil, []string{"usagectl: send: nothing was sent: the command is: usagectl send TOOL EVENT | TOOL --stream\n"}},
		said{"send demo", exitOK, nil, []string{"the command is: usagectl send TOOL EVENT | TOOL --stream\n"}},
		said{"send demo run.end 5s --wait", exitOK, nil, []string{`"5s" is a word too many; the time of --wait stands behind "=", as in --wait=5s`}},
		said{"send demo run.end --new-flag", exitOK, nil, []string{"usagectl: send: nothing was sent: there is no flag \"--new-flag\"\n"}},
		said{"send demo run.end -x", exitOK, nil, []string{`there is no flag "-x"`}},
		said{"send demo run.end --wait=soon", exitOK, nil, []string{`--wait is "soon": a time such as 500ms, 10s or 2m is needed`}},
		said{"send demo run.end --wait=-5s", exitOK, nil, []string{`--wait is "-5s": a time of 0 or more is needed`}},
		said{"send demo run.end --set", exitOK, nil, []string{"--set needs a value"}},
		said{"send demo run.end --dry-run=maybe", exitOK, nil, []string{`--dry-run is "maybe": true or false is needed`}},
		said{"--new-flag send demo run.end", exitOK, nil, []string{`there is no flag "--new-flag"`}},
		said{"-q send demo run.end --new-flag", exitOK, nil, []string{`there is no flag "--new-flag"`}},

		said{"send --fail", exitUsage, nil, []string{"the command is: usagectl send TOOL EVENT"}},
		said{"send --fail demo run.end --new-flag", exitUsage, nil, []string{`there is no flag "--new-flag"`}},
		said{"send demo run.end --new-flag --fail", exitUsage, nil, []string{`there is no flag "--new-flag"`}},
		said{"send demo run.end --wait=soon --fail", exitUsage, nil, []string{`--wait is "soon"`}},
		said{"--new-flag send demo run.end --fail", exitUsage, nil, []string{`there is no flag "--new-flag"`}},
		said{"send demo run.end more --fail=true", exitUsage, nil, []string{"the command is: "}},
		said{"send demo run.end --new-flag --fail=maybe", exitUsage, nil, []string{"*"}},
		said{"send demo run.end --new-flag --fail=false", exitOK, nil, []string{"*"}},
		said{"send demo run.end --set --fail --new-flag", exitOK, nil, []string{"*"}},
		said{"send demo run.end -- --fail", exitOK, nil, []string{"the command is: "}},
		said{"send demo run.end --new-flag -- --fail", exitOK, nil, []string{"*"}},
		said{"send demo run.end -fail", exitOK, nil, []string{`there is no flag "-f"; did you mean "--fail"?`}},

		said{"send demo run.end more --json", exitOK, []string{`{"schema":1,"tool":"demo","event":"run.end","outcome":"dropped","reason":{"rule":"usage","detail":"the command is: `}, []string{"*"}},
		said{"send --weight 2 demo run.end --json", exitOK, []string{`{"schema":1,"tool":"demo","event":"run.end","outcome":"dropped","reason":{"rule":"usage",`}, []string{"*"}},
		said{"send --json --frob demo run.end", exitOK, []string{`{"schema":1,"tool":"demo","event":"run.end","outcome":"dropped","reason":{"rule":"usage",`}, []string{"*"}},
		said{"send demo run.end --json -x", exitOK, []string{`{"schema":1,"tool":"demo","event":"run.end",`}, []string{"*"}},
		said{"send --json --frob demo", exitOK, []string{`{"schema":1,"tool":"","event":"",`}, []string{"*"}},
		said{"--fail send demo run.end", exitNo, nil, nil},
		said{"--set exit_code=1 --fail -q send demo run.end", exitNo, nil, nil},
		said{"--wait=1s --json send demo run.end", exitOK, []string{`"tool":"demo","event":"run.end","outcome":"off"`}, nil},
		said{"--fail --new-flag send demo run.end", exitUsage, nil, []string{`there is no flag "--new-flag"`}},
		said{"--timeout 1s flush", exitOK, []string{"*"}, nil},
		said{"--fail sned demo run.end", exitUsage, nil, []string{"*"}},
		said{"sned demo run.end", exitUsage, nil, []string{`did you mean "send"?`, "*"}},
	)
}

// TestSendForTestUsage holds that a test is never taken for a real event, and never passes,
// where the address is missing or not one of this machine, wherever the mistake is.
func TestSendForTestUsage(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	p.must("enable acme -q")
	const event = "send acme run --set part=left "
	for args, told := range map[string]string{
		event + "--endpoint-for-test=":                                 `--endpoint-for-test "" is not an address of this machine`,
		event + "--endpoint-for-test":                                  "--endpoint-for-test needs a value",
		event + "--endpoint-for-test --wait":                           `--endpoint-for-test "--wait" is not`,
		event + "--endpoint-for-test http://telemetry.example:8765":    "is not an address of this machine with a port and no path; write 127.0.0.1",
		event + "--endpoint-for-test https://127.0.0.1:8765":           "as in 127.0.0.1:8765 or http://127.0.0.1:8765",
		event + "--endpoint-for-test localhost:8765":                   "is not an address of this machine",
		event + "--endpoint-for-test 127.0.0.1:1 --dry-run":            "--dry-run and --endpoint-for-test cannot be combined",
		event + "--endpoint-for-test 127.0.0.1:1 --new-flag":           `there is no flag "--new-flag"`,
		event + "--endpoint-for-test 127.0.0.1:1 --fail=false -x":      `there is no flag "-x"`,
		event + "--endpoint-for-test 127.0.0.1:1 --wait=-5s":           "a time of 0 or more is needed",
		"send --endpoint-for-test 127.0.0.1:1 acme":                    "the command is: usagectl send TOOL EVENT",
		"send acme --stream --endpoint-for-test 127.0.0.1:1":           "--stream", // which is for real events only
		"--endpoint-for-test= " + event:                                "is not an address of this machine",
		"send acme run 127.0.0.1:1 --endpoint-for-test":                "--endpoint-for-test needs a value",
		event + "--endpoint-for-test 127.0.0.1:1 --endpoint-for-test ": "--endpoint-for-test needs a value",
	} {
		p.expect(said{strings.TrimSpace(args), exitUsage, nil, []string{"usagectl: send: nothing was sent: ", told}})
	}
	p.expect(
		said{event + "--endpoint-for-test= --json", exitUsage, []string{`"outcome":"dropped","reason":{"rule":"usage"`}, []string{"*"}},
		said{"send nosuch run --endpoint-for-test 127.0.0.1:1", exitData, nil, []string{`unknown tool "nosuch"`}},
		said{"send demo run.start --endpoint-for-test 127.0.0.1:1", exitData, nil, []string{"warning: testing: ", "appended to a file"}},
		said{"send acme nosuch --endpoint-for-test 127.0.0.1:1", exitData, nil, []string{"warning: testing: ", `no event "nosuch"`}},
	)
	p.must("status acme --json")
	if queued := p.tool()["queued"]; queued != 0.0 {
		t.Errorf("queued are %v", queued)
	}
}

// TestSendForTestShowsNoNotice holds that a test on a terminal neither shows nor records the
// notice of an opt-out tool, which would have later events be sent.
func TestSendForTestShowsNoNotice(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", strings.NewReplacer(`"file"`, `"http"`, "~/acme.jsonl", "https://acme.invalid/v1").Replace(acme))
	p.atTerminal(80)
	p.expect(said{"send acme run --set part=left --endpoint-for-test 127.0.0.1:9 --wait=1ms", exitUnavailable, nil, []string{"warning: testing: ", "send acme run: dropped: "}})
	if said := p.errout.String(); strings.Contains(said, "usagectl disable") || p.there(".config") || p.there(".local/state") {
		t.Errorf("it shows a notice, or records something: %s", said)
	}
}

// TestSendOddPath holds that a manifest whose path cannot be kept is reported at once.
func TestSendOddPath(t *testing.T) {
	p := newPerson(t)
	dir := filepath.Join(p.home, "a\xffb")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Skipf("this file system has no such names: %v", err)
	}
	if entries, err := os.ReadDir(p.home); err != nil || !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "a\xffb" }) {
		t.Skip("this file system changes such names")
	}
	file := p.write(filepath.Join("a\xffb", "acme.toml"), acme)
	p.expect(
		said{"send acme run --set part=left --manifest " + word(file), exitOK, nil, []string{"the path is not valid UTF-8, and cannot be kept for the delivery"}},
		said{"send acme run --set part=left --fail --manifest " + word(file), exitData, nil, []string{`a\xffb`}},
	)
}

// TestSendDryRun holds that a dry run says that it is one, shows what would be sent, and
// makes nothing.
func TestSendDryRun(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo -q")
	p.expect(said{"send demo run.end --dry-run -v", exitOK, []string{`"source": "` + sender.NotMade}, []string{"send demo run.end: dry-run: nothing was queued or sent\n"}})
	p.must("send demo run.end --dry-run --json")
	out := p.answer()
	if payload, _ := out["payload"].(map[string]any); out["outcome"] != "dry-run" || payload["source"] != sender.NotMade || out["event_id"] != nil {
		t.Errorf("%v", out)
	}
	if p.there(".demo") || p.there(".local") {
		t.Error("a dry run makes files")
	}
}

// TestSendData holds what is read of --data, and that --set goes before it.
func TestSendData(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo -q")
	p.world.Stdin = strings.NewReader(`{"exit_code": 3, "duration": 1.5}`)
	p.expect(said{"send demo run.end --data - --set exit_code=4 --dry-run", exitOK, []string{`"exit_code": 4`, `"duration": 1.5`}, nil})
	p.world.Stdin = strings.NewReader(strings.Repeat(" ", maxData+1))
	p.expect(said{"send demo run.end --data - --fail", exitData, nil, []string{"--data: more than 1048576 bytes"}})
	for text, want := range map[string]string{
		"\xff\xfe{\x00}\x00": "--data: it is in UTF-16; write it in UTF-8", "\xff\xfe\x00\x00{\x00\x00\x00": "it is in UTF-32", "\xfe\xff\x00{": "it is in UTF-16",
		"{\"x\":\"\xff\"}": "--data: byte 7 is no UTF-8", `{"x":"\ud800"}`: `\ud800 is half of a character`,
	} {
		p.world.Stdin = strings.NewReader(text)
		p.expect(said{"send demo run.end --data - --fail", exitData, nil, []string{want}})
	}
	p.world.Stdin = strings.NewReader("\ufeff{\"exit_code\": 6}")
	p.expect(said{"send demo run.end --dry-run --data -", exitOK, []string{`"exit_code": 6`}, nil})
	marked := p.write("marked.toml", "\ufeff"+acme)
	p.expect(said{"inspect acme --payload --manifest " + word(marked), exitOK, []string{"*"}, nil})
	file := p.write("data.json", `{"exit_code": 5}`)
	p.expect(said{"send demo run.end --dry-run --data " + word(file), exitOK, []string{`"exit_code": 5`}, nil})
}

// TestSendRun holds whose run an event belongs to.
func TestSendRun(t *testing.T) {
	const one, two = "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b811-9dad-41d1-80b4-00c04fd430c8"
	p := newPerson(t)
	p.env["USAGECTL_RUN_ID"] = one
	p.must("enable demo -q")
	p.expect(
		said{"send demo run.end --dry-run", exitOK, []string{`"run": "` + one}, nil},
		said{"send demo run.end --dry-run --run " + two, exitOK, []string{`"run": "` + two}, nil},
	)
}

// TestSendWait holds what is said of an event that is delivered while the caller waits.
func TestSendWait(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	p.must("enable acme -q")
	p.must("send acme run --set part=left --wait --json")
	if out := p.answer(); out["outcome"] != "sent" || out["tool"] != "acme" || out["event"] != "run" || !p.there("acme.jsonl") {
		t.Errorf("%v", out)
	}
	file := filepath.Join(p.home, "acme.jsonl")
	if err := errors.Join(os.Remove(file), os.Mkdir(file, 0o700)); err != nil {
		t.Fatal(err)
	}
	p.expect(
		said{"send acme run --set part=left --wait -v", exitOK, nil, []string{"send acme run: queued: ", " " + file}},
		said{"send acme run --set part=left --wait --fail", exitTempFail, nil, nil},
		said{"send acme run --fail", exitData, nil, []string{`the required field "part" has no value that fits`}},
		said{"send acme run --set part=up", exitOK, nil, []string{`"up" is not one of left, right`}},
	)
}

// TestSendUnkept holds what is said where nothing can be kept.
func TestSendUnkept(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo -q")
	p.write(".local/state/usagectl/outbox", "") // a file where the directory would be
	p.expect(said{"send demo run.end --fail -v", exitUnavailable, nil, []string{"send demo run.end: dropped: ", errNoProgram.Error()}})
	p.must("send demo run.end --json")
	if reason := p.answer()["reason"].(map[string]any); reason["rule"] != string(sender.RuleState) {
		t.Errorf("%v", reason)
	}
}

// TestNotice holds that an opt-out tool's notice is shown at a terminal, once, and that
// nothing is sent before.
func TestNotice(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	event := "send acme run --set part=left"
	p.expect(said{event + " -v", exitOK, nil, []string{"off: you have not seen its notice yet"}})
	p.atTerminal(80)
	p.expect(
		said{event + " --quiet", exitOK, nil, nil},
		said{event + " --dry-run", exitOK, nil, []string{"send acme run: off: you have not seen its notice yet\n"}},
		said{event, exitOK, nil, []string{
			"Acme collects usage data: To learn which parts of it are used.\n", "  what:   event, source, part\n", "  where:  ~/acme.jsonl\n",
			"  say no: usagectl disable acme\n", "  look:   usagectl inspect acme\n", "Nothing was sent. From the next time on it will be, unless you say no.\n",
		}},
		said{event, exitOK, nil, nil},
	)
	p.must("status acme --json")
	if s := p.tool(); s["queued"] != 1.0 || s["telemetry"] != "on" {
		t.Errorf("%v", s)
	}
	// What it gains is told in the same way, and what is queued stays.
	p.write(".local/share/usagectl/tools/acme.toml", acme+"\n[[field]]\nname = \"depth\"\ntype = \"int\"\npurpose = \"To see how deep it goes.\"\n")
	p.expect(
		said{event + " --set depth=1", exitOK, nil, []string{
			"Acme collects more usage data than it did when you were told. New is:\n", "  what:   depth\n", "  say no: usagectl disable acme\n",
			"Nothing of that was sent. From the next time on it will be, unless you say no.\n",
		}},
		said{event + " --set depth=2", exitOK, nil, nil},
		said{"flush", exitOK, []string{"3 sent"}, []string{"*"}},
	)
	if data, err := os.ReadFile(filepath.Join(p.home, "acme.jsonl")); err != nil || strings.Count(string(data), "\n") != 3 || strings.Count(string(data), "depth") != 1 || !strings.Contains(string(data), `"depth":2`) {
		t.Errorf("%s, %v", data, err)
	}
}

// TestNoticeAdvice holds that what a notice advises works, for a manifest that is not installed
// too, and that a name that cannot be copied, or is gone by then, is not advised.
func TestNoticeAdvice(t *testing.T) {
	p := newPerson(t)
	file := p.write("acme.toml", acme)
	p.atTerminal(80)
	p.must("send acme run --set part=left --manifest " + word(file))
	_, after, found := strings.Cut(p.errout.String(), "  look:   usagectl ")
	advised, _, _ := strings.Cut(after, "\n")
	if !found {
		t.Fatalf("%s", &p.errout)
	}
	if strings.Contains(file, " ") { // as a home may be named on Windows
		advised = strings.Replace(advised, "FILE", word(file), 1)
	}
	if p.run(advised); !strings.Contains(p.out.String(), "Acme, event run") {
		t.Errorf("%q is advised, and says: %s%s", advised, &p.out, &p.errout)
	}
	for file, want := range map[string]string{
		"": "", "m.toml": " --manifest m.toml", "dir/my-tool_1.toml": " --manifest dir/my-tool_1.toml",
		"/dev/fd/63": " --manifest FILE", "my tool.toml": " --manifest FILE", "$(rm).toml": " --manifest FILE", "a;b": " --manifest FILE", "it's": " --manifest FILE",
	} {
		if got := manifestOption(file); got != want {
			t.Errorf("%q: %q, want %q", file, got, want)
		}
	}
}

// TestNoticeIsNoAgreement holds that a person who saw a notice is not said to have agreed.
func TestNoticeIsNoAgreement(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	p.atTerminal(200)
	p.must("send acme run --set part=left")
	p.atPipe()
	p.write(".local/share/usagectl/tools/acme.toml", acme+"\n[[field]]\nname = \"depth\"\ntype = \"int\"\npurpose = \"To see how deep it goes.\"\n")
	p.expect(
		said{"status acme", exitOK, []string{"  New          not sent, because it was not there when you were told: depth; "}, []string{"*"}},
		said{"inspect acme run --set part=left --set depth=1", exitOK, []string{"it was not there when you were told"}, []string{"*"}},
	)
	p.write(".local/share/usagectl/tools/acme.toml", strings.Replace(acme, "acme.jsonl", "elsewhere.jsonl", 1))
	p.expect(said{"status acme", exitOK, []string{"you were told of ~/acme.jsonl, now it is ~/elsewhere.jsonl", "To do"}, nil})
	if strings.Contains(p.out.String(), "you agreed") {
		t.Errorf("%s", &p.out)
	}
}

// TestLate holds what is said when the machine does not answer in time.
func TestLate(t *testing.T) {
	c := &sendCommand{queued: make(chan sender.Result, 1)}
	if out := c.late(); out.Outcome != sender.Unknown || sendCode(out) != exitUnavailable || out.Reason.Rule != ruleTime {
		t.Errorf("before the event is kept: %+v", out)
	}
	id := uuid.New()
	c.queued <- sender.Result{Outcome: sender.Queued, EventID: id}
	if out := c.late(); out.Outcome != sender.Queued || sendCode(out) != exitTempFail || out.EventID != id {
		t.Errorf("after that: %+v", out)
	}
}
