package sender

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// streamEntries are the queued events.
func streamEntries(t *testing.T, s Sender) []outbox.Entry {
	t.Helper()
	list, err := s.outbox(sendertest.ToolID(t, "mytool")).Entries()
	sendertest.Must(t, err)
	return list
}

// TestTakeStream holds what becomes of each line, and what is said of it.
func TestTakeStream(t *testing.T) {
	run := uuid.NewString()
	for _, c := range []struct {
		line   string
		strict bool
		want   Streamed
		says   string // of the line
	}{
		{line: `{"event":"run"}`, want: Streamed{Taken: 1}},
		{line: `{"event":"run","set":{"n":1,"list":["a"]},"run":"` + run + `","tool_version":"1.2","level":1}`, want: Streamed{Taken: 1}},
		{line: `{"event":"run","set":null,"run":null,"tool_version":null,"level":null}`, want: Streamed{Taken: 1}},
		{line: "  \t\r", want: Streamed{}},
		{line: `{"event":"run","set":{"n":"x"}}`, want: Streamed{Taken: 1, Flawed: 1}, says: `field "n" is left out`},
		{line: `{"event":"run","set":{"n":"x"}}`, strict: true, want: Streamed{Skipped: 1}, says: `field "n" is left out`},
		{line: `{"event":"run","run":"me"}`, want: Streamed{Taken: 1, Flawed: 1}, says: `the run ID "me" is left out`},
		{line: `{"event":"run","tool_version":"1 2"}`, want: Streamed{Taken: 1, Flawed: 1}, says: `the version "1 2" is left out`},
		{line: `{"event":"strict"}`, want: Streamed{Skipped: 1}, says: `the required field "must" has no value`},
		{line: `{"event":"crash"}`, want: Streamed{Off: 1, Reason: consent.Reason{Rule: RuleEvent}}},
		{line: `{"event":"nosuch"}`, want: Streamed{Skipped: 1}, says: `mytool has no event "nosuch"`},
		{line: `{"event":"forget"}`, want: Streamed{Skipped: 1}, says: `is mytool's deletion request`},
		{line: `{"set":{}}`, want: Streamed{Skipped: 1}, says: "it names no event"},
		{line: `{"event":"run","sett":{}}`, want: Streamed{Skipped: 1}, says: `the member "sett" is not known`},
		{line: `{"event":"run","level":0}`, want: Streamed{Skipped: 1}, says: "its level does not fit"},
		{line: `{"event":"run","level":"1"}`, want: Streamed{Skipped: 1}, says: "its level does not fit"},
		{line: `{"event":"run","set":[]}`, want: Streamed{Skipped: 1}, says: "its set does not fit"},
		{line: `{"event":1}`, want: Streamed{Skipped: 1}, says: "its event does not fit"},
		{line: `{"event":"run"`, want: Streamed{Skipped: 1}, says: "it is no JSON object"},
		{line: `["run"]`, want: Streamed{Skipped: 1}, says: "it is no JSON object"},
		{line: `{"event":"run","event":"run"}`, want: Streamed{Skipped: 1}, says: "given twice"},
		{line: "{\"event\":\"\xff\"}", want: Streamed{Skipped: 1}, says: "no UTF-8"},
		{line: `{"event":"run","set":{"list":["` + strings.Repeat(strings.Repeat("x", 1000)+`","`, 40) + `"]}}`, want: Streamed{Skipped: 1}, says: "too large"},
		{line: strings.Repeat("x", maxLine+1), want: Streamed{Skipped: 1}, says: "it is longer than"},
	} {
		t.Run(fmt.Sprintf("%.60s", c.line), func(t *testing.T) {
			s, m, _ := takingAt(t, sendertest.Nowhere)
			var said []string
			stream := Stream{Manifest: m, Strict: c.strict, BadLine: func(b BadLine) {
				text := fmt.Sprint(b.Line, " ", b.Skipped, " ", b.Err)
				for _, p := range b.Problems {
					text += " " + p.Msg
				}
				said = append(said, text)
			}}
			got := s.TakeStream(t.Context(), stream, strings.NewReader("\n"+c.line+"\n"))
			got.Reason.Detail = ""
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			begin := fmt.Sprint("2 ", c.want.Skipped == 1, " ")
			if (len(said) == 1) != (c.says != "") || c.says != "" && (!strings.HasPrefix(said[0], begin) || !strings.Contains(said[0], c.says)) {
				t.Errorf("said: %q, want %s ... %q", said, begin, c.says)
			}
			if n := len(streamEntries(t, s)); n != c.want.Taken {
				t.Errorf("queued: %d", n)
			}
		})
	}
}

