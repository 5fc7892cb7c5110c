//go:build linux

package acceptance

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDataFromPipes holds that values and manifests are read from everything that a shell
// makes a pipe of, within bounds.
func TestDataFromPipes(t *testing.T) {
	t.Parallel()
	needProgram(t, "bash")
	const data = `{"exit_code": 7}`
	for _, test := range []struct{ name, script, out, err string }{
		{"substitution", `"$0" inspect demo run.end --payload --data <(echo '` + data + `')`, `"exit_code": 7`, ""},
		{"stdin by name", `echo '` + data + `' | "$0" inspect demo run.end --payload --data /dev/stdin`, `"exit_code": 7`, ""},
		{"stdin by number", `echo '` + data + `' | "$0" inspect demo run.end --payload --data /dev/fd/0`, `"exit_code": 7`, ""},
		{"another number", `"$0" inspect demo run.end --payload --data /dev/fd/9 9< <(echo '` + data + `')`, `"exit_code": 7`, ""},
		{"stdin from a file", `echo '` + data + `' >data; "$0" inspect demo run.end --payload --data /dev/stdin <data`, `"exit_code": 7`, ""},
		{"named", `mkfifo p; echo '` + data + `' >p & "$0" inspect demo run.end --payload --data p`, `"exit_code": 7`, ""},
		{"slow", `"$0" inspect demo run.end --payload --data <(echo '{"exit_code":'; sleep 0.2; echo '7}')`, `"exit_code": 7`, ""},
		{"sent", `"$0" send demo run.end --wait=30s --fail --data <(echo '` + data + `') && tail -n 1 .demo/events.jsonl`, `"exit_code":7`, ""},
		{"too much", `"$0" send demo run.end --fail --data <(head -c 1048577 /dev/zero)`, "", "--data: more than 1048576 bytes\n"},
		{"endless", `"$0" send demo run.end --fail --data - < <(yes 2>/dev/null)`, "", "--data: more than 1048576 bytes\n"},
		{"empty", `"$0" send demo run.end --fail --data <(true)`, "", "--data: "},
		{"device", `"$0" send demo run.end --fail --data /dev/zero`, "", "--data: read /dev/zero: not a regular file\n"},
		{"directory", `"$0" send demo run.end --fail --data .`, "", "--data: read .: not a regular file\n"},
		{"manifest", `"$0" inspect demo run.end --payload --data <(echo '` + data + `') --manifest <("$0" help manifest >/dev/null; cat piped.toml)`, `"piped": 7`, ""},
		{"manifest of a dry run", `"$0" send demo run.end --dry-run --set exit_code=7 --manifest <(cat piped.toml)`, `"piped": 7`, ""},
		{"manifest of an event", `"$0" send demo run.end --fail --manifest <(cat piped.toml)`, "", " is a pipe, which cannot be read again when the event is delivered; name a file\n"},
		{"manifest that is open", `"$0" send demo run.end --fail --set exit_code=7 --manifest /dev/stdin <piped.toml; "$0" flush -q; cat .demo/events.jsonl`, `"piped":7`, ""},
		{"manifest by number", `"$0" send demo run.end --fail --set exit_code=7 --manifest /proc/self/fd/5 5<piped.toml; "$0" flush -q; cat .demo/events.jsonl`, `"piped":7`, ""},
		{"manifest that is gone", `exec 5<piped.toml; rm piped.toml; "$0" send demo run.end --fail --manifest /dev/fd/5`, "", "the manifest \"/dev/fd/5\": it is open here only, and cannot be found again by others; give a path that lasts\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPersonIn(t, t.TempDir())
			p.run("", "enable", "demo")
			mustWrite(t, filepath.Join(p.home, "piped.toml"), pipedManifest)
			c := exec.Command("bash", "-c", test.script, p.exe)
			c.Env, c.Dir = p.env, p.home
			var out, msg bytes.Buffer
			c.Stdout, c.Stderr = &out, &msg
			err := c.Run()
			lines := 0
			if test.err != "" {
				lines = 1
			}
			if (err == nil) != (lines == 0) || !strings.Contains(out.String(), test.out) || !strings.Contains(msg.String(), test.err) || strings.Count(msg.String(), "\n") != lines {
				t.Errorf("%v, stdout %s, stderr %s", err, &out, &msg)
			}
		})
	}
}

// pipedManifest is another manifest of the tool demo.
const pipedManifest = `schema = 1
tool = {id = "demo", purpose = "Shows a manifest that comes through a pipe."}
send = {transport = "file", endpoint = "~/.demo/events.jsonl"}
[[event]]
name = "run.end"
[[field]]
name = "exit_code"
key = "piped"
type = "int"
purpose = "Shows a value."
`

// TestDataThatNeverComes holds that a pipe that nobody writes to keeps a caller for a while
// only: the event goes without its values, and that is said.
func TestDataThatNeverComes(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T, p *person) (file string, stdin *os.File){
		"named": func(t *testing.T, p *person) (string, *os.File) {
			must(t, syscall.Mkfifo(filepath.Join(p.home, "p"), 0o600))
			return "p", nil
		},
		"stdin":    func(t *testing.T, _ *person) (string, *os.File) { return "-", openPipe(t) },
		"its name": func(t *testing.T, _ *person) (string, *os.File) { return "/dev/stdin", openPipe(t) },
		"socket": func(t *testing.T, _ *person) (string, *os.File) {
			fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			must(t, err)
			ends := [2]*os.File{os.NewFile(uintptr(fds[0]), "socket"), os.NewFile(uintptr(fds[1]), "socket")}
			t.Cleanup(func() { ends[0].Close(); ends[1].Close() })
			return "/dev/stdin", ends[0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPersonIn(t, t.TempDir())
			p.run("", "enable", "demo")
			file, stdin := open(t, p)
			for _, args := range [][]string{{"--wait=30s"}, {"--fail"}} {
				c := p.command(append([]string{"send", "demo", "run.start", "--data", file}, args...)...)
				var msg bytes.Buffer
				c.Stderr = &msg
				if stdin != nil {
					c.Stdin = stdin
				}
				_ = c.Run()
				want := map[string]int{"--wait=30s": 0, "--fail": 65}[args[0]]
				if code := c.ProcessState.ExitCode(); code != want || strings.Count(msg.String(), "\n") != 1 || !strings.Contains(msg.String(), " did not end within 5s\n") {
					t.Errorf("%q: exit code %d: %s", args, code, &msg)
				}
			}
			if events := string(mustRead(t, filepath.Join(p.home, ".demo", "events.jsonl"))); strings.Count(events, "\n") != 1 {
				t.Errorf("sent: %q", events)
			}
		})
	}
}

// openPipe is the end of a pipe whose other end is open, and is not written to.
func openPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { r.Close(); w.Close() })
	return r
}
