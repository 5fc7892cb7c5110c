package cmd

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/term"
)

// longID is an ID of 59 characters; an ID can have 64.
var longID = "acme-" + strings.Repeat("very-", 10) + "long"

// TestStatusWidths holds that at every width each row says what is on, who sends it and why;
// that one long ID costs no other tool its columns, nor do the wide characters of a name;
// and that a pipe has one whole row a line.
func TestStatusWidths(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/"+longID+".toml", fmt.Sprintf(`schema = 1
tool = {id = %q, name = "遠隔測定ツール", purpose = "使用状況を数える。"}
send = {transport = "file", endpoint = "~/.acme/events.jsonl"}
event = [{name = "run"}]
`, longID))
	for _, program := range []string{"brew", "gh", "flwr", "func"} {
		p.write("bin/"+program+".exe", "")
	}
	p.env["PATH"] = filepath.Join(p.home, "bin")
	p.must("disable homebrew -q")
	for _, command := range []string{"status", "status --all"} {
		for _, width := range []int{60, 80, 120} {
			p.atTerminal(width)
			p.must(command)
			table, rest, _ := strings.Cut(p.out.String(), "\n\n")
			for line := range lines(table) {
				if term.Width(line) > width {
					t.Errorf("%s at %d: %q", command, width, line)
				}
			}
			head, _, _ := strings.Cut(table, "\n")
			if !strings.Contains(head, "SENT BY") || !strings.Contains(head, "WHY") || width > 60 && !strings.Contains(head, "YOU SAID") {
				t.Errorf("%s at %d: %s", command, width, head)
			}
			for _, start := range []string{"homebrew ", "flwr ", longID[:10]} {
				if !strings.Contains(table, "\n"+start) {
					t.Errorf("%s at %d: no row of %s", command, width, start)
				}
			}
			if width > 60 {
				for _, want := range []string{" itself    no        on by default", " usagectl  -         not decided yet"} {
					if !strings.Contains(table, want) && !strings.Contains(table, strings.ReplaceAll(want, "not decided yet", "you have not been asked yet")) {
						t.Errorf("%s at %d: no %q in\n%s", command, width, want, table)
					}
				}
			}
			if !strings.Contains(rest, "… shortened") {
				t.Errorf("%s at %d: a shortened ID is not explained: %s", command, width, rest)
			}
			if strings.Contains(command, "all") && !strings.Contains(head, "HERE") {
				t.Errorf("%s at %d: %s", command, width, head)
			}
		}
		p.atPipe()
		p.must(command)
		if text := p.out.String(); !strings.Contains(text, "\n"+longID+"  off ") || strings.Contains(text, "\n\n") || strings.Contains(text, "\n ") || strings.Contains(text, "…") {
			t.Errorf("%s in a pipe: %s", command, text)
		}
	}
	p.atTerminal(60)
	p.must("status " + longID)
	for line := range lines(p.out.String()) {
		if term.Width(line) > 60 && !strings.Contains(line, longID) && !strings.Contains(line, "USAGECTL_TELEMETRY") {
			t.Errorf("%q", line)
		}
	}
}

// TestStatusOfDemo holds that a tool of which all goes through usagectl has one row, sent by
// usagectl, whatever its variables say.
func TestStatusOfDemo(t *testing.T) {
	p := newPerson(t)
	p.must("disable demo -q")
	p.env["DEMO_TELEMETRY"] = "1"
	p.must("status")
	if text := p.out.String(); strings.Contains(text, "itself") || strings.Contains(text, mark) || strings.Count(text, "\ndemo ") != 1 {
		t.Error(text)
	}
	p.must("status demo --json")
	if s := p.tool(); s["own"] != nil || len(s["to_do"].([]any)) > 0 {
		t.Errorf("%v", s)
	}
}

// TestStatusOfAll holds what is said to somebody who takes "all" for a name.
func TestStatusOfAll(t *testing.T) {
	p := newPerson(t)
	for _, command := range []string{"status all", "status -q all", "disable all", "enable ALL", "env all"} {
		p.expect(said{command, exitData, nil, []string{`error: "all" is no tool: to mean every tool, use --all in place of a name, as in "usagectl status --all"`}})
	}
	p.expect(said{"status --all demo", exitUsage, nil, []string{"name tools, or say --all, not both"}})
	p.expect(said{"status -q Homebrew", exitData, nil, []string{`did you mean "homebrew"?`}})
}
