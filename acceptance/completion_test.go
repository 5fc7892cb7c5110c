//go:build linux

package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// Completion is tried in the shells themselves: bash and zsh sit at a terminal, in
// which somebody types and presses TAB, and fish says what it would offer.

// tabManifest declares a tool whose words are hard on shells.
const tabManifest = `schema = 1
[tool]
id = "tabtool"
name = "Tab Tool"
purpose = "Tries what shells make of words."
[consent]
default = "opt-in"
levels = ["basic", "details"]
[send]
transport = "http"
endpoint = "http://127.0.0.1:1/"
[[event]]
name = "run end"
[[event]]
name = "run-start"
[[field]]
name = "my-field"
type = "string"
enum = ["a:b", "a:c", "x", "$(touch ran)"]
events = ["run end"]
purpose = "To try values with colons."
[[field]]
name = "ok"
type = "bool"
events = ["run end"]
purpose = "To try a bool."
[[field]]
name = "kind"
type = "string"
enum = ["good", "ba d"]
events = ["run-start"]
purpose = "To try values with spaces."
[[field]]
name = "os"
from = "host.os"
purpose = "To try a field that no caller sets."
`

// pressed is a line, and what becomes of it at TAB.
type pressed struct {
	line   string
	after  string   // the line then
	offers []string // all that is offered; nil: it is not looked at
	about  string   // is said about one of them
}