// TestStreamWithMark holds that a stream can begin with the mark that some programs put before a text in
// UTF-8, as the values of --data can, and that there is none before other lines.
func TestStreamWithMark(t *testing.T) {
	s, m, _ := takingAt(t, sendertest.Nowhere)
	line := "\uFEFF" + `{"event":"run"}` + "\n"
	if got := s.TakeStream(t.Context(), Stream{Manifest: m}, strings.NewReader(line+line)); got != (Streamed{Taken: 1, Skipped: 1}) {
		t.Errorf("%+v", got)
	}
	if got := s.TakeStream(t.Context(), Stream{Manifest: m}, strings.NewReader("\uFEFF\n")); got != (Streamed{}) {
		t.Errorf("%+v", got)
	}
}

// TestStreamKeepsOrder holds that events are queued in the order of their lines, each once, in
// few files, whatever the pieces in which the lines come, and with what a line or all lines say.
func TestStreamKeepsOrder(t *testing.T) {
	s, m, started := takingAt(t, sendertest.Nowhere)
	run, other := uuid.New(), uuid.New()
	const many = 2000
	r, w := io.Pipe()
	go func() {
		var lines bytes.Buffer
		for i := range many {
			fmt.Fprintf(&lines, `{"event":"run","set":{"n":%d}`, i)
			if i%2 == 1 {
				fmt.Fprintf(&lines, `,"run":%q`, other)
			}
			lines.WriteString("}\n")
		}
		text := bytes.TrimSuffix(lines.Bytes(), []byte("\n")) // the last line needs no end
		for len(text) > 0 {
			n := min(len(text), 1+len(text)%997)
			_, _ = w.Write(text[:n])
			text = text[n:]
		}
		w.Close()
	}()
	if got := s.TakeStream(t.Context(), Stream{Manifest: m, RunID: run, Level: 1}, r); got != (Streamed{Taken: many}) {
		t.Fatalf("%+v", got)
	}
	entries := streamEntries(t, s)
	seen := map[uuid.UUID]bool{}
	for i, e := range entries {
		want := run
		if i%2 == 1 {
			want = other
		}
		if n, _ := e.Values.Get("n"); n != json.Number(fmt.Sprint(i)) || e.RunID != want || e.Level != 1 || seen[e.EventID] {
			t.Fatalf("event %d is %v, of the run %s, at level %d", i, n, e.RunID, e.Level)
		}
		seen[e.EventID] = true
	}
	files := sendertest.Names(t, s.outbox(m.Tool.ID).Path("new"))
	if len(entries) != many || len(files) > many/20 || *started == 0 {
		t.Errorf("%d events in %d files, %d deliverers", len(entries), len(files), *started)
	}
}

// TestStreamIsFlushed holds that an event does not wait for others for long.
func TestStreamIsFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m, _ := takingAt(t, sendertest.Nowhere)
		r, w := io.Pipe()
		done := make(chan Streamed)
		go func() { done <- s.TakeStream(t.Context(), Stream{Manifest: m}, r) }()
		_, _ = io.WriteString(w, `{"event":"run"}`+"\n")
		time.Sleep(bundleTime + time.Millisecond)
		synctest.Wait()
		if n := queuedIn(t, s); n != 1 {
			t.Errorf("queued: %d", n)
		}
		w.Close()
		<-done
	})
}

// TestStreamToldToEnd holds that a stream that is told to end queues what is there at once, and takes
// what its writer says last; and that one whose writer does not end is left after a while.
func TestStreamToldToEnd(t *testing.T) {
	for _, ends := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s, m, _ := takingAt(t, sendertest.Nowhere)
			ctx, end := context.WithCancel(t.Context())
			r, w := io.Pipe()
			defer r.Close()
			done := make(chan Streamed)
			go func() { done <- s.TakeStream(ctx, Stream{Manifest: m}, r) }()
			write := func() { _, _ = io.WriteString(w, `{"event":"run"}`+"\n") }
			write()
			synctest.Wait()
			end()
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if n := queuedIn(t, s); n != 1 {
				t.Errorf("queued at once: %d", n)
			}
			time.Sleep(endingTime - time.Second) // of cleaning up
			write()
			time.Sleep(2 * endingBundle)
			synctest.Wait()
			if n := queuedIn(t, s); n != 2 {
				t.Errorf("queued: %d", n)
			}
			if ends {
				w.Close()
			}
			begin := time.Now()
			if got := <-done; got != (Streamed{Taken: 2}) || time.Since(begin) > time.Second || ends && time.Since(begin) > 0 {
				t.Errorf("%+v after %v", got, time.Since(begin))
			}
		})
	}
}

