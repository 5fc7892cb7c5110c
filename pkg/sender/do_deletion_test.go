package sender

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestDeletionLeases holds that of two processes one works at a deletion, and that one
// which was killed is in nobody's way.
func TestDeletionLeases(t *testing.T) {
	self := lease.This()
	dead := sendertest.DeadProcess(t, "")
	for _, c := range []struct {
		name, by string
		age      time.Duration
		asks     bool
	}{
		{"nobody", "", -1, true},
		{"this process", self.String(), 0, false},
		{"another that may live", "1.elsewhere", 0, false},
		{"one that is just beginning", "", 0, false},
		{"one that died", dead.String(), 0, true},
		{"one that died while beginning", "", time.Minute, true},
		{"one that cannot be at it any more", "1.elsewhere", 150 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			now := time.Now() // by which the files are dated
			s.now = func() time.Time { return now }
			r := sendertest.NewReceiver(t, nil)
			d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(r.URL)))
			held := s.deletions().Lease(d.SHA256)
			temporary := filepath.Join(s.deletions().Dir(), "."+d.SHA256+".json.1.tmp")
			sendertest.Write(t, temporary, sampleID)
			if c.age >= 0 {
				sendertest.Write(t, held.Path(), c.by)
				if err := os.Chtimes(held.Path(), now.Add(-c.age), now.Add(-c.age)); err != nil {
					t.Fatal(err)
				}
			}
			if due := len(s.dueDeletions()) == 1; due != c.asks {
				t.Errorf("due: %v", due)
			}
			got, err := s.doDeletion(t.Context(), d.SHA256, awaited)
			if err != nil || len(r.Requests()) == 1 != c.asks {
				t.Errorf("asked %d times, %v", len(r.Requests()), err)
			}
			if !c.asks {
				if !reflect.DeepEqual(got, d) {
					t.Errorf("got %+v, want what is on disk, %+v", got, d)
				}
				if by, err := os.ReadFile(held.Path()); err != nil || string(by) != c.by {
					t.Errorf("the lease became %q, %v", by, err)
				}
				return
			}
			if got.Requests[0].State != deletion.Accepted {
				t.Errorf("%+v", got)
			}
			sendertest.Gone(t, "the lease", held.Path())
			sendertest.Gone(t, "what the killed one left", temporary)
		})
	}
}

// TestDoDeletionAtOnce holds that many who want to ask, ask once.
func TestDoDeletionAtOnce(t *testing.T) {
	s := newSender(t)
	s.now = time.Now
	r := sendertest.NewReceiver(t, nil)
	d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(r.URL)))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			<-start
			s.doDeletions(t.Context(), []string{d.SHA256})
		})
	}
	close(start)
	wg.Wait()
	on, err := s.deletions().Read(d.SHA256)
	if err != nil || len(r.Requests()) != 1 || on.Requests[0].State != deletion.Accepted {
		t.Errorf("asked %d times; %+v, %v", len(r.Requests()), on, err)
	}
}

// TestAwaitDeletion holds that a person waits for a deliverer that is at work, but not
// for ever.
func TestAwaitDeletion(t *testing.T) {
	for _, free := range []time.Duration{0, 3 * time.Second, 2 * leaseWait} {
		t.Run(fmt.Sprint("free after ", free), func(t *testing.T) {
			s := newSender(t)
			now := time.Now()
			s.now = func() time.Time { return now }
			sha := deletion.HashID(sampleID)
			synctest.Test(t, func(t *testing.T) {
				held, err := s.leaseDeletion(sha)
				if err != nil {
					t.Fatal(err)
				}
				release := time.AfterFunc(free, held.release)
				defer release.Stop()
				start := time.Now()
				c, err := s.awaitDeletion(t.Context(), sha)
				if waited := time.Since(start); waited > min(free, leaseWait)+pollInterval {
					t.Errorf("waited %v", waited)
				}
				if (err == nil) != (free < leaseWait) {
					t.Errorf("got %v", err)
				}
				if err == nil {
					c.release()
				}
			})
		})
	}
}

// TestDoDeletion holds what it does not get over.
func TestDoDeletion(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		spoil func(s *Sender, d deletion.Deletion)
		want  error
		same  bool // it is left as it was
	}{
		{"one by a newer program", t.Context(), func(s *Sender, d deletion.Deletion) {
			sendertest.Write(t, s.deletions().Path(d.SHA256), `{"schema":2}`)
		}, outbox.ErrNewer, false},
		{"a damaged one", t.Context(), func(s *Sender, d deletion.Deletion) { sendertest.Write(t, s.deletions().Path(d.SHA256), `{`) }, deletion.ErrDamaged, false},
		{"no time", ended, func(*Sender, deletion.Deletion) {}, nil, true},
		{"erased, and the disk is full", t.Context(), func(s *Sender, d deletion.Deletion) {
			s.now = func() time.Time { // which is asked once before it is read, and once after it is erased
				if _, err := os.Lstat(d.SourcePath); errors.Is(err, os.ErrNotExist) {
					if info, err := os.Lstat(s.deletions().Path(d.SHA256)); err == nil && info.Mode().IsRegular() {
						sendertest.Block(t, s.deletions().Path(d.SHA256))
					}
				}
				return noon
			}
			sendertest.Block(t, journalFile(*s, d.Tools[0])) // so that there is a back-off to note
		}, ErrNotKept, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSender(t)
			n := 0
			s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) { n++; return ok() })}
			d := Forgetting{Tools: []*manifest.Manifest{sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere))}, SourcePath: sourceWith(t, s, sampleID), SourceID: sampleID}.deletion(s.Now())
			if err := s.deletions().Create(d); err != nil {
				t.Fatal(err)
			}
			c.spoil(&s, d)
			_, err := s.doDeletion(c.ctx, d.SHA256, awaited)
			if n != 0 || !errors.Is(err, c.want) {
				t.Errorf("asked %d times, %v", n, err)
			}
			if c.same {
				if on, err := s.deletions().Read(d.SHA256); err != nil || !reflect.DeepEqual(on, d) {
					t.Errorf("on disk: %+v, %v", on, err)
				}
			}
			sendertest.Gone(t, "the lease", s.deletions().Lease(d.SHA256).Path())
		})
	}
}
