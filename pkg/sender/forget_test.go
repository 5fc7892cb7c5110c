package sender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// requestID is the ID in the document of a request.
func requestID(t testing.TB, a sendertest.Request) string {
	t.Helper()
	var doc struct {
		ID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(a.Body), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.ID
}

// forget has an ID forgotten, and returns the deletion as it is on disk then, which is
// what the caller gets of it.
func forget(ctx context.Context, t testing.TB, s Sender, f Forgetting) (deletion.Deletion, Removed, error) {
	t.Helper()
	got, removed, err := s.Forget(ctx, f)
	on, readErr := s.deletions().Read(deletion.HashID(f.SourceID))
	if readErr != nil || !reflect.DeepEqual(got, s.deletionOf(on)) {
		t.Errorf("%+v, on disk %+v, %v", got, on, readErr)
	}
	return on, removed, err
}

// TestForget holds the order that makes a crash harmless: when the receiver hears of
// it, the request is on disk, and everything under the ID is gone here. And it holds
// what the receiver gets, to the letter.
func TestForget(t *testing.T) {
	s := newSender(t)
	tool := sendertest.ToolID(t, "mytool")
	o, ds := s.outbox(tool), s.deletions()
	source := sourceWith(t, s, sampleID)
	if _, err := s.hashKey(tool, source, true); err != nil {
		t.Fatal(err)
	}
	recordAccepted(t, s, tool, uuid.New(), `{"source":"`+sampleID+`"}`)
	sendertest.Write(t, journalFile(s, tool)+".1", sampleID)
	place(t, o, "new", sampleID)
	place(t, o, "new", sampleID)
	place(t, o, "tmp", sampleID)
	place(t, o, "rejected", sampleID)
	other := place(t, o, "new", otherID)

	var filed deletion.Deletion
	r := sendertest.NewReceiver(t, func() {
		sendertest.Gone(t, "the source ID", source)
		sendertest.Gone(t, "the key", s.keyPath(tool))
		sendertest.Gone(t, "the journal", journalFile(s, tool))
		sendertest.Gone(t, "the older journal", journalFile(s, tool)+".1")
		for _, part := range []string{"tmp", "claimed", "rejected"} {
			if left := sendertest.Names(t, o.Path(part)); len(left) != 0 {
				t.Errorf("%s: %q", part, left)
			}
		}
		if left := sendertest.Names(t, o.Path("new")); !slices.Equal(left, []string{other.Name()}) {
			t.Errorf("new: %q", left)
		}
		d, err := ds.Read(deletion.HashID(sampleID))
		if err != nil || d.SourceID != sampleID || !d.Erased || len(d.Requests) != 1 || d.Requests[0].State != deletion.Pending {
			t.Errorf("on disk: %+v, %v", d, err)
		}
		filed = d
	})
	d, removed, err := forget(t.Context(), t, s, Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
	if err != nil || !maps.Equal(removed, Removed{tool: 2}) {
		t.Errorf("removed %v, %v", removed, err)
	}
	requests := r.Requests()
	if len(requests) != 1 || len(d.Requests) != 1 {
		t.Fatalf("asked %d times; %+v", len(requests), d)
	}
	want := `{"schema":1,"request_id":"` + d.Requests[0].ID.String() + `","tool":"mytool","source_id":"` + sampleID +
		`","requested_at":"2026-11-21T12:00:00Z","exercise":"deletion"}`
	got := requests[0]
	if got.Method != "POST" || got.Path != "/deletions" || got.Body != want {
		t.Errorf("%s %s\n got %s\nwant %s", got.Method, got.Path, got.Body, want)
	}
	if kind, agent := got.Header.Get("Content-Type"), got.Header.Get("User-Agent"); kind != "application/json" || agent != "usagectl" { // which version asks is nobody's business
		t.Errorf("%s from %s", kind, agent)
	}
	if filed.Requests[0].ID != d.Requests[0].ID || d.Requests[0].State != deletion.Accepted || !d.Requests[0].SettledAt.Equal(noon) {
		t.Errorf("filed as %+v, now %+v", filed, d)
	}

	// The proof is kept, without the ID, and nothing else is.
	if list, err := ds.All(); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], d) || d.SourceID != "" || !ds.Has(sampleID) {
		t.Errorf("on disk: %+v, %v; want %+v", list, err, d)
	}
	if left := sendertest.Names(t, ds.Dir()); !slices.Equal(left, []string{deletion.HashID(sampleID) + ".json"}) {
		t.Errorf("left: %q", left)
	}
	for path, text := range sendertest.Tree(t, s.dirs().Home) {
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
	r := sendertest.NewReceiver(t, nil)
	place(t, s.outbox(sendertest.ToolID(t, "mytool")), "new", sampleID)
	d, removed, err := forget(t.Context(), t, s, Forgetting{
		Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", r.URL, sendertest.ByHTTP(r.URL)), sendertest.Tool(t, "byevent", r.URL, `method = "event", event = "forget"`)}, SourcePath: source, SourceID: sampleID, LocalOnly: true,
	})
	if err != nil || removed[sendertest.ToolID(t, "mytool")] != 1 || !d.Erased || len(d.Requests) != 0 || d.SourceID != "" {
		t.Errorf("%+v, %v, %v", d, removed, err)
	}
	sendertest.Gone(t, "the source ID", source)
	if len(s.dueDeletions()) != 0 || !s.deletions().Has(sampleID) {
		t.Error("it is due, or not remembered")
	}
	if err := s.FlushDeletions(t.Context(), d.Tools); err != nil || len(r.Requests()) != 0 {
		t.Errorf("asked %d times, %v", len(r.Requests()), err)
	}
}

// TestForgetLocalOnlyLater holds that "nobody" is meant, though somebody was to be asked
// before: that goes on in the background, as it would have.
func TestForgetLocalOnlyLater(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	f := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(r.URL))}, SourcePath: sourceWith(t, s, sampleID), SourceID: sampleID}
	first := f.deletion(s.Now())
	if err := s.file(&first); err != nil {
		t.Fatal(err)
	}
	f.LocalOnly = true
	d, _, err := forget(t.Context(), t, s, f)
	if err != nil || !d.Erased || len(r.Requests()) != 0 || !reflect.DeepEqual(d.Requests, first.Requests) {
		t.Errorf("asked %d times, %+v, %v", len(r.Requests()), d, err)
	}
	if due := s.dueDeletions(); len(due) != 1 {
		t.Errorf("due: %q", due)
	}
}

