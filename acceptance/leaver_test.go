//go:build linux

package acceptance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// forgetManifest declares a tool of these tests. %[1]s is its ID, %[2]s where events
// go, %[3]s where deletion requests go, %[4]s the tool whose source ID it has.
const forgetManifest = `schema = 1

[tool]
id      = "%[1]s"
purpose = "To see that it is forgotten."

[identity]
path = "~/.%[4]s/source"

[send]
transport = "http"
endpoint  = "%[2]s/send"

[forget]
method   = "http"
endpoint = "%[3]s/forget/%[1]s"

[[event]]
name = "run"

[[field]]
name    = "id"
from    = "event.id"
purpose = "To tell one event from the other."

[[field]]
name    = "source"
from    = "identity.source"
purpose = "To have an ID that can be forgotten."

[[field]]
name    = "user"
from    = "host.user_hash"
purpose = "To have a key that is forgotten with it."
`

// leaver is a person who has used "mytool" and "mytwin", which share a source ID,
// and wants to be forgotten.
type leaver struct {
	*person
	ask    *recorder // takes deletion requests
	events *recorder // takes events
	old    string    // the source ID
}

// twins are the tools that are forgotten together.
var twins = []string{"mytool", "mytwin"}

func newLeaver(t testing.TB, uid int, asks, events string) *leaver {
	t.Helper()
	return &leaver{person: newPerson(t, uid, "http://"+closedPort(t)), ask: newRecorder(t, asks), events: newRecorder(t, events)}
}

// installs has a tool be known, which shares the source ID of another one.
func (l *leaver) installs(tool, with string, events, ask *recorder) {
	l.t.Helper()
	l.declare(tool, fmt.Sprintf(forgetManifest, tool, events.url(), ask.url(), with))
}

// used has both tools send an event that the receiver does not take now, so that
// there are a source ID, keys, and events that wait.
func (l *leaver) used() {
	l.t.Helper()
	for _, tool := range twins {
		l.installs(tool, "mytool", l.events, l.ask)
		l.runs(0, "enable", "-q", tool)
		l.runs(0, "send", tool, "run")
	}
	eventually(l.t, "the receiver was tried", func() bool {
		return !slices.ContainsFunc(twins, func(tool string) bool { return len(glob(l.state("outbox", tool, "backoff.json"))) == 0 })
	})
	eventually(l.t, "the deliverer ends", func() bool { return len(deliverers(l.home)) == 0 })
	l.old = string(mustRead(l.t, l.source()))
}

// runs runs usagectl, which must end so.
func (l *leaver) runs(want int, args ...string) (stdout, stderr string) {
	l.t.Helper()
	out, msg, code := l.run("", args...)
	if code != want {
		l.t.Errorf("%q: exit code %d, want %d; stdout %q, stderr %q", args, code, want, out, msg)
	}
	return out, msg
}

func (l *leaver) source() string { return filepath.Join(l.home, ".mytool", "source") }

// temporary files leaves the old ID wherever a past crash, a receiver's refusal or a
// delivery can have left it.
func (l *leaver) leftovers() {
	l.t.Helper()
	mustWrite(l.t, filepath.Join(l.home, ".mytool", ".source.123.tmp"), l.old)
	must(l.t, os.MkdirAll(l.state("journal"), 0o700))
	for _, tool := range twins {
		name := filesIn(l.state("outbox", tool, "new"))[0]
		entry := string(mustRead(l.t, l.state("outbox", tool, "new", name)))
		rejected := fmt.Sprintf(`{"at":"2026-01-02T03:04:05Z","answer":"400","entry":%s}`, entry)
		mustWrite(l.t, l.state("outbox", tool, "rejected", entryName(1)), rejected)
		mustWrite(l.t, l.state("outbox", tool, "rejected", "."+name+".123.tmp"), rejected)
		mustWrite(l.t, l.state("outbox", tool, "tmp", entryName(2)), entry[:len(entry)-9])
		mustWrite(l.t, l.state("outbox", tool, "claimed", name+"~1.1.0123456789ab"), entry)
		for _, file := range []string{tool + ".jsonl", tool + ".jsonl.1"} {
			mustWrite(l.t, l.state("journal", file), fmt.Sprintf(`{"schema":1,"at":"2026-01-02T03:04:05Z","event":"run","event_id":"01000000-0000-4000-8000-000000000000","payload":{"source":%q}}`+"\n", l.old))
		}
		mustWrite(l.t, l.state("keys", "."+tool+".123.tmp"), strings.Repeat("k", 32))
	}
}

