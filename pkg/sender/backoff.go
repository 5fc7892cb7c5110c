package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Bounds of the wait after failures: it doubles from the first to the second. A
// server that asks for more gets it, up to maxRetryAfter.
const (
	minBackoff    = time.Minute
	maxBackoff    = 6 * time.Hour
	maxRetryAfter = transport.MaxRetryAfter
)

const backoffFile = "backoff.json"

// Backoff is a tool's wait after failed deliveries. It lies on disk, so that a
// machine without a network pays nothing for it.
type Backoff struct {
	Failures  int       `json:"failures"`
	NotBefore time.Time `json:"not_before"`
	Asked     time.Time `json:"asked,omitzero"` // until when the server asked to wait, with Retry-After
	Error     string    `json:"error"`
	After     string    `json:"after,omitempty"` // the file of the event that failed last: the next attempt begins behind it
}

// Backoff reads the tool's wait; the zero value if there is none that can be
// relied on, which the next one replaces.
func (o Outbox) Backoff() Backoff {
	b, err := readBackoff(o.path(backoffFile))
	if err != nil {
		return Backoff{}
	}
	return b
}

func readBackoff(path string) (Backoff, error) {
	data, err := statefile.Read(path, maxBackoffSize)
	if err != nil {
		return Backoff{}, err
	}
	var b Backoff
	if err := json.Unmarshal(data, &b); err != nil {
		return Backoff{}, err
	}
	return b, b.check()
}

// Bounds of what is read back.
const (
	maxBackoffSize = 64 << 10 // bytes
	maxFailures    = 1 << 20
	maxError       = 4 << 10 // of what failed, in bytes
	maxName        = 255     // of a file, in bytes
)

// cut keeps what failed within what is read back.
func cut(note string) string {
	return strings.ToValidUTF8(note[:min(len(note), maxError)], "?")
}

// check is nil for what this program can have written.
func (b Backoff) check() error {
	switch {
	case b.Failures < 0 || b.Failures > maxFailures:
		return fmt.Errorf("it counts %d failures", b.Failures)
	case len(b.Error) > maxError:
		return errors.New("its error is too long")
	case !plain(b.After, maxName):
		return fmt.Errorf("it names the event %s", manifest.Quote(b.After))
	}
	return nil
}

// Running tells whether the wait goes on.
func (b Backoff) Running(now time.Time) bool { return ahead(b.NotBefore, now) }

// ServerAsked tells whether the server itself asked to wait longer than until
// now. Whoever waits for a delivery disregards only waits of our own making.
func (b Backoff) ServerAsked(now time.Time) bool { return ahead(b.Asked, now) }

// ahead tells whether a time is still to come. One further ahead than any wait
// can be was written under another clock.
func ahead(at, now time.Time) bool {
	left := at.Sub(now)
	return left > 0 && left <= maxRetryAfter
}

// next is the wait after one more failure. The random part, up to a quarter,
// keeps machines that failed together from coming back together.
func (b Backoff) next(now time.Time, retryAfter time.Duration, failure string) Backoff {
	wait := maxBackoff
	if b.Failures >= 0 && b.Failures < 9 {
		wait = min(minBackoff<<b.Failures, maxBackoff)
	}
	wait += time.Duration(rand.Int64N(int64(wait)/4 + 1))
	wait = min(wait, maxBackoff)
	asked := min(retryAfter, maxRetryAfter)
	n := Backoff{Failures: min(b.Failures+1, maxFailures), NotBefore: now.Add(max(wait, asked)).UTC(), Error: cut(failure)}
	if asked > 0 {
		n.Asked = now.Add(asked).UTC()
	}
	return n
}

func (o Outbox) setBackoff(b Backoff) error {
	data, err := json.Marshal(b)
	if err != nil {
		return err
	}
	path := o.path(backoffFile)
	err = statefile.Write(path, data, 0o600, 0o700)
	if info, statErr := os.Lstat(path); err != nil && statErr == nil && info.IsDir() {
		if err = statefile.RemoveAll(path); err == nil {
			err = statefile.Write(path, data, 0o600, 0o700)
		}
	}
	return err
}

func (o Outbox) clearBackoff() error {
	return ifThere(statefile.RemoveAll(o.path(backoffFile))) // whatever it is
}
