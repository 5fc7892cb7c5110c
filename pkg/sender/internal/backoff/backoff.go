// Package backoff is the wait after failed attempts, of a tool's events and of deletion
// requests. It doubles from a minute to six hours, is kept on disk, so that a machine
// without a network pays nothing for it, and knows its own wish from a server's.
package backoff

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// The bounds of a wait: it doubles from Least to Most. A server that asks for more
// gets it, up to MaxRetryAfter.
const (
	Least         = time.Minute
	Most          = 6 * time.Hour
	MaxRetryAfter = 24 * time.Hour
)

// Backoff is a wait. The zero value is none. The names of its members in JSON are part
// of the formats on disk.
type Backoff struct {
	Failures  int       `json:"failures"`        // in a row
	Waits     int       `json:"waits,omitempty"` // in a row, each of them waited for: who tries before one is over makes it no longer
	NotBefore time.Time `json:"not_before"`
	Asked     time.Time `json:"asked,omitzero"`  // until when the server asked to wait, with Retry-After
	Error     string    `json:"error"`           // what failed last
	After     string    `json:"after,omitempty"` // the file of the event that failed last: the next attempt begins behind it
}

// Bounds of what is read back.
const (
	maxFailures = 1 << 20
	maxError    = 4 << 10 // of what failed, in bytes
	maxName     = 255     // of a file, in bytes
)

// cut keeps what failed within what is read back: so many bytes.
func cut(note string, most int) string {
	return strings.ToValidUTF8(note[:min(len(note), most)], "?")
}

// Check is nil for what this program can have written.
func (b Backoff) Check() error {
	switch {
	case b.Failures < 0 || b.Failures > maxFailures:
		return fmt.Errorf("it counts %d failures", b.Failures)
	case b.Waits < 0 || b.Waits > maxFailures:
		return fmt.Errorf("it counts %d waits", b.Waits)
	case len(b.Error) > maxError:
		return errors.New("its error is too long")
	case !statefile.IsLine(b.After, maxName):
		return fmt.Errorf("it names the event %s", manifest.Quote(b.After))
	}
	return nil
}

// Running reports whether the wait goes on.
func (b Backoff) Running(now time.Time) bool { return ahead(b.NotBefore, now) }

// ServerAsked reports whether the server itself asked to wait longer than until
// now. Whoever waits for a delivery disregards only waits of our own making.
func (b Backoff) ServerAsked(now time.Time) bool { return ahead(b.Asked, now) }

// ahead reports whether a time is still to come. One further ahead than any wait
// can be was written under another clock.
func ahead(at, now time.Time) bool {
	left := at.Sub(now)
	return left > 0 && left <= MaxRetryAfter
}

// Next is the wait after one more failure: at least as long as retryAfter, which the
// server asked for. It is twice as long as the last one if that is over; somebody who
// waits for a delivery tries again and again, and nobody else is to pay for that. A
// random part, of up to a quarter, keeps machines that failed together from coming back
// together.
func (b Backoff) Next(now time.Time, retryAfter time.Duration, failure string) Backoff {
	n := Backoff{Failures: min(b.Failures+1, maxFailures), Waits: b.Waits, Error: cut(failure, maxError)}
	if n.Waits == 0 || !b.Running(now) {
		n.Waits = min(n.Waits+1, maxFailures)
	}
	wait := min(Least<<min(n.Waits-1, 9), Most)
	if random := time.Duration(rand.Int64N(int64(wait)/4 + 1)); wait == Most {
		wait -= random
	} else {
		wait = min(wait+random, Most)
	}
	asked := min(retryAfter, MaxRetryAfter)
	n.NotBefore = now.Add(max(wait, asked)).UTC()
	if asked > 0 {
		n.Asked = now.Add(asked).UTC()
	}
	return n
}
