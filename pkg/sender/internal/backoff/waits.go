package backoff

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Waits are the waits of a tool's events, as one file keeps them, or of a deletion request: what a server has
// answered is everybody's business, and a failure to reach it that of those alone who go
// the same way, such as through the same proxy, from the same network or with the same key.
// The zero value has none.
type Waits struct {
	Backoff                    // of everybody
	Ways    map[string]Backoff `json:"ways,omitempty"` // of those who go a way
}

// Bounds of what is read back.
const (
	maxSize     = 256 << 10 // bytes
	maxWays     = 32
	maxWayError = 1 << 10 // of what failed on one way, in bytes
)

// Read reads waits from their file. The errors are those of package statefile, and of
// what this program cannot have written.
func Read(path string) (Waits, error) {
	data, err := statefile.Read(path, maxSize)
	if err != nil {
		return Waits{}, err
	}
	var f struct {
		Waits
		OneWay string `json:"way"` // of which an older version's wait is; it named ways in another manner
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return Waits{}, err
	}
	if f.OneWay != "" {
		return Waits{}, nil
	}
	return f.Waits, f.Check()
}

// Check is nil for what this program can have written.
func (w Waits) Check() error {
	if err := w.Backoff.Check(); err != nil {
		return err
	}
	for way, b := range w.Ways {
		if err := b.Check(); err != nil {
			return err
		}
		if len(w.Ways) > maxWays || !statefile.IsLine(way, maxName) || len(b.Error) > maxWayError {
			return fmt.Errorf("it names %d ways, such as %s", len(w.Ways), manifest.Quote(way))
		}
	}
	return nil
}

// For is the wait of a process that goes some of the ways: everybody's or that of one of its
// ways, whichever ends last. goes is called only if it depends on that.
func (w Waits) For(goes func(way string) bool) Backoff {
	last := w.Backoff
	for way, b := range w.Ways {
		if b.NotBefore.After(last.NotBefore) && goes(way) {
			last = b
		}
	}
	return last
}

// Fail is the waits after a failure, with b for those who go the way on which it was met, or with
// "" or what cannot be kept for everybody. The bound on the number of ways is kept: the wait that ends first goes.
func (w Waits) Fail(b Backoff, way string) Waits {
	if way == "" || !statefile.IsLine(way, maxName) {
		return Waits{b, w.Ways}
	}
	b.Error = cut(b.Error, maxWayError)
	ways := maps.Clone(w.Ways)
	if ways == nil {
		ways = map[string]Backoff{}
	}
	ways[way] = b
	for len(ways) > maxWays {
		first := way
		for other := range ways {
			if ways[other].NotBefore.Before(ways[first].NotBefore) {
				first = other
			}
		}
		delete(ways, first)
	}
	return Waits{w.Backoff, ways}
}

// Succeed is the waits after a success of a process that goes some of the ways: only others'
// are left.
func (w Waits) Succeed(goes func(way string) bool) Waits {
	ways := maps.Clone(w.Ways)
	maps.DeleteFunc(ways, func(way string, _ Backoff) bool { return goes(way) })
	return Waits{Ways: ways}
}

// WithoutErrors is the waits without what failed, which may quote a server, and reports whether
// that makes a difference.
func (w Waits) WithoutErrors() (Waits, bool) {
	had := w.Error != ""
	out := Waits{w.Backoff, maps.Clone(w.Ways)}
	out.Error = ""
	for way, b := range out.Ways {
		had = had || b.Error != ""
		b.Error = ""
		out.Ways[way] = b
	}
	return out, had
}

// IsZero reports whether nobody waits or has waited.
func (w Waits) IsZero() bool { return w.Backoff == Backoff{} && len(w.Ways) == 0 }

// Write keeps the waits in their file, whatever was there.
func (w Waits) Write(path string) error {
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	err = statefile.Write(path, data, 0o600, 0o700)
	if info, statErr := os.Lstat(path); err != nil && statErr == nil && info.IsDir() {
		if err = statefile.RemoveAll(path); err == nil {
			err = statefile.Write(path, data, 0o600, 0o700)
		}
	}
	return err
}
