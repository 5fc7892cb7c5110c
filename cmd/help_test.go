package cmd

import (
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/manual"
)

func TestHelp(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"help", exitOK, []string{"People:", "Scripts and images:", "Tool authors:"}, nil},
		said{"help send", exitOK, []string{"Examples:", "Usage:", "Flags:", "Flags of every command:", "Exit status:", "--wait[=TIME]", "(2s if none is given)"}, nil},
		said{"help flush", exitOK, []string{"(default 1m)"}, nil},
		said{"help privacy", exitOK, []string{manual.Privacy().Short + "."}, nil},
		said{"privacy", exitUsage, nil, []string{`there is no command "privacy"`}},
		said{"help privcy", exitUsage, nil, []string{`there is no command or topic "privcy"; did you mean "privacy"?`, `see "usagectl --help"`[4:]}},
		said{"help send flush", exitUsage, nil, []string{`there is no command or topic "send flush"`}},
		said{"help privacy files", exitUsage, nil, []string{`there is no command or topic "privacy files"`}},
	)
}

// TestHelpOfOne holds that the help of a command is the same whether that command alone
// was built or all were, and that it leads to nothing.
func TestHelpOfOne(t *testing.T) {
	p := newPerson(t)
	for _, c := range Tree().Commands() {
		if c.Hidden {
			continue
		}
		p.must("help " + c.Name())
		page := p.out.String()
		p.must(c.Name() + " --help")
		if alone := strings.Replace(p.out.String(), " [flags]\n", "\n", 1); alone != strings.Replace(page, " [flags]\n", "\n", 1) {
			t.Errorf("help %s and %s --help differ", c.Name(), c.Name())
		}
	}
	if p.there(".local") || p.there(".config") {
		t.Error("help makes files")
	}
}

// TestHelpWidth holds that help is never wider than the lines of a manual, and as
// narrow as a terminal.
func TestHelpWidth(t *testing.T) {
	p := newPerson(t)
	for width, most := range map[int]int{200: helpWidth, 60: 60} {
		p.atTerminal(width)
		p.must("help files")
		text, _, _ := strings.Cut(p.out.String(), "\n\n  ")
		for line := range lines(text) {
			if len(line) > most {
				t.Errorf("at a terminal of %d columns: %q", width, line)
			}
		}
	}
}

// TestHelpDoNotTrack holds that the page on variables promises no more of DO_NOT_TRACK than it does.
func TestHelpDoNotTrack(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo -q")
	p.env["DO_NOT_TRACK"] = "1"
	p.expect(
		said{"status -q demo", exitNo, nil, nil},
		said{"status -q brew", exitOK, nil, nil}, // which does not read it
		said{"status -q dagger", exitNo, nil, nil},
		said{"help environment", exitOK, []string{"usagectl sends no events.", "Of the tools that send by"}, nil},
	)
}
