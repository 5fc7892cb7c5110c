package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

var noon = sendertest.Noon()

func newJournal(t testing.TB) Journal {
	t.Helper()
	j := Open(t.TempDir(), sendertest.ToolID(t, "mytool"))
	sendertest.Must(t, os.MkdirAll(filepath.Dir(j.path), 0o700))
	return j
}

// recordsOf are all records of a journal.
func recordsOf(t testing.TB, j Journal) []Record {
	t.Helper()
	var list []Record
	sendertest.Must(t, j.Each(nil, func(r Record) bool {
		list = append(list, r)
		return true
	}))
	return list
}

// sendAgain records an attempt at sending an event, that was made that many minutes after noon.
func sendAgain(r *Recorder, minute int, result Result, events ...Event) {
	r.Settle(r.Begin(noon.Add(time.Duration(minute)*time.Minute), "https://t.example/v1", Origin{}, events), result)
}

func eventOf(n byte, payload string) Event { return Event{uuid.UUID{n}, "run", []byte(payload)} }

// TestOutcomes holds that every outcome is read as it was recorded, and what is made of
// none and of one that a newer program writes.
func TestOutcomes(t *testing.T) {
	for _, result := range []Result{
		{Accepted, 202, ""},
		{Accepted, 200, "the receiver rejected 1 of 2"},
		{Sent, 0, ""},
		{Rejected, 400, "400 Bad Request no"},
		{Answered, 500, "500 Internal Server Error"},
		{NoAnswer, 0, "EOF"},
		{Interrupted, 0, "you refused"},
		{"of a newer program", 200, ""},
		{},
	} {
		j := newJournal(t)
		r := j.Recorder(false)
		sendAgain(r, 0, result, eventOf(1, `{"n":1}`), eventOf(2, `{"n":2}`))
		sendertest.Must(t, r.Flush())
		want := Record{At: noon, Event: "run", EventID: uuid.UUID{1}, Endpoint: "https://t.example/v1", Result: result, Payload: []byte(`{"n":1}`)}
		second := want
		second.EventID, second.Payload = uuid.UUID{2}, []byte(`{"n":2}`)
		all := []Record{want, second}
		switch result.Outcome {
		case "of a newer program":
			all[0].Outcome, all[1].Outcome = Unknown, Unknown
		case "":
			all = nil // nothing left
		}
		got := recordsOf(t, j)
		if fmt.Sprint(got) != fmt.Sprint(all) {
			t.Errorf("%v:\n got %v\nwant %v", result, got, all)
		}
		last, found, err := j.Last()
		if err != nil || found != (all != nil) || found && (last.Result != all[1].Result || !last.At.Equal(noon)) {
			t.Errorf("%v: the last is %+v, %v, %v", result, last, found, err)
		}
		arrived, err := j.Arrived(uuid.UUID{2}.String(), uuid.UUID{3}.String())
		if want := result.Outcome == Accepted || result.Outcome == Sent; err != nil || arrived[uuid.UUID{2}.String()] != want || arrived[uuid.UUID{3}.String()] {
			t.Errorf("%v: arrived %v, %v", result, arrived, err)
		}
	}
}

// TestKilledProcess holds that what begins leaves a trace at once, and that what is not
// settled stays unknown, where it is among the others.
func TestKilledProcess(t *testing.T) {
	j := newJournal(t)
	j.Recorder(false).Begin(noon, "https://t.example/v1", Origin{}, []Event{eventOf(1, `{"n":1}`)})
	if got := recordsOf(t, j); len(got) != 1 || got[0].Outcome != Unknown || string(got[0].Payload) != `{"n":1}` {
		t.Fatalf("%v", got)
	}
	r := j.Recorder(false)
	sendAgain(r, 1, Result{Accepted, 200, ""}, eventOf(2, `{}`))
	sendertest.Must(t, r.Flush())
	got := recordsOf(t, j)
	if len(got) != 2 || got[0].Outcome != Unknown || got[0].EventID != (uuid.UUID{1}) || got[1].Outcome != Accepted {
		t.Errorf("%v", got)
	}
}

