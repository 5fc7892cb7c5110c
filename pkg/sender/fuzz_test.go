package sender

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// FuzzBackoff holds that whatever is in the file of a tool's wait, it is read, the
// next wait is within its bounds, and that one comes back from the disk.
func FuzzBackoff(f *testing.F) {
	for _, text := range []string{
		"", "{}", "null", "[]", `{"failures":3,"not_before":"2026-11-28T12:00:00Z","error":"a"}`, `{"failures":-1}`, `{"failures":9223372036854775807}`,
		`{"failures":1e3}`, `{"failures":63}`, `{"failures":-9223372036854775808}`, `{"not_before":"9999-12-31T23:59:59Z","asked":"0001-01-01T00:00:00Z"}`,
	} {
		f.Add([]byte(text), int64(time.Hour), "503 Service Unavailable")
	}
	f.Add([]byte("{}"), int64(-1), "\xff\x1b[2J")
	f.Add([]byte("{}"), int64(1)<<62, strings.Repeat("x", 10000))
	o := OpenOutbox(f.TempDir(), toolID(f, "t"))
	if err := os.MkdirAll(o.path(), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, asked int64, failure string) {
		if err := os.WriteFile(o.path(backoffFile), data, 0o600); err != nil {
			t.Fatal(err)
		}
		b := o.Backoff()
		b.Running(noon)
		b.ServerAsked(noon)
		n := b.next(noon, time.Duration(asked), failure)
		wait := n.NotBefore.Sub(noon)
		if wait < time.Minute || wait > max(6*time.Hour, min(time.Duration(asked), 24*time.Hour)) {
			t.Errorf("after %s the wait is %v", data, wait)
		}
		if n.Failures < 1 || !n.Running(noon) || n.ServerAsked(noon) != (asked > 0) {
			t.Errorf("after %s: %+v", data, n)
		}
		if err := o.setBackoff(n); err != nil {
			t.Fatal(err)
		}
		got := o.Backoff()
		if got.Failures != n.Failures || !got.NotBefore.Equal(n.NotBefore) || !got.Asked.Equal(n.Asked) {
			t.Errorf("got %+v, want %+v", got, n)
		}
	})
}

// FuzzOwner holds that the name of a process comes back from what it is written as,
// alone and in a claim, and that no claim lasts longer than one can be made to.
func FuzzOwner(f *testing.F) {
	for _, text := range []string{"1.a", "4194304.0123456789ab", "0.a", "-1.a", "+1.a", "1.", "1", ".a", " 7.a\n", "1.a.b", "99999999999999999999.a", "1.a/b", "1.~", "1.\x00"} {
		f.Add(text, int64(60))
	}
	f.Add("1.a", int64(1)<<62)
	f.Add("1.a", -int64(1)<<62)
	self := owner{}
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		by, ok := parseOwner(text)
		if !ok {
			if self.respects(fmt.Sprintf("%d.%s", noon.Unix()+60, text), noon) {
				t.Errorf("a claim of %q is respected", text)
			}
			return
		}
		if again, ok := parseOwner(by.String()); !ok || again != by {
			t.Errorf("%q is %v, and then %v, %t", text, by, again, ok)
		}
		until := time.Unix(noon.Unix()+seconds%1_000_000, 0)
		left := until.Sub(noon)
		if got, want := self.respects(by.lease(until), noon), left > 0 && left <= 4*time.Minute && !self.knowsDead(by); got != want {
			t.Errorf("%q with %v left is respected: %t", by.lease(until), left, got)
		}
		self.respects(strconv.FormatInt(seconds, 10)+"."+by.String(), noon)
	})
}