// TestForgetNotFiled holds that a request that cannot be written changes nothing:
// nobody is asked, and the ID stays, or there would be nothing to ask with.
func TestForgetNotFiled(t *testing.T) {
	for name, spoil := range map[string]func(s *Sender) context.Context{
		"no state directory":  func(s *Sender) context.Context { s.dirs().StateHome = ""; return t.Context() },
		"a file in the place": func(s *Sender) context.Context { sendertest.Write(t, s.deletions().Dir(), ""); return t.Context() },
		"a directory in the place": func(s *Sender) context.Context {
			sendertest.Block(t, s.deletions().Path(deletion.HashID(sampleID)))
			return t.Context()
		},
		"one by a newer program": func(s *Sender) context.Context {
			sendertest.Write(t, s.deletions().Path(deletion.HashID(sampleID)), `{"schema":2}`)
			return t.Context()
		},
		"one that is too large": func(s *Sender) context.Context {
			sendertest.Write(t, s.deletions().Path(deletion.HashID(sampleID)), strings.Repeat(" ", 4<<20+1))
			return t.Context()
		},
		"another process is at work": func(s *Sender) context.Context { return occupied(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			r := sendertest.NewReceiver(t, nil)
			source := sourceWith(t, s, sampleID)
			ctx := spoil(&s)
			sendertest.Write(t, filepath.Join(s.dirs().Home, "state", "usagectl", "keys", "mytool"), "key")
			before := sendertest.Tree(t, s.dirs().Home)
			d, removed, err := s.Forget(ctx, Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", r.URL, sendertest.ByHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
			if !errors.Is(err, ErrNotFiled) || removed != nil || d.SHA256 != "" {
				t.Errorf("%+v, %v, %v", d, removed, err)
			}
			if after := sendertest.Tree(t, s.dirs().Home); !maps.Equal(before, after) {
				t.Errorf("\nbefore %q\nafter  %q", before, after)
			}
			if n := len(r.Requests()); n != 0 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// occupied claims the deletion for this process, and returns a context that leaves no
// time to wait for it. Claims go by the file's time, so the clock has to be right.
func occupied(t testing.TB, s *Sender) context.Context {
	t.Helper()
	s.now = time.Now
	if _, err := s.leaseDeletion(deletion.HashID(sampleID)); err != nil {
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
			tool := sendertest.ToolID(t, "mytool")
			source := sourceWith(t, s, sampleID)
			r := sendertest.NewReceiver(t, nil)
			place(t, s.outbox(tool), "new", sampleID)
			sendertest.Write(t, s.keyPath(tool), "key")
			sendertest.Write(t, journalFile(s, tool), sampleID)
			d := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", r.URL, sendertest.ByHTTP(r.URL))}, SourcePath: source, SourceID: sampleID}.deletion(s.Now())
			if done == 0 { // as statefile.Create leaves it: the file aside, and not linked yet
				sendertest.Write(t, filepath.Join(s.deletions().Dir(), "."+d.SHA256+".json.1.tmp"), string(marshalled(t, d)))
			}
			for i, step := range []func() error{
				func() error { return s.file(&d) },
				func() error { _, err := s.removeUnder(t.Context(), s.outbox(tool), d.SourceID); return err },
				func() error { return s.rotate(&d) },
				func() error { return s.journal(tool).Erase() },
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
			got, err := s.doDeletion(t.Context(), d.SHA256, background)
			if err != nil {
				t.Fatal(err)
			}
			if due := s.dueDeletions(); len(due) != 0 {
				t.Errorf("still due: %q", due)
			}
			if done == 0 { // nothing was promised yet, and nothing is kept
				if left := sendertest.Names(t, s.deletions().Dir()); len(left) != 0 || len(r.Requests()) != 0 || got.SHA256 != "" {
					t.Errorf("left %q, asked %d times, %+v", left, len(r.Requests()), got)
				}
				return
			}
			if requests := r.Requests(); len(requests) != 1 || requestID(t, requests[0]) != d.Requests[0].ID.String() {
				t.Errorf("asked %v for %s", requests, d.Requests[0].ID)
			}
			if !got.Erased || got.Requests[0].State != deletion.Accepted || got.SourceID != "" {
				t.Errorf("%+v", got)
			}
			for path, text := range sendertest.Tree(t, s.dirs().Home) {
				if strings.Contains(text, sampleID) || path == s.keyPath(tool) {
					t.Errorf("%s is there: %s", path, text)
				}
			}
		})
	}
}

// TestForgetInterrupted holds that a person who interrupts it has filed it all the same.
func TestForgetInterrupted(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	source := sourceWith(t, s, sampleID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, _, err := forget(ctx, t, s, Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", r.URL, sendertest.ByHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrNotFiled) || len(r.Requests()) != 0 {
		t.Fatalf("asked %d times, %v", len(r.Requests()), err)
	}
	filed, err := s.deletions().Read(d.SHA256)
	if err != nil || filed.Erased || filed.Backoff.Failures != 0 || filed.Requests[0].State != deletion.Pending {
		t.Errorf("%+v, %v", filed, err)
	}
	if got, err := s.doDeletion(t.Context(), d.SHA256, background); err != nil || !got.Done() || len(r.Requests()) != 1 {
		t.Errorf("asked %d times, %+v, %v", len(r.Requests()), got, err)
	}
}

// TestForgetErasesLater holds that what cannot be erased is reported, is no reason not
// to ask, and is tried again, with the ID that it takes.
func TestForgetErasesLater(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	source := sourceWith(t, s, sampleID)
	journal := journalFile(s, sendertest.ToolID(t, "mytool"))
	sendertest.Block(t, journal)
	d, _, err := forget(t.Context(), t, s, Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", r.URL, sendertest.ByHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
	if err == nil || errors.Is(err, ErrNotFiled) || !strings.HasPrefix(err.Error(), "the journal of mytool: ") {
		t.Errorf("got %v", err)
	}
	if d.Erased || d.SourceID != sampleID || d.Requests[0].State != deletion.Accepted || d.Backoff.Failures != 1 || !d.Backoff.Running(noon) {
		t.Errorf("%+v", d)
	}
	sendertest.Gone(t, "the source ID", source) // what can be removed is
	if d, err := s.doDeletion(t.Context(), d.SHA256, awaited); err != nil || d.Erased || d.Backoff.Failures != 2 {
		t.Errorf("again: %+v, %v", d, err)
	}
	if err := os.RemoveAll(journal); err != nil {
		t.Fatal(err)
	}
	if d, err := s.doDeletion(t.Context(), d.SHA256, background); err != nil || d.Erased {
		t.Errorf("during the back-off: %+v, %v", d, err)
	}
	d, err = s.doDeletion(t.Context(), d.SHA256, awaited)
	if err != nil || !d.Erased || d.SourceID != "" || d.Backoff.Running(noon) || len(r.Requests()) != 1 {
		t.Errorf("asked %d times, %+v, %v", len(r.Requests()), d, err)
	}
}

// TestForgetAsksOnlyWhatItCanNote holds that nobody is asked if the answer could not be
// noted, or they would be asked again and again.
func TestForgetAsksOnlyWhatItCanNote(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	source := sourceWith(t, s, sampleID)
	file := s.deletions().Path(deletion.HashID(sampleID))
	s.now = func() time.Time { // which is asked before and after the request is filed
		if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() {
			sendertest.Block(t, file)
		}
		return noon
	}
	_, _, err := s.Forget(t.Context(), Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", r.URL, sendertest.ByHTTP(r.URL))}, SourcePath: source, SourceID: sampleID})
	if !errors.Is(err, ErrNotKept) || errors.Is(err, ErrNotFiled) || len(r.Requests()) != 0 {
		t.Errorf("asked %d times, %v", len(r.Requests()), err)
	}
}
