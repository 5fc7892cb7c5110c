//go:build linux && long

package acceptance

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

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
	randomPart = regexp.MustCompile(`(\d+\.[0-9a-f]+(-\d+)*\.)?\d+\.tmp|\[\d+\]|[0-9a-f]{64}|[0-9a-f]{16}-[0-9a-f-]{36}`)
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