// FuzzClaimName holds that of whatever file is among the claims an event comes back
// or a claim is respected, and that none keeps the others from coming back.
func FuzzClaimName(f *testing.F) {
	lasting := fmt.Sprint(noon.Add(time.Minute).Unix())
	for _, name := range []string{
		"a", "a~1.2.b", "a~" + lasting + ".1.elsewhere", "~", "~" + lasting + ".1.elsewhere", "~x", "a~", "a~~", "b.json~" + lasting, "a~9223372036854775807.1.b", " ", "ü~\xff",
	} {
		f.Add(name)
	}
	o := OpenOutbox(f.TempDir(), toolID(f, "t"))
	respected := regexp.MustCompile(`^[^~]+~(\d+)\.\d+\..+$`)
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > 200 || name == "" || name[0] == '.' || strings.ContainsAny(name, "/\x00") || name == "other~1.1.b" || strings.HasPrefix(name, "other") {
			return // no such file can be there
		}
		cleared(t, o)
		for _, file := range []string{name, "other~1.1.b"} {
			if err := os.WriteFile(o.path("claimed", file), nil, 0o600); err != nil {
				return // nor on this system
			}
		}
		if err := o.reclaim(owner{}, noon); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		waiting, claimed := names(t, o.path("new")), names(t, o.path("claimed"))
		if !slices.Contains(waiting, "other") {
			t.Errorf("beside %q another claim stays: %q", name, claimed)
		}
		for _, file := range claimed {
			end := respected.FindStringSubmatch(file)
			if end == nil {
				t.Errorf("%q stays a claim", file)
				continue
			}
			if until, err := strconv.ParseInt(end[1], 10, 64); err != nil || until <= noon.Unix() || until > noon.Add(4*time.Minute).Unix() {
				t.Errorf("%q stays a claim", file)
			}
		}
	})
}

