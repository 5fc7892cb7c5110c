//go:build linux

package acceptance

import (
	"encoding/json"
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
