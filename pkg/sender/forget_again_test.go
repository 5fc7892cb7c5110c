package sender

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestFile holds what becomes of a deletion of the same ID that is there before.
func TestFile(t *testing.T) {
	for _, c := range []struct {
		name      string
		erased    bool
		old       []deletion.State // of mytool's requests; nil: none
		localOnly bool
		spoil     string // what stands on disk instead of the old one
		kept      int    // of the old requests
		added     int    // of the new ones
	}{
		{name: "none", added: 1},
		{name: "none, nobody to ask", localOnly: true},
		{name: "half a file", spoil: `{"schema":1,"sha2`, added: 1},
		{name: "an empty file", spoil: "\x00", added: 1},
		{name: "open", erased: true, old: []deletion.State{deletion.Pending}, kept: 1},
		{name: "open, not erased", old: []deletion.State{deletion.Pending}, kept: 1},
		{name: "by mail", erased: true, old: []deletion.State{deletion.ByMail}, kept: 1},
		{name: "failed", erased: true, old: []deletion.State{deletion.Failed}, kept: 1},
		{name: "open beside a settled one", erased: true, old: []deletion.State{deletion.Accepted, deletion.Pending}, kept: 2},
		{name: "open, nobody to ask now", erased: true, old: []deletion.State{deletion.Pending}, localOnly: true, kept: 1},
		{name: "accepted, and the ID has come back", erased: true, old: []deletion.State{deletion.Accepted}, kept: 1, added: 1},
		{name: "confirmed, and the ID has come back", erased: true, old: []deletion.State{deletion.Confirmed}, kept: 1, added: 1},
		{name: "accepted, and the ID was never gone", old: []deletion.State{deletion.Accepted}, kept: 1},
		{name: "nobody was asked", erased: true, old: []deletion.State{}, added: 1},
		{name: "nobody was to be asked, and a crash", old: []deletion.State{}, added: 1},
		{name: "nobody was asked, and is not now", erased: true, old: []deletion.State{}, localOnly: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			ds := s.deletions()
			path := ds.Path(deletion.HashID(sampleID))
			var old deletion.Deletion
			if c.old != nil {
				old = deletionIn(t, c.erased, c.old...)
				old.Tools = []manifest.ID{sendertest.ToolID(t, "mytool")}
				if err := ds.Write(&old); err != nil {
					t.Fatal(err)
				}
			}
			if c.spoil != "" {
				sendertest.Write(t, path, strings.Trim(c.spoil, "\x00"))
			}
			f := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere))}, SourcePath: "/moved/source", SourceID: sampleID, LocalOnly: c.localOnly}
			s.now = func() time.Time { return noon.Add(time.Hour) }
			d := f.deletion(s.Now())
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
			if since := d.RequestedAt.Equal(noon); since != old.Open() {
				t.Errorf("it is since %v", d.RequestedAt)
			}
			if filed, err := ds.Read(d.SHA256); err != nil || !reflect.DeepEqual(filed, d) {
				t.Errorf("on disk:\n got %+v, %v\nwant %+v", filed, err, d)
			}
		})
	}
}

// TestFileForMoreTools holds that a tool that came to share the ID since is erased and
// asked as well.
func TestFileForMoreTools(t *testing.T) {
	s := newSender(t)
	mine, other := sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)), sendertest.Tool(t, "other", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere))
	f := Forgetting{Tools: []*manifest.Manifest{mine}, SourcePath: "/source", SourceID: sampleID}
	first := f.deletion(s.Now())
	if err := s.file(&first); err != nil {
		t.Fatal(err)
	}
	f.Tools = []*manifest.Manifest{other}
	second := f.deletion(s.Now())
	fresh := second.Requests[0]
	if err := s.file(&second); err != nil {
		t.Fatal(err)
	}
	if !second.Of(mine.Tool.ID) || !second.Of(other.Tool.ID) || !reflect.DeepEqual(second.Requests, []deletion.Request{first.Requests[0], fresh}) {
		t.Errorf("%+v", second)
	}
}

