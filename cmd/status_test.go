package cmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/sender"
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
		said{"status", exitOK, []string{"TOOL  TELEMETRY  SENT BY   YOU SAID  WHY", "demo  on         usagectl  yes       you agreed on 2026-03-04 to level 1 (basic)  1 of 2  ", "  1       never\n"}, nil},
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
		said{"status", exitOK, []string{"homebrew  on         itself   on by default"}, nil},
		said{"status homebrew", exitOK, []string{
			"Homebrew: telemetry is on\n", "  You said     nothing yet\n", "  Seen here    " + bin, "  Facts from   ", "What switches it\n",
			"  variable  off   export HOMEBREW_NO_ANALYTICS=1\n            on    unset HOMEBREW_NO_ANALYTICS\n            now   not set\n",
			"  command   off   brew analytics off\n            on    brew analytics on\n",
			"  file      off   homebrew.analyticsdisabled = true in git config of $(brew --repository)\n",
		}, []string{`"usagectl disable homebrew"`}},
		said{"disable homebrew -q", exitOK, nil, nil},
		said{"status", exitOK, []string{"homebrew  on (!)     itself   no        on by default"}, []string{
			"To do\n  homebrew: you refused, but Homebrew itself is on by default; its own settings cannot be read here\n      export HOMEBREW_NO_ANALYTICS=1\n",
			"For every tool at once, run this line in sh, and add it to ~/.profile:\n      command -v usagectl >/dev/null && eval \"$(usagectl env --quiet)\"\n",
		}},
		said{"status homebrew", exitOK, []string{"  You said     no on 2026-03-04\n", "To do\n", "      export HOMEBREW_NO_ANALYTICS=1\n"}, nil},
	)
	p.must("status homebrew --json")
	all := p.tool()
	own := all["own"].(map[string]any)
	if all["sent_by"] != "tool" || all["here"] != true || !reflect.DeepEqual(all["to_do"], []any{"export HOMEBREW_NO_ANALYTICS=1"}) {
		t.Errorf("%v", all)
	}
	decided := all["decision"].(map[string]any)
	if decided["state"] != "refused" || decided["scope"] != "tool" || decided["exception"] != false || decided["at"] != "2026-03-04T12:00:00Z" {
		t.Errorf("%v", decided)
	}
	if own["telemetry"] != "on" || own["by"] != "default" || own["recorded"] != "refused" || own["agrees"] != false {
		t.Errorf("%v", own)
	}
	p.env["HOMEBREW_NO_ANALYTICS"] = "1"
	p.expect(said{"status", exitOK, []string{"homebrew  off        itself   no        HOMEBREW_NO_ANALYTICS is set"}, nil})
	p.atTerminal(100)
	p.expect(said{"status", exitOK, []string{"itself: the tool sends without usagectl"}, nil})
	if strings.Contains(p.out.String(), "(!)") || strings.Contains(p.out.String(), "\n- ") {
		t.Errorf("a mark is explained that does not occur: %s", &p.out)
	}
	p.atPipe()
	p.must("enable homebrew -q")
	p.expect(said{"status", exitOK, []string{"homebrew  off (!)    itself   yes"}, []string{"you agreed, but Homebrew itself is off: HOMEBREW_NO_ANALYTICS is set to \"1\"\n      unset HOMEBREW_NO_ANALYTICS\n"}})
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

// TestStatusAt80 holds that with a usual dozen of tools each row fits a line of 80 columns, no
// reason is cut, and what has no room is named.
func TestStatusAt80(t *testing.T) {
	p := newPerson(t)
	for _, program := range []string{"az", "brew", "dotnet", "flwr", "gh", "next", "stripepy", "terraform", "code"} {
		p.write("bin/"+program+".exe", "")
	}
	p.env["PATH"] = filepath.Join(p.home, "bin")
	p.must("enable demo -q")
	p.must("send demo run.end")
	p.must("disable homebrew -q")
	p.atTerminal(80)
	p.must("status")
	text := p.out.String()
	for line := range lines(text) {
		if len([]rune(line)) > 80 {
			t.Errorf("%q", line)
		}
	}
	table, rest, _ := strings.Cut(text, "\n\n")
	if strings.Contains(table, "…") {
		t.Error(table)
	}
	for _, want := range []string{"not shown, as there is no room: LEVEL, LAST SENT, SOURCE ID", "(!) not as you", "itself: ", "- nothing", "\nTo do\n  homebrew: you refused"} {
		if !strings.Contains(rest, want) {
			t.Errorf("no %q in\n%s", want, rest)
		}
	}
}

