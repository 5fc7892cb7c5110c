//go:build linux

package acceptance

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// TestHarmOff holds that off is complete: whatever it is that says so, and though a deletion
// request is due, send changes no file, opens no socket and starts no process.
func TestHarmOff(t *testing.T) {
	for _, c := range []struct {
		rule    string
		env     string
		prepare func(p *person)
	}{
		{rule: "undecided"},
		{rule: "ci", env: "CI=true"},
		{rule: "do-not-track", env: "DO_NOT_TRACK=1", prepare: (*person).enable},
		{rule: "usagectl-env", env: "USAGECTL_TELEMETRY=0", prepare: (*person).enable},
		{rule: "user", prepare: func(p *person) {
			p.enable()
			p.run("", "disable", "harm")
		}},
		{rule: "unreadable", prepare: func(p *person) {
			p.enable()
			must(p.t, os.Chmod(filepath.Join(p.home, ".config", "usagectl", "consent", "harm.toml"), 0o666))
		}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			needProgram(t, "strace")
			p := newPerson(t, 0, "")
			if c.prepare != nil {
				c.prepare(p)
			}
			p.env = append(p.env, c.env)
			plantDeletion(t, p.state(), p.home, filepath.Join(p.home, "evil.jsonl"))
			if out, _, _ := p.run("", "send", "harm", "run.end", "--json"); !strings.Contains(out, fmt.Sprintf(`"rule":%q`, c.rule)) {
				t.Fatalf("send tells %s, want the rule %q", out, c.rule)
			}
			before := listing(t, p.home)
			cmd, trace := p.traced("send", "harm", "run.end")
			unharmed(t, cmd)
			if after := listing(t, p.home); after != before {
				t.Errorf("the home was\n%sand is\n%s", before, after)
			}
			onlyReads(t, trace())
			if requests := len(p.recorder.all()); requests > 0 {
				t.Errorf("%d requests were sent", requests)
			}
		})
	}
}

// TestHarmOldAgreement puts an event back that was queued before a refusal, as a
// slow sender could. It never leaves, whatever is agreed to later.
func TestHarmOldAgreement(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.send()
	late := p.files("new")[0]
	entry := mustRead(t, p.outbox("new", late))
	p.run("", "disable", "harm")
	p.holds(0)
	p.enable()
	p.holdBack()
	p.send()
	mustWrite(t, p.outbox("new", late), string(entry))
	p.flushed()
	p.arrived(1)
	if strings.Contains(fmt.Sprint(p.recorder.taken()), eventID(t, entry)) {
		t.Error("the event of the old agreement left")
	}
	if got := p.status(); got != (counts{Dropped: 1}) {
		t.Errorf("status tells %+v, want 1 dropped", got)
	}
}

// TestPlantedEntries has entries in the outbox that send did not put there: one with a field
// that the manifest does not declare, one to another endpoint, one of another agreement, of an
// event that is not declared and of another tool. Only what is agreed to leaves.
func TestPlantedEntries(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.send()
	name := p.files("new")[0]
	var entry map[string]any
	must(t, json.Unmarshal(mustRead(t, p.outbox("new", name)), &entry))
	must(t, os.Remove(p.outbox("new", name)))
	plant := func(key string, value any) {
		t.Helper()
		planted := maps.Clone(entry)
		planted[key], planted["event_id"] = value, uuid.NewString()
		text, err := json.Marshal(planted)
		must(t, err)
		mustWrite(t, p.outbox("new", entryName(time.Now().UnixNano())), string(text))
	}
	values := maps.Clone(entry["values"].(map[string]any))
	values["secret"] = "planted"
	plant("values", values)
	plant("endpoint", p.recorder.url()+"/planted")
	plant("event", "planted")
	plant("tool", "demo")
	p.flushed()
	p.holds(0)
	plant("grant", "planted") // of another place, for all that is known: it waits for those who know of it
	if out, _, code := p.run("", "flush", "--timeout=1s"); code != 75 || !strings.Contains(out, "1 still waiting: it was taken under an agreement that is recorded elsewhere") {
		t.Errorf("flush: exit code %d, %s", code, out)
	}
	p.arrived(1)
	for _, r := range p.recorder.all() {
		if strings.Contains(string(r.body), "planted") || strings.Contains(r.line, "planted") {
			t.Errorf("%s: %s", r.line, r.body)
		}
	}
	p.holds(1)
}

