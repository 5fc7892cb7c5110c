package cmd

import (
	"slices"
	"strings"
	"testing"
)

// offers are the words that a shell is offered, without what they are about.
func (p *person) offers(line string) []string {
	p.t.Helper()
	p.out.Reset()
	p.errout.Reset()
	args, typed, _ := strings.Cut(line, "|")
	if code := Main(p.world, append(append([]string{"__complete"}, wordsOf(args)...), typed)); code != exitOK {
		p.t.Errorf("%s ends with %d: %s", line, code, &p.errout)
	}
	var list []string
	for answer := range lines(p.out.String()) {
		word, _, _ := strings.Cut(answer, "\t")
		list = append(list, word)
	}
	return list[:len(list)-1] // the last one is a directive
}

// TestComplete holds what is offered where; "|" stands before the word that is typed.
func TestComplete(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	file := p.write("other.toml", strings.Replace(acme, `"acme"`, `"other"`, 1))
	p.must("enable demo -q")
	p.must("send demo run.start")
	for line, want := range map[string]string{
		"|st":                                  "status",
		"|de":                                  "", // people are not told of deliver
		"send |ac":                             "acme",
		"send acme |":                          "run",
		"send acme run |":                      "",
		"send --manifest ~/other.toml |":       "other",
		"send --manifest " + word(file) + " |": "other",
		"send acme run --set |":                "part=",
		"send acme run --set |part=":           "part=left part=right",
		"send acme run --set part=l --set |":   "",
		"enable demo --level |":                "1 2",
		"enable acme |ac":                      "", // it is there already
		"disable --all |":                      "",
		"disable --all --except |homeb":        "homebrew",
		"flush |":                              "demo",
		"forget |":                             "demo",
		"tools |lis":                           "list",
		"tools show |de":                       "demo",
		"tools show demo |":                    "",
		"tools show --manifest ~/other.toml |": "other",
		"tools diff demo |flw":                 "flwr flwr-datasets",
		"tools diff demo flwr |":               "",
		"tools list |":                         "",
		"completion |":                         "bash zsh fish powershell",
		"completion bash |":                    "",
		"help |s":                              "send status",
		"env --shell |d":                       "docker dotenv",
		"flush --timeout |1":                   "10s 1m",
		"status |":                             "acme",
		"status |homebr":                       "homebrew",
		"ask |dem":                             "demo",
		"ask demo |":                           "",
		"version |":                            "",
		"disable |bre":                         "brew", // a command of Homebrew
		"disable brew |bre":                    "",     // which is there already
		"enable nml --level |":                 "1",    // NannyML's
	} {
		var list []string
		if want != "" {
			list = strings.Fields(want)
		}
		got := p.offers(line)
		if line == "status |" {
			got = got[:1] // those that are here come first
		}
		if !slices.Equal(got, list) {
			t.Errorf("%s: %q, want %q", line, got, list)
		}
	}
}

// TestCompleteFiles holds that a shell is asked for files where files are to be named.
func TestCompleteFiles(t *testing.T) {
	p := newPerson(t)
	for line, want := range map[string]string{
		"send demo run.end --data |": ":8\n", "send --manifest |": "toml\n:8\n", "disable --system --root |": ":16\n",
	} {
		if p.offers(line); p.out.String() != want {
			t.Errorf("%s: %q, want %q", line, p.out.String(), want)
		}
	}
}

// TestHarmless holds that nothing is offered that a shell would do something with.
func TestHarmless(t *testing.T) {
	for word, want := range map[string]bool{"run.end": true, "part=a b": true, "größe": true, "$(reboot)": false, "a;b": false, "`x`": false, "a\nb": false, "~": false} {
		if harmless(word) != want {
			t.Errorf("harmless(%q) = %v", word, !want)
		}
	}
}

func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		"To see.":                          "To see.",
		"  To\n see\x1b. ":                 "To see.",
		strings.Repeat("many words, ", 20): strings.Repeat("many words, ", 4) + "many words…",
	} {
		if got := brief(text); got != want {
			t.Errorf("brief(%q) = %q, want %q", text, got, want)
		}
	}
}
