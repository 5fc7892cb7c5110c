package acceptance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDecisionsWithoutHOME holds that what was decided counts however the environment
// fails to say where the home is: it is the one that the user database has. Here that is a
// file of the test's own, in a mount namespace.
func TestDecisionsWithoutHOME(t *testing.T) {
	t.Parallel()
	needProgram(t, "setpriv")
	if os.Geteuid() != 0 || exec.Command("unshare", "--mount", "true").Run() != nil {
		t.Skip("it takes root, and a mount namespace")
	}
	for name, said := range map[string][]string{
		"unset": nil, "empty": {"HOME="}, "relative": {"HOME=home"}, "not there": {"HOME=/nowhere"}, "a device": {"HOME=/dev/null"}, "below a device": {"HOME=/dev/null/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, stranger, "")
			p.declare("harm", strings.Replace(fmt.Sprintf(harmManifest, p.recorder.url()+"/v1/event"), "[identity]", "grant = [{env = \"HARM_TELEMETRY\", when = \"1\"}]\n\n[identity]", 1))
			passwd := filepath.Join(t.TempDir(), "passwd")
			mustWrite(t, passwd, fmt.Sprintf("root:x:0:0::/root:/bin/sh\nharm:x:%d:%[1]d::%s:/bin/sh\n", stranger, p.home))
			must(t, os.Chmod(passwd, 0o644))
			p.must("", "disable", "--all", "--quiet")

			p.env = slices.DeleteFunc(p.env, func(v string) bool { return strings.HasPrefix(v, "HOME=") })
			p.env = append(append(p.env, "HARM_TELEMETRY=1"), said...)
			p.attr = nil
			start := fmt.Sprintf(`mount --bind '%s' /etc/passwd && exec setpriv --reuid=%d --regid=%[2]d --clear-groups "$@"`, passwd, stranger)
			run := func(args ...string) string {
				t.Helper()
				out, err := p.by([]string{"unshare", "--mount", "sh", "-c", start, "sh"}, args...).CombinedOutput()
				if err != nil {
					t.Errorf("usagectl %q: %v", args, err)
				}
				return string(out)
			}
			if out := run("status", "harm", "--json"); !strings.Contains(out, `"telemetry":"off","reason":{"rule":"user"`) {
				t.Errorf("refused: %s", out)
			}
			if out := run("send", "harm", "run.end", "--json"); !strings.Contains(out, `"outcome":"off"`) {
				t.Errorf("refused: %s", out)
			}
			run("enable", "harm", "--quiet")
			if _, err := os.Stat(filepath.Join(p.home, ".config", "usagectl", "consent", "harm.toml")); err != nil {
				t.Errorf("the agreement: %v", err)
			}
			if out := run("send", "harm", "run.end", "--wait=10s", "--json"); !strings.Contains(out, `"outcome":"sent"`) {
				t.Errorf("agreed to: %s", out)
			}
			p.arrived(1)
		})
	}
}
