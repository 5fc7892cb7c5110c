//go:build linux

package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Forgetting survives whatever comes in between: a crash at any point, others who
// forget or send at the same time, a full disk. Either nothing was changed, or it
// is carried on by itself until the receiver has said yes, and nothing leaves
// under the old ID any more.

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

func newLeaver(t *testing.T, uid uint32, asks, events string) *leaver {
	t.Helper()
	l := &leaver{person: newPerson(t, uid, "http://"+closedPort(t)), ask: newRecorder([]string{asks}), events: newRecorder([]string{events})}
	t.Cleanup(l.ask.close)
	t.Cleanup(l.events.close)
	return l
}

// declare has a tool be known, which shares the source ID of another one.
func (l *leaver) declare(tool, with string, events, ask *recorder) {
	l.t.Helper()
	path := filepath.Join(l.home, ".local", "share", "usagectl", "tools", tool+".toml")
	mustWrite(l.t, path, fmt.Sprintf(forgetManifest, tool, events.url(), ask.url(), with))
	must(l.t, os.Chown(path, int(l.user.Uid), int(l.user.Gid)))
}

// used has both tools send an event that the receiver does not take now, so that
// there are a source ID, keys, and events that wait.
func (l *leaver) used() {
	l.t.Helper()
	for _, tool := range twins {
		l.declare(tool, "mytool", l.events, l.ask)
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

// litter leaves the old ID wherever a past crash, a receiver's refusal or a
// delivery can have left it.
func (l *leaver) litter() {
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
			mustWrite(l.t, l.state("journal", file), fmt.Sprintf(`{"schema":1,"at":"2026-01-02T03:04:05Z","payload":{"source":%q}}`+"\n", l.old))
		}
		mustWrite(l.t, l.state("keys", "."+tool+".123.tmp"), strings.Repeat("k", 32))
	}
}

// another is a person whose home is a copy of this one's, and who has receivers of
// their own.
func (l *leaver) another(t *testing.T, asks, events string) *leaver {
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

// gotBy are the bodies of the requests that a recorder got.
func gotBy(r *recorder) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]string, len(r.bodies))
	for i, b := range r.bodies {
		list[i] = string(b)
	}
	return list
}

// leaked is how many events left under the old ID.
func (l *leaver) leaked() int {
	return len(slices.DeleteFunc(gotBy(l.events), func(b string) bool { return !strings.Contains(b, l.old) }))
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

// contents are the files below a directory, with what is in them.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // the baton of a deliverer that ends
			return nil
		}
		all[strings.TrimPrefix(path, dir)] = string(data)
		return err
	}))
	return all
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

