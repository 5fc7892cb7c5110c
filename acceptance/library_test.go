package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLibrary builds a program of another module that imports the packages under pkg, and
// runs it as a person who has decided nothing, agreed and refused. Nothing is downloaded:
// what it needs is what this module needs.
func TestLibrary(t *testing.T) {
	t.Parallel()
	needProgram(t, "go")
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "library"))))
	must(t, os.WriteFile(filepath.Join(dir, "go.sum"), mustRead(t, repository("go.sum")), 0o644))
	here, err := filepath.Abs(repository("."))
	must(t, err)
	program := filepath.Join(dir, "tidewatch.exe")
	for _, args := range [][]string{
		{"mod", "edit", "-replace=github.com/usagectl/usagectl=" + here},
		{"build", "-mod=mod", "-o", program, "."},
	} {
		build := exec.Command("go", args...)
		build.Dir = dir
		build.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go %q: %v\n%s", args, err, out)
		}
	}
	p := newPersonIn(t, t.TempDir())
	tidewatch := func() string {
		t.Helper()
		cmd := exec.Command(program)
		cmd.Env, cmd.Dir = p.env, p.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return string(out)
	}
	if out := tidewatch(); out != "off: you have not been asked yet\nsent 0\n" {
		t.Errorf("undecided: %s", out)
	}
	p.run("", "enable", "demo")
	if out := tidewatch(); !strings.HasPrefix(out, "queued: you agreed") || !strings.HasSuffix(out, "\nsent 1\n") {
		t.Errorf("agreed: %s", out)
	}
	p.run("", "disable", "demo")
	if out := tidewatch(); !strings.HasPrefix(out, "off: you refused") {
		t.Errorf("refused: %s", out)
	}
	if out, _, _ := p.run("", "inspect", "demo", "--sent"); strings.Count(out, "run.end  ") != 1 {
		t.Errorf("recorded: %s", out)
	}
}
