//go:build unix

package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The storm: hundreds of senders at once, and deliverers that are killed again
// and again. What it holds the program to is that every event that "send" took
// arrives, and that none arrives twice unless a deliverer died over it.

// stormManifest declares the tool of these tests; %s is the receiver's address.
const stormManifest = `schema = 1

[tool]
id      = "storm"
purpose = "To see that nothing is lost."

[consent]
default = "opt-in"

[identity]
kind = "none"

[send]
transport = "http"
endpoint  = "%s/v1/event"

[forget]
method = "none"

[[event]]
name = "run.end"

[[field]]
name    = "id"
from    = "event.id"
purpose = "To count an event once that arrives twice."

[[field]]
name    = "n"
type    = "int"
purpose = "To tell one event from the other."
`

const (
	stormSenders = 16 // at a time
	// underWay is how many events a deliverer has under way at once at most, and so
	// how many arrive twice at most because one deliverer died.
	underWay = 8
)

func TestStormWithKills(t *testing.T) {
	t.Parallel()
	stormWithKills(t, 150)
}

func stormWithKills(t *testing.T, events int) {
	needProc(t)
	s := newStorm(t, inTurn([]string{"200"}))
	stop := s.hunt()
	ids := s.sendMany(events, stormSenders)
	dead := stop()
	s.flushAll()
	if dead.deliverers == 0 {
		t.Error("no deliverer was killed, so this run showed nothing")
	}
	s.allArrived(ids, dead)
}

// TestStormLull sends again as soon as a deliverer has ended. Nobody flushes, so
// each event has to see to it that somebody delivers it.
func TestStormLull(t *testing.T) {
	needProc(t)
	t.Parallel()
	s := newStorm(t, inTurn([]string{"200"}))
	for i := range 4 {
		id := s.sendNumber(i)
		s.arrivedOnce([]string{id})
		eventually(t, "the deliverer ends", func() bool { return len(deliverers(s.home)) == 0 })
	}
}

// TestStormPoison has one event among many that the receiver refuses. It must not
// stand in the way of the others.
func TestStormPoison(t *testing.T) {
	t.Parallel()
	const poison = 13
	s := newStorm(t, func(_ int, body string) string {
		if strings.HasSuffix(body, numbered(poison)) {
			return "400"
		}
		return "200"
	})
	ids := s.sendMany(40, stormSenders)
	s.flushAll()
	refused := ids[poison]
	ids[poison] = ""
	s.allArrived(ids, casualties{})
	if got := s.status(); got != (counts{Rejected: 1}) {
		t.Errorf("status tells %+v", got)
	}
	files := s.files("rejected")
	if len(files) != 1 {
		t.Fatalf("rejected/ holds %q, not one event", files)
	}
	var aside struct {
		Answer string
		Entry  struct {
			EventID string `json:"event_id"`
		}
	}
	must(t, json.Unmarshal(mustRead(t, s.outbox("rejected", files[0])), &aside))
	if aside.Entry.EventID != refused || !strings.Contains(aside.Answer, "400") || !strings.Contains(aside.Answer, `{"status": "400"}`) {
		t.Errorf("moved aside: %+v, want event %s with the answer", aside, refused)
	}
}

// storm is a person who uses the tool "storm".
type storm struct{ *person }

func newStorm(t *testing.T, answer func(n int, body string) string) *storm {
	t.Helper()
	s := &storm{newPersonIn(t, t.TempDir())}
	s.toolID, s.recorder = "storm", newRecorderBy(t, answer)
	t.Cleanup(func() { endDeliverers(t, s.home) })
	s.declare("storm", fmt.Sprintf(stormManifest, s.recorder.url()))
	s.enable()
	for _, part := range []string{"tmp", "new", "claimed", "rejected"} {
		must(t, os.MkdirAll(s.outbox(part), 0o700))
	}
	return s
}

// sendMany sends n events, some at a time, and returns their IDs in the order of
// their field n. None may fail or have anything to say.
func (s *storm) sendMany(n, atATime int) []string {
	s.t.Helper()
	ids := make([]string, n)
	turn := make(chan int)
	var wg sync.WaitGroup
	for range atATime {
		wg.Go(func() {
			for i := range turn {
				ids[i] = s.sendNumber(i)
			}
		})
	}
	for i := range n {
		turn <- i
	}
	close(turn)
	wg.Wait()
	return ids
}

func (s *storm) sendNumber(i int) (id string) {
	s.t.Helper()
	out, msg, code := s.run("", "send", "storm", "run.end", "--set", fmt.Sprintf("n=%d", i), "--json")
	var told struct {
		Outcome string
		EventID string `json:"event_id"`
		Reason  struct{ Rule string }
	}
	err := json.Unmarshal([]byte(out), &told)
	if err != nil || code != 0 || msg != "" || told.Outcome != "queued" || told.Reason.Rule != "granted" {
		s.t.Errorf("send %d: exit code %d, stdout %q, stderr %q", i, code, out, msg)
	}
	return told.EventID
}

