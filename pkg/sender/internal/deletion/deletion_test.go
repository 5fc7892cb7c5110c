package deletion

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/note"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

var noon = sendertest.Noon()

const (
	sampleID = sendertest.SampleID
	otherID  = sendertest.OtherID
)

// allStates are the states of a request. Those that are open come first.
var allStates = []State{Pending, ByMail, Failed, Accepted, Confirmed}

const openStates = 3 // of allStates

// samplePayload holds what encoding/json's maps would lose: the order, and the digits.
const samplePayload = `{"z":12345678901234567890,"a":{"id":"` + sampleID + `","n":1.10,"l":[null,true,"<&>ü",{}]}}`

// requestIn is a request by event, which has all that a request can have.
func requestIn(t testing.TB, state State) Request {
	t.Helper()
	doc, err := jsondoc.ParseObject([]byte(samplePayload))
	if err != nil {
		t.Fatal(err)
	}
	r := Request{
		ID: uuid.New(), Tools: []manifest.ID{sendertest.ToolID(t, "mytool")}, Names: []string{"My Tool"}, RequestedAt: noon, State: state,
		Method: manifest.ForgetEvent, To: "http://127.0.0.1:9/v1", Contact: "privacy@mytool.example",
		Waits: backoff.Waits{
			Backoff: backoff.Backoff{Failures: 2, NotBefore: noon.Add(time.Hour), Asked: noon.Add(time.Hour), Error: "503"},
			Ways:    map[string]backoff.Backoff{"MY_WRITE_KEY=01af": {Failures: 3, NotBefore: noon.Add(time.Minute), Error: "401"}},
		},
		Event: "forget", Payload: doc,
		Send: &manifest.Send{
			Transport: manifest.HTTP, Endpoint: "http://127.0.0.1:9/v1",
			Headers: []manifest.Header{{Name: "X-B", Value: sampleID}, {Name: "X-A", Value: "{<&>}"}},
		},
	}
	if state != Pending && state != ByMail {
		r.SettledAt, r.Answer = noon.Add(time.Minute), "404 Not Found: "+sampleID
	}
	return r
}

func deletionIn(t testing.TB, erased bool, states ...State) Deletion {
	t.Helper()
	d := Deletion{
		Schema: Schema, SHA256: HashID(sampleID), SourceID: sampleID, SourcePath: "/home/me/.mytool/source",
		Tools: []manifest.ID{sendertest.ToolID(t, "mytool"), sendertest.ToolID(t, "other")}, RequestedAt: noon, Erased: erased, Requests: []Request{},
	}
	for _, state := range states {
		d.Requests = append(d.Requests, requestIn(t, state))
	}
	return d
}

func marshalled(t testing.TB, d Deletion) []byte {
	t.Helper()
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDeletionRoundTrip holds that a deletion comes back from the disk as it was
// written: a request is asked with the same ID and the same document every time.
func TestDeletionRoundTrip(t *testing.T) {
	waits := deletionIn(t, false, allStates...)
	waits.Backoff = backoff.Backoff{Failures: 1, NotBefore: noon.Add(time.Minute), Error: "the journal of mytool: is a directory"}
	byMail := deletionIn(t, true, ByMail)
	byMail.Requests[0].Method, byMail.Requests[0].Send, byMail.Requests[0].Payload, byMail.Requests[0].Event = manifest.ForgetMail, nil, nil, ""
	byMail.Requests[0].To = "privacy@mytool.example"
	settled := deletionIn(t, true, Accepted, Confirmed)
	settled.redact()
	for name, d := range map[string]Deletion{
		"every state":   waits,
		"by mail":       byMail,
		"settled":       settled,
		"nobody to ask": deletionIn(t, false),
	} {
		got, err := Parse(marshalled(t, d))
		if err != nil || !reflect.DeepEqual(got, d) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, err, got, d)
		}
	}
	got, err := Parse(marshalled(t, waits))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := jsondoc.Append(nil, got.Requests[0].Payload); err != nil || string(text) != samplePayload {
		t.Errorf("the payload became %s, %v", text, err)
	}
}