// TestHarmDisableWhileDelivering refuses while a deliverer waits for the
// receiver, with whatever the receiver says in the end. What was on its way is
// gone; nothing else leaves, and nothing comes back into the outbox.
func TestHarmDisableWhileDelivering(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"200", "503:1", "400", "close"} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, enabled again %v", answer, again), func(t *testing.T) {
				t.Parallel()
				p := newPerson(t, 0, "")
				p.recorder.after = answer
				p.recorder.answer = func(n int, _ string) string {
					if n <= underWay || n > 2*underWay { // the first show that it can bear so many
						return "200"
					}
					return "hang"
				}
				p.enable()
				p.holdBack()
				for range 3 * underWay {
					p.send()
				}
				p.alone()
				p.letGo()
				p.send()
				eventually(t, "a deliverer waits", func() bool { return p.recorder.waiting() == underWay })
				p.run("", "disable", "harm")
				if again {
					p.enable()
				}
				p.recorder.goOn()
				eventually(t, "the deliverer ends", func() bool { return len(deliverers(p.home)) == 0 })
				p.run("", "flush")
				if requests := len(p.recorder.all()); requests != 2*underWay {
					t.Errorf("%d events left after the refusal", requests-2*underWay)
				}
				for _, part := range []string{"new", "claimed", "tmp", "rejected"} {
					if files := p.files(part); len(files) > 0 {
						t.Errorf("after the refusal %s/ holds %q", part, files)
					}
				}
			})
		}
	}
}

// TestHarmWaitThrownAway refuses while somebody waits for a delivery. They are not told
// that it was sent.
func TestHarmWaitThrownAway(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.recorder.hangs(1, "200")
	p.enable()
	cmd := p.command("send", "harm", "run.end", "--wait=25s", "--fail", "--json")
	var out bytes.Buffer
	cmd.Stdout = &out
	must(t, cmd.Start())
	eventually(t, "the receiver has it", func() bool { return p.recorder.waiting() == 1 })
	said, msg, code := p.run("", "disable", "harm")
	if code != 0 || !strings.Contains(said, "One was stopped while it was being sent, and may have arrived.") {
		t.Errorf("disable: exit code %d, %q, %q", code, said, msg)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 69 || !regexp.MustCompile(`"outcome":"dropped".*may have arrived`).MatchString(out.String()) {
		t.Errorf("send: %v, %s", err, out.String())
	}
	p.recorder.goOn()
	if got := p.status(); got != (counts{Dropped: 1}) {
		t.Errorf("%+v", got)
	}
}

// TestHarmDisableDuringHandshake refuses while a server delays its handshake. It gets
// nothing, whenever it goes on, and the event was thrown away as disable says.
func TestHarmDisableDuringHandshake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		command []string
		says    string
	}{
		{[]string{"disable", "harm"}, "One queued event was thrown away."},
		{[]string{"disable", "--all"}, "One queued event was thrown away."},
		{[]string{"disable", "--all", "--system"}, "Refused for everybody"},
	} {
		t.Run(strings.Join(c.command, " "), func(t *testing.T) {
			t.Parallel()
			private(t, unix.CLONE_NEWNS)
			mountTmpfs(t, "/etc/xdg", "size=256k")
			var requests atomic.Int32
			hello, goOn := make(chan bool, 8), make(chan bool)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				hello <- true
				<-goOn
				return nil, nil
			}}
			server.StartTLS()
			defer server.Close()
			p := newPerson(t, 0, server.URL+"/v1/event")
			roots := filepath.Join(t.TempDir(), "roots.pem")
			mustWrite(t, roots, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
			p.env = append(p.env, "SSL_CERT_FILE="+roots)
			p.enable()
			p.send()
			<-hello
			out, msg, code := p.run("", c.command...)
			if code != 0 || !strings.Contains(out, c.says) {
				t.Errorf("exit code %d, %q, %q", code, out, msg)
			}
			close(goOn)
			eventually(t, "the deliverer ends", func() bool { return len(deliverers(p.home)) == 0 })
			if n := requests.Load(); n != 0 {
				t.Errorf("%d requests arrived after the refusal", n)
			}
			p.holds(0)
			// It is the refusal that stopped it: with an agreement the same server gets one.
			p.run("", "enable", "--all", "--system")
			p.run("", "enable", "--all")
			p.enable()
			p.send()
			eventually(t, "an event arrives", func() bool { return requests.Load() == 1 })
		})
	}
}

// TestHarmDisableRace refuses in the middle of a burst of events. None of them
// leaves once everybody has come to rest, whatever is agreed to then.
func TestHarmDisableRace(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	for range 4 {
		p.enable()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 4 {
					p.run("", "send", "harm", "run.end")
				}
			})
		}
		p.run("", "disable", "harm")
		wg.Wait()
		eventually(t, "the deliverers end", func() bool { return len(deliverers(p.home)) == 0 })
		before := len(p.recorder.all())
		p.enable()
		p.flushed()
		if after := len(p.recorder.all()); after != before {
			t.Errorf("%d events of an earlier agreement left", after-before)
		}
	}
}
