//go:build linux

package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestForgetTwice has many forget the same at once. They make one request of it.
func TestForgetTwice(t *testing.T) {
	t.Parallel()
	template := newLeaver(t, 0, "200", "503")
	template.used()
	template.leftovers()
	for range 4 {
		l := template.another(t, "200", "503")
		before := l.kept()
		l.atOnce(16, "forget", "mytool", "--yes")
		// Who finds the ID gone leaves the rest to whoever is at it.
		eventually(t, "all is settled", l.settled)
		l.forgotten(before, map[string]int{"mytool": 1, "mytwin": 1})
	}
}

// atOnce runs usagectl many times at once. Each must succeed.
func (l *leaver) atOnce(n int, args ...string) {
	l.t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { l.runs(0, args...) })
	}
	wg.Wait()
}

// TestForgetBesideSenders forgets in the middle of a storm of events. Once it has
// said that it is done, and once the receiver was asked, nothing comes in under the old ID.
// What comes under the new one is not lost.
func TestForgetBesideSenders(t *testing.T) {
	t.Parallel()
	const most, atATime, first, second = 200, 8, 60, 140 // the person forgets after the first; what follows the second comes after that
	p := newPerson(t, 0, "http://"+closedPort(t))
	in := newRecorderBy(t, lateEvents)
	l := &leaver{person: p}
	p.declare("mytool", fmt.Sprintf(forgetManifest, "mytool", in.url(), in.url(), "mytool"))
	l.runs(0, "enable", "-q", "mytool")
	l.runs(0, "send", "mytool", "run")
	l.old = string(mustRead(t, l.source()))

	sent := make([]taken, most)
	turn := make(chan int)
	var wg sync.WaitGroup
	for range atATime {
		wg.Go(func() {
			for i := range turn {
				sent[i] = l.sends()
			}
		})
	}
	for i := range first {
		turn <- i
	}
	var ended time.Time
	var thrown int
	done := make(chan struct{})
	go func() {
		defer close(done)
		thrown = l.forgets()
		ended = time.Now()
	}()
	for i := first; i < second; i++ {
		turn <- i
	}
	<-done
	for i := second; i < most; i++ {
		turn <- i
	}
	close(turn)
	wg.Wait()
	l.flushed()
	eventually(t, "the deliverers end", func() bool { return len(deliverers(l.home)) == 0 })

	got := cameUnder(t, in.all(), l.old, ended)
	l.nowhere()
	now := string(mustRead(t, l.source()))
	for i, s := range sent[second:] {
		if source := got[s.EventID]; source == "" || source != now {
			t.Errorf("event %d, sent after the ID was forgotten, arrived under %q, want %q", second+i, source, now)
		}
	}
	// What did not arrive was thrown away, by forget or whoever found it later.
	lost, unkept := 0, 0
	for _, s := range sent {
		if got[s.EventID] == "" {
			lost++
		}
		if s.Reason.Rule == "state" { // its file was removed while it was written
			unkept++
		}
	}
	out, msg, code := l.run("", "status", "mytool", "--json")
	dropped := countsOf(t, out, msg, code).Dropped
	t.Logf("%d of %d events did not arrive; %d were thrown away, %d dropped, %d not kept", lost, most, thrown, dropped, unkept)
	if lost > thrown+dropped+unkept {
		t.Errorf("%d events are lost", lost-thrown-dropped-unkept)
	}
}

// taken is what "send --json" says of an event.
type taken struct {
	Outcome string
	EventID string `json:"event_id"`
	Reason  struct{ Rule string }
}

// sends sends an event.
func (l *leaver) sends() taken {
	l.t.Helper()
	out, msg := l.runs(0, "send", "mytool", "run", "--json")
	var s taken
	if err := json.Unmarshal([]byte(out), &s); err != nil || s.Outcome != "queued" || msg != "" {
		l.t.Errorf("send: %v, stdout %q, stderr %q", err, out, msg)
	}
	return s
}