func presses() []pressed {
	return []pressed{
		{"usagectl ins", "usagectl inspect ", []string{"inspect"}, ""},
		{"usagectl e", "usagectl e", []string{"enable", "env", "exec"}, "Agree to a tool's telemetry"},
		{"usagectl -q --no-color sta", "usagectl -q --no-color status ", []string{"status"}, ""},
		{"usagectl tools sh", "usagectl tools show ", []string{"show"}, ""},
		{"usagectl tools show de", "usagectl tools show demo ", []string{"demo"}, ""},
		{"usagectl tools diff demo stri", "usagectl tools diff demo stripepy ", []string{"stripepy"}, ""},
		{"usagectl send de", "usagectl send demo ", []string{"demo"}, ""},
		{"usagectl send pars", "usagectl send parsl", []string{"parsl", "parsl-2023", "parsl-2024", "parsl-legacy"}, "Parsl: Counts how Parsl is used"},
		{"usagectl disable -q -- homeb", "usagectl disable -q -- homebrew ", []string{"homebrew"}, ""},
		{"usagectl disable demo d", "usagectl disable demo d", nil, "Docker Desktop"},
		{"usagectl send demo ", "usagectl send demo run.", []string{"run.start", "run.end"}, "exit_code, duration, features"},
		{"usagectl send demo run.e", "usagectl send demo run.end ", []string{"run.end"}, ""},
		{"usagectl send demo run.end --set ", "usagectl send demo run.end --set ", []string{"exit_code=", "duration=", "features="}, "To see what share of runs succeed."},
		{"usagectl send demo run.end --set ex", "usagectl send demo run.end --set exit_code=", []string{"exit_code="}, ""},
		{"usagectl send --set exit_code=0 demo run.end --set e", "usagectl send --set exit_code=0 demo run.end --set e", []string{}, ""},
		{"usagectl send stripepy call --set status=", "usagectl send stripepy call --set status=", []string{"status=ok", "status=error", "status=unset"}, "To see what share of runs succeed."},
		{"usagectl send stripepy call --set status=o", "usagectl send stripepy call --set status=ok ", []string{"status=ok"}, ""},
		{"usagectl send stripepy call --set=stat", "usagectl send stripepy call --set=status=", []string{"--set=status="}, ""},
		{"usagectl send stripepy call --set=status=o", "usagectl send stripepy call --set=status=ok ", []string{"--set=status=ok"}, ""},
		{`usagectl send tabtool run\ end --set my-field=a`, `usagectl send tabtool run\ end --set my-field=a:`, []string{"my-field=a:b", "my-field=a:c"}, ""},
		{`usagectl send tabtool run\ end --set my-field=a:c`, `usagectl send tabtool run\ end --set my-field=a:c `, []string{"my-field=a:c"}, ""},
		{`usagectl send tabtool run\ end --set my-field=`, `usagectl send tabtool run\ end --set my-field=`, []string{"my-field=a:b", "my-field=a:c", "my-field=x"}, "To try values with colons."},
		{`usagectl send tabtool "run end" --set ok=t`, `usagectl send tabtool "run end" --set ok=true `, []string{"ok=true"}, ""},
		{"usagectl send tabtool run-start --set kind=b", `usagectl send tabtool run-start --set kind=ba\ d `, []string{"kind=ba d"}, ""},
		{"usagectl inspect nannyml CLI", `usagectl inspect nannyml CLI\ run `, []string{"CLI run"}, ""},
		{`usagectl inspect nannyml CLI\ r`, `usagectl inspect nannyml CLI\ run `, []string{"CLI run"}, ""},
		{`usagectl inspect nannyml "CLI r`, `usagectl inspect nannyml "CLI run" `, []string{"CLI run"}, ""},
		{`usagectl inspect --manifest files/other.toml `, `usagectl inspect --manifest files/other.toml tabtool `, []string{"tabtool"}, ""},
		{`usagectl inspect --manifest ~/files/other.toml tabtool run-`, `usagectl inspect --manifest ~/files/other.toml tabtool run-start `, []string{"run-start"}, ""},
		{`usagectl inspect --manifest "files/with space.toml" tabtool run-`, `usagectl inspect --manifest "files/with space.toml" tabtool run-start `, []string{"run-start"}, ""},
		{"usagectl tools add files/o", "usagectl tools add files/other.toml ", []string{"files/other.toml"}, ""},
		{"usagectl tools init --transport ot", "usagectl tools init --transport otlp ", []string{"otlp"}, ""},
		{"usagectl env --shell po", "usagectl env --shell powershell ", []string{"powershell"}, ""},
		{"usagectl env --shell=", "usagectl env --shell=", []string{
			"--shell=sh", "--shell=bash", "--shell=zsh", "--shell=fish", "--shell=powershell",
			"--shell=cmd", "--shell=docker", "--shell=github", "--shell=dotenv",
		}, "ENV lines of a Dockerfile"},
		{"usagectl enable tabtool --level ", "usagectl enable tabtool --level ", []string{"1", "2"}, "details"},
		{"usagectl enable tabtool --level=2", "usagectl enable tabtool --level=2 ", []string{"--level=2"}, ""},
		{"usagectl send demo run.end --manifest files/o", "usagectl send demo run.end --manifest files/other.toml ", []string{"files/other.toml"}, ""},
		{"usagectl send demo run.end --data files/oth", "usagectl send demo run.end --data files/other.", []string{"files/other.json", "files/other.toml"}, ""},
		{"usagectl send demo run.end --data=files/other.j", "usagectl send demo run.end --data=files/other.json ", []string{"--data=files/other.json"}, ""},
		{"usagectl disable --all --system --root fil", "usagectl disable --all --system --root files/", []string{"files/"}, ""},
		{"usagectl send demo run.end --run fil", "usagectl send demo run.end --run fil", []string{}, ""},
		{"usagectl status fil", "usagectl status fil", []string{}, ""},
		{"usagectl completion pow", "usagectl completion powershell ", []string{"powershell"}, ""},
		{"usagectl help priv", "usagectl help privacy ", []string{"privacy"}, ""},
		{"usagectl help ins", "usagectl help inspect ", []string{"inspect"}, ""},
		// Wherever the command stands, and however it is called.
		{"X=1 usagectl send de", "X=1 usagectl send demo ", []string{"demo"}, ""},
		{"cd /; usagectl send de", "cd /; usagectl send demo ", []string{"demo"}, ""},
		{"bin/usagectl send de", "bin/usagectl send demo ", []string{"demo"}, ""},
		{"~/bin/usagectl send de", "~/bin/usagectl send demo ", []string{"demo"}, ""},
		{"usagectl   send  de", "usagectl   send  demo ", []string{"demo"}, ""},
		// What is being typed is not run.
		{"usagectl send demo $(touch ran) ", "usagectl send demo $(touch ran) ", nil, ""},
		{"usagectl send `touch ran` ", "usagectl send `touch ran` ", nil, ""},
		{"usagectl send ';touch ran;' ", "usagectl send ';touch ran;' ", nil, ""},
		{"usagectl inspect demo > files/keep --pay", "usagectl inspect demo > files/keep --payload ", nil, ""},
	}
}

