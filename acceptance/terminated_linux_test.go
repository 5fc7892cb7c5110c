package acceptance

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terminate ends the deliverers of a home as the system does.
func (p *person) terminate(signals ...syscall.Signal) {
	p.t.Helper()
	for _, pid := range deliverers(p.home) {
		for _, s := range signals {
			_ = syscall.Kill(pid, s) // gone, or told
		}
	}
}

// once holds that no event was sent twice.
func (p *person) once() {
	p.t.Helper()
	posted := map[string]int{}
	for _, body := range p.recorder.bodies() {
		posted[body]++
	}
	for body, n := range posted {
		if n != 1 {
			p.t.Errorf("sent %d times: %s", n, body)
		}
	}
}

// TestTerminatedDeliverer ends deliverers as systemd ends what a service has started, or a terminal
// what was started there: what is under way is finished and noted, nothing else is begun, and no
// event is sent twice.
func TestTerminatedDeliverer(t *testing.T) {
	t.Parallel()
	for name, signals := range map[string][]syscall.Signal{
		"SIGTERM":         {syscall.SIGTERM},
		"SIGHUP":          {syscall.SIGHUP},
		"SIGQUIT":         {syscall.SIGQUIT},
		"SendSIGHUP=yes":  {syscall.SIGTERM, syscall.SIGHUP},
		"again and again": {syscall.SIGHUP, syscall.SIGTERM, syscall.SIGTERM, syscall.SIGHUP},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testTerminated(t, signals)
		})
	}
}

func testTerminated(t *testing.T, signals []syscall.Signal) {
	const events = 9
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	for range events - 1 {
		p.send()
	}
	p.alone()
	p.letGo()
	p.recorder.answer = func(n int, _ string) string {
		if n > 3 {
			return "hang" // several at once by then
		}
		return "200"
	}
	p.send()
	eventually(t, "some are under way", func() bool { return p.recorder.waiting() > 1 })
	underway := p.recorder.waiting()
	p.terminate(signals...)
	p.recorder.goOn()
	eventually(t, "the deliverer ends", func() bool { return len(deliverers(p.home)) == 0 })
	sent := len(p.recorder.all())
	if sent < 3+underway || sent != len(p.recorder.taken()) {
		t.Errorf("%d of %d that had begun were finished", len(p.recorder.taken()), sent)
	}
	if queued, claimed := len(p.files("new")), len(p.files("claimed")); queued != events-sent || claimed != 0 {
		t.Errorf("%d are queued and %d claimed, want %d and none", queued, claimed, events-sent)
	}
	p.flushed()
	p.arrived(events)
	p.once()
}

// TestHangupIgnored holds that a deliverer goes on after a SIGHUP if its caller ignored that
// signal, as nohup does.
func TestHangupIgnored(t *testing.T) {
	t.Parallel()
	const events = 9
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	for range events - 1 {
		p.send()
	}
	p.letGo()
	p.recorder.answer = func(int, string) string { return "hang" }
	unharmed(t, p.by([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh"}, "send", p.toolID, "run.end"))
	eventually(t, "it is under way", func() bool { return p.recorder.waiting() > 0 })
	p.terminate(syscall.SIGHUP)
	p.recorder.goOn()
	p.arrived(events)
	p.once()
}

// TestTerminatedAgainAndAgain ends each of twenty deliverers wherever it is.
func TestTerminatedAgainAndAgain(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.recorder.answer = func(int, string) string { return "late" }
	for range 20 {
		p.send()
		within(time.Second, func() bool { return len(deliverers(p.home)) > 0 }) // unless it has ended
		p.terminate(syscall.SIGTERM)
	}
	p.flushed()
	p.arrived(20)
	p.once()
	if got := p.status(); got != (counts{}) {
		t.Errorf("in the end: %+v", got)
	}
}

// TestTerminatedFlush holds the same of a flush, and that it says why it ended.
func TestTerminatedFlush(t *testing.T) {
	t.Parallel()
	for name, signals := range map[string][]syscall.Signal{"SIGTERM": {syscall.SIGTERM}, "SendSIGHUP=yes": {syscall.SIGTERM, syscall.SIGHUP}} {
		for _, events := range []int{1, 2} {
			t.Run(fmt.Sprint(name, " with ", events), func(t *testing.T) {
				t.Parallel()
				testTerminatedFlush(t, events, signals)
			})
		}
	}
}

func testTerminatedFlush(t *testing.T, events int, signals []syscall.Signal) {
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	for range events {
		p.send()
	}
	p.recorder.answer = func(int, string) string { return "hang" }
	cmd := p.command("flush", "--json")
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	must(t, cmd.Start())
	eventually(t, "it is under way", func() bool { return p.recorder.waiting() == 1 })
	for _, s := range signals {
		must(t, cmd.Process.Signal(s))
	}
	p.recorder.goOn()
	err := cmd.Wait()
	sent := len(p.recorder.taken())
	want, reason := "exit status 130", `"detail":"interrupted"`
	if sent == events { // nothing is left of which the signal could have kept it
		want, reason = "<nil>", `"detail":""`
	}
	if fmt.Sprint(err) != want || !strings.Contains(out.String(), reason) || (msg.Len() == 0) != (err == nil) {
		t.Errorf("it ends with %v, and has sent %d: %s%s", err, sent, &out, &msg)
	}
	p.holds(events - sent)
	p.flushed()
	p.arrived(events)
	p.once()
}

// TestTerminatedSend holds it of a send that waits for the delivery, as it ends after a
// signal: what is under way is finished, noted and not sent again, and the caller's script
// goes on, unless a person has ended it.
func TestTerminatedSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signal syscall.Signal
		hangup bool   // a SIGHUP comes beside it
		answer bool   // the receiver answers in time
		end    string // with --fail
	}{
		"SIGTERM":                  {syscall.SIGTERM, false, true, "<nil>"},
		"SIGHUP":                   {syscall.SIGHUP, false, true, "<nil>"},
		"SendSIGHUP=yes":           {syscall.SIGTERM, true, true, "<nil>"},
		"SIGINT":                   {syscall.SIGINT, false, true, "signal: interrupt"},
		"SIGINT without an answer": {syscall.SIGINT, false, false, "signal: interrupt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			p.enable()
			p.recorder.answer = func(int, string) string { return "hang" }
			cmd := p.command("send", p.toolID, "run.end", "--wait=55s", "--fail")
			must(t, cmd.Start())
			eventually(t, "it is under way", func() bool { return p.recorder.waiting() == 1 })
			must(t, cmd.Process.Signal(c.signal))
			if c.hangup {
				must(t, cmd.Process.Signal(syscall.SIGHUP))
			}
			if c.answer {
				p.recorder.goOn()
			}
			// The answer can come first, and then there is nothing left to end.
			if err := cmd.Wait(); fmt.Sprint(err) != c.end && (err != nil || !c.answer) {
				t.Errorf("it ends with %v, want %s", err, c.end)
			}
			if n := len(deliverers(p.home)); n != 0 {
				t.Errorf("it has started %d deliverers", n)
			}
			if !c.answer {
				p.holds(1)
				return
			}
			p.holds(0)
			p.flushed()
			p.arrived(1)
			p.once()
		})
	}
}
