package cmd

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/consent"
)

func TestStatus(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"status", exitOK, []string{"No tool with telemetry was seen here yet.\n"}, []string{`"usagectl status --all"`}},
		said{"status -q demo", exitNo, nil, nil},
		said{"status demo", exitOK, []string{
			"Demo: telemetry is off\n", "  Why          you have not been asked yet\n", "  Source ID    none yet in ~/.demo/source\n",
			"What each rule says\n", "  undecided         off     you have not been asked yet\n",
		}, []string{`hint: see what it would send with "usagectl inspect demo"`}},
		said{"status nosuch", exitData, nil, []string{`unknown tool "nosuch"`, findTool}},
		said{"status Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"enable demo -q", exitOK, nil, nil},
		said{"send demo run.end", exitOK, nil, nil},
		said{"status -q demo", exitOK, nil, nil},
		said{"status -q demo stripepy", exitNo, nil, nil},
		said{"status", exitOK, []string{"TOOL  TELEMETRY  WHY", "demo  on         you agreed on 2026-03-04 to level 1 (basic)  1 of 2  ", "  1       never\n"}, nil},
		said{"status demo", exitOK, []string{"telemetry is on", "  Level        1 of 2\n", "  Queued       1, rejected 0, dropped 0\n", "  granted           on "}, []string{`turn it off with "usagectl disable demo"`}},
		said{"status demo stripepy", exitOK, []string{"TOOL ", "\ndemo ", "\nstripepy "}, nil},
		said{"status --all", exitOK, []string{"SWITCH", "FACTS", "\nhomebrew ", "its source\n"}, []string{"*"}},
	)
}

// TestStatusOwn holds what is shown of tools that do not ask usagectl.
func TestStatusOwn(t *testing.T) {
	p := newPerson(t)
	bin := filepath.Join(p.home, "bin")
	p.write("bin/brew.exe", "") // a program in every system's eyes
	p.env["PATH"] = bin
	p.expect(
		said{"status", exitOK, []string{"homebrew  on "}, nil},
		said{"status homebrew", exitOK, []string{
			"Homebrew: telemetry is on\n", "  Decided      nothing is decided here\n", "  Switch       variable, command", "  Seen here    " + bin, "  Facts from   ",
		}, nil},
		said{"disable homebrew -q", exitOK, nil, nil},
		said{"status", exitOK, []string{"homebrew  on (!)"}, []string{"warning: you refused, but Homebrew will not know until you say so to it: export HOMEBREW_NO_ANALYTICS=1"}},
		said{"status homebrew", exitOK, []string{"  Decided      refused\n", "  To do        export HOMEBREW_NO_ANALYTICS=1\n"}, []string{"you refused, but"}},
	)
	p.must("status homebrew --json")
	own := p.tool()["own"].(map[string]any)
	if own["telemetry"] != "on" || own["by"] != "default" || own["recorded"] != "refused" || own["agrees"] != false {
		t.Errorf("%v", own)
	}
	p.env["HOMEBREW_NO_ANALYTICS"] = "1"
	p.expect(said{"status", exitOK, []string{"homebrew  off "}, nil})
	p.must("enable homebrew -q")
	p.expect(said{"status", exitOK, []string{"homebrew  off (!)"}, []string{"you agreed, but Homebrew is off by its own rule: unset HOMEBREW_NO_ANALYTICS"}})
}

// TestStatusNarrow holds that a table fits a terminal, and that the reasons are short
// where there is no room.
func TestStatusNarrow(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo -q")
	p.atTerminal(72)
	p.must("status")
	for line := range lines(p.out.String()) {
		if len([]rune(line)) > 72 {
			t.Errorf("%q", line)
		}
	}
	if !strings.Contains(p.out.String(), "you agreed  ") {
		t.Error(p.out.String())
	}
	delete(p.env, "NO_COLOR")
	p.expect(
		said{"status", exitOK, []string{"\x1b[32mon\x1b[0m"}, nil},
		said{"status --no-color", exitOK, []string{"demo "}, nil},
	)
	if strings.Contains(p.out.String(), "\x1b") {
		t.Errorf("%q", p.out.String())
	}
}

// TestStatusProblems holds what is said of files that cannot be used.
func TestStatusProblems(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/bad.toml", "schema = 1\n")
	p.write(".config/usagectl/consent/demo.toml", "state = ")
	p.expect(
		said{"status bad", exitConfig, []string{"*"}, []string{"warning: the manifest of bad cannot be used: ", " (and more)", "*"}},
		said{"status -q bad", exitConfig, nil, []string{"warning: "}},
		said{"status demo", exitOK, []string{"Demo: telemetry is off (!)"}, []string{`"usagectl disable --replace demo"`}},
		said{"status", exitOK, []string{"demo  off (!)"}, nil},
	)
}

// TestInShort holds that every reason of a table has a short form.
func TestInShort(t *testing.T) {
	p := newPerson(t)
	p.must("status demo --json")
	for _, layer := range p.tool()["layers"].([]any) {
		rule := layer.(map[string]any)["rule"].(string)
		if inShort(consent.Rule(rule)) == "" {
			t.Errorf("%s has no short form", rule)
		}
	}
	if inShort("nosuch") != "" {
		t.Error("a rule that does not exist has a short form")
	}
}