// forgets forgets the tool, and returns how many events were thrown away.
func (l *leaver) forgets() int {
	l.t.Helper()
	out, msg := l.runs(0, "forget", "mytool", "--yes", "--json")
	var told struct {
		Tools []struct {
			Forgotten bool
			Events    int
			Deletions []struct{ State string }
		}
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil || len(told.Tools) != 1 || !told.Tools[0].Forgotten ||
		len(told.Tools[0].Deletions) != 1 || told.Tools[0].Deletions[0].State != "accepted" {
		l.t.Errorf("forget: %v, stdout %q, stderr %q", err, out, msg)
		return 0
	}
	return told.Tools[0].Events
}

// lateEvents answers a deletion request at once. It takes its time before it keeps an event: a
// deletion that was asked for before would miss it.
func lateEvents(_ int, body string) string {
	if strings.Contains(body, `"exercise":"deletion"`) {
		return "200"
	}
	return "late"
}

// cameUnder holds that the receiver was asked once, and that nothing came under the old ID
// after that or after the end of forgetting. It returns the source ID of each event.
func cameUnder(t *testing.T, requests []request, old string, ended time.Time) (sources map[string]string) {
	t.Helper()
	sources = map[string]string{}
	asked, news := 0, map[string]int{}
	for _, r := range requests {
		var doc struct {
			ID, Source string
			SourceID   string `json:"source_id"`
		}
		must(t, json.Unmarshal(r.body, &doc))
		switch {
		case strings.HasPrefix(r.line, "POST /forget"):
			asked++
			if doc.SourceID != old {
				t.Errorf("the deletion of %q was asked for, want %q", doc.SourceID, old)
			}
			continue
		case doc.Source != old:
			news[doc.Source]++
		case asked > 0 || r.at.After(ended):
			t.Errorf("event %s came under the old ID, %v after forget had ended; the receiver was asked %d times by then", doc.ID, r.at.Sub(ended), asked)
		}
		sources[doc.ID] = doc.Source
	}
	if asked != 1 {
		t.Errorf("the receiver was asked %d times", asked)
	}
	t.Logf("events under other IDs: %v", news)
	return sources
}

// TestForgetLocalOnly holds that nobody is asked who is not to be, and that nothing
// is sent by the way, be it what waits for another tool.
func TestForgetLocalOnly(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	l := newLeaver(t, 0, "200", "503")
	l.used()
	l.leftovers()
	before := l.kept()
	other := newRecorder(t, "503", "200")
	l.installs("other", "other", l.events, other)
	l.runs(0, "enable", "-q", "other")
	l.runs(0, "send", "other", "run")
	l.runs(0, "forget", "other", "--yes")
	eventually(t, "the deliverers end", func() bool { return len(deliverers(l.home)) == 0 })
	pending := glob(l.state("deletions", "*.json"))
	waits := regexp.MustCompile(`"not_before":"[^"]*"`).ReplaceAllString(string(mustRead(t, pending[0])), `"not_before":"2026-01-02T03:04:05Z"`)
	mustWrite(t, pending[0], waits) // its turn has come
	events := len(l.events.bodies())

	cmd, trace := l.traced("forget", "mytool", "--yes", "--local-only")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for _, call := range trace() {
		// A program that was built with cgo may ask a local name service who the user is.
		if network.MatchString(call) && !strings.Contains(call, "AF_UNIX") && !strings.Contains(call, "AF_NETLINK") || started.MatchString(call) {
			t.Errorf("forget did %s", call)
		}
	}
	l.nowhere()
	for path, data := range before {
		_, err := os.Stat(l.home + path)
		if gone := errors.Is(err, fs.ErrNotExist); strings.Contains(path, "/keys/") && !gone {
			t.Errorf("%s is still there", path)
		} else if !strings.Contains(data, l.old) && !strings.Contains(path, "/keys/") && gone {
			t.Errorf("%s is gone", path)
		}
	}
	files := glob(l.state("deletions", "*"))
	i := slices.IndexFunc(files, func(f string) bool { return f != pending[0] })
	var f filed
	if len(files) != 2 {
		t.Fatalf("deletions: %q, want two", files)
	}
	if err := json.Unmarshal(mustRead(t, files[i]), &f); err != nil || !f.Erased || f.SourceID != "" || len(f.Requests) > 0 {
		t.Errorf("the deletion is %v %s", err, mustRead(t, files[i]))
	}
	if n := len(l.ask.bodies()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
	if n := len(l.events.bodies()); n > events {
		t.Errorf("%d events left", n-events)
	}
	if n := len(other.bodies()); n != 1 || string(mustRead(t, pending[0])) != waits {
		t.Errorf("the other tool's request was sent %d times, want once, before: %s", n, mustRead(t, pending[0]))
	}
	l.runs(0, "status", "-q")
	eventually(t, "the other tool's request, whose turn it was all the time, is sent", func() bool { return len(other.bodies()) == 2 })
}

// TestForgetFullDisk forgets where the request cannot be written. Nothing is changed
// then, and when it can be written all goes its way.
func TestForgetFullDisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, options string
		fill          func(t *testing.T, dir string)
	}{
		{"no space", "size=512k", fillSpace},
		{"space for the claim", "size=512k", func(t *testing.T, dir string) {
			fillSpace(t, dir)
			filling, err := os.Stat(filepath.Join(dir, "filling"))
			must(t, err)
			must(t, os.Truncate(filepath.Join(dir, "filling"), filling.Size()-int64(os.Getpagesize())))
		}},
		{"no inodes", "nr_inodes=128", fillInodes},
		{"an inode for the claim", "nr_inodes=128", func(t *testing.T, dir string) {
			fillInodes(t, dir)
			must(t, os.Remove(filepath.Join(dir, "filling0")))
		}},
	} {
		for _, used := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, used before %v", c.name, used), func(t *testing.T) {
				t.Parallel()
				private(t, unix.CLONE_NEWNS)
				l := newLeaver(t, 0, "200", "503")
				mountTmpfs(t, l.state(), c.options)
				l.used()
				l.leftovers()
				if used {
					must(t, os.Mkdir(l.state("deletions"), 0o700))
				}
				c.fill(t, l.state())
				l.refuses()
				for _, file := range glob(l.state("filling*")) {
					must(t, os.Remove(file))
				}
				l.runs(0, "forget", "mytool", "--yes")
				l.nowhere()
			})
		}
	}
}