// desk is a home in which somebody types: the program is on PATH, and the tools
// and files are there that lines are about.
func desk(t *testing.T) (home string, env []string) {
	t.Helper()
	home = t.TempDir()
	env = environment(t, home)
	bin := filepath.Join(home, "bin")
	env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "PATH=") })
	env = append(env, "PATH="+bin+":/usr/bin:/bin", "TERM=vt100", "LC_ALL=C.UTF-8", "INPUTRC=/dev/null")
	self, err := os.Executable()
	must(t, err)
	must(t, os.Mkdir(bin, 0o700))
	must(t, os.Symlink(self, filepath.Join(bin, "usagectl")))
	for name, content := range map[string]string{
		".local/share/usagectl/tools/tabtool.toml": tabManifest,
		"files/other.toml":                         tabManifest,
		"files/with space.toml":                    tabManifest,
		"files/other.json":                         "{}",
		"files/keep":                               "kept",
	} {
		path := filepath.Join(home, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(content), 0o600))
	}
	t.Cleanup(func() {
		if kept, err := os.ReadFile(filepath.Join(home, "files/keep")); string(kept) != "kept" {
			t.Errorf("a file to which the line redirects holds %q, %v", kept, err)
		}
		if _, err := os.Lstat(filepath.Join(home, "ran")); err == nil {
			t.Error("a part of the line was run")
		}
	})
	return home, env
}

// script is where a script lies in this tree.
func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(repository("completions", name))
	must(t, err)
	return path
}

// TestCompletionBash presses TAB in bash, without its completion package and with
// it, which loads the script by itself.
func TestCompletionBash(t *testing.T) {
	t.Parallel()
	needProgram(t, "bash")
	const setUp = `bind 'set bell-style none'; bind 'set completion-query-items 0'; bind 'set page-completions off'
		bind 'set show-all-if-ambiguous on'; bind 'set enable-bracketed-paste off'
		bind -x '"\C-g": printf "\n<<%s>>\n" "$READLINE_LINE"'`
	for name, load := range map[string]string{
		"alone": "source " + script(t, "usagectl.bash"),
		"with bash-completion": `mkdir -p .local/share/bash-completion/completions
			cp ` + script(t, "usagectl.bash") + ` .local/share/bash-completion/completions/usagectl
			source /usr/share/bash-completion/bash_completion`,
		"by eval, words not broken at = and :": `eval "$(usagectl completion bash)"; COMP_WORDBREAKS=${COMP_WORDBREAKS//[=:]/}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(name, "with") {
				needFile(t, "/usr/share/bash-completion/bash_completion")
			}
			typeAll(t, load+"\n"+setUp, "bash", "--norc", "--noprofile", "-i")
		})
	}
}

// TestCompletionZsh presses TAB in zsh, which finds the script in its $fpath, or
// was given it.
func TestCompletionZsh(t *testing.T) {
	t.Parallel()
	needProgram(t, "zsh")
	const setUp = `LISTMAX=0; unsetopt beep listambiguous; autoload -U compinit
		show() { print -rn -- $'\n'"<<$BUFFER>>"$'\n' }; zle -N show; bindkey '^G' show; bindkey '^U' kill-whole-line`
	for name, load := range map[string]string{
		"fpath": "fpath=(" + filepath.Dir(script(t, "_usagectl")) + " $fpath); compinit -u -D",
		"eval":  `compinit -u -D; eval "$(usagectl completion zsh)"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			typeAll(t, setUp+"\n"+load, "zsh", "-f", "-i")
		})
	}
}

