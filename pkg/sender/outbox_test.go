package sender

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// outboxWith makes an outbox with an empty file for each time.
func outboxWith(t *testing.T, size int, times ...time.Time) outbox.Outbox {
	t.Helper()
	id, err := manifest.ParseID("mytool")
	if err != nil {
		t.Fatal(err)
	}
	o := outbox.Open(t.TempDir(), id)
	if err := o.Create(); err != nil {
		t.Fatal(err)
	}
	for _, at := range times {
		name := outbox.Entry{EventID: uuid.New(), TakenAt: at}.name()
		if err := os.WriteFile(o.Path("new", name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// waiting are the names of what waits.
func waiting(t *testing.T, o outbox.Outbox) []string {
	t.Helper()
	names, err := o.Names("new")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTrim(t *testing.T) {
	many := make([]time.Time, outbox.MaxEvents+5)
	for i := range many {
		many[i] = noon.Add(-time.Duration(i) * time.Second)
	}
	for _, c := range []struct {
		name    string
		size    int
		now     time.Time
		times   []time.Time
		kept    int
		dropped int
	}{
		{"in bounds", 1, noon, many[:10], 10, 0},
		{"too many", 1, noon, many, outbox.MaxEvents, 5},
		{"too large", MaxBytes / 4, noon, many[:6], 4, 2},
		{"too old", 1, noon, []time.Time{noon, noon.Add(-outbox.MaxAge - time.Hour), noon.Add(-outbox.MaxAge + time.Hour)}, 2, 1},
		{"taken by a clock that was never set", 1, noon, []time.Time{time.Unix(5, 0), noon}, 2, 0},
		{"seen by a clock that was never set", 1, time.Unix(5, 0), []time.Time{noon}, 1, 0},
		{"from the future", 1, noon, []time.Time{noon.Add(24 * 365 * time.Hour)}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := outboxWith(t, c.size, c.times...)
			if err := o.trim(c.now); err != nil {
				t.Fatal(err)
			}
			if got, err := o.Count(); err != nil || got.Queued != c.kept || got.Dropped != c.dropped {
				t.Errorf("got %+v, want %d kept and %d dropped", got, c.kept, c.dropped)
			}
		})
	}
}

func TestTrimDropsTheOldest(t *testing.T) {
	o := outboxWith(t, MaxBytes/2, noon, noon.Add(-time.Hour), noon.Add(time.Hour))
	if err := o.trim(noon); err != nil {
		t.Fatal(err)
	}
	for _, name := range waiting(t, o) {
		if at, _ := takenAt(name); at.Before(noon) {
			t.Errorf("%v is still there", at)
		}
	}
}

func TestReclaim(t *testing.T) {
	self := lease.This()
	dead := deadProcess(t, "")
	elsewhere := deadProcess(t, "elsewhere")
	for _, c := range []struct {
		name string
		by   string
		back bool
	}{
		{"of a living process", self.lease(noon.Add(lease)), false},
		{"of a living process, run out", self.lease(noon.Add(-time.Second)), true},
		{"of a dead process", dead.lease(noon.Add(lease)), true},
		{"of a process elsewhere, that may live", elsewhere.lease(noon.Add(lease)), false},
		{"of a process elsewhere, run out", elsewhere.lease(noon.Add(-time.Second)), true},
		{"under a clock far ahead", elsewhere.lease(noon.Add(1000 * time.Hour)), true},
		{"with a name that means nothing", "rubbish", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := outboxWith(t, 1, noon)
			name := waiting(t, o)[0]
			if err := os.Rename(o.Path("new", name), o.Path("claimed", name+"~"+c.by)); err != nil {
				t.Fatal(err)
			}
			if err := o.Reclaim(self, noon); err != nil {
				t.Fatal(err)
			}
			if back := len(waiting(t, o)) == 1; back != c.back {
				t.Errorf("taken back: %v", back)
			}
		})
	}
}

func TestClaimIsExclusive(t *testing.T) {
	o := outboxWith(t, 1, noon)
	name := waiting(t, o)[0]
	won := make(chan bool)
	for range 8 {
		go func() {
			_, err := o.claim(name, lease.This(), noon)
			won <- err == nil
		}()
	}
	winners := 0
	for range 8 {
		if <-won {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d claimed one event", winners)
	}
}

func TestBaton(t *testing.T) {
	self := lease.This()
	dead := deadProcess(t, "")
	now := time.Now()
	for _, c := range []struct {
		name, content string
		age           time.Duration
		held          bool
	}{
		{"of a living process", self.String(), 0, true},
		{"of a living process, too old for a deliverer", self.String(), 2 * batonLease, false},
		{"of a dead process", dead.String(), 0, false},
		{"of a process elsewhere", "1.elsewhere", time.Minute, true},
		{"of a process elsewhere, too old", "1.elsewhere", 2 * batonLease, false},
		{"from the future", "1.elsewhere", -1000 * time.Hour, false},
		{"without a name yet", "", 0, true},
		{"that never got a name", "", time.Minute, false},
		{"with rubbish in it", "\x00\xff", time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := baton{filepath.Join(t.TempDir(), ".deliverer")}
			if err := os.WriteFile(b.path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			at := now.Add(-c.age)
			if err := os.Chtimes(b.path, at, at); err != nil {
				t.Fatal(err)
			}
			if held := b.Held(now, lease.This); held != c.held {
				t.Errorf("held: %v", held)
			}
			if err := b.Take(now, lease.This); errors.Is(err, os.ErrExist) != c.held || err != nil && !c.held {
				t.Errorf("taken: %v", err)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	b := backoff.Backoff{}
	for i := range 12 {
		b = b.Next(noon, 0, "down")
		least := min(minBackoff<<min(i, 9), maxBackoff)
		if wait := b.NotBefore.Sub(noon); wait < least || wait > min(least+least/4, maxBackoff) {
			t.Errorf("after %d failures: %v", i+1, wait)
		}
		if b.ServerAsked(noon) {
			t.Error("the server asked for nothing")
		}
	}
	asked := backoff.Backoff{}.Next(noon, 2*time.Hour, "busy")
	if !asked.NotBefore.Equal(noon.Add(2*time.Hour)) || !asked.ServerAsked(noon) {
		t.Errorf("%+v", asked)
	}
	if asked.Running(noon.Add(3*time.Hour)) || asked.Running(noon.Add(-1000*time.Hour)) {
		t.Error("a wait that is over, or was set under another clock, runs")
	}
	if greedy := (backoff.Backoff{}).Next(noon, 1000*time.Hour, ""); greedy.NotBefore.Sub(noon) > backoff.MaxRetryAfter {
		t.Errorf("a server can ask for %v", greedy.NotBefore.Sub(noon))
	}
}

func TestJournal(t *testing.T) {
	id, err := manifest.ParseID("mytool")
	if err != nil {
		t.Fatal(err)
	}
	j := journal.Open(t.TempDir(), id)
	if !j.Last().IsZero() {
		t.Error("an empty journal has a last record")
	}
	big := strings.Repeat("x", 1<<20)
	for i := range 7 {
		r := journal.Record{Schema: 1, At: noon.Add(time.Duration(i) * time.Hour), Event: fmt.Sprint(i), EventID: uuid.New(), Note: big}
		if err := j.add([]journal.Record{r}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	// A process that is killed can leave half a line.
	_, err = f.WriteString(`{"schema":1,"at":"2026-`)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := j.add([]journal.Record{{Schema: 1, At: noon.Add(9 * time.Hour), Event: "9", EventID: uuid.New()}}); err != nil {
		t.Fatal(err)
	}
	records, err := j.Records()
	if err != nil {
		t.Fatal(err)
	}
	if last := records[len(records)-1]; last.Event != "9" || !j.Last().Equal(last.At) {
		t.Errorf("the last record is %s", last.Event)
	}
	info, err := os.Stat(j.path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxJournal+2<<20 {
		t.Errorf("the journal has %d bytes", info.Size())
	}
}
