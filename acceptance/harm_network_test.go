//go:build linux

package acceptance

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestHarmBlackHole sends to a port where nobody picks up the phone, and again
// while the deliverer is stuck there.
func TestHarmBlackHole(t *testing.T) {
	t.Parallel()
	hole := digBlackHole(t)
	p := newPerson(t, 0, "http://"+hole.address)
	p.enable()
	p.send()
	p.awaitStuckDeliverer()
	p.send()
	p.send()
	if n := len(deliverers(p.home)); n > 1 {
		t.Errorf("%d deliverers are at work, one of them stuck; want no other", n)
	}
	p.holds(3)
	p.recorder = hole.heal(t)
	p.flushed()
	p.arrived(3)
}

// TestHarmLostNetwork sends where packets vanish, and where there is no way out.
func TestHarmLostNetwork(t *testing.T) {
	for name, network := range map[string]string{
		// The neighbour's address is known and nobody has it: all packets to it are lost.
		"packets dropped": `ip link set lo up
			ip link add out type veth peer name in
			ip addr add 192.0.2.1/24 dev out
			ip link set out up
			ip link set in up
			ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev out nud permanent`,
		"no route":    `ip link set lo up`,
		"no loopback": `true`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needProgram(t, "ip")
			private(t, unix.CLONE_NEWNET)
			inShell(t, network)
			p := newPerson(t, 0, "https://192.0.2.9/v1/event")
			p.enable()
			p.send()
			eventually(t, "a deliverer tries, or has tried", func() bool {
				return len(p.files("claimed")) > 0 || slices.Contains(p.files(""), "backoff.json")
			})
			p.send()
			p.holds(2)
		})
	}
}

// TestHarmNameLookupHangs sends to a name whose look-up gets no answer. It is the
// deliverer that waits for it, in a namespace that has nothing but loopback.
func TestHarmNameLookupHangs(t *testing.T) {
	t.Parallel()
	needProgram(t, "ip")
	private(t, unix.CLONE_NEWNET|unix.CLONE_NEWNS)
	inShell(t, `ip link set lo up`)
	asked := deafNameServer(t)
	p := newPerson(t, 0, "https://telemetry.invalid-host.example/v1/event")
	p.enable()
	p.send()
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("nobody asked the name server, so this showed nothing")
	}
	p.send()
	p.holds(2)
}

// TestHarmNothingWorks sends as somebody who cannot write, to a receiver that does
// not answer. The event is lost in the end, and the deliverer goes with it.
func TestHarmNothingWorks(t *testing.T) {
	t.Parallel()
	p := newPerson(t, nobody, "http://"+digBlackHole(t).address)
	p.enable()
	p.losesState()
	p.send()
	p.send()
	eventually(t, "the deliverers give up", func() bool { return len(deliverers(p.home)) == 0 })
}

// TestHarmWaitRunsOut waits for a delivery that takes longer. The caller goes on,
// and so does the delivery, in the background.
func TestHarmWaitRunsOut(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.recorder.hangs(1, "200")
	p.enable()
	p.send("--wait=500ms")
	p.arrived(1)
}

// TestHarmZombie kills a deliverer where nobody collects the dead, as in most
// containers. Dead is dead: the next event starts another one, which takes over
// what the dead one had in hand.
func TestHarmZombie(t *testing.T) {
	const inside = "USAGECTL_TEST_SUBREAPER"
	if os.Getenv(inside) == "" {
		t.Parallel()
		aside := exec.Command(os.Args[0], "-test.run=^TestHarmZombie$", "-test.v")
		aside.Env = append(os.Environ(), inside+"=1")
		if out, err := aside.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	// This process inherits the orphans, and collects none.
	must(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	p := newPerson(t, 0, "")
	p.recorder.hangs(1, "200")
	p.enable()
	p.send()
	eventually(t, "the event is under way", func() bool { return p.recorder.waiting() == 1 })
	dead := deliverers(p.home)
	if len(dead) != 1 {
		t.Fatalf("deliverers: %v", dead)
	}
	must(t, syscall.Kill(dead[0], syscall.SIGKILL))
	eventually(t, "it is a zombie", func() bool {
		return bytes.Contains(mustRead(t, fmt.Sprintf("/proc/%d/stat", dead[0])), []byte(") Z "))
	})
	p.send()
	p.arrived(2)
}

// TestHarmNoNetworkForCaller holds that taking an event opens no socket.
func TestHarmNoNetworkForCaller(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	cmd, trace := p.traced("send", "harm", "run.end")
	unharmed(t, cmd)
	p.holds(1)
	for _, call := range trace() {
		// A program that was built with cgo may ask a local name service who the user is.
		if network.MatchString(call) && !strings.Contains(call, "AF_UNIX") {
			t.Errorf("send did %s", call)
		}
	}
}
