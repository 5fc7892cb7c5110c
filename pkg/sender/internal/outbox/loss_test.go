package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestDiscardIsCountedOnce cuts the ending of an event off after each of its steps, as
// a crash does, and lets the next process go on.
func TestDiscardIsCountedOnce(t *testing.T) {
	for name, crash := range map[string]func(t *testing.T, o Outbox, file string){
		"before anything": func(*testing.T, Outbox, string) {},
		"renamed": func(t *testing.T, o Outbox, file string) {
			sendertest.Must(t, os.Rename(o.Path("new", file), o.Path(discarded, file+"~"+string(LostBounds))))
		},
		"renamed and recorded": func(t *testing.T, o Outbox, file string) {
			sendertest.Must(t, os.Rename(o.Path("new", file), o.Path(discarded, file+"~"+string(LostBounds))))
			sendertest.Must(t, appendLine(o.Path(lossesFile), fmt.Appendf(nil, `{"at":"2026-11-21T12:00:00Z","event":%q,"why":"bounds"}`, EventID(file))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := outboxWith(t, 1, noon, noon.Add(time.Second))
			files := waiting(t, o)
			crash(t, o, files[0])
			if count, err := o.Count(); err != nil || count.Queued+count.Dropped != 2 {
				t.Errorf("after the crash: %+v, %v", count, err)
			}
			_, err := o.discard("new", files[:1], LostBounds, noon)
			if err := o.recordDiscarded(noon); err != nil {
				t.Fatal(err)
			}
			if count, countErr := o.Count(); err != nil || countErr != nil || count != (Count{Queued: 1, Dropped: 1, OverBounds: 1}) {
				t.Errorf("in the end: %+v, %v, %v", count, err, countErr)
			}
			if left := sendertest.Names(t, o.Path(discarded)); len(left) != 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// TestDiscardWithoutRecord has no place for the record. What was in the event goes all
// the same, and it counts.
func TestDiscardWithoutRecord(t *testing.T) {
	o := outboxWith(t, 100, noon)
	sendertest.Must(t, os.Mkdir(o.Path(lossesFile), 0o700))
	file := waiting(t, o)[0]
	if n, err := o.discard("new", []string{file}, LostRefused, noon); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	sendertest.Must(t, os.Remove(o.Path(lossesFile)))
	if count, err := o.Count(); err != nil || count != (Count{Dropped: 1}) {
		t.Errorf("%+v, %v", count, err)
	}
	info, err := os.Lstat(o.Path(discarded, file+"~"+string(LostRefused)))
	if err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
	sendertest.Must(t, o.Trim(noon))
	if count, err := o.Count(); err != nil || count != (Count{Dropped: 1}) {
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
			lost = append(lost, lostEvent{At: noon, Event: uuid.NewString(), Why: LostBounds})
		}
		want += n
		sendertest.Must(t, o.recordLosses(lost...))
	}
	for round := range 12 {
		add(maxLosses / 80)
		if round == 2 { // killed between the note of how many there were and the rename
			older, err := o.Losses()
			sendertest.Must(t, err)
			sendertest.Must(t, appendLine(o.Path(lossesFile), fmt.Appendf(nil, `{"at":"2026-11-21T12:00:00Z","earlier":%d}`, older.Count())))
		}
		if l, err := o.Losses(); err != nil || l.Count() != want {
			t.Errorf("round %d: %d, want %d, %v", round, l.Count(), want, err)
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
	sendertest.Write(t, o.Path(lossesFile), `{"at":"2026-11-21T12:00:00Z","event":"a","why":"bounds"}
{"event":"b"
2026-11-21T12:00:00Z 7
{"earlier":-5}
{"earlier":99}
null

{"event":"a","why":"refused"}
{"event":"c"}`)
	if l, err := o.Losses(); err != nil || l.Count() != 2 || l.Why["a"] != LostRefused {
		t.Errorf("%+v, %v", l, err)
	}
}

// TestDiscardUncounted has a disk that takes neither the rename nor the record. The event
// goes all the same, and the error says that it is not counted.
func TestDiscardUncounted(t *testing.T) {
	o := outboxWith(t, 100, noon)
	file := waiting(t, o)[0]
	sendertest.Must(t, os.RemoveAll(o.Path(discarded)))
	sendertest.Write(t, o.Path(discarded), "in the way")
	if n, err := o.discard("new", []string{file}, LostRefused, noon); n != 1 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
	if count, err := o.Count(); count != (Count{Dropped: 1}) {
		t.Errorf("recorded without the rename: %+v, %v", count, err)
	}
	o = outboxWith(t, 100, noon)
	sendertest.Must(t, os.RemoveAll(o.Path(discarded)))
	sendertest.Write(t, o.Path(discarded), "in the way")
	sendertest.Must(t, os.Mkdir(o.Path(lossesFile), 0o700))
	n, err := o.discard("new", waiting(t, o), LostRefused, noon)
	if n != 1 || !errors.Is(err, ErrUncounted) || len(waiting(t, o)) != 0 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestManyLosses ends more events at once than one write records.
func TestManyLosses(t *testing.T) {
	const many = 2*recordedAtOnce + 1
	o := outboxWith(t, 1)
	for i := range many {
		sendertest.Write(t, o.Path("new", Entry{EventID: uuid.New(), TakenAt: noon.Add(time.Duration(i))}.Name()), "{}")
	}
	if n, err := o.discard("new", waiting(t, o), LostRefused, noon); n != many || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if count, err := o.Count(); err != nil || count != (Count{Dropped: many}) {
		t.Errorf("%+v, %v", count, err)
	}
}

// appendLine adds a line to a file.
func appendLine(path string, line []byte) error {
	return statefile.Append(context.Background(), path, append(line, '\n'), 0)
}

// TestUntold holds that a person is told once of what the bounds have dropped, though the record
// is set aside meanwhile, and of nothing else.
func TestUntold(t *testing.T) {
	o := outboxWith(t, 1)
	untold := func() int {
		t.Helper()
		l, err := o.Losses()
		sendertest.Must(t, err)
		return l.Untold()
	}
	lose := func(why Loss, n int) {
		t.Helper()
		var lost []lostEvent
		for range n {
			lost = append(lost, lostEvent{At: noon, Event: uuid.NewString(), Why: why})
		}
		sendertest.Must(t, o.recordLosses(lost...))
	}
	if n := untold(); n != 0 {
		t.Errorf("%d before anything", n)
	}
	lose(LostBounds, 3)
	lose(LostRefused, 4)
	if n := untold(); n != 3 {
		t.Errorf("%d, want 3", n)
	}
	sendertest.Must(t, o.RecordTold(noon))
	if n := untold(); n != 0 {
		t.Errorf("%d after they were told", n)
	}
	lose(LostBounds, 2)
	sendertest.Must(t, os.Rename(o.Path(lossesFile), o.Path(lossesFile+".1")))
	if n := untold(); n != 2 {
		t.Errorf("%d after the record was set aside, want 2", n)
	}
	lose(LostBounds, 1)
	if n := untold(); n != 3 {
		t.Errorf("%d in two files, want 3", n)
	}
	sendertest.Must(t, o.RecordTold(noon))
	lose(LostBounds, 5)
	count, err := o.Count()
	if n := untold(); n != 5 || err != nil || count.OverBounds != 11 || count.Dropped != 15 {
		t.Errorf("%d in the end, and %+v, %v", n, count, err)
	}
}
