package sender

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

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
			s := newSender(t)
			o := s.outbox(sendertest.ToolID(t, "mytool"))
			e := place(t, o, "new", c.id)
			synctest.Test(t, func(t *testing.T) { // where time is not waited for
				s.now = time.Now
				way, err := o.Claim(e.Name(), lease.This(), time.Now())
				if err != nil {
					t.Fatal(err)
				}
				delivered := make(chan error, 1)
				if c.delivered > 0 {
					time.AfterFunc(c.delivered, func() { delivered <- way.Done() })
				} else {
					delivered <- nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), c.give)
				defer cancel()
				start := time.Now()
				n, err := s.removeUnder(ctx, o, sampleID)
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
			temporary := filepath.Join(filepath.Dir(d.SourcePath), ".source.1.tmp")
			sendertest.Write(t, temporary, sampleID)
			if c.source == "" {
				if err := os.Remove(d.SourcePath); err != nil {
					t.Fatal(err)
				}
			}
			for _, tool := range d.Tools {
				sendertest.Write(t, s.keyPath(tool), "key")
				sendertest.Write(t, filepath.Join(filepath.Dir(s.keyPath(tool)), "."+tool.String()+".1.tmp"), "key")
			}
			if c.blocked {
				sendertest.Block(t, s.keyPath(d.Tools[1]))
			}
			before := sendertest.Tree(t, s.dirs().Home)
			if err := s.rotate(&d); (err != nil) != c.blocked {
				t.Error(err)
			}
			after := sendertest.Tree(t, s.dirs().Home)
			if c.keys {
				delete(before, temporary) // it holds the old ID
				if !maps.Equal(before, after) {
					t.Errorf("\nbefore %q\nafter  %q", before, after)
				}
				return
			}
			if _, there := after[d.SourcePath]; there != c.stays {
				t.Errorf("the ID file is there: %v", there)
			}
			if _, there := after[temporary]; there != c.blocked {
				t.Errorf("what a crash left of the ID is there: %v", there)
			}
			for path := range after {
				if strings.HasPrefix(path, filepath.Dir(s.keyPath(d.Tools[0]))) && !strings.HasSuffix(path, "in the way") {
					t.Errorf("left: %s", path)
				}
			}
		})
	}
}

func TestEraseHere(t *testing.T) {
	s := newSender(t)
	tool, other := sendertest.ToolID(t, "mytool"), sendertest.ToolID(t, "other")
	for _, tool := range []manifest.ID{tool, other} {
		for _, part := range []string{"new", "claimed", "tmp", "rejected"} {
			place(t, s.outbox(tool), part, sampleID)
		}
		sendertest.Write(t, s.keyPath(tool), "key")
		sendertest.Write(t, journalFile(s, tool), "journal")
	}
	before := sendertest.Tree(t, s.state())
	if e, err := s.EraseHere(t.Context(), tool); e != (Emptied{Discarded: 2}) || err != nil {
		t.Errorf("%+v, %v", e, err)
	}
	if count, err := s.outbox(tool).Count(); err != nil || count != (outbox.Count{Dropped: 3}) {
		t.Errorf("%+v, %v", count, err)
	}
	maps.DeleteFunc(before, func(path, _ string) bool { return strings.Contains(path, "mytool") })
	after := sendertest.Tree(t, s.state())
	losses := s.outbox(tool).Path("dropped")
	if strings.Contains(after[losses], sampleID) {
		t.Errorf("the record of losses names the ID: %s", after[losses])
	}
	delete(after, losses)
	if !maps.Equal(before, after) {
		t.Errorf("left: %q, want %q", after, before)
	}
	if e, err := s.EraseHere(t.Context(), sendertest.ToolID(t, "third")); e != (Emptied{}) || err != nil {
		t.Errorf("nothing: %+v, %v", e, err)
	}
	s.dirs().StateHome = ""
	if e, err := s.EraseHere(t.Context(), tool); e != (Emptied{}) || err != nil {
		t.Errorf("no state directory: %+v, %v", e, err)
	}
}

// TestSourcePath holds that a deletion on disk has no file removed that is no place
// for a source ID, even if the ID is in it.
func TestSourcePath(t *testing.T) {
	outside := t.TempDir()
	for path, removed := range map[string]bool{
		"~/.mytool/source": true, "~/.moved/elsewhere/source": true, "~/source": false, "~/.mytool/../source": false, outside + "/mytool/source": false,
	} {
		s := newSender(t)
		d := deletionIn(t, false)
		d.SourcePath = strings.Replace(path, "~", s.dirs().Home, 1)
		sendertest.Must(t, os.MkdirAll(filepath.Join(s.dirs().Home, ".mytool"), 0o700))
		sendertest.Write(t, d.SourcePath, sampleID)
		sendertest.Must(t, s.deletions().Create(d))
		if listed := len(s.Unused()) > 0; listed == removed {
			t.Errorf("%s is not used: %v", path, listed)
		}
		if _, err := s.doDeletion(t.Context(), d.SHA256, awaited); err != nil && removed {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := os.Lstat(d.SourcePath); (err != nil) != removed {
			t.Errorf("%s is removed: %v", path, err)
		}
	}
}

// TestAnswerWithAnotherID has a server answer with an ID that was not in the request: it
// knows it from before. Nothing that is kept has it, so forgetting it leaves nothing.
func TestAnswerWithAnotherID(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusBadRequest} {
		r := sendertest.NewReceiver(t, nil)
		r.Answer = func(w http.ResponseWriter) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":"%s is unknown, and so is %s"}`, sampleID, strings.ReplaceAll(sampleID, "-", ""))
		}
		s := newSender(t)
		queueFor(t, s, `"http"`, r.URL)
		if sum := s.drain(t.Context(), sendertest.ToolID(t, "mytool"), func(int) {}); sum.Sent != 0 || len(r.Requests()) != 1 {
			t.Errorf("%d: %+v", status, sum)
		}
		said := false
		for path, data := range sendertest.Tree(t, s.state()) {
			said = said || strings.Contains(data, "is unknown")
			if strings.Contains(data, sampleID[:8]) {
				t.Errorf("%d: %s has the ID: %s", status, path, data)
			}
		}
		if !said {
			t.Errorf("%d: the answer is not kept at all", status)
		}
	}
}
