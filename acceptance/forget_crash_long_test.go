//go:build linux && long

package acceptance

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Forgetting survives whatever comes in between: a crash at any point, others who
// forget or send at the same time, a full disk. Either nothing was changed, or it
// is carried on by itself until the receiver has said yes, and nothing leaves
// under the old ID any more.

// TestForgetCrash kills "forget" right before each of its system calls that changes
// something. Any command of a person then leads to the end, unless the request was
// not filed: then nothing was changed.
func TestForgetCrash(t *testing.T) {
	needProgram(t, "strace")
	template := newLeaver(t, 0, "200", "503")
	template.used()
	template.leftovers()
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
		if asked := v.ask.bodies(); len(asked) > 0 {
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
	allKeys := 2 * len(twins) // with the leftovers
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
	if asked := v.ask.bodies(); len(asked) > 0 && !f.Erased {
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
		now, err := os.ReadFile(v.home + path)
		if strings.Contains(path, "/journal/") { // and is recorded there
			now = now[:min(len(now), len(data))]
		}
		if err != nil || string(now) != data {
			v.t.Errorf("nothing was filed, but %s is changed", path)
		}
	}
	if asked := v.ask.bodies(); len(asked) > 0 {
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
	left := c.events.bodies()
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

// leaked is how many events left under the old ID.
func (l *leaver) leaked() int {
	return len(slices.DeleteFunc(l.events.bodies(), func(b string) bool { return !strings.Contains(b, l.old) }))
}
