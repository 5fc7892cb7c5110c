package acceptance

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestLooksAndDecidesWithoutNetwork holds that no command but those that deliver opens
// a socket to a network or starts a program, whatever it shows: every fact of the
// machine is read without the help of another program.
func TestLooksAndDecidesWithoutNetwork(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.run("", "send", "harm", "run.end")
	mustWrite(t, filepath.Join(p.home, ".local", "share", "usagectl", "tools", "facts.toml"), everyFact())
	for _, args := range [][]string{
		{"status"},
		{"status", "--all"},
		{"status", "harm"},
		{"inspect", "facts"},
		{"inspect", "harm", "run.end", "--wire"},
		{"inspect", "harm", "--queued"},
		{"inspect", "harm", "--sent"},
		{"inspect", "harm", "--forget"},
		{"send", "facts", "run", "--dry-run"},
		{"env", "--all"},
		{"enable", "facts"},
		{"disable", "facts"},
		{"disable", "--all"},
		{"enable", "--all"},
		{"help"},
		{"--version"},
	} {
		file := filepath.Join(t.TempDir(), "trace")
		cmd := p.by([]string{"strace", "-f", "-qq", "-o", file, "-e", "trace=execve,%network"}, args...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("usagectl %q: %v: %s", args, err, out)
		}
		trace := string(mustRead(t, file))
		if internet.MatchString(trace) || len(programs.FindAllString(trace, -1)) != 1 {
			t.Errorf("usagectl %q did\n%s", args, trace)
		}
	}
	if requests := len(p.recorder.all()); requests > 0 {
		t.Errorf("%d requests were sent", requests)
	}
}

// everyFact is a manifest that asks for all that can be known of a machine.
func everyFact() string {
	var b strings.Builder
	b.WriteString("schema = 1\ntool = {id = \"facts\", purpose = \"To see how facts are read.\"}\n" +
		"send = {transport = \"file\", endpoint = \"~/.facts/events.jsonl\"}\n[[event]]\nname = \"run\"\n")
	for _, s := range manifest.Sources() {
		if strings.HasPrefix(string(s), "host.") {
			fmt.Fprintf(&b, "[[field]]\nname = %q\nfrom = %q\npurpose = \"A fact.\"\n", strings.TrimPrefix(string(s), "host."), s)
		}
	}
	return b.String()
}