// cleared makes the parts of an outbox, and leaves nothing in them.
func cleared(t *testing.T, o Outbox) {
	t.Helper()
	if err := o.create(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"new", "claimed", "rejected"} {
		for _, name := range names(t, o.path(part)) {
			if err := os.Remove(o.path(part, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// FuzzEntryName holds that the name of an event's file says when it was taken.
func FuzzEntryName(f *testing.F) {
	for _, name := range []string{"", "-", "18a0f5b6e2d4c000-6282ac78-ba9e-4c6f-a849-732aae44989d.json", "ffffffffffffffff-a", "+1-a", "-1-a", "0-a"} {
		f.Add(name, int64(1764331200000000000))
	}
	f.Fuzz(func(t *testing.T, name string, ns int64) {
		takenAt(name)
		expired(name, noon)
		eventID(name)
		e := Entry{TakenAt: time.Unix(0, max(0, ns)), EventID: uuid.New()}
		if at, ok := takenAt(e.name()); !ok || !at.Equal(e.TakenAt) {
			t.Errorf("%s was taken at %v, not at %v", e.name(), at, e.TakenAt)
		}
		if got := eventID(e.name()); got != e.EventID.String() {
			t.Errorf("%s is the event %s", e.name(), got)
		}
	})
}

// FuzzRejected holds that whatever was queued and whatever a server says about it, what
// was moved aside can be read, and that an event and nothing else comes back from there.
func FuzzRejected(f *testing.F) {
	e := Entry{
		Schema: 1, Tool: toolID(f, "t"), Event: "run", EventID: uuid.MustParse("6282ac78-ba9e-4c6f-a849-732aae44989d"), RunID: uuid.MustParse("6282ac78-ba9e-4c6f-a849-732aae44989d"),
		TakenAt: noon, Grant: "g", Endpoint: "https://t.example", Values: object("a", "b"),
	}
	whole, err := e.MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	o := OpenOutbox(f.TempDir(), e.Tool)
	f.Add(whole, "400 Bad Request", []byte(`{}`))
	f.Add([]byte("{"), "\xff\x1b", []byte("null"))
	f.Add([]byte("null"), "", []byte(`{"entry":`+string(whole)+`}`))
	f.Add([]byte(`"\ud800"`), "\u2028", []byte(`{"entry":{},"raw":"a"}`))
	f.Fuzz(func(t *testing.T, data []byte, answer string, planted []byte) {
		cleared(t, o)
		write := func(path string, data []byte) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := claim{o, e.name(), e.name() + "~1.1.b"}
		write(c.path(), data)
		if err := c.reject(data, answer, noon); err != nil {
			t.Fatal(err)
		}
		if got, ok := o.answerTo(e); !ok || got != answer && utf8.ValidString(answer) {
			t.Errorf("%q became %q, %t", answer, got, ok)
		}
		write(o.path("rejected", "planted"), planted)
		n, err := o.Requeue()
		if err != nil {
			t.Fatal(err)
		}
		back := names(t, o.path("new"))
		if n != len(back) {
			t.Errorf("%d came back, not %d: %q", len(back), n, back)
		}
		for _, name := range back {
			content, err := os.ReadFile(o.path("new", name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseEntry(content)
			if err != nil || got.Tool != e.Tool || got.name() != name {
				t.Errorf("what came back as %s is %s: %v", name, content, err)
			}
			var before, after bytes.Buffer
			if json.Compact(&before, data) != nil || json.Compact(&after, content) != nil || !bytes.Equal(before.Bytes(), after.Bytes()) {
				t.Errorf("%s came back as %s", data, content)
			}
		}
	})
}

// FuzzJournal holds that whatever lines are in a journal it is read, and that what
// is recorded behind them can be read too.
func FuzzJournal(f *testing.F) {
	r := Record{Schema: 1, At: noon, Event: "run", EventID: uuid.MustParse("6282ac78-ba9e-4c6f-a849-732aae44989d"), Endpoint: "https://t.example", Payload: object("a", "b")}
	line, err := json.Marshal(r)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"", "\n", "{}\n", "null\n[]\n", string(line) + "\n" + string(line[:20]) + "\n", `{"at":"9999-12-31T23:59:59Z"}`, `{"payload":{"a":{"b":[1e400]}}}`, "\x00\xff\n", `{"payload":[]}`} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	j := OpenJournal(dir, toolID(f, "t"))
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 0 && data[len(data)-1] != '\n' {
			data = append(data, '\n')
		}
		if err := os.WriteFile(j.path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := j.Records()
		if err != nil {
			t.Fatal(err)
		}
		if len(before) > bytes.Count(data, []byte("\n")) {
			t.Errorf("%d records in %q", len(before), data)
		}
		last := time.Time{}
		for _, r := range before {
			if !r.At.IsZero() {
				last = r.At
			}
		}
		if got := j.Last(); !got.Equal(last) {
			t.Errorf("the last of %q is of %v, not of %v", data, got, last)
		}
		if err := j.add([]Record{r}); err != nil {
			t.Fatal(err)
		}
		after, err := j.Records()
		if err != nil || len(after) != len(before)+1 {
			t.Fatalf("%d records, and then %d: %v", len(before), len(after), err)
		}
		if got, err := json.Marshal(after[len(before)]); err != nil || !bytes.Equal(got, line) {
			t.Errorf("got %s, want %s: %v", got, line, err)
		}
	})
}

// FuzzLosses holds that whatever lines are in the records of lost events they are
// counted, each event once.
func FuzzLosses(f *testing.F) {
	for _, text := range []string{
		"", "{}\n", `{"event":"a","why":"bounds"}` + "\n" + `{"event":"a","why":"refused"}` + "\n", `{"earlier":5}`, `{"earlier":-5}`,
		`{"earlier":9223372036854775807}`, `{"earlier":1}` + "\n" + `{"event":"b"}` + "\n" + `{"earlier":7}`, "null\n[]\n\x00\n", `{"event":"\u0000","earlier":3}`,
	} {
		f.Add([]byte(text), []byte(`{"event":"a"}`))
		f.Add([]byte(`{"event":"c"}`), []byte(text))
	}
	o := OpenOutbox(f.TempDir(), toolID(f, "t"))
	if err := o.create(); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, older, newer []byte) {
		for name, data := range map[string][]byte{lossesFile + ".1": older, lossesFile: newer} {
			if err := os.WriteFile(o.path(name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := o.losses()
		if err != nil {
			t.Fatal(err)
		}
		// The same by other means: every line on its own, as plain JSON.
		events := map[string]bool{}
		for _, line := range slices.Concat(bytes.Split(older, []byte("\n")), bytes.Split(newer, []byte("\n"))) {
			var e lostEvent
			if json.Unmarshal(line, &e) == nil && e.Event != "" {
				events[e.Event] = true
			}
		}
		count, err := o.Count()
		if err != nil {
			t.Fatal(err)
		}
		if l.count() < len(events) || count.Dropped != l.count() || len(l.why) != len(events) {
			t.Errorf("%d are counted, of %d events, in %q and %q", l.count(), len(events), older, newer)
		}
	})
}