// another is a person whose home is a copy of this one's, and who has receivers of
// their own.
func (l *leaver) another(t testing.TB, asks, events string) *leaver {
	t.Helper()
	c := newLeaver(t, 0, asks, events)
	c.old = l.old
	names := strings.NewReplacer(l.home, c.home, l.ask.url(), c.ask.url(), l.events.url(), c.events.url())
	must(t, filepath.WalkDir(l.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := c.home + strings.TrimPrefix(path, l.home)
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		return os.WriteFile(to, []byte(names.Replace(string(mustRead(t, path)))), 0o600)
	}))
	return c
}

// filed is a deletion on disk.
type filed struct {
	SHA256   string
	SourceID string `json:"source_id"`
	Erased   bool
	Requests []struct {
		ID          string `json:"request_id"`
		Tools       []string
		State       string
		RequestedAt string `json:"requested_at"`
	}
}

// stateOf is the state of a tool's request; "" if there is none.
func (f *filed) stateOf(tool string) string {
	for _, r := range f.Requests {
		if slices.Contains(r.Tools, tool) {
			return r.State
		}
	}
	return ""
}

// deletion reads the one deletion that there is; nil if there is none. One that is
// there is whole.
func (l *leaver) deletion() *filed {
	l.t.Helper()
	files := glob(l.state("deletions", "*.json"))
	if len(files) == 0 {
		return nil
	}
	if len(files) > 1 {
		l.t.Fatalf("there are %d deletions: %q", len(files), files)
	}
	var f filed
	if err := json.Unmarshal(mustRead(l.t, files[0]), &f); err != nil || len(f.Requests) != len(twins) {
		l.t.Fatalf("the deletion is not whole: %v\n%s", err, mustRead(l.t, files[0]))
	}
	return &f
}

// settled tells whether nothing is left to do: the receiver has said yes to all,
// and nobody holds the deletion or has left anything beside it.
func (l *leaver) settled() bool {
	l.t.Helper()
	names := filesIn(l.state("deletions"))
	if len(names) != 1 || !strings.HasSuffix(names[0], ".json") {
		return false
	}
	f := l.deletion()
	return f != nil && f.Erased && !slices.ContainsFunc(twins, func(tool string) bool { return f.stateOf(tool) != "accepted" })
}

// kept is what a person loses if they are forgotten: all but the deletions.
func (l *leaver) kept() map[string]string {
	l.t.Helper()
	all := contents(l.t, l.home)
	maps.DeleteFunc(all, func(path, _ string) bool { return strings.Contains(path, "/deletions/") })
	return all
}

// holding lists the files that hold the old ID and whose path in the home begins so.
func (l *leaver) holding(prefix string) []string {
	l.t.Helper()
	var list []string
	for path, data := range contents(l.t, l.home) {
		if strings.HasPrefix(path, prefix) && strings.Contains(path+"\n"+data, l.old) {
			list = append(list, path)
		}
	}
	return list
}

// nowhere holds that the old ID is in no file and no file's name.
func (l *leaver) nowhere() {
	l.t.Helper()
	if files := l.holding(""); len(files) > 0 {
		l.t.Errorf("the old ID is still in %q", files)
	}
}

// forgotten holds that all is as it must be in the end. most is how many requests
// of a tool the receiver may have got; all of them are one and the same.
func (l *leaver) forgotten(before map[string]string, most map[string]int) {
	l.t.Helper()
	l.nowhere()
	f := l.deletion()
	if f == nil || f.SourceID != "" {
		l.t.Fatalf("the deletion is %+v, want one without the source ID", f)
	}
	got := map[string]int{}
	for _, body := range l.ask.bodies() {
		var asked struct{ Tool string }
		must(l.t, json.Unmarshal([]byte(body), &asked))
		got[asked.Tool]++
		i := slices.Index(twins, asked.Tool)
		if i < 0 {
			l.t.Fatalf("a request for %q", asked.Tool)
		}
		r := f.Requests[i]
		want := fmt.Sprintf(`{"schema":1,"request_id":%q,"tool":%q,"source_id":%q,"requested_at":%q,"exercise":"deletion"}`, r.ID, asked.Tool, l.old, r.RequestedAt)
		if body != want {
			l.t.Errorf("the receiver got %s\nwant %s", body, want)
		}
	}
	for _, tool := range twins {
		if n := got[tool]; n < 1 || n > most[tool] {
			l.t.Errorf("the receiver got %d requests for %s, want 1 to %d", n, tool, most[tool])
		}
		key := "/.local/state/usagectl/keys/" + tool
		if data, err := os.ReadFile(l.home + key); err == nil && string(data) == before[key] {
			l.t.Errorf("the key of %s is still there", tool)
		}
	}
}
