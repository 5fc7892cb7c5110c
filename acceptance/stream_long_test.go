//go:build unix && long

package acceptance

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestStreamArrivesLong is TestStreamArrives with many more events.
func TestStreamArrivesLong(t *testing.T) { streamArrives(t, 100_000) }

// TestStreamWithKills kills deliverers again and again while the events of streams are unpacked and
// delivered, and each stream itself at its end. What it has queued arrives all the same, and what
// arrives twice is what a deliverer died over.
func TestStreamWithKills(t *testing.T) {
	needProc(t)
	const rounds, each = 12, 250
	const many = rounds * each
	s := newStorm(t, inTurn([]string{"200"}))
	stop := s.hunt()
	seen := func() int {
		got := map[string]bool{}
		for _, bodies := range s.recorder.taken() {
			got[bodies[0]] = true
		}
		return len(got) + s.status().Queued
	}
	for round := range rounds {
		cmd := s.command("send", "storm", "--stream")
		stdin, err := cmd.StdinPipe()
		must(t, err)
		must(t, cmd.Start())
		for n := range each {
			_, err := fmt.Fprintf(stdin, `{"event":"run.end","set":{"n":%d}}`+"\n", round*each+n)
			must(t, err)
		}
		_, err = io.WriteString(stdin, `{"event":"run.`)
		must(t, err)
		eventually(t, "all are queued", func() bool { return seen() >= (round+1)*each })
		must(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
	}
	dead := stop()
	s.flushAll()
	if dead.deliverers == 0 {
		t.Error("no deliverer was killed, so this run showed nothing")
	}
	numbers := map[string]int{}
	twice := 0
	for id, bodies := range s.recorder.taken() {
		_, number, _ := strings.Cut(bodies[0], `"n":`)
		numbers[number]++
		s.sameDocument(bodies, `"n":`+number)
		twice += len(bodies) - 1
		if len(bodies)-1 > dead.deliverers {
			t.Errorf("event %s arrived %d times", id, len(bodies))
		}
	}
	t.Logf("%d deliverers killed, %d events once more than needed", dead.deliverers, twice)
	if len(numbers) != many {
		t.Errorf("%d of %d events arrived", len(numbers), many)
	}
	for number, n := range numbers {
		if n != 1 {
			t.Errorf("the event of %s was taken %d times", number, n)
		}
	}
	if most := dead.deliverers * underWay; twice > most {
		t.Errorf("%d events arrived once too often; %d dead deliverers explain %d at most", twice, dead.deliverers, most)
	}
}
