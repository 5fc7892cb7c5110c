package sender

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDiscardIsCountedOnce cuts the ending of an event off after each of its steps, as
// a crash does, and lets the next process go on.
func TestDiscardIsCountedOnce(t *testing.T) {
	for name, crash := range map[string]func(t *testing.T, o outbox.Outbox, file string){
		"before anything": func(*testing.T, Outbox, string) {},
		"renamed": func(t *testing.T, o outbox.Outbox, file string) {
			must(t, os.Rename(o.Path("new", file), o.Path(discarded, file+"~"+string(outbox.LostBounds))))
		},
		"renamed and recorded": func(t *testing.T, o outbox.Outbox, file string) {
			must(t, os.Rename(o.Path("new", file), o.Path(discarded, file+"~"+string(outbox.LostBounds))))
			must(t, appendLine(o.Path(lossesFile), fmt.Appendf(nil, `{"at":"2026-11-21T12:00:00Z","event":%q,"why":"bounds"}`, eventID(file))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := outboxWith(t, 1, noon, noon.Add(time.Second))
			files := waiting(t, o)
			crash(t, o, files[0])
			if count, err := o.Count(); err != nil || count.Queued+count.Dropped != 2 {
				t.Errorf("after the crash: %+v, %v", count, err)
			}
			_, err := o.discard("new", files[:1], outbox.LostBounds, noon)
			if err := o.recordDiscarded(noon); err != nil {
				t.Fatal(err)
			}
			if count, countErr := o.Count(); err != nil || countErr != nil || count != (outbox.Count{Queued: 1, Dropped: 1}) {
				t.Errorf("in the end: %+v, %v, %v", count, err, countErr)
			}
			if left := names(t, o.Path(discarded)); len(left) != 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// TestDiscardWithoutRecord has no place for the record. What was in the event goes all
// the same, and it counts.
func TestDiscardWithoutRecord(t *testing.T) {
	o := outboxWith(t, 100, noon)
	must(t, os.Mkdir(o.Path(lossesFile), 0o700))
	file := waiting(t, o)[0]
	if n, err := o.discard("new", []string{file}, outbox.LostRefused, noon); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	must(t, os.Remove(o.Path(lossesFile)))
	if count, err := o.Count(); err != nil || count != (outbox.Count{Dropped: 1}) {
		t.Errorf("%+v, %v", count, err)
	}
	info, err := os.Lstat(o.Path(discarded, file+"~"+string(outbox.LostRefused)))
	if err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
	must(t, o.trim(noon))
	if count, err := o.Count(); err != nil || count != (outbox.Count{Dropped: 1}) {
		t.Errorf("recorded: %+v, %v", count, err)
	}
}

// TestLossesAreBounded writes many losses, and holds that none is forgotten, and that
// the files stay small, however often a crash comes while one is set aside.
func TestLossesAreBounded(t *testing.T) {
	o := outboxWith(t, 1)
	want := 0
	add := func(n int) {
		var lost []lostEvent
		for range n {
			lost = append(lost, lostEvent{At: noon, Event: uuid.NewString(), Why: outbox.LostBounds})
		}
		want += n
		must(t, o.recordLosses(lost...))
	}
	for round := range 12 {
		add(maxLosses / 80)
		if round == 2 { // killed between the note of how many there were and the rename
			older, err := o.Losses()
			must(t, err)
			must(t, appendLine(o.Path(lossesFile), fmt.Appendf(nil, `{"at":"2026-11-21T12:00:00Z","earlier":%d}`, older.count())))
		}
		if l, err := o.Losses(); err != nil || l.count() != want {
			t.Errorf("round %d: %d, want %d, %v", round, l.count(), want, err)
		}
	}
	for _, file := range []string{lossesFile, lossesFile + ".1"} {
		if info, err := os.Lstat(o.Path(file)); err == nil && info.Size() > 2*maxLosses {
			t.Errorf("%s has %d bytes", file, info.Size())
		}
	}
}

// TestLossesPassOverRubbish holds that no line of the record stops the others.
func TestLossesPassOverRubbish(t *testing.T) {
	o := outboxWith(t, 1)
	write(t, o.Path(lossesFile), `{"at":"2026-11-21T12:00:00Z","event":"a","why":"bounds"}
{"event":"b"
2026-11-21T12:00:00Z 7
{"earlier":-5}
{"earlier":99}
null

{"event":"a","why":"refused"}
{"event":"c"}`)
	if l, err := o.Losses(); err != nil || l.count() != 2 || l.why["a"] != outbox.LostRefused {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestEventID(t *testing.T) {
	id := uuid.NewString()
	for name, want := range map[string]string{
		"18ea0da41e9d8000-" + id + ".json": id,
		"18ea0da41e9d8000-" + id:           id,
		id + ".json":                       id + ".json", // no time: it is no name of ours
		"rubbish":                          "rubbish",
		"a-b.json":                         "a-b.json",
		"":                                 "",
	} {
		if got := outbox.EventID(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestCountsAnEventOnce has an event in two parts, as a crash leaves it when it is moved
// aside or put back, and then delivered.
func TestCountsAnEventOnce(t *testing.T) {
	o := outboxWith(t, 1, noon)
	file := waiting(t, o)[0]
	write(t, o.Path("rejected", file), `{"answer":"400"}`)
	if count, err := o.Count(); err != nil || count != (outbox.Count{Queued: 1}) {
		t.Errorf("queued: %+v, %v", count, err)
	}
	c, err := o.claim(file, lease.This(), noon)
	must(t, err)
	if count, err := o.Count(); err != nil || count != (outbox.Count{Queued: 1}) {
		t.Errorf("claimed: %+v, %v", count, err)
	}
	must(t, c.done())
	if count, err := o.Count(); err != nil || count != (outbox.Count{}) {
		t.Errorf("delivered: %+v, %v", count, err)
	}
}

// TestDiscardUncounted has a disk that takes neither the rename nor the record. The event
// goes all the same, and the error says that it is not counted.
func TestDiscardUncounted(t *testing.T) {
	o := outboxWith(t, 100, noon)
	file := waiting(t, o)[0]
	must(t, os.RemoveAll(o.Path(discarded)))
	write(t, o.Path(discarded), "in the way")
	if n, err := o.discard("new", []string{file}, outbox.LostRefused, noon); n != 1 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
	if count, err := o.Count(); count != (outbox.Count{Dropped: 1}) {
		t.Errorf("recorded without the rename: %+v, %v", count, err)
	}
	o = outboxWith(t, 100, noon)
	must(t, os.RemoveAll(o.Path(discarded)))
	write(t, o.Path(discarded), "in the way")
	must(t, os.Mkdir(o.Path(lossesFile), 0o700))
	n, err := o.discard("new", waiting(t, o), outbox.LostRefused, noon)
	if n != 1 || !errors.Is(err, outbox.ErrUncounted) || len(waiting(t, o)) != 0 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestManyLosses ends more events at once than one write records.
func TestManyLosses(t *testing.T) {
	const many = 2*recordedAtOnce + 1
	o := outboxWith(t, 1)
	for i := range many {
		write(t, o.Path("new", outbox.Entry{EventID: uuid.New(), TakenAt: noon.Add(time.Duration(i))}.name()), "{}")
	}
	if n, err := o.discard("new", waiting(t, o), outbox.LostRefused, noon); n != many || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if count, err := o.Count(); err != nil || count != (outbox.Count{Dropped: many}) {
		t.Errorf("%+v, %v", count, err)
	}
}

// appendLine adds a line to a file.
func appendLine(path string, line []byte) error {
	return statefile.Append(context.Background(), path, append(line, '\n'), 0)
}
