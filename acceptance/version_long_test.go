//go:build linux && long

package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVersionWithoutRelease holds that a program which the go command built on its
// own knows what it is from what the go command wrote into it.
func TestVersionWithoutRelease(t *testing.T) {
	t.Parallel()
	needProgram(t, "git")
	clone := t.TempDir()
	for _, dir := range []string{"cmd", "completions", "internal", "pkg"} {
		must(t, os.CopyFS(filepath.Join(clone, dir), os.DirFS(repository(dir))))
	}
	for _, file := range []string{"go.mod", "go.sum", "main.go"} {
		must(t, os.WriteFile(filepath.Join(clone, file), mustRead(t, repository(file)), 0o644))
	}
	git := func(args ...string) string {
		t.Helper()
		who := []string{"-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"}
		return strings.TrimSpace(runIn(t, clone, "git", append(who, args...)...))
	}
	build := func() built {
		t.Helper()
		program := filepath.Join(t.TempDir(), "usagectl.exe")
		// Without paths in it, what was compiled in an earlier run is taken again.
		runIn(t, clone, "go", "build", "-trimpath", "-buildvcs=true", "-o", program, ".")
		return versionOf(t, program)
	}
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "--message", "all", "--date", "2026-11-22T07:00:14Z")
	git("tag", "v1.2.3")
	commit := git("rev-parse", "HEAD")
	if got := build(); got.Version != "1.2.3" || got.Commit == nil || *got.Commit != commit || got.CommitDate == nil || got.Modified {
		t.Errorf("at a tag: %+v", got)
	}
	must(t, os.WriteFile(filepath.Join(clone, "main.go"), append(mustRead(t, repository("main.go")), "\n// Changed.\n"...), 0o644))
	if got := build(); got.Commit == nil || *got.Commit != commit || !got.Modified {
		t.Errorf("with changes: %+v", got)
	}
}