// TestCompletionOnlyLooks holds that completing changes nothing at home, opens no
// socket and starts no deliverer, though events wait for one.
func TestCompletionOnlyLooks(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.send()
	before := listing(t, p.home)
	for _, words := range [][]string{
		{""},
		{"status", ""},
		{"disable", "--", ""},
		{"flush", ""},
		{"forget", ""},
		{"forget", "--confirm", ""},
		{"send", "harm", ""},
		{"send", "harm", "run.end", "--set", ""},
		{"inspect", "--manifest", "nosuch.toml", ""},
		{"env", "--shell", ""},
		{"enable", "harm", "--level", ""},
	} {
		cmd, trace := p.traced(append([]string{"__complete"}, words...)...)
		out, err := cmd.Output()
		if err != nil || !strings.Contains(string(out), "\n:") && !strings.HasPrefix(string(out), ":") {
			t.Errorf("%q ends with %v and says %q", words, err, out)
		}
		onlyReads(t, trace())
	}
	if after := listing(t, p.home); after != before {
		t.Errorf("the home was\n%sand is\n%s", before, after)
	}
}

// TestCompletionOfFlags holds that somebody thought of each flag that takes a value.
func TestCompletionOfFlags(t *testing.T) {
	t.Parallel()
	none := []string{"run", "tool-version", "endpoint-for-test", "confirm"} // of the last there are none here
	none = append(none, "id", "name", "purpose", "endpoint", "contact", "retention", "privacy", "deletions", "homepage", "write-key")
	run := newPersonIn(t, t.TempDir()).run
	for _, c := range commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			out, _, _ := run("", append(append([]string{"__complete"}, strings.Fields(nameOf(c))...), "demo", "--"+f.Name+"=")...)
			if nothing := out == ":36\n"; nothing != slices.Contains(none, f.Name) {
				t.Errorf("%s --%s= offers %q", c.Name(), f.Name, out)
			}
		})
	}
}

// needFile skips a test that takes a file which is not there.
func needFile(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%v", err)
	}
}

// typeAll types each line into a shell, presses TAB, and compares.
func typeAll(t *testing.T, setUp string, shell ...string) {
	home, env := desk(t)
	file := filepath.Join(home, ".setup")
	must(t, os.WriteFile(file, []byte(setUp+"\nprintf '<<%s>>' ready\n"), 0o600))
	s := newTypist(t, home, append(env, "PS1=> "), shell...)
	s.await("source " + file + "\n")
	for _, p := range presses() {
		after, shown := s.press(p.line)
		if after != p.after {
			t.Errorf("%s\nbecomes %q\nwant    %q", p.line, after, p.after)
		}
		if len(p.offers) < 2 {
			continue
		}
		for _, o := range append(p.offers, p.about) {
			if rest := listed(o); !strings.Contains(shown, o) && (rest == "" || !strings.Contains(shown, rest)) {
				t.Errorf("%s\nshows %s\nwithout %q", p.line, shown, o)
			}
		}
	}
}

// listed is how a shell may list a word: of a path the last part, and what is behind
// the characters at which bash breaks words.
func listed(word string) string {
	return word[1+strings.LastIndexAny(strings.TrimRight(word, "="), "/=:"):]
}

// TestCompletionFish asks fish what it would offer.
func TestCompletionFish(t *testing.T) {
	t.Parallel()
	needProgram(t, "fish")
	home, env := desk(t)
	for _, load := range []string{"source " + script(t, "usagectl.fish"), "usagectl completion fish | source"} {
		for _, p := range presses() {
			c := exec.Command("fish", "--no-config", "-c", load+"; complete -C $argv[1]", "--", p.line)
			c.Dir, c.Env = home, env
			out, err := c.CombinedOutput()
			must(t, err)
			var words []string
			for line := range strings.Lines(string(out)) {
				word, _, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
				words = append(words, word)
			}
			if p.offers != nil && !slices.Equal(sorted(words), sorted(p.offers)) || !strings.Contains(string(out), p.about) {
				t.Errorf("%s\noffers %q\nwant   %q, %s", p.line, out, p.offers, p.about)
			}
		}
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
