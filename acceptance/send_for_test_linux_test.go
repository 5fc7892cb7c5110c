package acceptance

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEndpointForTest holds by its system calls that a test connects to the address that was
// given and to no other, writes no file and starts nothing; and that an address that is not one
// of this machine costs not even a socket.
func TestEndpointForTest(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	p.enable()
	manifest := filepath.Join(p.dir, "mytool.toml")
	mustWrite(t, manifest, `schema = 1
tool = {id = "mytool", purpose = "A test."}
send = {transport = "http", endpoint = "https://telemetry.invalid/v1"}
event = [{name = "run.end"}]
field = [
  {name = "source", from = "identity.source", purpose = "p"},
  {name = "user", from = "host.user_hash", purpose = "p"},
]
`)
	p.env = append(p.env, "HTTPS_PROXY=http://192.0.2.1:9", "HTTP_PROXY=http://192.0.2.1:9", "ALL_PROXY=http://192.0.2.1:9")
	r := newRecorder(t, "200", "307:http://192.0.2.1:9/v1", "308:http://127.0.0.2:9/v1", "200")
	host, port, _ := strings.Cut(r.address(), ":")
	there := regexp.MustCompile(`connect\(.*sin_port=htons\(` + port + `\), sin_addr=inet_addr\("` + regexp.QuoteMeta(host) + `"\)`)
	connects := regexp.MustCompile(`\b(connect|sendto|sendmsg|sendmmsg)\(.*sin6?_addr`)
	for _, args := range [][]string{
		{"mytool", "run.end", "--manifest", manifest},
		{"mytool", "run.end", "--manifest", manifest}, // redirected
		{"mytool", "run.end", "--manifest", manifest},
		{"harm", "run.end"}, // to which somebody agreed: it goes to the test too, and to it alone
	} {
		cmd, trace := p.traced(append([]string{"send", "--endpoint-for-test", r.url(), "--wait=30s"}, args...)...)
		if out, err := cmd.CombinedOutput(); !strings.Contains(string(out), "warning: testing: ") {
			t.Errorf("%q: %v: %s", args, err, out)
		}
		connected := 0
		for _, call := range trace() {
			switch {
			case there.MatchString(call):
				connected++
			case connects.MatchString(call), writing.MatchString(call), started.MatchString(call):
				t.Errorf("send %q did %s", args, call)
			}
		}
		if connected != 1 {
			t.Errorf("send %q connected %d times", args, connected)
		}
	}
	if n := len(r.all()); n != 4 || p.queued() != 0 {
		t.Errorf("%d requests, %d queued", n, p.queued())
	}
	for _, address := range []string{
		"http://127.0.0.1.example.com:" + port, "http://127.0.0.1@example.com:" + port, "0x7f.1:" + port, "[::ffff:127.0.0.1]:" + port,
		"localhost:" + port, "http://192.0.2.1:" + port, "",
	} {
		cmd, trace := p.traced("send", "harm", "run.end", "--endpoint-for-test", address)
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 64 || !strings.Contains(string(out), "nothing was sent") {
			t.Errorf("%q: exit code %d: %s", address, cmd.ProcessState.ExitCode(), out)
		}
		for _, call := range trace() {
			if internet.MatchString(call) || writing.MatchString(call) || started.MatchString(call) {
				t.Errorf("%q: send did %s", address, call)
			}
		}
	}
}