// TestOldWaits holds that the wait of a version before, which was everybody's, is read, and that
// a deletion of the most tools comes back that have waited on the most ways.
func TestOldWaits(t *testing.T) {
	d := deletionIn(t, true, Pending)
	d.Requests[0].Waits = backoff.Waits{}
	old := strings.Replace(string(marshalled(t, d)), `"state":`, `"backoff":{"failures":2,"waits":1,"not_before":"2026-11-21T13:00:00Z","error":"503"},"state":`, 1)
	got, err := Parse([]byte(old))
	if err != nil || !reflect.DeepEqual(got.Requests[0].Waits, backoff.Waits{Backoff: backoff.Backoff{Failures: 2, Waits: 1, NotBefore: noon.Add(time.Hour), Error: "503"}}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := Parse([]byte(strings.Replace(old, `"waits":1`, `"ways":{}`, 1))); err != nil || got.Requests[0].Waits.Failures != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	ds := Open(t.TempDir())
	d = deletionIn(t, true, slices.Repeat([]State{Pending}, 50)...)
	for i := range d.Requests {
		for n := range 40 {
			next := backoff.Backoff{}.Next(noon, 0, strings.Repeat("\u00fc", note.Max))
			d.Requests[i].Waits = d.Requests[i].Waits.Fail(next, fmt.Sprintf("MY_WRITE_KEY=%04x", n))
		}
	}
	sendertest.Must(t, ds.Create(d))
	if again, err := ds.Read(d.SHA256); err != nil || len(again.Requests) != 50 || len(again.Requests[0].Waits.Ways) != 32 {
		t.Errorf("%d requests, %v", len(again.Requests), err)
	}
}

// TestParseDeletionNewer holds that what a newer program wrote is told from
// damage, whatever else is in it: damage is written anew, and that must not be.
func TestParseDeletionNewer(t *testing.T) {
	for _, text := range []string{
		`{"schema":2}`,
		`{"schema":2,"sha256":1,"tools":{"mytool":"?"},"requests":"none"}`,
		strings.Replace(string(marshalled(t, deletionIn(t, false, Pending))), `"schema":1`, `"schema":7`, 1),
	} {
		if _, err := Parse([]byte(text)); !errors.Is(err, outbox.ErrNewer) || errors.Is(err, ErrDamaged) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

// TestParseDeletionDamaged holds that half a deletion, and one that could not be
// carried out, is none. Above all, one without the ID must not be taken for one
// whose events are to be removed: every event names "".
func TestParseDeletionDamaged(t *testing.T) {
	whole := marshalled(t, deletionIn(t, false, Pending))
	for n := range whole {
		if d, err := Parse(whole[:n]); !errors.Is(err, ErrDamaged) || !reflect.DeepEqual(d, Deletion{}) {
			t.Fatalf("cut at %d: %+v, %v", n, d, err)
		}
	}
	for name, damage := range map[string]func(*Deletion){
		"no schema":                         func(d *Deletion) { d.Schema = 0 },
		"no hash":                           func(d *Deletion) { d.SHA256 = "" },
		"no tools":                          func(d *Deletion) { d.Tools = nil },
		"the hash of another ID":            func(d *Deletion) { d.SHA256 = HashID(otherID) },
		"another ID than the hash's":        func(d *Deletion) { d.SourceID = otherID },
		"an open request without the ID":    func(d *Deletion) { d.SourceID, d.Erased = "", true },
		"not erased, without the ID":        func(d *Deletion) { d.SourceID, d.Requests = "", nil },
		"a request without an ID":           func(d *Deletion) { d.Requests[0].ID = uuid.Nil },
		"a request of no tool":              func(d *Deletion) { d.Requests[0].Tools = nil },
		"an open event without a transport": func(d *Deletion) { d.Requests[0].Send = nil },
		"an open event without a document":  func(d *Deletion) { d.Requests[0].Payload = nil },
		"no time":                           func(d *Deletion) { d.RequestedAt = time.Time{} },
		"a hash that is none":               func(d *Deletion) { d.SHA256 = strings.ToUpper(d.SHA256) },
		"an ID that is none":                func(d *Deletion) { d.SourceID, d.SHA256 = "x", HashID("x") },
		"a path with a NUL":                 func(d *Deletion) { d.SourcePath = "/a\x00b" },
		"fewer failures than none":          func(d *Deletion) { d.Backoff.Failures = -1 },
		"a request with such":               func(d *Deletion) { d.Requests[0].Waits.Failures = -1 },
		"one of a way":                      func(d *Deletion) { d.Requests[0].Waits.Ways = map[string]backoff.Backoff{"a": {Failures: -1}} },
		"a way for a terminal":              func(d *Deletion) { d.Requests[0].Waits.Ways = map[string]backoff.Backoff{"\x1b[2J": {}} },
		"a request of another tool":         func(d *Deletion) { d.Requests[0].Tools = []manifest.ID{sendertest.ToolID(t, "evil")} },
		"a state that is none":              func(d *Deletion) { d.Requests[0].State = "done" },
		"a method that is none":             func(d *Deletion) { d.Requests[0].Method = "exec" },
		"a name for a terminal":             func(d *Deletion) { d.Requests[0].Names = []string{"\x1b[2J"} },
		"an event that is none":             func(d *Deletion) { d.Requests[0].Event = "\n" },
		"two receivers":                     func(d *Deletion) { d.Requests[0].To = "https://other.example" },
		"a payload without the ID":          func(d *Deletion) { d.Requests[0].Payload = jsondoc.NewObject("x", "y") },
		"a payload beyond any":              func(d *Deletion) { d.Requests[0].Payload.Set("x", strings.Repeat("y", payload.MaxSize)) },
		"a transport that is none":          func(d *Deletion) { d.Requests[0].Send.Transport = "exec" },
		"a header twice": func(d *Deletion) {
			d.Requests[0].Send.Headers = []manifest.Header{{Name: "A", Value: "1"}, {Name: "a", Value: "2"}}
		},
		"a header in two lines":      func(d *Deletion) { d.Requests[0].Send.Headers[0].Value = "1\r\nB: 2" },
		"the host as a header":       func(d *Deletion) { d.Requests[0].Send.Headers[0].Name = "Host" },
		"a secret as a write key":    func(d *Deletion) { d.Requests[0].Send.WriteKeyEnv = "GITHUB_TOKEN" },
		"no write key":               func(d *Deletion) { d.Requests[0].Send.Transport, d.Requests[0].Send.Auth = manifest.Segment, "basic" },
		"no signal":                  func(d *Deletion) { d.Requests[0].Send.Transport = manifest.OTLP },
		"plain http to another host": func(d *Deletion) { d.goesTo("http://other.example/") },
		"an event to a shell's start file": func(d *Deletion) {
			d.goesTo("/root/.bashrc")
			d.Requests[0].Send.Transport = manifest.File
		},
		"plain http, posted": func(d *Deletion) {
			d.Requests[0].Method, d.Requests[0].To = manifest.ForgetHTTP, "http://other.example/"
		},
		"mail to two": func(d *Deletion) {
			d.Requests[0].Method, d.Requests[0].To = manifest.ForgetMail, "a@b.example,c@d.example"
		},
	} {
		d := deletionIn(t, false, Pending)
		damage(&d)
		if _, err := Parse(marshalled(t, d)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "\x00\x00", "null", "[]", "{}", `{"schema":1}`, `{"schema":1.5}`, string(whole) + "{}"} {
		if d, err := Parse([]byte(text)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%.60q: %+v, %v", text, d, err)
		}
	}
}

// goesTo sends the first request, an event, elsewhere.
func (d *Deletion) goesTo(endpoint string) {
	d.Requests[0].To, d.Requests[0].Send.Endpoint = endpoint, endpoint
}

// FuzzParseDeletion holds that whatever lies among the deletions is read or refused,
// that what is read can be worked at, and that it comes back from the disk as it is.
func FuzzParseDeletion(f *testing.F) {
	f.Add(marshalled(f, deletionIn(f, false, allStates...)))
	f.Add(marshalled(f, deletionIn(f, true, ByMail)))
	f.Add(marshalled(f, deletionIn(f, false)))
	settled := deletionIn(f, true, Confirmed)
	settled.redact()
	f.Add(marshalled(f, settled))
	f.Add([]byte(`{"schema":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var fits Deletion // with the hash of its ID, which no fuzzer guesses
		if json.Unmarshal(data, &fits) == nil {
			fits.SHA256 = HashID(fits.SourceID)
			data = marshalled(t, fits)
		}
		d, err := Parse(data)
		if err != nil {
			return
		}
		first := marshalled(t, d)
		again, err := Parse(first)
		if err != nil {
			t.Fatalf("%v: %s", err, first)
		}
		if second := marshalled(t, again); !bytes.Equal(first, second) {
			t.Errorf("\nfirst %s\nthen  %s", first, second)
		}
		d.Due(noon, onWay, anybody)
		d.Asked(noon, onWay)
		for _, r := range d.Requests {
			r.Document(d.SourceID)
			r.Mail(d.SourceID).Link()
		}
		d.redact()
		if d, err := Parse(marshalled(t, d)); err != nil {
			t.Errorf("after redacting: %v: %+v", err, d)
		}
	})
}

// combinations calls f with every list of at most two states.
func combinations(f func(states []State)) {
	f(nil)
	for _, first := range allStates {
		f([]State{first})
		for _, second := range allStates {
			f([]State{first, second})
		}
	}
}

// TestRedact holds that the ID, and the documents and headers that hold it, are
// kept exactly as long as something needs them: erasing, asking, or a person's mail.
func TestRedact(t *testing.T) {
	isOpen := func(s State) bool { return slices.Contains(allStates[:openStates], s) }
	for _, erased := range []bool{false, true} {
		combinations(func(states []State) {
			d := deletionIn(t, erased, states...)
			d.redact()
			name := fmt.Sprintf("erased %v, %v", erased, states)
			needed := !erased || slices.ContainsFunc(states, isOpen)
			if (d.SourceID == sampleID) != needed {
				t.Errorf("%s: the ID is %q", name, d.SourceID)
			}
			for i, r := range d.Requests {
				open := isOpen(states[i])
				if (r.Payload != nil) != open || (r.Send != nil) != open || r.Waits.IsZero() == open {
					t.Errorf("%s: request %d has %v, %v, %+v", name, i, r.Payload, r.Send, r.Waits)
				}
				if r.State != states[i] || r.To == "" || r.Contact == "" {
					t.Errorf("%s: request %d lost more than the ID: %+v", name, i, r)
				}
			}
			data := marshalled(t, d)
			if bytes.Contains(data, []byte(sampleID)) != needed { // as in what a receiver answered
				t.Errorf("%s: on disk: %s", name, data)
			}
			if again, err := Parse(data); err != nil || !reflect.DeepEqual(again, d) {
				t.Errorf("%s: %v\n got %+v\nwant %+v", name, err, again, d)
			}
			before := marshalled(t, d)
			if d.redact(); !bytes.Equal(before, marshalled(t, d)) {
				t.Errorf("%s: redacting again changes it", name)
			}
		})
	}
}

// TestDue holds what is left to do, and when: erasing waits for its own back-off,
// each request for its own, and neither for the other's.
func TestDue(t *testing.T) {
	none, running, over := backoff.Backoff{}, backoff.Backoff{NotBefore: noon.Add(time.Minute)}, backoff.Backoff{NotBefore: noon.Add(-time.Minute)}
	otherClock := backoff.Backoff{NotBefore: noon.Add(2 * backoff.MaxRetryAfter)}
	waits := []backoff.Backoff{none, running, over, otherClock}
	var asks []backoff.Waits
	for _, b := range waits {
		asks = append(asks, backoff.Waits{Backoff: b}, backoff.Waits{}.Fail(b, "a"), backoff.Waits{}.Fail(b, "b")) // b is another's way
	}
	isRunning := func(w backoff.Waits) bool { return w.Backoff == running || w.Ways["a"] == running }
	try := func(erased bool, erasing backoff.Backoff, states []State, asking []backoff.Waits) {
		d := deletionIn(t, erased, states...)
		d.Backoff = erasing
		open, done, due := false, erased, !erased && erasing != running
		for i, state := range states {
			d.Requests[i].Waits = asking[i]
			open = open || slices.Contains(allStates[:openStates], state)
			done = done && state != Pending
			due = due || state == Pending && !isRunning(asking[i])
		}
		if d.Open() != open || d.Done() != done || d.Due(noon, onWay, anybody) != due {
			t.Errorf("erased %v, back-off %+v; %v, back-off %+v: open %v, done %v, due %v", erased, erasing, states, asking, d.Open(), d.Done(), d.Due(noon, onWay, anybody))
		}
		if d.Done() && d.Due(noon, onWay, anybody) {
			t.Errorf("erased %v, %v: done, and something is due", erased, states)
		}
	}
	for _, erased := range []bool{false, true} {
		for _, erasing := range waits {
			combinations(func(states []State) {
				for _, first := range asks {
					for _, second := range asks {
						try(erased, erasing, states, []backoff.Waits{first, second}[:len(states)])
					}
				}
			})
		}
	}
}

func TestForgottenIn(t *testing.T) {
	bare := strings.ReplaceAll(sampleID, "-", "")
	upper := strings.ToUpper(sampleID)
	nested := func(v any) any {
		o := &jsondoc.Object{}
		o.Set("a", jsondoc.Int(1))
		o.Set("b", []any{nil, true, jsondoc.NewObject("c", []any{jsondoc.NewObject("d", v)})})
		return o
	}
	for _, id := range []string{sampleID, upper, bare, "{" + sampleID + "}", "{" + bare + "}", "urn:uuid:" + sampleID, "URN:UUID:" + bare, "urn:uuid:{" + sampleID + "}"} {
		if parsed, err := identity.Parse([]byte(id)); err != nil || parsed != id {
			t.Fatalf("%s is no source ID: %q, %v", id, parsed, err)
		}
		gone := Forgotten{HashID(id): true, HashID("short"): true, HashID(strings.Repeat("x", 65)): true}
		for _, v := range []any{id, []any{"x", id}, jsondoc.NewObject("x", id), nested(id), []any{[]any{[]any{id}}}} {
			if !gone.In(v) {
				t.Errorf("%s is not found in %+v", id, v)
			}
			if (Forgotten{}).In(v) || (Forgotten{HashID(otherID): true}).In(v) {
				t.Errorf("%s: another ID, or none, is found in %+v", id, v)
			}
		}
		// What is no source ID by its length is not even hashed. Values are IDs or
		// not; an ID inside a text is not one.
		for _, v := range []any{
			nil, true, jsondoc.Int(1), "", "short", strings.Repeat("x", 65), "x" + id, id + " ", jsondoc.NewObject(id, "a name is no value"),
			[]any{},
			&jsondoc.Object{}, nested("short"), nested(otherID), (*jsondoc.Object)(nil),
		} {
			if gone.In(v) {
				t.Errorf("%s is found in %+v", id, v)
			}
		}
	}
}

// deletionsWith makes deletions with files of these names.
func deletionsWith(t testing.TB, files map[string]string) Store {
	t.Helper()
	ds := Open(t.TempDir())
	if err := os.MkdirAll(ds.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(ds.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ds
}

// TestCreateDeletion holds that there is one deletion of an ID, with one set of
// request IDs, whoever asks for it at once.
func TestCreateDeletion(t *testing.T) {
	ds := Open(t.TempDir())
	list := make([]Deletion, 16)
	errs := make([]error, len(list))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range list {
		list[i] = deletionIn(t, false, Pending)
		wg.Go(func() {
			<-start
			errs[i] = ds.Create(list[i])
		})
	}
	close(start)
	wg.Wait()
	filed, err := ds.Read(HashID(sampleID))
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for i, err := range errs {
		switch {
		case err == nil:
			made++
			if !reflect.DeepEqual(filed, list[i]) {
				t.Errorf("on disk is %+v, and %+v was said to be", filed, list[i])
			}
		case !errors.Is(err, os.ErrExist):
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d were filed", made)
	}
	if _, temporary, err := ds.Names(); err != nil || len(temporary) != 0 {
		t.Errorf("left: %v, %v", temporary, err)
	}
}

// TestDeletionNames holds that what killed processes left is found, for it holds
// the ID, and that other files are nobody's business: nothing would ever sweep them.
func TestDeletionNames(t *testing.T) {
	a, b, c, d := HashID("a"), HashID("b"), HashID("c"), HashID("d")
	ds := deletionsWith(t, map[string]string{
		a + ".json":              "",
		b + ".json":              "",
		"." + b + ".json.1.tmp":  "",
		"." + b + ".json.2.tmp":  "",
		"." + c + ".json.3.tmp":  "",
		"." + d + ".claim":       "",
		"." + a + ".json":        "",
		"." + a + ".json.swp":    "",
		"." + a + ".claim.bak":   "",
		a + ".json~":             "",
		a + ".json.bak":          "",
		a + ".claim":             "",
		a:                        "",
		a[1:] + ".json":          "",
		"x" + a + ".json":        "",
		"." + a[1:] + ".claim":   "",
		"README":                 "",
		".DS_Store":              "",
		"short.json":             "",
		".short.json.1.tmp":      "",
		"..claim":                "",
		strings.Repeat("g", 64):  "",
		"." + a + ".json.1.part": "",
	})
	filed, temporary, err := ds.Names()
	if want := (map[string]bool{a: true, b: true}); err != nil || !reflect.DeepEqual(filed, want) {
		t.Errorf("filed: %v, %v", filed, err)
	}
	if want := (map[string]bool{b: true, c: true, d: true}); !reflect.DeepEqual(temporary, want) {
		t.Errorf("temporary: %v", temporary)
	}
	for _, ds := range []Store{{}, Open(""), Open(t.TempDir())} {
		if filed, temporary, err := ds.Names(); len(filed) != 0 || len(temporary) != 0 || err != nil {
			t.Errorf("none: %v, %v, %v", filed, temporary, err)
		}
	}
}

// TestAllDeletions holds that one that cannot be read hides none that can.
func TestAllDeletions(t *testing.T) {
	ds := Open(t.TempDir())
	if list, err := ds.All(); len(list) != 0 || err != nil {
		t.Errorf("without any: %v, %v", list, err)
	}
	var want []string
	thirdHash := ""
	for i := range 5 {
		id := uuid.NewString()
		d := deletionIn(t, true)
		d.SourceID, d.SHA256 = id, HashID(id)
		d.RequestedAt = noon.Add(-time.Duration(min(i, 3)) * time.Hour)
		if i == 1 {
			d.Tools = []manifest.ID{sendertest.ToolID(t, "third")}
			thirdHash = d.SHA256
		}
		if err := ds.Create(d); err != nil {
			t.Fatal(err)
		}
		want = append([]string{d.SHA256}, want...)
	}
	slices.Sort(want[:2]) // of the same time
	check := func(broken int) {
		t.Helper()
		list, err := ds.All()
		var got []string
		for _, d := range list {
			got = append(got, d.SHA256)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		problems := 0
		if err != nil {
			problems = len(strings.Split(err.Error(), "\n"))
		}
		if problems != broken {
			t.Errorf("%d are unreadable, and this is reported: %v", broken, err)
		}
		third, err := ds.Of(sendertest.ToolID(t, "third"))
		if len(third) != 1 || third[0].SHA256 != thirdHash || (err != nil) != (broken > 0) {
			t.Errorf("of one tool: %+v, %v", third, err)
		}
	}
	check(0)
	renamed := deletionIn(t, true)
	for id, text := range map[string]string{"damaged": `{"schema":1`, "newer": `{"schema":2}`, "renamed": string(marshalled(t, renamed))} {
		if err := os.WriteFile(ds.Path(HashID(id)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(ds.Path(HashID("a directory")), 0o700); err != nil {
		t.Fatal(err)
	}
	check(4)
}

// TestSweep holds that what killed processes left of one deletion goes, and nothing
// of another: somebody may be writing that at the moment.
func TestSweep(t *testing.T) {
	a, b := HashID("a"), HashID("b")
	stays := []string{"." + b + ".json.1.tmp", b + ".json", a + ".json", "." + a + ".claim", "." + b + ".claim"}
	files := map[string]string{"." + a + ".json.1.tmp": sampleID, "." + a + ".json.2.tmp": ""}
	for _, name := range stays {
		files[name] = ""
	}
	ds := deletionsWith(t, files)
	for range 2 { // there may be nothing to sweep
		if err := ds.Sweep(a); err != nil {
			t.Fatal(err)
		}
		if got := sendertest.Names(t, ds.dir); !slices.Equal(got, slices.Sorted(slices.Values(stays))) {
			t.Errorf("left: %q", got)
		}
	}
	if err := Open(t.TempDir()).Sweep(a); err != nil {
		t.Errorf("where there is no directory: %v", err)
	}
}

// TestHas holds that the file's being there counts, whatever is in it: in doubt
// the ID was to be forgotten.
func TestHas(t *testing.T) {
	ds := deletionsWith(t, map[string]string{
		HashID("empty") + ".json":                 "",
		HashID("newer") + ".json":                 `{"schema":2}`,
		"." + HashID("temporary") + ".json.1.tmp": "",
		"." + HashID("claimed only") + ".claim":   "",
	})
	if err := ds.Create(deletionIn(t, true)); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{
		sampleID: true, "empty": true, "newer": true,
		otherID: false, "temporary": false, "claimed only": false, "": false, "{" + sampleID + "}": false, HashID(sampleID): false,
	} {
		if ds.Has(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
	if Open("").Has(sampleID) || Open(t.TempDir()).Has(sampleID) {
		t.Error("where nothing is kept an ID was to be forgotten")
	}
}

// onWay is how long a process waits that goes the way "a".
func onWay(r Request) backoff.Backoff {
	return r.Waits.For(func(way string) bool { return way == "a" })
}

// anybody can make each request.
func anybody(Request) bool { return true }