// TestForgetFullDiskReadOnly forgets as somebody who may not write where the request
// belongs, but where all the rest is. (It is no full disk, but comes to the same.)
func TestForgetFullDiskReadOnly(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", "deletions"} {
		t.Run(filepath.Base(filepath.Join("state", dir)), func(t *testing.T) {
			t.Parallel()
			l := newLeaver(t, nobody, "200", "503")
			l.used()
			must(t, os.MkdirAll(l.state(dir), 0o755))
			must(t, os.Chown(l.state(dir), 0, 0))
			must(t, os.Chmod(l.state(dir), 0o755))
			l.refuses()
			must(t, os.Chown(l.state(dir), nobody, nobody))
			l.runs(0, "forget", "mytool", "--yes")
			l.nowhere()
		})
	}
}

// refuses holds that forget changes nothing, and says so.
func (l *leaver) refuses() {
	l.t.Helper()
	before := contents(l.t, l.home)
	const cannotCreate = 73
	for _, args := range [][]string{{"forget", "mytool", "--yes"}, {"forget", "mytool", "--yes", "--local-only"}} {
		out, msg := l.runs(cannotCreate, args...)
		if out != "" || !strings.Contains(msg, "nothing was changed") {
			l.t.Errorf("%q: stdout %q, stderr %q", args, out, msg)
		}
		if after := contents(l.t, l.home); !maps.Equal(after, before) {
			l.t.Errorf("%q: there was\n%q\nand is\n%q", args, before, after)
		}
	}
	if n := len(l.ask.bodies()); n > 0 {
		l.t.Errorf("%d requests were sent", n)
	}
}
