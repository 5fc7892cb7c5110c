package sender

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// newSender is a sender in an empty home. Its clock shows noon.
func newSender(t testing.TB) Sender {
	t.Helper()
	home := t.TempDir()
	return Sender{
		Dirs: dirs.Dirs{Home: home, ConfigHome: filepath.Join(home, "config"), StateHome: filepath.Join(home, "state"), DataHome: filepath.Join(home, "data")},
		Env:  func(string) (string, bool) { return "", false },
		Now:  func() time.Time { return noon }, Version: func() string { return "1.2.3" }, Client: NewClient(),
	}
}

// toolAt is a tool that sends to an address and is forgotten in a way.
func toolAt(t testing.TB, id, address, forget string) *manifest.Manifest {
	t.Helper()
	return parse(t, `schema = 1
tool = {id = "`+id+`", name = "Tool `+id+`", purpose = "A test.", contact = "privacy@`+id+`.example"}
send = {transport = "http", endpoint = "`+address+`/v1"}
event = [{name = "run"}, {name = "forget"}]
field = [{name = "source", from = "identity.source", purpose = "p"}]
forget = {`+forget+`}
`)
}

// byHTTP is how a tool at an address is asked.
func byHTTP(address string) string {
	return `method = "http", endpoint = "` + address + `/deletions"`
}

const nowhere = "http://127.0.0.1:9"

// sourceWith makes the ID file of a tool.
func sourceWith(t testing.TB, s Sender, id string) string {
	t.Helper()
	path := filepath.Join(s.Dirs.Home, ".mytool", "source")
	write(t, path, id)
	return path
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// block puts something in the place of a file that can be neither removed nor replaced,
// not even by root, for whom permissions do not count.
func block(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); ifThere(err) != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(path, "in the way"), "")
}

// place puts an event under an ID into a part of the outbox.
func place(t testing.TB, o Outbox, part, id string) Entry {
	t.Helper()
	e := Entry{Schema: entrySchema, Tool: o.tool, Event: "run", EventID: uuid.New(), RunID: uuid.New(), TakenAt: noon, Values: object("source", id)}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.create(); err != nil {
		t.Fatal(err)
	}
	write(t, o.path(part, e.name()), string(data))
	return e
}

// tree is every file below a directory and what it holds.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// gone holds that a file is not there.
func gone(t testing.TB, what, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %s is there: %v", what, path, err)
	}
}

// receiver is a server that notes what it is asked, and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []asked
	answer func(w http.ResponseWriter)
}

type asked struct {
	method, path, body string
	header             http.Header
}

func newReceiver(t testing.TB, look func()) *receiver {
	t.Helper()
	r := &receiver{answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		if look != nil {
			look()
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked = append(r.asked, asked{req.Method, req.URL.Path, string(body), req.Header})
		r.answer(w)
	}))
	t.Cleanup(r.Close)
	return r
}

