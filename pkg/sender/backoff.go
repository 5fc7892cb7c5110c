package sender

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Bounds of the wait after failures: it doubles from the first to the second. A
// server that asks for more gets it, up to maxRetryAfter.
const (
	minBackoff    = time.Minute
	maxBackoff    = 6 * time.Hour
	maxRetryAfter = 24 * time.Hour
)

const backoffFile = "backoff.json"

// Backoff is a tool's wait after failed deliveries. It lies on disk, so that a
// machine without a network pays nothing for it.
type Backoff struct {
	Failures  int       `json:"failures"`
	NotBefore time.Time `json:"not_before"`
	ByServer  bool      `json:"by_server,omitempty"` // the server asked for it with Retry-After
	Error     string    `json:"error"`
}

// Backoff reads the tool's wait; the zero value if there is none.
func (o Outbox) Backoff() Backoff {
	var b Backoff
	data, err := os.ReadFile(o.path(backoffFile))
	if err != nil || json.Unmarshal(data, &b) != nil {
		return Backoff{}
	}
	return b
}

// Running tells whether the wait goes on. One that ends further ahead than any
// does was written under another clock.
func (b Backoff) Running(now time.Time) bool {
	left := b.NotBefore.Sub(now)
	return left > 0 && left <= maxRetryAfter+maxBackoff
}

// next is the wait after one more failure. The random part, up to a quarter,
// keeps machines that failed together from coming back together.
func (b Backoff) next(now time.Time, retryAfter time.Duration, failure string) Backoff {
	wait := maxBackoff
	if b.Failures < 9 {
		wait = min(minBackoff<<b.Failures, maxBackoff)
	}
	wait += time.Duration(rand.Int64N(int64(wait)/4 + 1))
	wait = min(wait, maxBackoff)
	asked := min(retryAfter, maxRetryAfter)
	return Backoff{
		Failures:  b.Failures + 1,
		NotBefore: now.Add(max(wait, asked)).UTC(),
		ByServer:  asked > 0,
		Error:     failure,
	}
}

func (o Outbox) setBackoff(b Backoff) error {
	data, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return statefile.Write(o.path(backoffFile), data, 0o600, 0o700)
}

func (o Outbox) clearBackoff() error {
	err := os.Remove(o.path(backoffFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
