package acceptance

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestAuthorsTools runs the commands of docs/authors.md that write, check and compare manifests,
// and holds that each of those in CI fails where it should.
func TestAuthorsTools(t *testing.T) {
	t.Parallel()
	needProgram(t, "git")
	p := author(t, "https://telemetry.mytool.example")
	out, err := p.shell(true, "sh", "-ec", authorsBlock(t, "sh", "tools init")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Your Tool, event run.start") {
		t.Errorf("%v: %s", err, out)
	}
	file := filepath.Join(p.dir, "mytool.toml")
	good := string(mustRead(t, file))
	page := func() {
		t.Helper()
		mustWrite(t, filepath.Join(p.dir, "TELEMETRY.md"), p.must("", "tools", "show", "--manifest", file, "--markdown"))
	}
	page()
	for _, argv := range [][]string{
		{"git", "init", "-q"},
		{"git", "add", "mytool.toml"},
		{"git", "-c", "user.name=a", "-c", "user.email=a@mytool.example", "commit", "-qm", "first"},
		{"git", "tag", "v1.0"},
	} {
		if out, err := p.shell(true, argv...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", argv, err, out)
		}
	}
	for _, c := range []struct {
		name, old, new string
		page           bool // the page is made anew
		passes         bool
	}{
		{"nothing has changed", "", "", false, true},
		{"another contact", `contact   = "telemetry@`, `contact   = "hello@`, true, true},
		{"the page is stale", `contact   = "telemetry@`, `contact   = "hello@`, false, false},
		{"another purpose", "what to work on", "what to sell", true, false},
		{"a purpose that says nothing", "To see what share of runs succeed.", "Telemetry.", true, false},
		{"a new field", "[[field]]\nname    = \"source\"", "[[field]]\nname    = \"cpus\"\nfrom    = \"host.cpu_count\"\npurpose = \"To know how large machines are.\"\n\n[[field]]\nname    = \"source\"", true, false},
		{"another endpoint", "telemetry.mytool.example/v1", "telemetry.mytool.example/v2", true, false},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("the manifest has no %q", c.old)
		}
		mustWrite(t, file, strings.Replace(good, c.old, c.new, 1))
		if c.page {
			page()
		}
		out, err := p.shell(true, "sh", "-ec", authorsBlock(t, "sh", "tools diff")).CombinedOutput()
		if (err == nil) != c.passes {
			t.Errorf("%s: %v: %s", c.name, err, out)
		}
		mustWrite(t, file, good)
		page()
	}
}

// TestAuthorsExec holds that a command behind the prefix of docs/authors.md ends as it would alone,
// and that its events arrive; without usagectl too.
func TestAuthorsExec(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, "200")
	p := author(t, r.url())
	p.must("", "enable", "-q", "mytool")
	mustWrite(t, filepath.Join(p.dir, "wrapped.sh"), authorsBlock(t, "sh", "exec usagectl exec"))
	for _, with := range []bool{true, false} {
		cmd := p.shell(with, "sh", "wrapped.sh", "sh", "-c", "cat; exit 3")
		cmd.Stdin = strings.NewReader("typed\n")
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 3 || string(out) != "typed\n" {
			t.Errorf("with usagectl: %v: %v: %s", with, cmd.ProcessState, out)
		}
	}
	p.flushed()
	if bodies := r.bodies(); len(bodies) != 2 || !strings.Contains(bodies[0], `"run.start"`) || !strings.Contains(bodies[1], `"exit_code":3,"duration":`) {
		t.Errorf("%q", bodies)
	}
}

// TestAuthorsAsk holds that the question of docs/authors.md comes behind the work, on a terminal,
// and neither where there is none nor where usagectl is missing.
func TestAuthorsAsk(t *testing.T) {
	t.Parallel()
	p := author(t, "https://telemetry.mytool.example")
	script := filepath.Join(p.dir, "asks.sh")
	mustWrite(t, script, "set -eu\n"+authorsBlock(t, "sh", "usagectl ask"))
	for _, with := range []bool{true, false} {
		if out, err := p.shell(with, "sh", script, "echo", "done").CombinedOutput(); err != nil || string(out) != "done\n" {
			t.Errorf("without a terminal, with usagectl: %v: %v: %s", with, err, out)
		}
		c := p.shell(with, "sh", script, "sh", "-c", "exit 7")
		if _ = c.Run(); c.ProcessState.ExitCode() != 7 {
			t.Errorf("of work that ends with 7, with usagectl: %v: it ends with %v", with, c.ProcessState)
		}
	}
	s := p.sits(80, "", p.shell(true, "sh", script, "echo", "done"))
	s.answers("yes\n")
	if seen := s.screenText(); !strings.HasPrefix(seen, "done\n") || !strings.Contains(seen, "My Tool") {
		t.Errorf("the screen shows %s", seen)
	}
	agreed := func() bool { _, _, code := p.run("", "status", "-q", "mytool"); return code == 0 }
	if !within(patience, agreed) {
		t.Error("the answer is not recorded")
	}
}

// TestAuthorsStream holds that the events of docs/authors.md's stream arrive, in their order.
func TestAuthorsStream(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, "200")
	p := author(t, r.url())
	p.must("", "enable", "-q", "mytool")
	if out, err := p.shell(true, "sh", "-ec", authorsBlock(t, "sh", "--stream")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
	p.flushed()
	all := strings.Join(r.bodies(), "\n")
	if len(r.bodies()) != 3 || !strings.Contains(all, `"exit_code":0`) || !strings.Contains(all, `"exit_code":3`) || !strings.Contains(all, `"exit_code":1`) {
		t.Errorf("%s", all)
	}
}
