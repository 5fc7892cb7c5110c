//go:build linux

package acceptance

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/cmd"
)

// answering has at least one line for each command. Each succeeds and prints something every
// time, provided that before has been run.
var answering = []struct{ line, before string }{
	{"", ""},
	{"--version", ""},
	{"--help", ""},
	{"version", ""},
	{"status", ""},
	{"status demo", ""},
	{"status --all", ""},
	{"enable demo", ""},
	{"enable --all", "disable --all"},
	{"disable demo", ""},
	{"disable --all", ""},
	{"disable --all --system --root IMAGE", ""},
	{"enable --all --system --root IMAGE", "disable --all --system --root IMAGE"},
	{"inspect demo", ""},
	{"inspect demo run.end --payload", ""},
	{"inspect demo --wire", ""},
	{"inspect demo --queued", ""},
	{"inspect demo --sent", ""},
	{"inspect demo --forget", ""},
	{"flush", ""},
	{"forget demo --yes", "send demo run.end --wait=30s"},
	{"forget --all --yes", "send demo run.end --wait=30s"},
	{"ask demo --json", ""},
	{"env --all", ""},
	{"tools", ""},
	{"tools list", ""},
	{"tools show demo", ""},
	{"tools diff demo demo", ""},
	{"completion bash", ""},
	{"completion fish", ""},
	{"help", ""},
	{"help send", ""},
	{"help privacy", ""},
	{"send --help", ""},
	{"__complete status de", ""},
}

// TestAnswerThatCannotBePrinted holds that every command reports in one line that a full disk
// did not take its answer, and ends with 74. A reader that stops early is no error. What "send"
// and "ask" print without --json goes to stderr.
func TestAnswerThatCannotBePrinted(t *testing.T) {
	t.Parallel()
	for _, c := range cmd.Tree().Commands() {
		if c.Name() == "exec" {
			continue // it has no answer but its command's
		}
		known := slices.ContainsFunc(answering, func(a struct{ line, before string }) bool { return strings.Split(a.line, " ")[0] == c.Name() })
		if !known && c.Name() != "send" && c.Name() != "ask" && !c.Hidden {
			t.Errorf("there is no line for %s", c.Name())
		}
	}
	for _, a := range answering {
		for _, json := range []string{"", "--json"} {
			if strings.HasPrefix(a.line, "__complete") && json != "" { // it would complete that
				continue
			}
			t.Run(strings.TrimSpace(a.line+" "+json), func(t *testing.T) {
				t.Parallel()
				base := t.TempDir()
				p := newPersonIn(t, filepath.Join(base, "home"))
				image := filepath.Join(base, "image")
				must(t, os.Mkdir(image, 0o755))
				must(t, os.Mkdir(p.home, 0o700))
				p.run("", "enable", "demo")
				run := func(stdout *os.File) (said string, code int) {
					words := func(line string) []string { return strings.Fields(strings.ReplaceAll(line, "IMAGE", image)) }
					if a.before != "" {
						p.run("", "enable", "demo")
						p.run("", words(a.before)...)
					}
					c := p.command(append(words(a.line), strings.Fields(json)...)...)
					var msg bytes.Buffer
					c.Stdout, c.Stderr = stdout, &msg
					_ = c.Run()
					return msg.String(), c.ProcessState.ExitCode()
				}
				file, err := os.Create(filepath.Join(base, "answer"))
				must(t, err)
				defer file.Close()
				said, code := run(file)
				if answer := mustRead(t, file.Name()); code != 0 || len(answer) == 0 {
					t.Fatalf("exit code %d: %s%s", code, answer, said)
				}
				const failure = "usagectl: error: the answer could not be printed: write /dev/stdout: no space left on device\n"
				if got, code := run(fullDevice(t)); code != 74 || strings.Count(got, failure) != 1 || strings.Count(got, "error:") != 1 {
					t.Errorf("on a full disk: exit code %d: %s", code, got)
				}
				if got, code := run(brokenPipe(t)); code != 0 || strings.Contains(got, "error:") {
					t.Errorf("nobody reads: exit code %d: %s", code, got)
				}
			})
		}
	}
}

// TestSendWithoutAnAnswer holds that "send" does not fail because of what it prints unless
// that is asked for.
func TestSendWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	p := newPersonIn(t, t.TempDir())
	p.run("", "enable", "demo")
	for _, args := range [][]string{{"--json"}, {"--dry-run"}, {"--json", "--wait=30s"}, {"--dry-run", "--json"}} {
		for _, fails := range []bool{false, true} {
			args := append([]string{"send", "demo", "run.end", "--set", "exit_code=0"}, args...)
			want := 0
			if fails {
				args, want = append(args, "--fail"), 74
			}
			c := p.command(args...)
			var msg bytes.Buffer
			c.Stdout, c.Stderr = fullDevice(t), &msg
			_ = c.Run()
			if code := c.ProcessState.ExitCode(); code != want || (msg.Len() > 0) != fails {
				t.Errorf("usagectl %q: exit code %d: %s", args, code, &msg)
			}
			if out, err := p.by([]string{"sh", "-c", `exec "$@" | true`, "sh"}, args...).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("usagectl %q, which nobody reads: %v: %s", args, err, out)
			}
		}
	}
}

// TestDecisionsThatNobodyReads holds that a command does all that it was asked for, even if
// the reader of its answer goes away.
func TestDecisionsThatNobodyReads(t *testing.T) {
	t.Parallel()
	p := newPersonIn(t, t.TempDir())
	c := p.command("disable", "demo", "flwr", "parsl", "nannyml")
	c.Stdout = brokenPipe(t)
	if err := c.Run(); err != nil {
		t.Error(err)
	}
	for _, tool := range []string{"demo", "flwr", "parsl", "nannyml"} {
		if _, err := os.Stat(filepath.Join(p.home, ".config", "usagectl", "consent", tool+".toml")); err != nil {
			t.Error(err)
		}
	}
}
