//go:build linux

package acceptance

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
)

// built is what "version --json" tells.
type built struct {
	Schema     int     `json:"schema"`
	Version    string  `json:"version"`
	Commit     *string `json:"commit"`
	CommitDate *string `json:"commit_date"`
	Modified   bool    `json:"modified"`
	Go         string  `json:"go"`
	OS         string  `json:"os"`
	Arch       string  `json:"arch"`
}

// TestReleaseVersion builds with the very flags that a release is built with. The
// linker does not mind a -X path that leads nowhere, so nothing else would tell.
func TestReleaseVersion(t *testing.T) {
	t.Parallel()
	var release struct {
		Builds []struct{ Flags, Ldflags []string }
	}
	if err := yaml.Unmarshal(mustRead(t, repository(".goreleaser.yaml")), &release); err != nil {
		t.Fatal(err)
	}
	text, err := template.New("ldflags").Option("missingkey=error").Parse(strings.Join(release.Builds[0].Ldflags, " "))
	must(t, err)
	var ldflags strings.Builder
	commit, date := strings.Repeat("0123456789", 4), "2026-11-22T07:00:14Z"
	must(t, text.Execute(&ldflags, map[string]string{"Version": "1.2.3", "FullCommit": commit, "CommitDate": date}))
	program := filepath.Join(t.TempDir(), "usagectl.exe")
	args := append([]string{"build", "-o", program, "-ldflags", ldflags.String()}, release.Builds[0].Flags...)
	runIn(t, repository(), "go", append(args, ".")...)

	want := built{1, "1.2.3", &commit, &date, false, runtime.Version(), runtime.GOOS, runtime.GOARCH}
	if got := versionOf(t, program); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := runIn(t, ".", program, "version"); !strings.HasPrefix(got, "usagectl 1.2.3\n  Commit    "+commit+" of "+date+"\n") {
		t.Errorf("for people: %s", got)
	}
	if got := runIn(t, ".", program, "--version"); got != "usagectl 1.2.3\n" {
		t.Errorf("--version: %q", got)
	}
}

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

func versionOf(t *testing.T, program string) built {
	t.Helper()
	var b built
	out := runIn(t, ".", program, "version", "--json")
	if err := json.Unmarshal([]byte(out), &b); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return b
}

// runIn is what a command in a directory prints.
func runIn(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}