// TestSchema1 holds that journals of before are read: each line is one payload that
// arrived.
func TestSchema1(t *testing.T) {
	j := newJournal(t)
	id := uuid.MustParse("6282ac78-ba9e-4c6f-a849-732aae44989d")
	sendertest.Write(t, j.path, strings.Join([]string{
		`{"schema":1,"at":"2026-11-21T11:00:00Z","event":"run","event_id":"` + id.String() + `","endpoint":"https://t.example","note":"said","payload":{"a":"b"}}`,
		`{"schema":1,"at":"2026-11-21T11:01:00Z","event":"run","event_id":"` + id.String() + `","endpoint":"udp://t.example:1","payload":{"a":"b"}}`,
		`{"schema":3,"at":"2026-11-21T11:02:00Z","event":"run","event_id":"` + id.String() + `","payload":{}}`,
	}, "\n")+"\n")
	r := j.Recorder(true)
	sendAgain(r, 0, Result{Answered, 503, "503"}, Event{id, "run", []byte(`{"a":"b"}`)})
	sendertest.Must(t, r.Flush())
	got := recordsOf(t, j)
	want := []Record{
		{noon.Add(-time.Hour), "run", id, "https://t.example", Origin{}, Result{Accepted, 0, "said"}, []byte(`{"a":"b"}`), false},
		{noon.Add(-59 * time.Minute), "run", id, "udp://t.example:1", Origin{}, Result{Sent, 0, ""}, []byte(`{"a":"b"}`), false},
		{noon, "run", id, "https://t.example/v1", Origin{}, Result{Answered, 503, "503"}, []byte(`{"a":"b"}`), false},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

// TestRetriesAreSmall has a server fail for a month. Each attempt is in the journal with
// its outcome and what was sent, of which there is one copy.
func TestRetriesAreSmall(t *testing.T) {
	j := newJournal(t)
	payload := `{"text":"` + strings.Repeat("x", 30_000) + `"}`
	const attempts = 30 * 4
	for i := range attempts {
		r := j.Recorder(true) // each by a process of its own
		sendAgain(r, i, Result{Answered, 500, "500 Internal Server Error"}, eventOf(1, payload))
		sendertest.Must(t, r.Flush())
	}
	info, err := os.Stat(j.path)
	sendertest.Must(t, err)
	if most := int64(len(payload) + attempts*400); info.Size() > most {
		t.Errorf("the journal has %d bytes, more than %d", info.Size(), most)
	}
	got := recordsOf(t, j)
	if len(got) != attempts {
		t.Fatalf("%d records of %d attempts", len(got), attempts)
	}
	for i, r := range got {
		if r.Again != (i > 0) || string(r.Payload) != payload || r.Event != "run" || r.Outcome != Answered || r.Status != 500 || !r.At.Equal(noon.Add(time.Duration(i)*time.Minute)) {
			t.Fatalf("%d: %.200v", i, r)
		}
	}
}

// TestAnotherPayload holds that an event is recorded as it was sent each time, also by
// one recorder, and after the journal was set aside or erased.
func TestAnotherPayload(t *testing.T) {
	j := newJournal(t)
	r := j.Recorder(false)
	accepted := Result{Accepted, 200, ""}
	sendAgain(r, 0, accepted, eventOf(1, `{"n":1}`))
	sendAgain(r, 1, accepted, eventOf(1, `{"n":1}`), eventOf(2, `{"n":2}`))
	sendAgain(r, 2, accepted, eventOf(1, `{"n":3}`))
	sendAgain(r, 3, accepted, eventOf(1, `{"n":1}`))
	sendertest.Must(t, r.Flush())
	var got []string
	for _, record := range recordsOf(t, j) {
		got = append(got, fmt.Sprintf("%s %v", record.Payload, record.Again))
	}
	if want := []string{`{"n":1} false`, `{"n":1} true`, `{"n":2} false`, `{"n":3} false`, `{"n":1} false`}; !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	for name, away := range map[string]func() error{"set aside": func() error { return os.Rename(j.path, j.path+".1") }, "erased": j.Erase} {
		sendertest.Must(t, away())
		sendAgain(r, 4, accepted, eventOf(1, `{"n":1}`))
		sendertest.Must(t, r.Flush())
		if data, err := os.ReadFile(j.path); err != nil || !bytes.Contains(data, []byte(`{"n":1}`)) {
			t.Errorf("%s: %s, %v", name, data, err)
		}
	}
}

// TestReferenceWithoutPayload holds that an attempt stays, with what is known of it, if
// the payload went with a file that was set aside before.
func TestReferenceWithoutPayload(t *testing.T) {
	j := newJournal(t)
	r := j.Recorder(false)
	sendAgain(r, 0, Result{Answered, 500, "500"}, eventOf(1, `{"n":1}`))
	sendAgain(r, 1, Result{Accepted, 200, ""}, eventOf(1, `{"n":1}`))
	sendertest.Must(t, r.Flush())
	data, err := os.ReadFile(j.path)
	sendertest.Must(t, err)
	_, rest, _ := bytes.Cut(data, []byte("\n"))
	sendertest.Write(t, j.path, string(rest))
	got := recordsOf(t, j)
	if want := []Record{{noon.Add(time.Minute), "", uuid.UUID{1}, "https://t.example/v1", Origin{}, Result{Accepted, 200, ""}, nil, true}}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

// TestFullDisk holds that what cannot be written is written when there is room, and that
// the journal says what it lacks if there never is.
func TestFullDisk(t *testing.T) {
	j := newJournal(t)
	sendertest.Block(t, j.path)
	r := j.Recorder(false)
	sendAgain(r, 0, Result{Accepted, 200, ""}, eventOf(1, `{"n":1}`))
	if err := r.Flush(); err == nil {
		t.Fatal("a journal that is a directory was written")
	}
	if _, err := j.Gap(); err == nil {
		t.Error("the journal is said to be well")
	}
	if err := j.Each(nil, func(Record) bool { return true }); err == nil {
		t.Error("it is read")
	}
	if _, _, err := j.Last(); err == nil {
		t.Error("its last record is read")
	}
	sendertest.Must(t, os.RemoveAll(j.path))
	sendertest.Must(t, r.Flush())
	if got := recordsOf(t, j); len(got) != 1 || got[0].Outcome != Accepted || string(got[0].Payload) != `{"n":1}` {
		t.Errorf("%v", got)
	}
	if at, err := j.Gap(); err != nil || !at.IsZero() {
		t.Errorf("%v, %v", at, err)
	}
	sendertest.Must(t, j.Mark(noon))
	if at, err := j.Gap(); err != nil || !at.Equal(noon) {
		t.Errorf("%v, %v", at, err)
	}
	sendertest.Must(t, j.Erase())
	if at, err := j.Gap(); err != nil || !at.IsZero() {
		t.Errorf("erased: %v, %v", at, err)
	}
}

// TestMarkElsewhere holds that a journal whose directory cannot be used has its mark in another
// place, that both are read and erased, and that an error tells if neither can be made.
func TestMarkElsewhere(t *testing.T) {
	state := t.TempDir()
	j := Open(state, sendertest.ToolID(t, "mytool"))
	sendertest.Write(t, Dir(state), "in the way")
	sendertest.Must(t, j.Mark(noon))
	sendertest.Must(t, os.Remove(Dir(state)))
	if at, err := j.Gap(); err != nil || !at.Equal(noon) || !j.Exists() {
		t.Errorf("%v, %v", at, err)
	}
	sendertest.Must(t, j.Mark(noon.Add(time.Hour))) // beside it
	if at, err := j.Gap(); err != nil || !at.Equal(noon.Add(time.Hour)) {
		t.Errorf("the later of two: %v, %v", at, err)
	}
	sendertest.Block(t, j.path)
	if err := j.Erase(); err == nil {
		t.Error("a journal that cannot be removed is erased")
	}
	sendertest.Must(t, os.RemoveAll(j.path))
	if at, err := j.Gap(); err != nil || at.IsZero() {
		t.Errorf("the mark of what could not be erased: %v, %v", at, err)
	}
	sendertest.Must(t, j.Erase())
	if at, err := j.Gap(); err != nil || !at.IsZero() || j.Exists() {
		t.Errorf("erased: %v, %v", at, err)
	}
	for _, dir := range []string{Dir(state), MarkDir(state)} {
		sendertest.Must(t, os.RemoveAll(dir))
		sendertest.Write(t, dir, "in the way")
	}
	if err := j.Mark(noon); err == nil {
		t.Error("no place takes the mark, and nothing tells")
	}
}

// TestBounds holds that the journal is bounded, and that what is set aside is read with it.
func TestBounds(t *testing.T) {
	j := newJournal(t)
	r := j.Recorder(false)
	big := strings.Repeat("x", 1<<20)
	for i := range 20 {
		sendAgain(r, i, Result{Accepted, 200, ""}, eventOf(byte(i+1), `{"x":"`+big+`"}`))
		sendertest.Must(t, r.Flush())
	}
	total := int64(0)
	for _, path := range []string{j.path, j.path + ".1"} {
		if info, err := os.Stat(path); err == nil {
			total += info.Size()
		}
	}
	if total > 2*maxJournal+2<<20 {
		t.Errorf("the journal has %d bytes", total)
	}
	got := recordsOf(t, j)
	if len(got) < 4 || got[len(got)-1].EventID != (uuid.UUID{20}) || len(got[0].Payload) < len(big) {
		t.Errorf("%d records", len(got))
	}
	for i, record := range got {
		if record.EventID != (uuid.UUID{byte(20 - len(got) + i + 1)}) {
			t.Errorf("%d: %s", i, record.EventID)
		}
	}
	if last, found, err := j.Last(); err != nil || !found || !last.At.Equal(noon.Add(19*time.Minute)) {
		t.Errorf("%v, %v, %v", last.At, found, err)
	}
}

// TestAtOnce has several record at the same time. Nothing is lost or mixed up.
func TestAtOnce(t *testing.T) {
	j := newJournal(t)
	one := j.Recorder(false)
	var wg sync.WaitGroup
	for n := range byte(8) {
		wg.Go(func() {
			r := one
			if n%2 == 1 {
				r = j.Recorder(true)
			}
			for i := range 20 {
				sendAgain(r, i, Result{Answered, 500 + int(n), ""}, eventOf(n+1, fmt.Sprintf(`{"n":%d}`, n)))
			}
			if err := r.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	counts := map[uuid.UUID]int{}
	for _, r := range recordsOf(t, j) {
		n := int(r.EventID[0]) - 1
		if string(r.Payload) != fmt.Sprintf(`{"n":%d}`, n) || r.Status != 500+n {
			t.Errorf("%+v", r)
		}
		counts[r.EventID]++
	}
	for n := range byte(8) {
		if counts[uuid.UUID{n + 1}] != 20 {
			t.Errorf("%v", counts)
		}
	}
}

// repeated is a file that has the same text again and again.
type repeated struct {
	text string
	left int64
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, r.text)
	for n < len(p) {
		n += copy(p[n:], r.text)
	}
	n -= n % len(r.text)
	r.left -= int64(n)
	return n, nil
}

// TestLargeJournal holds that a journal is read in bounded memory, whatever its lines
// are: settled or not, whole, or one line without an end.
func TestLargeJournal(t *testing.T) {
	const size = 48 << 20
	const most = 64 << 20
	begin := `{"schema":2,"request":"0123456789abcdef","at":"2026-11-21T12:00:00Z","endpoint":"e","events":[{"id":"01000000-0000-0000-0000-000000000000","name":"run","payload":{"x":"` + strings.Repeat("x", 4000) + `"}}]}` + "\n"
	end := `{"schema":2,"request":"0123456789abcdef","at":"2026-11-21T12:00:00Z","outcome":"accepted"}` + "\n"
	for name, c := range map[string]struct {
		text string
		want bool
	}{"settled": {begin + end, true}, "never settled": {begin, true}, "one line": {"xxxxxxxxxxxxxxxx", false}} {
		records, peak := 0, uint64(0)
		look := func() {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
		r := newReader(func(Record) bool {
			if records++; records%4000 == 0 {
				look()
			}
			return true
		})
		sendertest.Must(t, r.read(&repeated{c.text, size}))
		look()
		r.end()
		if peak > most || (records > 0) != c.want || c.want && records < size/len(c.text)-8 {
			t.Errorf("%s: %d records, at most %d bytes in memory", name, records, peak)
		}
	}
}

// TestProgress holds what is reported while a journal is read, and that it ends early.
func TestProgress(t *testing.T) {
	j := newJournal(t)
	r := j.Recorder(false)
	for i := range 100 {
		sendAgain(r, i, Result{Accepted, 200, ""}, eventOf(byte(i+1), `{"x":"`+strings.Repeat("x", 1000)+`"}`))
	}
	sendertest.Must(t, r.Flush())
	info, err := os.Stat(j.path)
	sendertest.Must(t, err)
	last := int64(0)
	sendertest.Must(t, j.Each(func(read, total int64) {
		if read < last || read > total || total != info.Size() {
			t.Errorf("%d of %d after %d", read, total, last)
		}
		last = read
	}, func(Record) bool { return true }))
	if last != info.Size() {
		t.Errorf("read %d of %d", last, info.Size())
	}
	n := 0
	sendertest.Must(t, j.Each(nil, func(Record) bool { n++; return n < 3 }))
	if n != 3 {
		t.Errorf("it went on for %d", n)
	}
}

// FuzzJournal holds that whatever lines are in a journal it is read, and that what
// is recorded behind them can be read too.
func FuzzJournal(f *testing.F) {
	dir := f.TempDir()
	j := Open(dir, sendertest.ToolID(f, "t"))
	r := j.Recorder(false)
	e := Event{uuid.MustParse("6282ac78-ba9e-4c6f-a849-732aae44989d"), "run", []byte(`{"a":"b"}`)}
	sendAgain(r, 0, Result{Answered, 500, "500"}, e)
	sendAgain(r, 0, Result{Accepted, 200, ""}, e)
	sendertest.Must(f, r.Flush())
	seed, err := os.ReadFile(j.path)
	sendertest.Must(f, err)
	old := `{"schema":1,"at":"2026-11-21T12:00:00Z","event":"run","event_id":"6282ac78-ba9e-4c6f-a849-732aae44989d","endpoint":"https://t.example","payload":{"a":"b"}}`
	for _, text := range []string{"", "\n", "{}\n", "null\n[]\n", string(seed), string(seed[:200]), old + "\n" + old[:20] + "\n", `{"at":"9999-12-31T23:59:59Z"}`, `{"payload":{"a":{"b":[1e400]}}}`, "\x00\xff\n", `{"payload":[]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sendertest.Must(t, errors.Join(os.WriteFile(j.path, data, 0o600), os.WriteFile(j.path+".1", nil, 0o600)))
		before := recordsOf(t, j)
		newest := time.Time{}
		for _, r := range before {
			if r.At.IsZero() || r.EventID == uuid.Nil || r.Outcome.known() != r.Outcome && r.Outcome != Unknown || r.Payload != nil && !json.Valid(r.Payload) {
				t.Errorf("%+v", r)
			}
			if r.At.After(newest) {
				newest = r.At
			}
		}
		last, found, err := j.Last()
		if err != nil || found && last.At.Before(newest) || !found && len(before) > 0 {
			t.Errorf("the last of %q is of %v, not of %v: %v", data, last.At, newest, err)
		}
		r := j.Recorder(true)
		sendAgain(r, 0, Result{Accepted, 200, "x"}, e)
		sendertest.Must(t, r.Flush())
		after := recordsOf(t, j)
		if len(after) != len(before)+1 {
			t.Fatalf("%d records, and then %d", len(before), len(after))
		}
		got := after[len(before)]
		got.Again = false
		if want := (Record{noon, "run", e.ID, "https://t.example/v1", Origin{}, Result{Accepted, 200, "x"}, e.Payload, false}); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestTooLarge puts a record at the end of a file that is larger than any that is read
// whole: it is found, and that there may be others is said.
func TestTooLarge(t *testing.T) {
	j := Open(t.TempDir(), sendertest.ToolID(t, "mytool"))
	sendertest.Write(t, j.path, "")
	sendertest.Must(t, os.Truncate(j.path, maxRead))
	f, err := os.OpenFile(j.path, os.O_APPEND|os.O_WRONLY, 0)
	sendertest.Must(t, err)
	_, err = f.WriteString("\n" + `{"schema":1,"at":"2026-11-21T12:00:00Z","event":"run","event_id":"11111111-2222-4333-8444-555555555555","endpoint":"https://x.example","payload":{}}` + "\n")
	sendertest.Must(t, errors.Join(err, f.Close()))
	var found []string
	err = j.Each(nil, func(r Record) bool {
		found = append(found, r.Event)
		return true
	})
	if !errors.Is(err, ErrTooLarge) || len(found) != 1 || found[0] != "run" {
		t.Errorf("%v, %q", err, found)
	}
}
