package cmd

import (
	"time"

	"github.com/usagectl/usagectl/internal/term"
)

// progressAfter is how long something may take before its progress is shown.
const progressAfter = time.Second

// progress is the line on a terminal that shows how much of something large was read.
type progress struct {
	*ui
	now   func() time.Time
	next  time.Time // when the line is drawn next
	drawn bool
	ended bool // the answer is on the same terminal from here on
}

func newProgress(u *ui, now func() time.Time) *progress {
	return &progress{ui: u, now: now, next: now().Add(progressAfter)}
}

// show draws the line, now and then.
func (p *progress) show(read, total int64) {
	if !p.stderr.Terminal || p.quiet || p.ended || p.now().Before(p.next) {
		return
	}
	p.next, p.drawn = p.now().Add(progressAfter/10), true
	p.stderr.Printf("\rread %d of %d MiB", read>>20, total>>20)
}

// pause ends the line where the answer would run into it.
func (p *progress) pause() {
	if p.stdout.Terminal && !p.ended {
		p.clear()
		p.ended = true
	}
}

// clear removes the line.
func (p *progress) clear() {
	if p.drawn {
		p.stderr.Printf("\r%s\r", term.Styled("                              "))
	}
	p.drawn = false
}