// TestStatusProblems holds what is said of files that cannot be used.
func TestStatusProblems(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/bad.toml", "schema = 1\n")
	p.write(".config/usagectl/consent/demo.toml", "state = ")
	p.expect(
		said{"status bad", exitConfig, []string{
			"bad: telemetry is off (!)\n", "its manifest cannot be used: ", "To do\n", "What is wrong with its manifest\n",
			"bad.toml:1:1: [tool] id is missing", "bad.toml:1:1: [tool] purpose is missing",
		}, []string{"warning: the manifest of bad cannot be used: ", "bad.toml:1:1: ", " (and more)"}},
		said{"status -q bad", exitNo, nil, nil},
		said{"status demo", exitConfig, []string{"Demo: telemetry is off (!)", "  You said     unknown: ", "usagectl disable --replace demo\n"}, []string{"usagectl sends nothing for demo, because what was decided cannot be read: ", "\"usagectl disable --replace demo\""}},
		said{"status", exitConfig, []string{"\nbad   off (!)    usagectl  -         its manifest cannot be used: ", "\ndemo  off (!)    usagectl  unknown "}, []string{"bad.toml:1:1: "}},
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
	if inShort(sender.RuleManifest) == "" {
		t.Error("a bad manifest has no short form")
	}
	if inShort("nosuch") != "" {
		t.Error("a rule that does not exist has a short form")
	}
}

// TestStatusRefusedByOthers holds that where only the machine refuses, nobody says that the person
// did, whether the tools are here, or named, or one or many.
func TestStatusRefusedByOthers(t *testing.T) {
	p := newPerson(t)
	p.must("disable --all --system -q")
	for _, program := range []string{"az", "brew", "dotnet", "gh", "next"} {
		p.write("bin/"+program+".exe", "")
	}
	p.env["PATH"] = filepath.Join(p.home, "bin")
	p.expect(
		said{"status", exitOK, []string{"*"}, []string{"tools do not know that they are refused: "}},
		said{"status --all", exitOK, []string{"*"}, []string{"tools that are not seen here would not know that they are refused"}},
		said{"status brew", exitOK, []string{"it is refused, but Homebrew itself is on"}, []string{"*"}},
	)
	for _, line := range []string{"status", "status --all", "status brew", "status -v", "env", "env --here"} {
		p.run(line)
		if all := p.out.String() + p.errout.String(); strings.Contains(all, "you refused") || strings.Contains(all, "You refused") {
			t.Errorf("usagectl %s says that the person refused: %s", line, all)
		}
	}
	p.must("disable --all -q")
	p.expect(said{"status --all", exitOK, []string{"*"}, []string{"tools that are not seen here would not know that you refused"}})
}

// TestTurnOn holds what turns on a tool that a person agreed to and that is off by itself: the
// variables by which it is off have to go, and a command is of no use against one.
func TestTurnOn(t *testing.T) {
	p := newPerson(t)
	p.must("enable -q aider github-cli circleci-cli earthly")
	for _, c := range []struct {
		tool, variable string
		do             []any
	}{
		{"aider", "", []any{"export AIDER_ANALYTICS=true"}},
		{"aider", "AIDER_ANALYTICS_DISABLE=true", []any{"export AIDER_ANALYTICS=true", "unset AIDER_ANALYTICS_DISABLE"}},
		{"github-cli", "GH_TELEMETRY=false", []any{"unset GH_TELEMETRY"}},
		{"github-cli", "", []any{}},
		{"circleci-cli", "DO_NOT_TRACK=1", []any{"unset DO_NOT_TRACK when you run CircleCI CLI: other tools obey it too"}},
		{"earthly", "", []any{}}, // it collects nothing any more
	} {
		name, value, set := strings.Cut(c.variable, "=")
		if set {
			p.env[name] = value
		}
		p.must("status --json " + c.tool)
		tool := p.tool()
		if own := tool["own"].(map[string]any); !reflect.DeepEqual(own["do"], c.do) || !reflect.DeepEqual(tool["to_do"], c.do) {
			t.Errorf("%s with %s: %v, and to do: %v; want %v", c.tool, c.variable, own["do"], tool["to_do"], c.do)
		}
		delete(p.env, name)
	}
}

// TestStatusManifestsHidden holds that where a directory of manifests cannot be looked into, nobody
// is told that no tool is here.
func TestStatusManifestsHidden(t *testing.T) {
	p := newPerson(t)
	p.expect(said{"status", exitOK, []string{"No tool with telemetry was seen here yet.\n"}, []string{"*"}})
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	dir := filepath.Join(p.home, ".local/share/usagectl/tools")
	if err := errors.Join(os.RemoveAll(dir), os.Symlink("tools", dir)); err != nil { // which leads to itself
		t.Skip(err)
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skip("a link to itself is nothing there")
	}
	p.expect(
		said{"status", exitIO, nil, []string{"warning: manifests in ", "are not used: ", "*"}},
		said{"status homebrew", exitOK, []string{"Homebrew: telemetry is "}, []string{"*"}},
	)
}

// TestStatusNoHome holds that where no home is found nothing is said to be none that is not known.
func TestStatusNoHome(t *testing.T) {
	p := newPerson(t)
	p.world.Dirs = dirs.Dirs{System: p.world.Dirs.System} // of none at all a sender takes the usual ones
	if code := p.run("status demo --json"); code != exitConfig {
		t.Errorf("it ends with %d: %s", code, &p.errout)
	}
	for _, member := range []string{"queued", "rejected", "dropped", "over_bounds", "last_sent", "last_attempt", "deletions", "source_id"} {
		if v, there := p.tool()[member]; v != nil || !there {
			t.Errorf("%s is %v, %v", member, v, there)
		}
	}
	p.expect(
		said{
			"status demo", exitConfig,
			[]string{"  Queued       unknown, rejected unknown, dropped unknown\n", "  Last sent    unknown; the state directory is not known: "},
			[]string{"warning: the state directory is not known: no home directory is found, and XDG_STATE_HOME is not set\n", "hint: set HOME ", "*"},
		},
		said{"inspect demo --queued --json", exitIO, []string{`"queued":null,"deletions":null`}, []string{"*"}},
		said{"inspect demo --sent --json", exitIO, []string{`"sent":null`}, []string{"*"}},
	)
	p.world.Dirs.ConfigHome = p.home // what was decided is known, and what is queued is not
	p.expect(said{"status", exitIO, nil, []string{"warning: the state directory is not known: ", "*"}})
}
