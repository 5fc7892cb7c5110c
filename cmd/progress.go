package cmd

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// progressAfter is how long a command is at work before it shows on a terminal how far it is.
const progressAfter = time.Second

// progress is the line on a terminal that shows how far a command is. It is drawn anew at
// most ten times a second, and removed in the end. It is safe for concurrent use.
type progress struct {
	ui  *ui
	now func() time.Time

	mu    sync.Mutex
	next  time.Time // when the line is drawn next
	drawn int       // the width of what is drawn
	ended bool      // the answer is on the same terminal from here on
}

func newProgress(u *ui, now func() time.Time) *progress {
	return &progress{ui: u, now: now, next: now().Add(progressAfter)}
}

// show draws the line, now and then, where somebody sees it.
func (p *progress) show(format string, args ...any) {
	if !p.ui.stderr.Terminal || p.ui.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.now().Before(p.next) {
		return
	}
	p.next = p.now().Add(progressAfter / 10)
	line := fmt.Sprintf(format, args...)
	p.ui.stderr.Printf("\r%s", line)
	p.drawn = max(p.drawn, len(line))
}

// counter is a function that counts what it is called for, and shows the number by a format now
// and then. It is safe for concurrent use.
func (p *progress) counter(format string) func() {
	var count atomic.Int64
	return func() {
		if n := count.Add(1); n%64 == 0 { // the clock need not be asked for each
			p.show(format, n)
		}
	}
}

// pause ends the line where the answer would run into it.
func (p *progress) pause() {
	if p.ui.stdout.Terminal {
		p.clear()
	}
}

// clear ends the line, and removes it.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn > 0 {
		p.ui.stderr.Printf("\r%s\r", strings.Repeat(" ", p.drawn))
	}
	p.drawn, p.ended = 0, true
}
