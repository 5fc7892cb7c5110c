package outbox

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

var noon = sendertest.Noon()

// outboxWith makes an outbox with an empty file for each time.
func outboxWith(t *testing.T, size int, times ...time.Time) Outbox {
	t.Helper()
	id, err := manifest.ParseID("mytool")
	if err != nil {
		t.Fatal(err)
	}
	o := Open(t.TempDir(), id)
	if err := o.Create(); err != nil {
		t.Fatal(err)
	}
	for _, at := range times {
		name := Entry{EventID: uuid.New(), TakenAt: at}.Name()
		if err := os.WriteFile(o.Path("new", name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// waiting are the names of what waits.
func waiting(t *testing.T, o Outbox) []string {
	t.Helper()
	names, err := o.Names("new")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTrim(t *testing.T) {
	many := make([]time.Time, MaxEvents+5)
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
		{"too many", 1, noon, many, MaxEvents, 5},
		{"too large", MaxBytes / 4, noon, many[:6], 4, 2},
		{"too old", 1, noon, []time.Time{noon, noon.Add(-MaxAge - time.Hour), noon.Add(-MaxAge + time.Hour)}, 2, 1},
		{"taken by a clock that was never set", 1, noon, []time.Time{time.Unix(5, 0), noon}, 2, 0},
		{"seen by a clock that was never set", 1, time.Unix(5, 0), []time.Time{noon}, 1, 0},
		{"from the future", 1, noon, []time.Time{noon.Add(24 * 365 * time.Hour)}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := outboxWith(t, c.size, c.times...)
			if err := o.Trim(c.now); err != nil {
				t.Fatal(err)
			}
			if got, err := o.Count(); err != nil || got.Queued != c.kept || got.Dropped != c.dropped {
				t.Errorf("got %+v, want %d kept and %d dropped", got, c.kept, c.dropped)
			}
		})
	}
}

// TestTrimRejected holds that of what a server refused the newest thousand are kept, and
// that each that goes is counted.
func TestTrimRejected(t *testing.T) {
	o := outboxWith(t, 1)
	for i := range maxRejected + 3 {
		name := Entry{EventID: uuid.New(), TakenAt: noon.Add(-time.Duration(i) * time.Second)}.Name()
		if err := os.WriteFile(o.Path("rejected", name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Trim(noon); err != nil {
		t.Fatal(err)
	}
	names, err := o.Names("rejected")
	if err != nil || len(names) != 1000 {
		t.Errorf("%d are kept, %v", len(names), err)
	}
	for _, name := range names {
		if at, _ := takenAt(name); at.Before(noon.Add(-(maxRejected - 1) * time.Second)) {
			t.Errorf("%v is still there", at)
		}
	}
	if losses, err := o.Losses(); err != nil || losses.Count() != 3 {
		t.Errorf("%+v, %v", losses, err)
	}
}

func TestTrimDropsTheOldest(t *testing.T) {
	o := outboxWith(t, MaxBytes/2, noon, noon.Add(-time.Hour), noon.Add(time.Hour))
	if err := o.Trim(noon); err != nil {
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
	dead := sendertest.DeadProcess(t, "")
	elsewhere := sendertest.DeadProcess(t, "elsewhere")
	for _, c := range []struct {
		name string
		by   string
		back bool
	}{
		{"of a living process", claimOf(self, noon.Add(claimTerm)), false},
		{"of a living process, run out", claimOf(self, noon.Add(-time.Second)), true},
		{"of a dead process", claimOf(dead, noon.Add(claimTerm)), true},
		{"of a process elsewhere, that may live", claimOf(elsewhere, noon.Add(claimTerm)), false},
		{"of a process elsewhere, run out", claimOf(elsewhere, noon.Add(-time.Second)), true},
		{"under a clock far ahead", claimOf(elsewhere, noon.Add(1000*time.Hour)), true},
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
			_, err := o.Claim(name, lease.This(), noon)
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

func TestPutRefusesWithoutPermit(t *testing.T) {
	o := outboxWith(t, 1)
	e := Entry{Schema: 1, Tool: o.Tool(), Event: "run", EventID: uuid.New(), TakenAt: time.Now(), Endpoint: "http://127.0.0.1:9", Values: &jsondoc.Object{}}
	if err := o.Put(consent.Permit{}, e); !errors.Is(err, consent.ErrNoConsent) {
		t.Errorf("an event was queued with the zero permit: %v", err)
	}
	if c, err := o.Count(); err != nil || c.Queued != 0 {
		t.Errorf("%d events are queued", c.Queued)
	}
}

func TestEntryRoundTrip(t *testing.T) {
	values, err := jsondoc.ParseObject([]byte(`{"b": 1, "a": 12345678901234567890, "c": 1.0}`))
	if err != nil {
		t.Fatal(err)
	}
	id, err := manifest.ParseID("mytool")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(Entry{Schema: 1, Tool: id, Event: "run", EventID: uuid.New(), Values: values})
	if err != nil {
		t.Fatal(err)
	}
	e, err := ParseEntry(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := jsondoc.Append(nil, e.Values); string(got) != `{"b":1,"a":12345678901234567890,"c":1.0}` {
		t.Errorf("got %s", got)
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
		if got := EventID(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestCountsAnEventOnce has an event in two parts, as a crash leaves it when it is moved
// aside or put back, and then delivered.
func TestCountsAnEventOnce(t *testing.T) {
	o := outboxWith(t, 1, noon)
	file := waiting(t, o)[0]
	sendertest.Write(t, o.Path("rejected", file), `{"answer":"400"}`)
	if count, err := o.Count(); err != nil || count != (Count{Queued: 1}) {
		t.Errorf("queued: %+v, %v", count, err)
	}
	c, err := o.Claim(file, lease.This(), noon)
	sendertest.Must(t, err)
	if count, err := o.Count(); err != nil || count != (Count{Queued: 1}) {
		t.Errorf("claimed: %+v, %v", count, err)
	}
	sendertest.Must(t, c.Done())
	if count, err := o.Count(); err != nil || count != (Count{}) {
		t.Errorf("delivered: %+v, %v", count, err)
	}
}