// requests are what the receiver was asked until now.
func (r *receiver) requests() []asked {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

// requestID is the ID in the document of a request.
func requestID(t testing.TB, a asked) string {
	t.Helper()
	var doc struct {
		ID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.ID
}

// TestForget holds the order that makes a crash harmless: when the receiver hears of
// it, the request is on disk, and everything under the ID is gone here. And it holds
// what the receiver gets, to the letter.
func TestForget(t *testing.T) {
	s := newSender(t)
	tool := toolID(t, "mytool")
	o, j, ds := s.Outbox(tool), s.Journal(tool), s.Deletions()
	source := sourceWith(t, s, sampleID)
	if _, err := s.HashKey(tool, source, true); err != nil {
		t.Fatal(err)
	}
	if err := j.add([]Record{{Schema: 1, At: noon, Event: "run", Payload: object("source", sampleID)}}); err != nil {
		t.Fatal(err)
	}
	write(t, j.path+".1", sampleID)
	place(t, o, "new", sampleID)
	place(t, o, "new", sampleID)
	place(t, o, "tmp", sampleID)
	place(t, o, "rejected", sampleID)
	other := place(t, o, "new", otherID)

	var filed Deletion
	r := newReceiver(t, func() {
		gone(t, "the source ID", source)
		gone(t, "the key", s.KeyPath(tool))
		gone(t, "the journal", j.path)
		gone(t, "the older journal", j.path+".1")
		for _, part := range []string{"tmp", "claimed", "rejected"} {
			if left := names(t, o.path(part)); len(left) != 0 {
				t.Errorf("%s: %q", part, left)
			}
		}
		if left := names(t, o.path("new")); !slices.Equal(left, []string{other.name()}) {
			t.Errorf("new: %q", left)
		}
		d, err := ds.read(HashID(sampleID))
		if err != nil || d.SourceID != sampleID || !d.Erased || len(d.Requests) != 1 || d.Requests[0].State != Pending {
			t.Errorf("on disk: %+v, %v", d, err)
		}
		filed = d
	})
	d, removed, err := s.Forget(t.Context(), Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", nowhere, byHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
	if err != nil || !maps.Equal(removed, Removed{tool: 2}) {
		t.Errorf("removed %v, %v", removed, err)
	}
	requests := r.requests()
	if len(requests) != 1 || len(d.Requests) != 1 {
		t.Fatalf("asked %d times; %+v", len(requests), d)
	}
	want := `{"schema":1,"request_id":"` + d.Requests[0].ID.String() + `","tool":"mytool","source_id":"` + sampleID +
		`","requested_at":"2026-11-21T12:00:00Z","exercise":"deletion"}`
	got := requests[0]
	if got.method != "POST" || got.path != "/deletions" || got.body != want {
		t.Errorf("%s %s\n got %s\nwant %s", got.method, got.path, got.body, want)
	}
	if kind, agent := got.header.Get("Content-Type"), got.header.Get("User-Agent"); kind != "application/json" || agent != "usagectl" { // which version asks is nobody's business
		t.Errorf("%s from %s", kind, agent)
	}
	if filed.Requests[0].ID != d.Requests[0].ID || d.Requests[0].State != Accepted || !d.Requests[0].SettledAt.Equal(noon) {
		t.Errorf("filed as %+v, now %+v", filed, d)
	}

	// The proof is kept, without the ID, and nothing else is.
	if list, err := ds.All(); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], d) || d.SourceID != "" || !ds.Has(sampleID) {
		t.Errorf("on disk: %+v, %v; want %+v", list, err, d)
	}
	if left := names(t, ds.dir); !slices.Equal(left, []string{HashID(sampleID) + ".json"}) {
		t.Errorf("left: %q", left)
	}
	for path, text := range tree(t, s.Dirs.Home) {
		if strings.Contains(text, sampleID) {
			t.Errorf("%s names the ID: %s", path, text)
		}
	}
}

// TestForgetLocalOnly holds that nobody hears of it, then or later, but that the ID
// stays forgotten.
func TestForgetLocalOnly(t *testing.T) {
	s := newSender(t)
	source := sourceWith(t, s, sampleID)
	r := newReceiver(t, nil)
	place(t, s.Outbox(toolID(t, "mytool")), "new", sampleID)
	d, removed, err := s.Forget(t.Context(), Forgetting{
		Tools: []*manifest.Manifest{toolAt(t, "mytool", r.URL, byHTTP(r.URL)), toolAt(t, "byevent", r.URL, `method = "event", event = "forget"`)}, SourcePath: source, SourceID: sampleID, LocalOnly: true,
	})
	if err != nil || removed[toolID(t, "mytool")] != 1 || !d.Erased || len(d.Requests) != 0 || d.SourceID != "" {
		t.Errorf("%+v, %v, %v", d, removed, err)
	}
	gone(t, "the source ID", source)
	if len(s.dueDeletions()) != 0 || !s.Deletions().Has(sampleID) {
		t.Error("it is due, or not remembered")
	}
	if err := s.FlushDeletions(t.Context(), d.Tools); err != nil || len(r.requests()) != 0 {
		t.Errorf("asked %d times, %v", len(r.requests()), err)
	}
}

// TestForgetLocalOnlyLater holds that "nobody" is meant, though somebody was to be asked
// before: that goes on in the background, as it would have.
func TestForgetLocalOnlyLater(t *testing.T) {
	s := newSender(t)
	r := newReceiver(t, nil)
	f := Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", nowhere, byHTTP(r.URL))}, SourcePath: sourceWith(t, s, sampleID), SourceID: sampleID}
	first := s.newDeletion(f)
	if err := s.file(&first); err != nil {
		t.Fatal(err)
	}
	f.LocalOnly = true
	d, _, err := s.Forget(t.Context(), f)
	if err != nil || !d.Erased || len(r.requests()) != 0 || !reflect.DeepEqual(d.Requests, first.Requests) {
		t.Errorf("asked %d times, %+v, %v", len(r.requests()), d, err)
	}
	if due := s.dueDeletions(); len(due) != 1 {
		t.Errorf("due: %q", due)
	}
}

// TestForgetNotFiled holds that a request that cannot be written changes nothing:
// nobody is asked, and the ID stays, or there would be nothing to ask with.
func TestForgetNotFiled(t *testing.T) {
	for name, spoil := range map[string]func(s *Sender) context.Context{
		"no state directory":       func(s *Sender) context.Context { s.Dirs.StateHome = ""; return t.Context() },
		"a file in the place":      func(s *Sender) context.Context { write(t, s.Deletions().dir, ""); return t.Context() },
		"a directory in the place": func(s *Sender) context.Context { block(t, s.Deletions().path(HashID(sampleID))); return t.Context() },
		"one by a newer program": func(s *Sender) context.Context {
			write(t, s.Deletions().path(HashID(sampleID)), `{"schema":2}`)
			return t.Context()
		},
		"one that is too large": func(s *Sender) context.Context {
			write(t, s.Deletions().path(HashID(sampleID)), strings.Repeat(" ", maxDeletion+1))
			return t.Context()
		},
		"another process is at work": func(s *Sender) context.Context { return occupied(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			r := newReceiver(t, nil)
			source := sourceWith(t, s, sampleID)
			ctx := spoil(&s)
			write(t, filepath.Join(s.Dirs.Home, "state", "usagectl", "keys", "mytool"), "key")
			before := tree(t, s.Dirs.Home)
			d, removed, err := s.Forget(ctx, Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", r.URL, byHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
			if !errors.Is(err, ErrNotFiled) || removed != nil || d.SHA256 != "" {
				t.Errorf("%+v, %v, %v", d, removed, err)
			}
			if after := tree(t, s.Dirs.Home); !maps.Equal(before, after) {
				t.Errorf("\nbefore %q\nafter  %q", before, after)
			}
			if n := len(r.requests()); n != 0 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// occupied claims the deletion for this process, and returns a context that leaves no
// time to wait for it. Claims go by the file's time, so the clock has to be right.
func occupied(t testing.TB, s *Sender) context.Context {
	t.Helper()
	s.Now = time.Now
	if _, err := s.claimDeletion(HashID(sampleID)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestForgetAfterCrash holds that whatever step a crash came after, the next deliverer
// does the rest, and asks with the ID of the request that was filed.
func TestForgetAfterCrash(t *testing.T) {
	for done := range 5 {
		t.Run(fmt.Sprint("after step ", done), func(t *testing.T) {
			s := newSender(t)
			tool := toolID(t, "mytool")
			source := sourceWith(t, s, sampleID)
			r := newReceiver(t, nil)
			place(t, s.Outbox(tool), "new", sampleID)
			write(t, s.KeyPath(tool), "key")
			write(t, s.Journal(tool).path, sampleID)
			d := s.newDeletion(Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", r.URL, byHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
			if done == 0 { // as statefile.Create leaves it: the file aside, and not linked yet
				write(t, filepath.Join(s.Deletions().dir, "."+d.SHA256+".json.1.tmp"), string(marshalled(t, d)))
			}
			for i, step := range []func() error{
				func() error { return s.file(&d) },
				func() error { _, err := s.Outbox(tool).removeUnder(t.Context(), &d, thisProcess(), s.Now); return err },
				func() error { return s.rotate(&d) },
				func() error { return s.Journal(tool).erase() },
			} {
				if i < done {
					if err := step(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if due := s.dueDeletions(); !slices.Equal(due, []string{d.SHA256}) {
				t.Errorf("due: %q", due)
			}
			got, err := s.carryDeletion(t.Context(), d.SHA256, background)
			if err != nil {
				t.Fatal(err)
			}
			if due := s.dueDeletions(); len(due) != 0 {
				t.Errorf("still due: %q", due)
			}
			if done == 0 { // nothing was promised yet, and nothing is kept
				if left := names(t, s.Deletions().dir); len(left) != 0 || len(r.requests()) != 0 || got.SHA256 != "" {
					t.Errorf("left %q, asked %d times, %+v", left, len(r.requests()), got)
				}
				return
			}
			if requests := r.requests(); len(requests) != 1 || requestID(t, requests[0]) != d.Requests[0].ID.String() {
				t.Errorf("asked %v for %s", requests, d.Requests[0].ID)
			}
			if !got.Erased || got.Requests[0].State != Accepted || got.SourceID != "" {
				t.Errorf("%+v", got)
			}
			for path, text := range tree(t, s.Dirs.Home) {
				if strings.Contains(text, sampleID) || path == s.KeyPath(tool) {
					t.Errorf("%s is there: %s", path, text)
				}
			}
		})
	}
}

// TestForgetInterrupted holds that a person who interrupts it has filed it all the same.
func TestForgetInterrupted(t *testing.T) {
	s := newSender(t)
	r := newReceiver(t, nil)
	source := sourceWith(t, s, sampleID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, _, err := s.Forget(ctx, Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", r.URL, byHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrNotFiled) || len(r.requests()) != 0 {
		t.Fatalf("asked %d times, %v", len(r.requests()), err)
	}
	filed, err := s.Deletions().read(d.SHA256)
	if err != nil || filed.Erased || filed.Backoff.Failures != 0 || filed.Requests[0].State != Pending {
		t.Errorf("%+v, %v", filed, err)
	}
	if got, err := s.carryDeletion(t.Context(), d.SHA256, background); err != nil || !got.done() || len(r.requests()) != 1 {
		t.Errorf("asked %d times, %+v, %v", len(r.requests()), got, err)
	}
}

// TestForgetErasesLater holds that what cannot be erased is reported, is no reason not
// to ask, and is tried again, with the ID that it takes.
func TestForgetErasesLater(t *testing.T) {
	s := newSender(t)
	r := newReceiver(t, nil)
	source := sourceWith(t, s, sampleID)
	journal := s.Journal(toolID(t, "mytool")).path
	block(t, journal)
	d, _, err := s.Forget(t.Context(), Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", r.URL, byHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
	if err == nil || errors.Is(err, ErrNotFiled) || !strings.HasPrefix(err.Error(), "the journal of mytool: ") {
		t.Errorf("got %v", err)
	}
	if d.Erased || d.SourceID != sampleID || d.Requests[0].State != Accepted || d.Backoff.Failures != 1 || !d.Backoff.Running(noon) {
		t.Errorf("%+v", d)
	}
	gone(t, "the source ID", source) // what can be removed is
	if d, err := s.carryDeletion(t.Context(), d.SHA256, awaited); err != nil || d.Erased || d.Backoff.Failures != 2 {
		t.Errorf("again: %+v, %v", d, err)
	}
	if err := os.RemoveAll(journal); err != nil {
		t.Fatal(err)
	}
	if d, err := s.carryDeletion(t.Context(), d.SHA256, background); err != nil || d.Erased {
		t.Errorf("during the back-off: %+v, %v", d, err)
	}
	d, err = s.carryDeletion(t.Context(), d.SHA256, awaited)
	if err != nil || !d.Erased || d.SourceID != "" || d.Backoff.Running(noon) || len(r.requests()) != 1 {
		t.Errorf("asked %d times, %+v, %v", len(r.requests()), d, err)
	}
}

// TestForgetAsksOnlyWhatItCanNote holds that nobody is asked if the answer could not be
// noted, or they would be asked again and again.
func TestForgetAsksOnlyWhatItCanNote(t *testing.T) {
	s := newSender(t)
	r := newReceiver(t, nil)
	source := sourceWith(t, s, sampleID)
	file := s.Deletions().path(HashID(sampleID))
	s.Now = func() time.Time { // which is asked before and after the request is filed
		if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() {
			block(t, file)
		}
		return noon
	}
	_, _, err := s.Forget(t.Context(), Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", r.URL, byHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
	if !errors.Is(err, ErrNotKept) || errors.Is(err, ErrNotFiled) || len(r.requests()) != 0 {
		t.Errorf("asked %d times, %v", len(r.requests()), err)
	}
}

// TestFile holds what becomes of a deletion of the same ID that is there before.
func TestFile(t *testing.T) {
	for _, c := range []struct {
		name      string
		erased    bool
		old       []DeletionState // of mytool's requests; nil: none
		localOnly bool
		spoil     string // what stands on disk instead of the old one
		kept      int    // of the old requests
		added     int    // of the new ones
	}{
		{name: "none", added: 1},
		{name: "none, nobody to ask", localOnly: true},
		{name: "half a file", spoil: `{"schema":1,"sha2`, added: 1},
		{name: "an empty file", spoil: "\x00", added: 1},
		{name: "open", erased: true, old: []DeletionState{Pending}, kept: 1},
		{name: "open, not erased", old: []DeletionState{Pending}, kept: 1},
		{name: "by mail", erased: true, old: []DeletionState{ByMail}, kept: 1},
		{name: "failed", erased: true, old: []DeletionState{Failed}, kept: 1},
		{name: "open beside a settled one", erased: true, old: []DeletionState{Accepted, Pending}, kept: 2},
		{name: "open, nobody to ask now", erased: true, old: []DeletionState{Pending}, localOnly: true, kept: 1},
		{name: "accepted, and the ID has come back", erased: true, old: []DeletionState{Accepted}, kept: 1, added: 1},
		{name: "confirmed, and the ID has come back", erased: true, old: []DeletionState{Confirmed}, kept: 1, added: 1},
		{name: "accepted, and the ID was never gone", old: []DeletionState{Accepted}, kept: 1},
		{name: "nobody was asked", erased: true, old: []DeletionState{}, added: 1},
		{name: "nobody was to be asked, and a crash", old: []DeletionState{}, added: 1},
		{name: "nobody was asked, and is not now", erased: true, old: []DeletionState{}, localOnly: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			ds := s.Deletions()
			path := ds.path(HashID(sampleID))
			var old Deletion
			if c.old != nil {
				old = deletionIn(t, c.erased, c.old...)
				old.Tools = []manifest.ID{toolID(t, "mytool")}
				if err := ds.write(&old); err != nil {
					t.Fatal(err)
				}
			}
			if c.spoil != "" {
				write(t, path, strings.Trim(c.spoil, "\x00"))
			}
			f := Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", nowhere, byHTTP(nowhere))}, SourcePath: "/moved/source", SourceID: sampleID, LocalOnly: c.localOnly}
			s.Now = func() time.Time { return noon.Add(time.Hour) }
			d := s.newDeletion(f)
			fresh := d.Requests
			if err := s.file(&d); err != nil {
				t.Fatal(err)
			}
			want := append(slices.Clone(old.Requests), fresh[len(fresh)-c.added:]...)
			if len(old.Requests) != c.kept || len(want) != len(d.Requests) {
				t.Fatalf("%d requests, want %d of %d", len(d.Requests), len(want), c.kept)
			}
			seen := map[uuid.UUID]bool{}
			for i, r := range d.Requests {
				if !reflect.DeepEqual(r, want[i]) || seen[r.ID] {
					t.Errorf("request %d:\n got %+v\nwant %+v", i, r, want[i])
				}
				seen[r.ID] = true
			}
			// The ID is there, or nobody would ask, so all of it has to be erased (again).
			if d.Erased || d.SourceID != sampleID || d.SourcePath != "/moved/source" {
				t.Errorf("%+v", d)
			}
			if since := d.RequestedAt.Equal(noon); since != old.open() {
				t.Errorf("it is since %v", d.RequestedAt)
			}
			if filed, err := ds.read(d.SHA256); err != nil || !reflect.DeepEqual(filed, d) {
				t.Errorf("on disk:\n got %+v, %v\nwant %+v", filed, err, d)
			}
		})
	}
}

// TestFileForMoreTools holds that a tool that came to share the ID since is erased and
// asked as well.
func TestFileForMoreTools(t *testing.T) {
	s := newSender(t)
	mine, other := toolAt(t, "mytool", nowhere, byHTTP(nowhere)), toolAt(t, "other", nowhere, byHTTP(nowhere))
	f := Forgetting{Tools: []*manifest.Manifest{mine}, SourcePath: "/source", SourceID: sampleID}
	first := s.newDeletion(f)
	if err := s.file(&first); err != nil {
		t.Fatal(err)
	}
	f.Tools = []*manifest.Manifest{other}
	second := s.newDeletion(f)
	fresh := second.Requests[0]
	if err := s.file(&second); err != nil {
		t.Fatal(err)
	}
	if !second.of(mine.Tool.ID) || !second.of(other.Tool.ID) || !reflect.DeepEqual(second.Requests, []DeletionRequest{first.Requests[0], fresh}) {
		t.Errorf("%+v", second)
	}
}

// TestFileAsksAnew holds that each tool is looked at by itself: the one that has deleted
// what it held is asked for what it may have collected since, whatever became of the other.
func TestFileAsksAnew(t *testing.T) {
	s := newSender(t)
	f := Forgetting{
		Tools: []*manifest.Manifest{toolAt(t, "mytool", nowhere, byHTTP(nowhere)), toolAt(t, "other", nowhere, `method = "none"`)}, SourcePath: "/source", SourceID: sampleID,
	}
	first := s.newDeletion(f)
	first.Erased, first.Requests[0].State = true, Accepted
	if err := s.Deletions().write(&first); err != nil {
		t.Fatal(err)
	}
	second := s.newDeletion(f)
	fresh := second.Requests[0]
	if err := s.file(&second); err != nil || !reflect.DeepEqual(second.Requests, append(first.Requests, fresh)) {
		t.Errorf("%+v, %v", second.Requests, err)
	}
}

// TestFileLeavesTheNewerAlone holds that a newer program's deletion is not written over.
func TestFileLeavesTheNewerAlone(t *testing.T) {
	s := newSender(t)
	const newer = `{"schema":2,"secret":"of the future"}`
	path := s.Deletions().path(HashID(sampleID))
	write(t, path, newer)
	d := s.newDeletion(Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", nowhere, byHTTP(nowhere))}, SourceID: sampleID})
	if err := s.file(&d); !errors.Is(err, errNewer) {
		t.Errorf("got %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != newer {
		t.Errorf("got %s, %v", data, err)
	}
}

// TestForgetAgain holds that an ID that came back, as from a backup, while the person
// still had to write, is gone again, and that it is the same request that is open.
func TestForgetAgain(t *testing.T) {
	s := newSender(t)
	tool := toolID(t, "mytool")
	f := Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", nowhere, `method = "mail", mail = "privacy@mytool.example"`)}, SourcePath: sourceWith(t, s, sampleID), SourceID: sampleID}
	first, _, err := s.Forget(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	f.SourcePath = filepath.Join(s.Dirs.Home, ".elsewhere", "source")
	write(t, f.SourcePath, sampleID)
	write(t, s.KeyPath(tool), "key")
	place(t, s.Outbox(tool), "new", sampleID)
	second, removed, err := s.Forget(t.Context(), f)
	if err != nil || removed[tool] != 1 || !second.Erased || !reflect.DeepEqual(second.Requests, first.Requests) {
		t.Errorf("%+v, %v, %v", second, removed, err)
	}
	gone(t, "the source ID", f.SourcePath)
	gone(t, "the key", s.KeyPath(tool))
}

// TestForgetAtOnce holds that of many who forget the same ID at once one asks, and that
// the others, who have read the ID before it was gone, do not take it for one that has
// come back.
func TestForgetAtOnce(t *testing.T) {
	s := newSender(t)
	s.Now = time.Now
	r := newReceiver(t, nil)
	f := Forgetting{Tools: []*manifest.Manifest{toolAt(t, "mytool", nowhere, byHTTP(r.URL))}, SourcePath: sourceWith(t, s, sampleID), SourceID: sampleID}
	list := make([]Deletion, 4)
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i := range list {
		wg.Go(func() { list[i], _, errs[i] = s.Forget(t.Context(), f) })
	}
	wg.Wait()
	for i, d := range list {
		if errs[i] != nil || !reflect.DeepEqual(d, list[0]) || !d.done() {
			t.Errorf("%+v, %v", d, errs[i])
		}
	}
	if n := len(r.requests()); n != 1 {
		t.Errorf("asked %d times", n)
	}
	write(t, f.SourcePath, otherID) // a new one, made meanwhile
	if d, removed, err := s.Forget(t.Context(), f); err != nil || len(removed) != 0 || !reflect.DeepEqual(d, list[0]) {
		t.Errorf("%+v, %v, %v", d, removed, err)
	}
	f.Tools = append(f.Tools, toolAt(t, "other", nowhere, byHTTP(r.URL))) // one that was not asked
	if d, _, err := s.Forget(t.Context(), f); err != nil || len(d.Requests) < 2 || len(r.requests()) < 2 {
		t.Errorf("%+v, %v", d, err)
	}
	if data, err := os.ReadFile(f.SourcePath); err != nil || string(data) != otherID {
		t.Errorf("the new ID became %s, %v", data, err)
	}
}

// TestRemoveUnder holds that what lies under the ID goes, whatever part of the outbox
// it lies in and whatever a crash made of it, and that what lies under another stays.
func TestRemoveUnder(t *testing.T) {
	s := newSender(t)
	o := s.Outbox(toolID(t, "mytool"))
	dead := deadProcess(t, "")
	claimed := func(id string) string {
		e := place(t, o, "new", id)
		c, err := o.claim(e.name(), dead, noon)
		if err != nil {
			t.Fatal(err)
		}
		return c.path()
	}
	reject := func(data, id string) string {
		c := claim{o, place(t, o, "new", id).name(), ""}
		if err := os.Remove(o.path("new", c.name)); err != nil {
			t.Fatal(err)
		}
		c.file = c.name + "~"
		write(t, c.path(), "")
		if err := c.reject([]byte(data), "400", noon); err != nil {
			t.Fatal(err)
		}
		return o.path("rejected", c.name)
	}
	under := func(id string) []string {
		list := []string{claimed(id), o.path("rejected", "."+id+".json.1.tmp")}
		write(t, list[1], id) // of a process that was killed while it moved an event aside
		for _, part := range []string{"new", "tmp", "rejected"} {
			list = append(list, o.path(part, place(t, o, part, id).name()))
		}
		half := o.path("tmp", "half") + id[:4]
		write(t, half, `{"schema":1,"values":{"source":"`+id)
		return append(list, half, reject(`{"source":"`+id+`"}`, id), reject("no JSON: "+id, id))
	}
	goes, stays := under(sampleID), under(otherID)
	if err := o.setBackoff(Backoff{Failures: 1}); err != nil {
		t.Fatal(err)
	}
	d := deletionIn(t, false)
	n, err := o.removeUnder(t.Context(), &d, thisProcess(), s.Now)
	if err != nil || n != 2 { // those that waited; what was half-written or moved aside is no loss
		t.Errorf("removed %d, %v", n, err)
	}
	for _, path := range goes {
		gone(t, "under the ID", path)
	}
	for _, path := range append(stays, o.path(lossesFile), o.path(backoffFile)) {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("under another: %v", err)
		}
	}
	if err := o.setBackoff(Backoff{Failures: 1, NotBefore: noon, Error: "503 whose ID is " + sampleID}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.removeUnder(t.Context(), &d, thisProcess(), s.Now); err != nil {
		t.Error(err)
	}
	if b := o.Backoff(); b != (Backoff{Failures: 1, NotBefore: noon}) {
		t.Errorf("of what a server said this is left: %+v", b)
	}
	if n, err := OpenOutbox(t.TempDir(), o.tool).removeUnder(t.Context(), &d, thisProcess(), s.Now); n != 0 || err != nil {
		t.Errorf("without an outbox: %d, %v", n, err)
	}
}

// TestRemoveUnderWaits holds that an event that is on its way arrives before the
// request does, and that nobody waits for one of another ID, or for longer than they want.
func TestRemoveUnderWaits(t *testing.T) {
	for _, c := range []struct {
		name            string
		id              string
		delivered, give time.Duration // 0: never
		wait            time.Duration // at least, and a poll longer at the most
		removed         int
	}{
		{"delivered in time", sampleID, 3 * time.Second, time.Minute, 3 * time.Second, 0},
		{"the person has less time", sampleID, 3 * time.Second, 2 * time.Second, 2*time.Second - pollInterval, 1},
		{"it hangs", sampleID, 0, time.Minute, transport.AttemptTimeout - pollInterval, 1},
		{"no time at all", sampleID, 0, -time.Second, 0, 1},
		{"another ID's", otherID, 0, time.Minute, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newSender(t).Outbox(toolID(t, "mytool"))
			d := deletionIn(t, false)
			e := place(t, o, "new", c.id)
			synctest.Test(t, func(t *testing.T) { // where time is not waited for
				way, err := o.claim(e.name(), thisProcess(), time.Now())
				if err != nil {
					t.Fatal(err)
				}
				delivered := make(chan error, 1)
				if c.delivered > 0 {
					time.AfterFunc(c.delivered, func() { delivered <- way.done() })
				} else {
					delivered <- nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), c.give)
				defer cancel()
				start := time.Now()
				n, err := o.removeUnder(ctx, &d, thisProcess(), time.Now)
				if waited := time.Since(start); waited < c.wait || waited > c.wait+pollInterval {
					t.Errorf("waited %v, want %v", waited, c.wait)
				}
				if n != c.removed || err != nil {
					t.Errorf("removed %d, %v", n, err)
				}
				if err := <-delivered; err != nil { // even if it is not there any more
					t.Error(err)
				}
			})
		})
	}
}

// TestRotate holds that an old key never stands beside a new ID: it goes first, and
// the ID stays where that fails.
func TestRotate(t *testing.T) {
	for _, c := range []struct {
		name, source string // "": no file
		blocked      bool   // the other tool's key cannot be removed
		keys, stays  bool
	}{
		{name: "the ID", source: sampleID},
		{name: "the ID and white space", source: " " + sampleID + "\n"},
		{name: "another ID", source: otherID, keys: true, stays: true},
		{name: "the same in another spelling is another", source: "{" + sampleID + "}", keys: true, stays: true},
		{name: "no ID", source: "rubbish", stays: true},
		{name: "no file"},
		{name: "a key that cannot be removed", source: sampleID, blocked: true, stays: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			d := deletionIn(t, false)
			d.SourcePath = sourceWith(t, s, c.source)
			litter := filepath.Join(filepath.Dir(d.SourcePath), ".source.1.tmp")
			write(t, litter, sampleID)
			if c.source == "" {
				if err := os.Remove(d.SourcePath); err != nil {
					t.Fatal(err)
				}
			}
			for _, tool := range d.Tools {
				write(t, s.KeyPath(tool), "key")
				write(t, filepath.Join(filepath.Dir(s.KeyPath(tool)), "."+tool.String()+".1.tmp"), "key")
			}
			if c.blocked {
				block(t, s.KeyPath(d.Tools[1]))
			}
			before := tree(t, s.Dirs.Home)
			if err := s.rotate(&d); (err != nil) != c.blocked {
				t.Error(err)
			}
			after := tree(t, s.Dirs.Home)
			if c.keys {
				delete(before, litter) // it holds the old ID
				if !maps.Equal(before, after) {
					t.Errorf("\nbefore %q\nafter  %q", before, after)
				}
				return
			}
			if _, there := after[d.SourcePath]; there != c.stays {
				t.Errorf("the ID file is there: %v", there)
			}
			if _, there := after[litter]; there != c.blocked {
				t.Errorf("what a crash left of the ID is there: %v", there)
			}
			for path := range after {
				if strings.HasPrefix(path, filepath.Dir(s.KeyPath(d.Tools[0]))) && !strings.HasSuffix(path, "in the way") {
					t.Errorf("left: %s", path)
				}
			}
		})
	}
}

// forgottenIn is a home in which an ID is to be forgotten and is still, or again, in
// the tool's file, wherever that was then.
func forgottenIn(t *testing.T, then string, redacted bool) (s Sender, path string, tool manifest.ID, key []byte) {
	t.Helper()
	s = newSender(t)
	tool = toolID(t, "mytool")
	path = sourceWith(t, s, sampleID)
	key, err := s.HashKey(tool, path, true)
	if err != nil {
		t.Fatal(err)
	}
	d := deletionIn(t, redacted, Accepted)
	d.SourcePath = path
	if then != "" {
		d.SourcePath = filepath.Join(s.Dirs.Home, then)
	}
	if err := s.Deletions().write(&d); err != nil {
		t.Fatal(err)
	}
	return s, path, tool, key
}

// TestForgottenIDIsRotated holds that an ID that was to be forgotten is never handed
// out again, nor a hash under its key, and that looking at it changes nothing. The file
// may be another than it was then: a restored home can lie elsewhere.
func TestForgottenIDIsRotated(t *testing.T) {
	for name, then := range map[string]string{"the same place": "", "another place": "old/source"} {
		for _, redacted := range []bool{false, true} {
			for _, keyFirst := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, redacted %v, key first %v", name, redacted, keyFirst), func(t *testing.T) {
					s, path, tool, oldKey := forgottenIn(t, then, redacted)
					before := tree(t, s.Dirs.Home)
					if id, err := s.SourceID(path, false); id != "" || !errors.Is(err, identity.ErrNone) {
						t.Errorf("shown: %q, %v", id, err)
					}
					if key, err := s.HashKey(tool, path, false); key != nil || !errors.Is(err, identity.ErrNone) {
						t.Errorf("shown: %x, %v", key, err)
					}
					if after := tree(t, s.Dirs.Home); !maps.Equal(before, after) {
						t.Errorf("looking at it:\nbefore %q\nafter  %q", before, after)
					}
					var key []byte
					var id string
					var err, keyErr error
					if keyFirst {
						key, keyErr = s.HashKey(tool, path, true)
					}
					id, err = s.SourceID(path, true)
					if !keyFirst {
						key, keyErr = s.HashKey(tool, path, true)
					}
					if err != nil || id == sampleID || id == "" {
						t.Errorf("ID: %q, %v", id, err)
					}
					if keyErr != nil || len(key) != len(oldKey) || bytes.Equal(key, oldKey) {
						t.Errorf("key: %x, %v", key, keyErr)
					}
					if again, err := s.SourceID(path, true); err != nil || again != id { // once is enough
						t.Errorf("ID, again: %q, %v", again, err)
					}
					if again, err := s.HashKey(tool, path, true); err != nil || !bytes.Equal(again, key) {
						t.Errorf("key, again: %x, %v", again, err)
					}
				})
			}
		}
	}
}

// TestForgottenIDThatStays holds that nothing is handed out where the ID cannot be
// rotated, and that a key that stands in the way keeps the ID from being.
func TestForgottenIDThatStays(t *testing.T) {
	damaged := func(t *testing.T) (Sender, string, manifest.ID) {
		s, path, tool, _ := forgottenIn(t, "", true)
		write(t, s.Deletions().path(HashID(sampleID)), "half a fi")
		return s, path, tool
	}
	blocked := func(t *testing.T) (Sender, string, manifest.ID) {
		s, path, tool, _ := forgottenIn(t, "", true)
		block(t, s.KeyPath(tool))
		return s, path, tool
	}
	for name, made := range map[string]func(*testing.T) (Sender, string, manifest.ID){"damaged deletion": damaged, "key that cannot be removed": blocked} {
		s, path, tool := made(t)
		for range 2 {
			if id, err := s.SourceID(path, true); id != "" || !errors.Is(err, identity.ErrNone) {
				t.Errorf("%s: %q, %v", name, id, err)
			}
			if key, err := s.HashKey(tool, path, true); key != nil || !errors.Is(err, identity.ErrNone) {
				t.Errorf("%s: %x, %v", name, key, err)
			}
		}
	}
}

// TestIDThatIsNotForgotten holds that nothing of this is in the way of others.
func TestIDThatIsNotForgotten(t *testing.T) {
	s, path, tool, key := forgottenIn(t, "", true)
	write(t, path, otherID)
	if id, err := s.SourceID(path, true); err != nil || id != otherID {
		t.Errorf("%q, %v", id, err)
	}
	for _, at := range []string{path, ""} {
		if got, err := s.HashKey(tool, at, false); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%x, %v", got, err)
		}
	}
	if id, err := s.SourceID(filepath.Join(s.Dirs.Home, "none"), false); id != "" || !errors.Is(err, identity.ErrNone) {
		t.Errorf("%q, %v", id, err)
	}
	s.Dirs.StateHome = ""
	if id, err := s.SourceID(path, false); err != nil || id != otherID {
		t.Errorf("without a state directory: %q, %v", id, err)
	}
	if _, err := s.HashKey(tool, path, true); !errors.Is(err, ErrNoState) {
		t.Errorf("without a state directory: %v", err)
	}
}

func TestEraseHere(t *testing.T) {
	s := newSender(t)
	tool, other := toolID(t, "mytool"), toolID(t, "other")
	for _, tool := range []manifest.ID{tool, other} {
		for _, part := range []string{"new", "claimed", "tmp", "rejected"} {
			place(t, s.Outbox(tool), part, sampleID)
		}
		write(t, s.KeyPath(tool), "key")
		write(t, s.Journal(tool).path, "journal")
	}
	before := tree(t, s.State())
	if e, err := s.EraseHere(t.Context(), tool); e != (Emptied{Discarded: 2}) || err != nil {
		t.Errorf("%+v, %v", e, err)
	}
	if count, err := s.Outbox(tool).Count(); err != nil || count != (Count{Dropped: 3}) {
		t.Errorf("%+v, %v", count, err)
	}
	maps.DeleteFunc(before, func(path, _ string) bool { return strings.Contains(path, "mytool") })
	after := tree(t, s.State())
	losses := s.Outbox(tool).path(lossesFile)
	if strings.Contains(after[losses], sampleID) {
		t.Errorf("the record of losses names the ID: %s", after[losses])
	}
	delete(after, losses)
	if !maps.Equal(before, after) {
		t.Errorf("left: %q, want %q", after, before)
	}
	if e, err := s.EraseHere(t.Context(), toolID(t, "third")); e != (Emptied{}) || err != nil {
		t.Errorf("nothing: %+v, %v", e, err)
	}
	s.Dirs.StateHome = ""
	if e, err := s.EraseHere(t.Context(), tool); e != (Emptied{}) || err != nil {
		t.Errorf("no state directory: %+v, %v", e, err)
	}
}

// byEvent is a tool whose deletion request is an event. It declares a field from every
// source, and sets headers from some.
const byEvent = `schema = 1
tool = {id = "mytool", purpose = "p"}
consent = {levels = ["one", "two"]}
event = [{name = "run"}, {name = "forget", level = 2}]
field = [
  {name = "n", type = "int", purpose = "p"},
  {name = "d", type = "int", default = 5, purpose = "p"},
  {name = "must", type = "string", required = true, purpose = "p"},
  {name = "where", key = "/at/where", from = "const", type = "string", value = "here", purpose = "p"},
  {name = "source", key = "/at/id", from = "identity.source", level = 2, purpose = "p"},
  {name = "id", from = "event.id", purpose = "p"},
  {name = "what", from = "event.name", purpose = "p"},
  {name = "when", from = "time.now", purpose = "p"},
  {name = "unix", from = "time.now", format = "unix", purpose = "p"},
  {name = "braces", from = "const", type = "string", value = "{n}", purpose = "p"},
  {name = "null", from = "const", type = "json", value = "null", purpose = "p"},
  {name = "elsewhere", from = "const", type = "string", value = "of another event", events = ["run"], purpose = "p"},
  {name = "run", from = "run.id", purpose = "p"},
  {name = "version", from = "tool.version", purpose = "p"},
  {name = "usagectl", from = "usagectl.version", purpose = "p"},
  {name = "level", from = "consent.level", purpose = "p"},
  {name = "os", from = "host.os", purpose = "p"},
  {name = "cpus", from = "host.cpu_count", purpose = "p"},
  {name = "user", from = "host.user_hash", purpose = "p"},
  {name = "host", from = "host.name_hash", purpose = "p"},
]
forget = {method = "event", event = "forget"}
[send]
transport = "http"
endpoint = "ENDPOINT"
[send.headers]
X-Braces = "{braces}"
X-Both = "{source} {n}"
X-Caller = "{n}"
X-Host = "{os}"
X-ID = "{id}"
X-Plain = "plain"
X-Source = "id={source}"
`

// TestDeletionPayload holds that a deletion request by event says the source ID, what
// the request is and what the manifest says itself, whatever else the tool declares: it
// leaves without any agreement.
func TestDeletionPayload(t *testing.T) {
	s := newSender(t)
	s.Now = func() time.Time { return noon.Add(975 * time.Millisecond) }
	m := parse(t, strings.ReplaceAll(byEvent, "ENDPOINT", nowhere))
	requests := s.Requests(Forgetting{Tools: []*manifest.Manifest{m}, SourceID: "{" + sampleID + "}"})
	if len(requests) != 1 {
		t.Fatalf("%+v", requests)
	}
	r := requests[0]
	want := `{"at":{"where":"here","id":"{` + sampleID + `}"},"id":"` + r.ID.String() +
		`","what":"forget","when":"2026-11-21T12:00:00.000000+00:00","unix":1795262400,"braces":"{n}","null":null}`
	if got, err := jsondoc.Append(nil, r.Payload); err != nil || string(got) != want {
		t.Errorf("\n got %s, %v\nwant %s", got, err, want)
	}
	headers := []manifest.Header{{Name: "X-Braces", Value: "{n}"}, {Name: "X-ID", Value: r.ID.String()}, {Name: "X-Plain", Value: "plain"}, {Name: "X-Source", Value: "id={" + sampleID + "}"}}
	if !slices.Equal(r.Send.Headers, headers) {
		t.Errorf("headers: %+v", r.Send.Headers)
	}
	if r.To != nowhere || r.Event != "forget" || r.State != Pending || r.Send.Transport != manifest.HTTP {
		t.Errorf("%+v", r)
	}
	if len(m.Send.Headers) != 7 {
		t.Errorf("the manifest was changed: %+v", m.Send.Headers)
	}
}

// TestRequests holds whom a forgetting asks, and how.
func TestRequests(t *testing.T) {
	s := newSender(t)
	mail := `method = "mail", mail = "privacy@shared.example"`
	f := Forgetting{SourceID: sampleID, Tools: []*manifest.Manifest{
		toolAt(t, "a", nowhere, mail), toolAt(t, "b", nowhere, byHTTP(nowhere)), toolAt(t, "c", nowhere, mail), toolAt(t, "d", nowhere, byHTTP(nowhere)),
		toolAt(t, "e", nowhere, `method = "mail", mail = "privacy@e.example"`), toolAt(t, "f", nowhere, `method = "none"`),
	}}
	f.Tools[5].Tool.Contact, f.Tools[5].Tool.Privacy, f.Tools[5].Tool.Homepage = "", "https://f.example/privacy", "https://f.example"
	var got []string
	seen := map[uuid.UUID]bool{}
	d := s.newDeletion(f)
	must(t, d.check())
	for _, r := range s.Requests(f) {
		got = append(got, fmt.Sprintf("%s %v %q %s to %q, or %s", r.Method, r.Tools, r.Names, r.State, r.To, r.Contact))
		if seen[r.ID] || r.ID == uuid.Nil {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
		if (r.State == Failed) != (r.Answer != "") || (r.State == Failed) != r.SettledAt.Equal(noon) {
			t.Errorf("%+v", r)
		}
	}
	want := []string{
		`mail [a c] ["Tool a" "Tool c"] by-mail to "privacy@shared.example", or privacy@a.example`,
		`http [b] ["Tool b"] pending to "http://127.0.0.1:9/deletions", or privacy@b.example`,
		`http [d] ["Tool d"] pending to "http://127.0.0.1:9/deletions", or privacy@d.example`,
		`mail [e] ["Tool e"] by-mail to "privacy@e.example", or privacy@e.example`,
		`none [f] ["Tool f"] failed to "", or https://f.example/privacy`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	f.LocalOnly = true
	if list := s.Requests(f); len(list) != 0 {
		t.Errorf("nobody is to be asked: %+v", list)
	}
	if left := tree(t, s.Dirs.Home); len(left) != 0 {
		t.Errorf("something was written: %q", left)
	}
}

func TestContact(t *testing.T) {
	for want, tool := range map[string]manifest.Tool{
		"c": {Contact: "c", Privacy: "p", Homepage: "h"}, "p": {Privacy: "p", Homepage: "h"}, "h": {Homepage: "h"}, "": {},
	} {
		if got := contact(tool); got != want {
			t.Errorf("%+v: got %q", tool, got)
		}
	}
}