// TestStreamAndRefusal holds that nothing is taken that was written after a refusal, that what is
// not in the outbox yet does not come into it, and that an agreement counts again from then on.
func TestStreamAndRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m, _ := takingAt(t, sendertest.Nowhere)
		r, w := io.Pipe()
		done := make(chan Streamed)
		go func() { done <- s.TakeStream(t.Context(), Stream{Manifest: m}, r) }()
		write := func(wait time.Duration) {
			_, _ = io.WriteString(w, `{"event":"run"}`+"\n")
			time.Sleep(wait)
			synctest.Wait()
		}
		write(2 * bundleTime)
		write(0) // is in the stream's memory
		refusal := s.Refuse(t.Context(), m.Tool.ID, func() error { return decisionsAt(s, noon).Refuse(m.Tool.ID) })
		if refusal.Recorded != nil || refusal.Emptied != nil || refusal.Events.Discarded != 1 {
			t.Errorf("%+v", refusal)
		}
		write(2 * bundleTime)
		if n := queuedIn(t, s); n != 0 {
			t.Errorf("queued after the refusal: %d", n)
		}
		agreeAt(t, s, m, noon.Add(time.Hour))
		s.now = func() time.Time { return noon.Add(2 * time.Hour) }
		for i, said := range []string{"the read that shows the agreement", "what was in the pipe then", "what was written after it"} {
			write(2 * bundleTime)
			if n := queuedIn(t, s); n != i/2 {
				t.Errorf("queued after %s: %d", said, n)
			}
		}
		w.Close()
		if got := <-done; got.Taken != 2 || got.Off != 4 || got.Reason.Rule != consent.User {
			t.Errorf("%+v", got)
		}
	})
}

// TestStreamAndAgreement holds that no line is taken that was in the pipe when the person agreed, also
// if that is before the first one is read, and that one who refuses again is not taken for agreed.
func TestStreamAndAgreement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m, _ := takingAt(t, sendertest.Nowhere)
		on := false
		s.env = func(name string) (string, bool) { return "1", name == "DO_NOT_TRACK" && !on }
		r, w := io.Pipe()
		done := make(chan Streamed)
		go func() { done <- s.TakeStream(t.Context(), Stream{Manifest: m, Strict: true}, r) }()
		synctest.Wait()
		for _, agreed := range []bool{true, false, true} { // each has a read that shows it
			on = agreed
			time.Sleep(time.Second)
			_, _ = io.WriteString(w, `{"event":"run"}`+"\n")
			synctest.Wait()
		}
		w.Close()
		if got := <-done; got.Off != 3 || got.Taken != 0 || got.Reason.Rule != consent.DoNotTrack {
			t.Errorf("%+v", got)
		}
	})
}

// TestStreamAndRefusalBetween holds that a bundle is thrown away that came into the outbox when a
// refusal had emptied it.
func TestStreamAndRefusalBetween(t *testing.T) {
	s, m, _ := takingAt(t, sendertest.Nowhere)
	asked := 0
	s.env = func(name string) (string, bool) { // asked for each verdict: first, for the line, before and after the bundle is kept
		if name == "DO_NOT_TRACK" {
			if asked++; asked == 4 {
				return "1", true
			}
		}
		return "", false
	}
	got := s.TakeStream(t.Context(), Stream{Manifest: m}, strings.NewReader(`{"event":"run"}`))
	if got.Off != 1 || got.Taken != 0 || got.Reason.Rule != consent.DoNotTrack || asked != 4 {
		t.Errorf("%+v, asked %d times", got, asked)
	}
	if n := queuedIn(t, s); n != 0 {
		t.Errorf("queued: %d", n)
	}
	lost, err := s.outbox(m.Tool.ID).Losses()
	if err != nil || lost.Count() != 1 {
		t.Errorf("lost: %d, %v", lost.Count(), err)
	}
}

