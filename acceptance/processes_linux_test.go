package acceptance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRefusalOfOneProcess has a deliverer at work whose environment refuses a tool. The tool's
// events are delivered all the same, if those who take them do not refuse.
func TestRefusalOfOneProcess(t *testing.T) {
	t.Parallel()
	slow, taking := newRecorder(t, "hang"), newRecorder(t, "200")
	p := newPerson(t, 0, slow.url())
	p.enable()
	p.declare("mytool", strings.Replace(oneEvent(taking.url()), "send =", "consent = {refuse = [{env = \"MYTOOL_NO_TELEMETRY\", when = \"present\"}]}\nsend =", 1))
	p.runs("enable", "-q", "mytool")
	refusing := p.command("send", "harm", "run.end")
	refusing.Env = append(refusing.Env, "MYTOOL_NO_TELEMETRY=1")
	unharmed(t, refusing)
	eventually(t, "the deliverer is at work", func() bool { return slow.waiting() == 1 })
	for n := range 3 {
		unharmed(t, p.command("send", "mytool", "run"))
		eventually(t, "the event arrives", func() bool { return len(taking.taken()) == n+1 })
	}
	if slow.waiting() != 1 {
		t.Error("the first deliverer has ended: nothing is shown")
	}
	if n := len(deliverers(p.home)); n != 2 {
		t.Errorf("%d deliverers are at work, want 2", n)
	}
}

// rootWithNamespaces is root, who uses the tool and can make namespaces.
func rootWithNamespaces(t *testing.T) *person {
	t.Helper()
	needProgram(t, "unshare")
	if os.Geteuid() != 0 {
		t.Skip("namespaces take root here")
	}
	p := newPerson(t, 0, "")
	p.enable()
	return p
}

// TestContainers kills containers that share a home, with the deliverers in them, which nobody
// outside can see. What they leave is delivered by the next who finds it.
func TestContainers(t *testing.T) {
	t.Parallel()
	p := rootWithNamespaces(t)
	const containers = 3
	p.recorder.answer = func(n int, _ string) string {
		if n <= containers {
			return "hang"
		}
		return "200"
	}
	for n := range containers {
		inside := p.by([]string{"unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", `"$0" send harm run.end && read end`})
		stdin, err := inside.StdinPipe()
		must(t, err)
		must(t, inside.Start())
		eventually(t, "a deliverer in the container is at work", func() bool { return len(p.recorder.all()) == n+1 })
		must(t, stdin.Close())
		_ = inside.Wait() // "read" reports the end of the file
		eventually(t, "the container is gone", func() bool { return len(deliverers(p.home)) == 0 })
		eventually(t, "nobody waits for an answer", func() bool { return p.recorder.waiting() == 0 })
		p.age(3 * time.Second) // as if that much time had passed
	}
	p.send()
	p.arrived(1 + containers)
}

// TestShortContainers has containers that share a home end before their deliverers have begun
// anything. The next one delivers what they left, however soon it comes.
func TestShortContainers(t *testing.T) {
	t.Parallel()
	p := rootWithNamespaces(t)
	container := func(script string) {
		t.Helper()
		if out, err := p.by([]string{"unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script}).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	const containers = 3
	for range containers {
		container(`"$0" send harm run.end; true`)
	}
	container(`"$0" send harm run.end; n=0; while [ "$(ls "$HOME"/.local/state/usagectl/outbox/harm/new | wc -l)" != 0 ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done`)
	if left := len(p.files("new")); left > 0 {
		t.Errorf("%d events are left", left)
	}
}

// TestNoNetwork has a process without a network fail. Nobody else waits for that.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	p := rootWithNamespaces(t)
	if out, err := p.by([]string{"unshare", "--net"}, "send", "harm", "run.end").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, "it has failed", func() bool { return slices.Contains(p.files(""), "backoff.json") })
	p.send()
	p.arrived(2)
}

// TestNoProc sends where /proc is missing, in which the system tells what a process is and
// where its program is: no deliverer can be started, which is said, and nothing is lost.
func TestNoProc(t *testing.T) {
	t.Parallel()
	p := rootWithNamespaces(t)
	without := func(args ...string) string {
		t.Helper()
		out, err := p.by([]string{"unshare", "--mount", "sh", "-c", `mount -t tmpfs none /proc && exec "$0" "$@"`}, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v: %s", args, err, out)
		}
		return string(out)
	}
	if out := without("send", "-v", "harm", "run.end"); !strings.Contains(out, "no deliverer could be started") {
		t.Errorf("it says %q", out)
	}
	p.holds(1)
	without("flush")
	p.arrived(1)
	p.send() // nothing is left that holds others back
	p.arrived(2)
}

// TestWaitStartsNoDeliverer waits for a delivery, which no process in the background does.
func TestWaitStartsNoDeliverer(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.recorder.hangs(1, "200")
	p.enable()
	cmd := p.command("send", "harm", "run.end", "--wait=1m", "--fail")
	must(t, cmd.Start())
	eventually(t, "the event is under way", func() bool { return p.recorder.waiting() == 1 })
	if pids := deliverers(p.home); len(pids) > 0 {
		t.Errorf("deliverers: %v", pids)
	}
	p.recorder.goOn()
	must(t, cmd.Wait())
	if pids := deliverers(p.home); len(pids) > 0 {
		t.Errorf("deliverers afterwards: %v", pids)
	}
	p.holds(0)
}

// age has a deliverer's lease and the events be older.
func (p *person) age(d time.Duration) {
	p.t.Helper()
	old := time.Now().Add(-d)
	must(p.t, os.Chtimes(p.state("outbox", ".deliverer"), old, old))
	for _, name := range p.files("claimed") { // its owner is unseen: here it is back in the queue
		must(p.t, os.Rename(p.outbox("claimed", name), p.outbox("new", filepath.Base(name)[:len(entryName(0))])))
	}
	for _, name := range p.files("new") {
		stamp := entryName(old.UnixNano())[:16]
		must(p.t, os.Rename(p.outbox("new", name), p.outbox("new", stamp+name[16:])))
	}
}

// runs runs usagectl, which must end with 0.
func (p *person) runs(args ...string) {
	p.t.Helper()
	if out, err := p.command(args...).CombinedOutput(); err != nil {
		p.t.Fatalf("%q: %v, %s", args, err, out)
	}
}