// flushAll flushes until nothing waits any more. That an event was refused,
// which is exit code 76, is told once, by whoever was there.
func (s *storm) flushAll() {
	s.t.Helper()
	const ceiling = 120 * time.Second
	for end := time.Now().Add(ceiling); ; time.Sleep(100 * time.Millisecond) {
		out, msg, code := s.run("", "flush")
		switch {
		case code == 0:
			return
		case code != 75 && code != 76 || time.Now().After(end):
			s.t.Fatalf("flush: exit code %d, stdout %q, stderr %q", code, out, msg)
		}
	}
}

// numbered is how the document of event n ends.
func numbered(n int) string { return fmt.Sprintf(`"n":%d}`, n) }

// allArrived checks that each event arrived, but for those without an ID, that
// nothing else did, that what arrived more than once was the same document and
// that a deliverer died over it, and that outbox and journal agree.
func (s *storm) allArrived(ids []string, dead casualties) {
	s.t.Helper()
	got := s.recorder.taken()
	lost, twice := 0, 0
	for i, id := range ids {
		bodies := got[id]
		delete(got, id)
		switch {
		case id == "":
		case len(bodies) == 0:
			lost++
		default:
			s.sameDocument(bodies, numbered(i))
			twice += len(bodies) - 1
			if len(bodies)-1 > dead.inHand[id] {
				s.t.Errorf("event %s arrived %d times, and %d deliverers died over it", id, len(bodies), dead.inHand[id])
			}
		}
	}
	s.t.Logf("%d events, %d deliverers killed, %d events once more than needed", len(ids), dead.deliverers, twice)
	if lost > 0 {
		s.t.Errorf("%d of %d events did not arrive", lost, len(ids))
	}
	if most := dead.deliverers * underWay; twice > most {
		s.t.Errorf("%d events arrived once too often; %d dead deliverers explain %d at most", twice, dead.deliverers, most)
	}
	if len(got) > 0 {
		s.t.Errorf("events arrived that were not sent: %v", got)
	}
	s.nothingIn("new", "claimed", "tmp")
	s.journalled(ids)
}

func (s *storm) sameDocument(bodies []string, end string) {
	s.t.Helper()
	for _, body := range bodies {
		if body != bodies[0] || !strings.HasSuffix(body, end) {
			s.t.Errorf("an event arrived as %s, want one document that ends in %s", bodies, end)
			return
		}
	}
}

// arrivedOnce waits until each event has arrived, once.
func (s *storm) arrivedOnce(ids []string) {
	s.t.Helper()
	for _, id := range ids {
		eventually(s.t, "event "+id+" arrives", func() bool { return len(s.recorder.taken()[id]) > 0 })
		if n := len(s.recorder.taken()[id]); n != 1 {
			s.t.Errorf("event %s arrived %d times", id, n)
		}
	}
}

// journalled checks that the person can see every event that left.
func (s *storm) journalled(ids []string) {
	s.t.Helper()
	left := map[string]bool{"": true}
	data := mustRead(s.t, s.state("journal", "storm.jsonl"))
	for line := range bytes.Lines(data) {
		var r struct {
			Events []struct {
				ID string `json:"id"`
			} `json:"events"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			s.t.Errorf("the journal holds %q: %v", line, err)
		}
		for _, e := range r.Events {
			left[e.ID] = true
		}
	}
	for _, id := range ids {
		if !left[id] {
			s.t.Errorf("event %s left and does not stand in the journal", id)
		}
	}
}

func (s *storm) nothingIn(parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		if files := s.files(part); len(files) > 0 {
			s.t.Errorf("%s/ holds %q", part, files)
		}
	}
}

// casualties are the deliverers that a hunt killed.
type casualties struct {
	deliverers int
	inHand     map[string]int // by event ID: how many of them died while they had claimed the event
}

// hunt kills the deliverers, again and again and at any moment of their lives,
// until stop is called.
func (s *storm) hunt() (stop func() casualties) {
	quit, result := make(chan struct{}), make(chan casualties)
	go func() {
		dead := casualties{inHand: map[string]int{}}
		for {
			select {
			case <-quit:
				result <- dead
				return
			case <-time.After(time.Duration(rand.IntN(200)) * time.Millisecond):
			}
			for _, pid := range deliverers(s.home) {
				s.kill(pid, &dead)
			}
		}
	}()
	return func() casualties {
		close(quit)
		return <-result
	}
}

// kill stops a deliverer, looks at what it has in hand, and kills it.
func (s *storm) kill(pid int, dead *casualties) {
	if syscall.Kill(pid, syscall.SIGSTOP) != nil || !within(patience, func() bool { return standsStill(pid) }) {
		return
	}
	claims := slices.DeleteFunc(s.files("claimed"), func(file string) bool {
		_, lease, _ := strings.Cut(file, "~")
		return !strings.Contains(lease, fmt.Sprintf(".%d.", pid))
	})
	if syscall.Kill(pid, syscall.SIGKILL) != nil {
		return
	}
	dead.deliverers++
	for _, file := range claims {
		name, _, _ := strings.Cut(file, ".json")
		_, id, _ := strings.Cut(name, "-")
		dead.inHand[id]++
	}
}