// TestStreamOnSlowDisk holds that a disk that hangs keeps whoever writes the lines for no longer
// than is stated, once, and that all lines are accounted for.
func TestStreamOnSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m, _ := takingAt(t, sendertest.Nowhere)
		hangs := make(chan bool)
		s.deliver = func(*os.File) (int, error) {
			<-hangs
			return os.Getpid(), nil
		}
		r, w := io.Pipe()
		done := make(chan Streamed)
		go func() { done <- s.TakeStream(t.Context(), Stream{Manifest: m}, r) }()
		const many = 20 * outbox.MaxBundle
		begin := time.Now()
		for range many {
			_, _ = io.WriteString(w, `{"event":"run"}`+"\n")
		}
		if took := time.Since(begin); took > streamPatience {
			t.Errorf("the writer was kept for %v", took)
		}
		w.Close()
		got := <-done
		if took := time.Since(begin); took > 3*streamPatience {
			t.Errorf("it took %v", took)
		}
		if got.Taken+got.Dropped != many || got.Dropped == 0 || got.Reason.Rule != RuleState {
			t.Errorf("%+v", got)
		}
		close(hangs)
		synctest.Wait()
	})
}

// TestStreamOfHangingHome holds that a home that hangs when it is read keeps whoever writes the lines for
// no longer, that all lines are accounted for under their numbers, and that lines are taken again when it
// answers.
func TestStreamOfHangingHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m, _ := takingAt(t, sendertest.Nowhere)
		hangs := make(chan bool)
		s.env = func(string) (string, bool) { <-hangs; return "", false }
		r, w := io.Pipe()
		done := make(chan Streamed)
		var bad []int
		stream := Stream{Manifest: m, BadLine: func(b BadLine) { bad = append(bad, b.Line) }}
		go func() { done <- s.TakeStream(t.Context(), stream, r) }()
		const many = 1000
		begin := time.Now()
		for range many {
			_, _ = io.WriteString(w, `{"event":"run"}`+"\n")
		}
		if took := time.Since(begin); took > streamPatience {
			t.Errorf("the writer was kept for %v", took)
		}
		synctest.Wait()
		close(hangs)
		synctest.Wait()
		_, _ = io.WriteString(w, "no JSON\n")
		_, _ = io.WriteString(w, `{"event":"run"}`+"\n")
		w.Close()
		if got := <-done; got.Taken != 1 || got.Skipped != 1 || got.Dropped != many || got.Reason.Rule != RuleState {
			t.Errorf("%+v", got)
		}
		if len(bad) != 1 || bad[0] != many+1 {
			t.Errorf("lines with mistakes: %d", bad)
		}
	})
}

// TestStreamThatCannotBeKept holds that what can neither be kept nor given to a deliverer is dropped,
// and that few deliverers are tried.
func TestStreamThatCannotBeKept(t *testing.T) {
	s, m, _ := takingAt(t, sendertest.Nowhere)
	sendertest.Write(t, outbox.Dir(s.state()), "") // no directory
	times := 0
	s.deliver = func(*os.File) (int, error) {
		times++
		return 0, os.ErrInvalid
	}
	const many = 3 * outbox.MaxBundle
	got := s.TakeStream(t.Context(), Stream{Manifest: m}, strings.NewReader(strings.Repeat(`{"event":"run"}`+"\n", many)))
	if got.Dropped != many || got.Reason.Rule != RuleState || times == 0 || times > 3 {
		t.Errorf("%+v, %d deliverers", got, times)
	}
}

// TestStreamFillsTheQueue holds that a stream keeps the bounds of the queue itself where no deliverer
// does, and that the oldest events go.
func TestStreamFillsTheQueue(t *testing.T) {
	s, m, _ := takingAt(t, sendertest.Nowhere)
	o := s.outbox(m.Tool.ID)
	sendertest.Must(t, o.Create())
	const fakes = outbox.MaxBundled / outbox.MaxBundle
	for i := range fakes { // by their names alone
		e := outbox.Entry{EventID: uuid.New(), TakenAt: noon.Add(time.Duration(i) - time.Hour)}
		sendertest.Write(t, o.Path("new", fmt.Sprintf(".%s.%d.bundle", strings.TrimSuffix(e.Name(), ".json"), outbox.MaxBundle)), "")
	}
	const many = 2 * trimEvery * outbox.MaxBundle
	got := s.TakeStream(t.Context(), Stream{Manifest: m}, strings.NewReader(strings.Repeat(`{"event":"run"}`+"\n", many)))
	if got.Taken+got.Dropped != many {
		t.Fatalf("%+v", got)
	}
	files := len(sendertest.Names(t, o.Path("new")))
	if most := fakes + trimEvery + 1; files > most || files < fakes-trimEvery {
		t.Errorf("%d bundles are left, at most %d fit", files, most)
	}
	if n := queuedIn(t, s); n != got.Taken {
		t.Errorf("queued: %d of %+v", n, got)
	}
}