// TestFileAsksAnew holds that each tool is looked at by itself: the one that has deleted
// what it held is asked for what it may have collected since, whatever became of the other.
func TestFileAsksAnew(t *testing.T) {
	s := newSender(t)
	f := Forgetting{
		Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)), sendertest.Tool(t, "other", sendertest.Nowhere, `method = "none"`)}, SourcePath: "/source", SourceID: sampleID,
	}
	first := f.deletion(s.Now())
	first.Erased, first.Requests[0].State = true, deletion.Accepted
	if err := s.deletions().Write(&first); err != nil {
		t.Fatal(err)
	}
	second := f.deletion(s.Now())
	fresh := second.Requests[0]
	if err := s.file(&second); err != nil || !reflect.DeepEqual(second.Requests, append(first.Requests, fresh)) {
		t.Errorf("%+v, %v", second.Requests, err)
	}
}

// TestFileLeavesTheNewerAlone holds that a newer program's deletion is not written over.
func TestFileLeavesTheNewerAlone(t *testing.T) {
	s := newSender(t)
	const newer = `{"schema":2,"secret":"of the future"}`
	path := s.deletions().Path(deletion.HashID(sampleID))
	sendertest.Write(t, path, newer)
	d := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere))}, SourceID: sampleID}.deletion(s.Now())
	if err := s.file(&d); !errors.Is(err, outbox.ErrNewer) {
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
	tool := sendertest.ToolID(t, "mytool")
	f := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", sendertest.Nowhere, `method = "mail", mail = "privacy@mytool.example"`)}, SourcePath: sourceWith(t, s, sampleID), SourceID: sampleID}
	first, _, err := forget(t.Context(), t, s, f)
	if err != nil {
		t.Fatal(err)
	}
	f.SourcePath = filepath.Join(s.dirs().Home, ".elsewhere", "source")
	sendertest.Write(t, f.SourcePath, sampleID)
	sendertest.Write(t, s.keyPath(tool), "key")
	if kept, err := s.Kept(); err != nil || !slices.Equal(kept, []manifest.ID{tool}) {
		t.Errorf("a key is not listed: %v, %v", kept, err)
	}
	place(t, s.outbox(tool), "new", sampleID)
	second, removed, err := forget(t.Context(), t, s, f)
	if err != nil || removed[tool] != 1 || !second.Erased || !reflect.DeepEqual(second.Requests, first.Requests) {
		t.Errorf("%+v, %v, %v", second, removed, err)
	}
	sendertest.Gone(t, "the source ID", f.SourcePath)
	sendertest.Gone(t, "the key", s.keyPath(tool))
}

// TestForgetAtOnce holds that of many who forget the same ID at once one asks, and that
// the others, who have read the ID before it was gone, do not take it for one that has
// come back.
func TestForgetAtOnce(t *testing.T) {
	s := newSender(t)
	s.now = time.Now
	r := sendertest.NewReceiver(t, nil)
	f := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(r.URL))}, SourcePath: sourceWith(t, s, sampleID), SourceID: sampleID}
	list := make([]deletion.Deletion, 4)
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i := range list {
		wg.Go(func() { list[i], _, errs[i] = forget(t.Context(), t, s, f) })
	}
	wg.Wait()
	for i, d := range list {
		if errs[i] != nil || !reflect.DeepEqual(d, list[0]) || !d.Done() {
			t.Errorf("%+v, %v", d, errs[i])
		}
	}
	if n := len(r.Requests()); n != 1 {
		t.Errorf("asked %d times", n)
	}
	sendertest.Write(t, f.SourcePath, otherID) // a new one, made meanwhile
	if d, removed, err := forget(t.Context(), t, s, f); err != nil || len(removed) != 0 || !reflect.DeepEqual(d, list[0]) {
		t.Errorf("%+v, %v, %v", d, removed, err)
	}
	f.Tools = append(f.Tools, sendertest.Tool(t, "other", sendertest.Nowhere, sendertest.ByHTTP(r.URL))) // one that was not asked
	if d, _, err := forget(t.Context(), t, s, f); err != nil || len(d.Requests) < 2 || len(r.Requests()) < 2 {
		t.Errorf("%+v, %v", d, err)
	}
	if data, err := os.ReadFile(f.SourcePath); err != nil || string(data) != otherID {
		t.Errorf("the new ID became %s, %v", data, err)
	}
}