func glob(pattern string) []string {
	list, err := filepath.Glob(pattern)
	if err != nil {
		panic(err)
	}
	return list
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
	for _, body := range gotBy(l.ask) {
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

// TestForgetCrash kills "forget" right before each of its system calls that changes
// something. Any command of a person then leads to the end, unless the request was
// not filed: then nothing was changed.
func TestForgetCrash(t *testing.T) {
	needProgram(t, "strace")
	template := newLeaver(t, 0, "200", "503")
	template.used()
	template.litter()
	moments := newKillPoints(template.watch(t))
	for most := maxTries; !moments.known(); most-- {
		if most == 0 {
			t.Fatal("what forget does moves from thread to thread in every run")
		}
		moments.learn(template.watch(t))
	}

	const atATime = 4 // they wait for deliverers more than they compute
	var wg sync.WaitGroup
	for range atATime {
		wg.Go(func() {
			for n, aim, ok := moments.next(); ok && !t.Failed(); n, aim, ok = moments.next() {
				// Not with t.Parallel: what is tried next depends on what the last ones hit.
				t.Run(fmt.Sprintf("%03d %s", n, aim.point), func(t *testing.T) {
					v := victim{leaver: template.another(t, "200", "503"), n: n}
					calls, killed := v.forgetKilled(moments.kinds, aim.call)
					moments.note(aim, calls, killed)
					v.goOn(calls, killed)
				})
			}
		})
	}
	wg.Wait()
	if !t.Failed() {
		moments.report(t)
	}
}

// call is a system call that a run made, or was about to make.
type call struct {
	kind    string // the system call
	nth     int    // which one of its kind in its thread: so strace counts
	changes bool   // something that lasts
	point   string // of one that changes something: what it does, and for the how-manieth time
	done    bool   // the process did not end before
}

var (
	tracedCall = regexp.MustCompile(`^(\d+) +(\w+)\((.*)$`)
	tracedName = regexp.MustCompile(`"(/[^"]*)"|^\d+<([^>]*)>|"(POST [^ ]*)`)
	randomPart = regexp.MustCompile(`(\d+\.[0-9a-f]+\.)?\d+\.tmp|\[\d+\]|[0-9a-f]{64}|[0-9a-f]{16}-[0-9a-f-]{36}`)
	resumed    = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>`)
)

// harmless are the system calls that change nothing that lasts. Any other is
// one to be killed at.
var harmless = regexp.MustCompile(`^(` +
	`nanosleep|read|readv|pread64|close|dup3?|fstat|fstatfs|statfs|newfstatat|stat|lstat|statx|lseek|getdents64|fcntl|ioctl|mmap|fadvise64|` +
	`epoll_\w+|poll|ppoll|p?select6?|eventfd2|pipe2?|readlink|readlinkat|access|faccessat2?|getcwd|execve|chdir|fchdir|` +
	`socket|socketpair|bind|getsockname|getpeername|[gs]etsockopt|recv\w*|accept4?` +
	`)$`)

// changing tells whether a system call changes something that lasts.
func changing(kind, args string) bool {
	coverage := os.Getenv("GOCOVERDIR")
	switch {
	case strings.Contains(args, "anon_inode"), coverage != "" && strings.Contains(args, coverage): // Go's runtime at work
		return false
	case kind == "openat" || kind == "open":
		return strings.Contains(args, "O_CREAT") || strings.Contains(args, "O_TRUNC")
	}
	return !harmless.MatchString(kind)
}

// callsOf reads a trace.
func callsOf(trace, home string) []call {
	var calls []call
	nth := map[string]int{}   // by thread and kind
	times := map[string]int{} // by what it does
	begun := map[string]int{} // by thread and kind: the call that has not returned
	for line := range strings.Lines(trace) {
		line = strings.TrimSuffix(line, "\n")
		done := !strings.HasSuffix(line, "<unfinished ...>") && !strings.HasSuffix(line, "= ?")
		if m := resumed.FindStringSubmatch(line); m != nil {
			if i, ok := begun[m[1]+m[2]]; ok {
				calls[i].done = done
			}
			continue
		}
		m := tracedCall.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		kind, args := m[2], m[3]
		nth[m[1]+kind]++
		begun[m[1]+kind] = len(calls)
		c := call{kind: kind, nth: nth[m[1]+kind], changes: changing(kind, args), done: done}
		if c.changes {
			what := kind
			for _, name := range tracedName.FindAllStringSubmatch(args, -1) {
				path := strings.Replace(name[1]+name[2]+name[3], filepath.Join(home, ".local", "state", "usagectl"), "", 1)
				what += " " + randomPart.ReplaceAllString(strings.Replace(path, home, "~", 1), "#")
			}
			times[what]++
			c.point = fmt.Sprintf("%s #%d", what, times[what])
		}
		calls = append(calls, c)
	}
	return calls
}

// points are what a run changed, in order.
func points(calls []call) []string {
	var list []string
	for _, c := range calls {
		if c.changes && c.done {
			list = append(list, c.point)
		}
	}
	return list
}

// strace runs "forget mytool --yes" in a trace of some system calls, killed as
// inject says, or not.
func (l *leaver) strace(trace string, inject ...string) (calls []call, killed bool) {
	l.t.Helper()
	file := filepath.Join(l.t.TempDir(), "trace")
	// strace counts in each thread, so what is to be hit must stay in one. Go moves it to
	// another when its monitor finds that a call takes long, as all do here. The
	// monitor sleeps between two looks: here it does not wake up. Nor is there a
	// collector of garbage that wants a thread.
	starter := append([]string{
		"strace", "-f", "-qq", "-y", "-s", "80", "-o", file, "-E", "GOMAXPROCS=1", "-E", "GOGC=off",
		"-e", "signal=none", "-e", "trace=nanosleep," + trace, "-e", "inject=nanosleep:delay_enter=1000000",
	}, inject...)
	cmd := l.by(starter, "forget", "mytool", "--yes")
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	err := cmd.Run()
	killed = cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if err != nil && !killed {
		l.t.Fatalf("%v: %s", err, msg.String())
	}
	return callsOf(string(mustRead(l.t, file)), l.home), killed
}

// watch is what "forget" does if nobody kills it.
func (l *leaver) watch(t *testing.T) []call {
	t.Helper()
	c := l.another(t, "200", "503")
	before := c.kept()
	calls, _ := c.strace("%file,%desc,%network")
	if !c.settled() {
		t.Fatalf("forget does not settle all by itself: %q", filesIn(c.state("deletions")))
	}
	c.forgotten(before, map[string]int{"mytool": 1, "mytwin": 1})
	return calls
}

// killPoints are the moments to be killed at: before the first change, before the
// second, and so on.
type killPoints struct {
	order []string // the changes
	kinds string   // of system call, as strace lists them

	mu     sync.Mutex
	hints  map[string][]call // by point: calls before which it was time in a run
	hit    map[string]int
	tries  map[string]int
	runs   int
	missed int // runs that ended elsewhere than meant
}

// aim is a moment to be killed at, as strace finds it.
type aim struct {
	point string
	call  call
}

// maxTries is how often a moment is tried to be hit. From the first connection on that
// takes between one and four tries: in some runs Go moves to another thread there.
const maxTries = 60

func newKillPoints(calls []call) *killPoints {
	p := &killPoints{order: points(calls), hints: map[string][]call{}, hit: map[string]int{}, tries: map[string]int{}}
	kinds := map[string]bool{}
	for _, c := range calls {
		if c.changes {
			kinds[c.kind] = true
		}
	}
	p.kinds = strings.Join(slices.Sorted(maps.Keys(kinds)), ",")
	p.learn(calls)
	return p
}

// learn notes at which calls of a run it was time, as far as it went as all do, and
// returns where that ends: "" for the end, or where it went another way.
func (p *killPoints) learn(calls []call) (end string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	type count struct {
		kind string
		nth  int
	}
	reached := map[count]bool{}
	i := 0
	for _, c := range calls {
		if !strings.Contains(","+p.kinds+",", ","+c.kind+",") {
			continue
		}
		if i == len(p.order) || c.changes && c.point != p.order[i] {
			return ""
		}
		// Where another thread has counted so far before, that one would be hit.
		if at := (count{c.kind, c.nth}); !reached[at] {
			p.hints[p.order[i]] = append(p.hints[p.order[i]], c)
			reached[at] = true
		}
		if c.changes && c.done {
			i++
		}
	}
	if i == len(p.order) {
		return ""
	}
	return p.order[i]
}

// known tells whether there is a hint for each moment.
func (p *killPoints) known() bool { return len(p.hints) == len(p.order) }

// next is what is to be tried now: of what was not hit, that which was tried least.
func (p *killPoints) next() (run int, a aim, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, point := range p.order {
		if p.hit[point] == 0 && p.tries[point] < maxTries && (!ok || p.tries[point] < p.tries[a.point]) {
			hints := p.hints[point]
			a, ok = aim{point, hints[rand.IntN(len(hints))]}, true
		}
	}
	if ok {
		p.tries[a.point]++
		p.runs++
	}
	return p.runs, a, ok
}

// note notes when a run was killed.
func (p *killPoints) note(a aim, calls []call, killed bool) {
	point := p.learn(calls)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !killed || point != a.point {
		p.missed++
	}
	if killed {
		p.hit[point]++
	}
}

// report holds that each moment was hit.
func (p *killPoints) report(t *testing.T) {
	t.Helper()
	hit := 0
	for _, point := range p.order {
		if p.hit[point] > 0 {
			hit++
		} else {
			t.Errorf("not killed before %s, in %d tries", point, p.tries[point])
		}
	}
	t.Logf("killed before %d of %d changes; %d runs, of which %d ended elsewhere than meant", hit, len(p.order), p.runs, p.missed)
}

// victim is a leaver whose "forget" was killed, or not.
type victim struct {
	*leaver
	n      int               // of the run
	before map[string]string // what there was
}

func (v *victim) forgetKilled(kinds string, at call) (calls []call, killed bool) {
	v.t.Helper()
	v.before = v.kept()
	return v.strace(kinds, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", at.kind, at.nth))
}

// personal are the commands of a person that lead to the end.
var personal = [][]string{
	{"status"},
	{"flush", "--timeout=20s"},
	{"forget", "mytool", "--yes"},
	{"disable", "harm"},
	{"status", "-q"},
	{"enable", "-q", "harm"},
	{},
}

// goOn does what a person does after the crash, and holds that it leads to the end.
func (v *victim) goOn(calls []call, killed bool) {
	v.t.Helper()
	most := map[string]int{}
	for _, tool := range twins {
		most[tool] = 1
	}
	f := v.deletion()
	v.inOrder(f)
	command := personal[v.n%len(personal)]
	switch {
	case f == nil:
		command = v.notFiled(command)
	default:
		v.sendsNothingOld()
		for _, c := range calls {
			for _, tool := range twins { // it was asked, and the answer not noted
				if strings.Contains(c.point, "POST /forget/"+tool) && c.done && f.stateOf(tool) == "pending" {
					most[tool] = 2
				}
			}
		}
	}
	leaked := v.leaked()
	for end := time.Now().Add(patience); killed && !within(300*time.Millisecond, v.settled); {
		if time.Now().After(end) {
			v.t.Fatalf("not settled within %v: %+v, %q", patience, v.deletion(), filesIn(v.state("deletions")))
		}
		v.runs(0, command...)
	}
	v.forgotten(v.before, most)
	if n := v.leaked() - leaked; n > 0 {
		v.t.Errorf("%d events left under the old ID after the request was filed", n)
	}
}

// inOrder holds that each step is done only if those before it are.
func (v *victim) inOrder(f *filed) {
	v.t.Helper()
	if f == nil {
		if now := v.kept(); !maps.Equal(now, v.before) {
			v.t.Errorf("no request was filed, but there was\n%q\nand is\n%q", v.before, now)
		}
		if asked := gotBy(v.ask); len(asked) > 0 {
			v.t.Errorf("no request was filed, but the receiver got %q", asked)
		}
		return
	}
	const state = "/.local/state/usagectl/"
	events, ids, journals := v.holding(state+"outbox/"), v.holding("/.mytool/"), v.holding(state+"journal/")
	var keys []string
	whole := true // the journals
	now := v.kept()
	for path, data := range v.before {
		switch {
		case strings.HasPrefix(path, state+"keys/") && now[path] == data:
			keys = append(keys, path)
		case strings.HasPrefix(path, state+"journal/") && now[path] != data:
			whole = false
		}
	}
	allKeys := 2 * len(twins) // with the litter
	if len(keys) < allKeys && len(events) > 0 {
		v.t.Errorf("a key is gone before the events %q", events)
	}
	if len(ids) < 2 && len(keys) > 0 {
		v.t.Errorf("the ID is going before the keys %q", keys)
	}
	if !whole && len(ids) > 0 {
		v.t.Errorf("a journal is going before the ID in %q", ids)
	}
	left := slices.Concat(events, keys, ids, journals)
	if f.Erased && len(left) > 0 {
		v.t.Errorf("what is said to be erased is still there: %q", left)
	}
	if asked := gotBy(v.ask); len(asked) > 0 && !f.Erased {
		v.t.Errorf("the receiver was asked before all was erased: %q", asked)
	}
}

// notFiled is for a crash before step 1 was done: nothing is to be resumed, but what
// the crash left is swept up. It returns the command that leads to the end.
func (v *victim) notFiled(command []string) []string {
	v.t.Helper()
	forget := []string{"forget", "mytool", "--yes"}
	switch {
	case slices.Equal(command, forget):
		return forget
	case slices.Contains(command, "flush"):
		command = []string{"flush", "--timeout=600ms"} // the events wait in vain
	}
	for end := time.Now().Add(patience); ; {
		if _, msg, code := v.run("", command...); code != 0 && code != 75 {
			v.t.Errorf("%q: exit code %d, stderr %q", command, code, msg)
		}
		if within(300*time.Millisecond, func() bool { return len(filesIn(v.state("deletions"))) == 0 }) {
			break
		}
		if time.Now().After(end) {
			v.t.Fatalf("the crash left %q", filesIn(v.state("deletions")))
		}
	}
	eventually(v.t, "the deliverers end", func() bool { return len(deliverers(v.home)) == 0 })
	for path, data := range v.before {
		if strings.Contains(path, "/outbox/") { // a delivery may have been tried
			continue
		}
		if now, err := os.ReadFile(v.home + path); err != nil || string(now) != data {
			v.t.Errorf("nothing was filed, but %s is changed", path)
		}
	}
	if asked := gotBy(v.ask); len(asked) > 0 {
		v.t.Errorf("nothing was filed, but the receiver got %q", asked)
	}
	return forget
}

var userHash = regexp.MustCompile(`"user":"[0-9a-f]+"`)

// sendsNothingOld holds that what is sent after the crash and before it is carried on
// leaves under another ID. That is tried in a copy, so that it does not carry on here.
func (v *victim) sendsNothingOld() {
	v.t.Helper()
	c := v.another(v.t, "200", "200")
	c.runs(0, "send", "mytool", "run", "--wait=2s")
	c.runs(0, "send", "mytwin", "run", "--wait=2s")
	c.run("", "flush", "--timeout=500ms") // would take the old events along
	left := gotBy(c.events)
	if len(left) != len(twins) || c.leaked() > 0 {
		v.t.Errorf("%d events left, %d of them under the old ID; want the 2 new ones: %q", len(left), c.leaked(), left)
	}
	for path, entry := range v.before {
		hash := userHash.FindString(entry)
		if strings.Contains(path, "/new/") && (hash == "" || strings.Contains(strings.Join(left, ""), hash)) {
			v.t.Errorf("%s, a hash under the old key, left beside the new ID: %q", hash, left)
		}
	}
	endDeliverers(v.t, c.home)
}

// TestForgetTwice has many forget the same at once. They make one request of it.
func TestForgetTwice(t *testing.T) {
	template := newLeaver(t, 0, "200", "503")
	template.used()
	template.litter()
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
	const most, atATime, first, second = 200, 8, 60, 140 // the person forgets after the first; what follows the second comes after that
	p := newPerson(t, 0, "http://"+closedPort(t))
	in := newInbox(t)
	l := &leaver{person: p}
	mustWrite(t, filepath.Join(p.home, ".local", "share", "usagectl", "tools", "mytool.toml"), fmt.Sprintf(forgetManifest, "mytool", in.url, in.url, "mytool"))
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

	got := in.check(t, l.old, ended)
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

// inbox is a receiver of events and of deletion requests. It takes its time before it
// keeps an event, and says so then: a deletion that it is asked for before would miss it.
type inbox struct {
	url string

	mu       sync.Mutex
	arrivals []arrival
}

type arrival struct {
	at       time.Time
	deletion bool
	event    string
	source   string
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	in := &inbox{url: "http://" + l.Addr().String()}
	server := &http.Server{Handler: in}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return in
}

func (in *inbox) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	var doc struct {
		ID, Source string
		SourceID   string `json:"source_id"`
	}
	if err := json.NewDecoder(req.Body).Decode(&doc); err != nil {
		return
	}
	a := arrival{deletion: strings.HasPrefix(req.URL.Path, "/forget"), event: doc.ID, source: doc.Source + doc.SourceID}
	if !a.deletion {
		time.Sleep(100 * time.Millisecond) // so that some are under way at any time, and others wait
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	a.at = time.Now()
	in.arrivals = append(in.arrivals, a)
}

// check holds that the receiver was asked once, and that nothing came under the old
// ID after that or after the end of forgetting. It returns the ID of each event.
func (in *inbox) check(t *testing.T, old string, ended time.Time) (sources map[string]string) {
	t.Helper()
	in.mu.Lock()
	defer in.mu.Unlock()
	sources = map[string]string{}
	asked, news := 0, map[string]int{}
	for _, a := range in.arrivals {
		switch {
		case a.deletion:
			asked++
			if a.source != old {
				t.Errorf("the deletion of %q was asked for, want %q", a.source, old)
			}
			continue
		case a.source != old:
			news[a.source]++
		case asked > 0 || a.at.After(ended):
			t.Errorf("event %s came under the old ID, %v after forget had ended; the receiver was asked %d times by then", a.event, a.at.Sub(ended), asked)
		}
		sources[a.event] = a.source
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
	needProgram(t, "strace")
	l := newLeaver(t, 0, "200", "503")
	l.used()
	l.litter()
	before := l.kept()
	other := newRecorder([]string{"503", "200"})
	t.Cleanup(other.close)
	l.declare("other", "other", l.events, other)
	l.runs(0, "enable", "-q", "other")
	l.runs(0, "send", "other", "run")
	l.runs(0, "forget", "other", "--yes")
	eventually(t, "the deliverers end", func() bool { return len(deliverers(l.home)) == 0 })
	pending := glob(l.state("deletions", "*.json"))
	waits := regexp.MustCompile(`"not_before":"[^"]*"`).ReplaceAllString(string(mustRead(t, pending[0])), `"not_before":"2026-01-02T03:04:05Z"`)
	mustWrite(t, pending[0], waits) // its turn has come
	events := len(gotBy(l.events))

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
	if n := len(gotBy(l.ask)); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
	if n := len(gotBy(l.events)); n > events {
		t.Errorf("%d events left", n-events)
	}
	if n := len(gotBy(other)); n != 1 || string(mustRead(t, pending[0])) != waits {
		t.Errorf("the other tool's request was sent %d times, want once, before: %s", n, mustRead(t, pending[0]))
	}
	l.runs(0, "status", "-q")
	eventually(t, "the other tool's request, whose turn it was all the time, is sent", func() bool { return len(gotBy(other)) == 2 })
}

// TestForgetFullDisk forgets where the request cannot be written. Nothing is changed
// then, and when it can be written all goes its way.
func TestForgetFullDisk(t *testing.T) {
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
				l.litter()
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
	if n := len(gotBy(l.ask)); n > 0 {
		l.t.Errorf("%d requests were sent", n)
	}
}
