package sender

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// TestRunDoesDeletions holds that the background deliverer asks, and ends when there
// is nothing left that it could do, whatever lies among the deletions.
func TestRunDoesDeletions(t *testing.T) {
	s := newSender(t)
	d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)), sendertest.Tool(t, "other", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)))
	dir := s.deletions().Dir()
	sendertest.Write(t, filepath.Join(dir, "."+deletion.HashID("crashed")+".json.1.tmp"), "an ID")
	foreign := []string{d.SHA256 + ".json~", "." + d.SHA256 + ".json.swp", "README"}
	for _, name := range foreign {
		sendertest.Write(t, filepath.Join(dir, name), "")
	}
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s.now = time.Now
		s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return unavailable()
			}
			return ok()
		})}
		start := time.Now()
		s.Run(t.Context())
		if took := time.Since(start); n != 2 || took > 2*linger {
			t.Errorf("asked %d times, took %v", n, took)
		}
		if due := s.dueDeletions(); len(due) != 0 {
			t.Errorf("still due: %q", due)
		}
	})
	on, err := s.deletions().Read(d.SHA256)
	if err != nil || on.Requests[0].State != deletion.Pending || on.Requests[1].State != deletion.Accepted || on.SourceID == "" {
		t.Errorf("%+v, %v", on, err)
	}
	if left, want := sendertest.Names(t, dir), append(foreign, d.SHA256+".json"); !slices.Equal(left, slices.Sorted(slices.Values(want))) {
		t.Errorf("left: %q", left)
	}
}

// TestRunEndsWithinAMinute holds that a deliverer ends in time though there is more to do, and
// each request takes as long as it may.
func TestRunEndsWithinAMinute(t *testing.T) {
	s := newSender(t)
	_, terms := agreedTool(t, s, sendertest.Nowhere)
	for range 100 {
		queue(t, s, terms, noon)
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s.now = func() time.Time { return noon.Add(time.Since(start)) }
		s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) {
			time.Sleep(transport.AttemptTimeout - time.Second)
			return ok()
		})}
		s.Run(t.Context())
		if took := time.Since(start); took < deliverTime || took > time.Minute {
			t.Errorf("it took %v", took)
		}
	})
	if c, err := s.outbox(sendertest.ToolID(t, "mytool")).Count(); err != nil || c.Queued == 0 {
		t.Errorf("%+v, %v: was there more to do?", c, err)
	}
}

// TestRunAsksOnlyOnce holds that a deliverer which cannot note what it was told, as on a
// disk that is full, does not ask again and again, and neither works nor waits in vain.
func TestRunAsksOnlyOnce(t *testing.T) {
	for name, noted := range map[string]bool{"the answer cannot be noted": false, "what a crash left cannot be removed": true} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			d := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)))
			file := s.deletions().Path(d.SHA256)
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			temporary := "." + deletion.HashID("crashed") + ".json.1.tmp"
			if noted {
				sendertest.Block(t, filepath.Join(s.deletions().Dir(), temporary))
			}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var mu sync.Mutex
				n, looks := 0, 0
				s.now = func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					if looks++; looks == 1000 {
						t.Error("it looks without end, and no time passes")
						cancel()
					}
					_, err := os.Lstat(s.deletions().Lease(d.SHA256).Path())
					if info, fileErr := os.Lstat(file); err != nil && fileErr == nil && info.IsDir() { // given up: as it was
						if err := os.RemoveAll(file); err != nil {
							t.Error(err)
						}
						sendertest.Write(t, file, string(whole))
					}
					return time.Now()
				}
				s.client = &http.Client{Transport: sendertest.RoundTrip(func(*http.Request) (*http.Response, error) {
					if n++; !noted {
						sendertest.Block(t, file)
					}
					return ok()
				})}
				start := time.Now()
				s.Run(ctx)
				if took := time.Since(start); n != 1 || took > 2*linger {
					t.Errorf("asked %d times, took %v", n, took)
				}
			})
			if due := len(s.dueDeletions()); due != 1 { // the next deliverer tries again
				t.Errorf("%d are due", due)
			}
		})
	}
}

// TestStartNext holds that a deliverer whose time is over has another one go on, if there is
// something that it could deliver.
func TestStartNext(t *testing.T) {
	s, m, started := takingAt(t, sendertest.Nowhere)
	s.now = nil // a lease's age is by the file system's clock
	d := &deliverer{
		Sender: s, self: lease.This(), holds: map[manifest.ID]bool{}, busy: map[manifest.ID]bool{}, seen: map[manifest.ID][]string{},
		own: map[manifest.ID]string{}, by: s.sharedWay(),
	}
	sendertest.Must(t, s.outbox(m.Tool.ID).Create())
	d.startNext()
	if *started != 0 {
		t.Error("one was started for nothing")
	}
	if got := s.TakeStream(t.Context(), Stream{Manifest: m}, strings.NewReader(`{"event":"run"}`)); got.Taken != 1 {
		t.Fatalf("%+v", got)
	}
	sendertest.Must(t, os.RemoveAll(s.sharedLease().Path()))
	*started = 0
	d.startNext()
	holder, held := s.sharedLease().Holder(s.Now(), lease.This)
	if *started != 1 || !held || !slices.Contains(holder.Note, bundlesWord) {
		t.Errorf("started: %d, %+v", *started, holder)
	}
	d.startNext() // which can be relied on
	if *started != 1 {
		t.Errorf("started: %d", *started)
	}
}
