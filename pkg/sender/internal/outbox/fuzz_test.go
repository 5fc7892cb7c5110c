package outbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// FuzzOwner holds that the name of a process comes back from what it is written as,
// alone and in a claim, and that no claim lasts longer than one can be made to.
func FuzzOwner(f *testing.F) {
	for _, text := range []string{"1.a", "4194304.0123456789ab", "0.a", "-1.a", "+1.a", "1.", "1", ".a", " 7.a\n", "1.a.b", "99999999999999999999.a", "1.a/b", "1.~", "1.\x00"} {
		f.Add(text, int64(60))
	}
	f.Add("1.a", int64(1)<<62)
	f.Add("1.a", -int64(1)<<62)
	self := lease.Owner{}
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		by, ok := lease.ParseOwner(text)
		if !ok {
			if respected(fmt.Sprintf("%d.%s", noon.Unix()+60, text), self, noon) {
				t.Errorf("a claim of %q is respected", text)
			}
			return
		}
		if again, ok := lease.ParseOwner(by.String()); !ok || again != by {
			t.Errorf("%q is %v, and then %v, %t", text, by, again, ok)
		}
		until := time.Unix(noon.Unix()+seconds%1_000_000, 0)
		left := until.Sub(noon)
		if got, want := respected(claimOf(by, until), self, noon), left > 0 && left <= 4*time.Minute && !self.KnowsDead(by.ID); got != want {
			t.Errorf("%q with %v left is respected: %t", claimOf(by, until), left, got)
		}
		respected(strconv.FormatInt(seconds, 10)+"."+by.String(), self, noon)
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
	o := Open(f.TempDir(), sendertest.ToolID(f, "t"))
	respected := regexp.MustCompile(`^[^~]+~(\d+)\.\d+\..+$`)
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > 200 || name == "" || name[0] == '.' || strings.ContainsAny(name, "/\x00") || name == "other~1.1.b" || strings.HasPrefix(name, "other") {
			return // no such file can be there
		}
		cleared(t, o)
		for _, file := range []string{name, "other~1.1.b"} {
			if err := os.WriteFile(o.Path("claimed", file), nil, 0o600); err != nil {
				return // nor on this system
			}
		}
		if err := o.Reclaim(lease.Owner{}, noon); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		waiting, claimed := sendertest.Names(t, o.Path("new")), sendertest.Names(t, o.Path("claimed"))
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
	if err := o.Create(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"new", "claimed", "rejected"} {
		for _, name := range sendertest.Names(t, o.Path(part)) {
			if err := os.Remove(o.Path(part, name)); err != nil {
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
		EventID(name)
		e := Entry{TakenAt: time.Unix(0, max(0, ns)), EventID: uuid.New()}
		if at, ok := takenAt(e.Name()); !ok || !at.Equal(e.TakenAt) {
			t.Errorf("%s was taken at %v, not at %v", e.Name(), at, e.TakenAt)
		}
		if got := EventID(e.Name()); got != e.EventID.String() {
			t.Errorf("%s is the event %s", e.Name(), got)
		}
	})
}

// FuzzRejected holds that whatever was queued and whatever a server says about it, what
// was moved aside can be read, and that an event and nothing else comes back from there.
func FuzzRejected(f *testing.F) {
	e := Entry{
		Schema: 1, Tool: sendertest.ToolID(f, "t"), Event: "run", EventID: uuid.MustParse("6282ac78-ba9e-4c6f-a849-732aae44989d"), RunID: uuid.MustParse("6282ac78-ba9e-4c6f-a849-732aae44989d"),
		TakenAt: noon, Grant: "g", Endpoint: "https://t.example", Values: jsondoc.NewObject("a", "b"),
	}
	whole, err := e.MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	o := Open(f.TempDir(), e.Tool)
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
		c := Claim{o, e.Name(), e.Name() + "~1.1.b"}
		write(c.path(), data)
		if err := c.Reject(data, answer, noon); err != nil {
			t.Fatal(err)
		}
		if got, ok := o.AnswerTo(e); !ok || got != answer && utf8.ValidString(answer) {
			t.Errorf("%q became %q, %t", answer, got, ok)
		}
		write(o.Path("rejected", "planted"), planted)
		n, err := o.Requeue()
		if err != nil {
			t.Fatal(err)
		}
		back := sendertest.Names(t, o.Path("new"))
		if n != len(back) {
			t.Errorf("%d came back, not %d: %q", len(back), n, back)
		}
		for _, name := range back {
			content, err := os.ReadFile(o.Path("new", name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseEntry(content)
			if err != nil || got.Tool != e.Tool || got.Name() != name {
				t.Errorf("what came back as %s is %s: %v", name, content, err)
			}
			var before, after bytes.Buffer
			if json.Compact(&before, data) != nil || json.Compact(&after, content) != nil || !bytes.Equal(before.Bytes(), after.Bytes()) {
				t.Errorf("%s came back as %s", data, content)
			}
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
	o := Open(f.TempDir(), sendertest.ToolID(f, "t"))
	if err := o.Create(); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, older, newer []byte) {
		for name, data := range map[string][]byte{lossesFile + ".1": older, lossesFile: newer} {
			if err := os.WriteFile(o.Path(name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := o.Losses()
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
		if l.Count() < len(events) || count.Dropped != l.Count() || len(l.Why) != len(events) {
			t.Errorf("%d are counted, of %d events, in %q and %q", l.Count(), len(events), older, newer)
		}
	})
}

// FuzzParseEntry holds that whatever lies in an outbox is read or refused.
func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(`{"schema":1,"tool":"t","event":"e","event_id":"6282ac78-ba9e-4c6f-a849-732aae44989d","values":{"a":1}}`))
	f.Add([]byte(`{"schema":2}`))
	for _, key := range []string{"", "MY_WRITE_KEY=01af", "MY_WRITE_KEY=01AF", "MY_WRITE_KEY=01a", "MY_WRITE_KEY", "=01af", "A=B=01af", "\u001b[2J=01af", "MY_WRITE_KEY=secret"} {
		f.Add([]byte(`{"schema":1,"tool":"t","event":"e","event_id":"6282ac78-ba9e-4c6f-a849-732aae44989d","key":"` + key + `","values":{"a":1}}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseEntry(data)
		if err != nil {
			return
		}
		if e.Tool.IsZero() || e.Event == "" || e.EventID == uuid.Nil {
			t.Errorf("incomplete: %+v", e)
		}
		if e.Key != "" && !regexp.MustCompile(`^[^=\p{Cc}]+=[0-9a-f]{4}$`).MatchString(e.Key) {
			t.Errorf("the write key is named %q", e.Key)
		}
		written, err := e.MarshalJSON()
		if err != nil {
			return // such as a year that JSON has not
		}
		if again, err := ParseEntry(written); err != nil || again.Key != e.Key || again.Manifest != e.Manifest {
			t.Errorf("%s became %+v, %v", data, again, err)
		}
	})
}
