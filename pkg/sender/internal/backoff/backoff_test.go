package backoff

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

var noon = sendertest.Noon()

// TestBackoff fails again and again, each time right after the wait or, as somebody does
// who waits for a delivery, a few times in between: these make it no longer.
func TestBackoff(t *testing.T) {
	for _, impatient := range []int{0, 3} {
		b, now := Backoff{}, noon
		for i := range 12 {
			for range 1 + impatient {
				b = b.Next(now, 0, "down")
				least := min(Least<<min(i, 9), Most)
				most := min(least+least/4, Most)
				if least == Most {
					least -= least / 4
				}
				if wait := b.NotBefore.Sub(now); wait < least || wait > most {
					t.Errorf("after %d waits: %v", i, wait)
				}
				if b.ServerAsked(now) {
					t.Error("the server asked for nothing")
				}
			}
			now = b.NotBefore
		}
		if b.Failures != 12*(1+impatient) {
			t.Errorf("%d failures", b.Failures)
		}
	}
	asked := Backoff{}.Next(noon, 2*time.Hour, "busy")
	if !asked.NotBefore.Equal(noon.Add(2*time.Hour)) || !asked.ServerAsked(noon) {
		t.Errorf("%+v", asked)
	}
	if asked.Running(noon.Add(3*time.Hour)) || asked.Running(noon.Add(-1000*time.Hour)) {
		t.Error("a wait that is over, or was set under another clock, runs")
	}
	if greedy := (Backoff{}).Next(noon, 1000*time.Hour, ""); greedy.NotBefore.Sub(noon) > MaxRetryAfter {
		t.Errorf("a server can ask for %v", greedy.NotBefore.Sub(noon))
	}
}

// FuzzBackoff holds that whatever is in the file of a tool's wait, it is read, the
// next wait is within its bounds, and that one comes back from the disk.
func FuzzBackoff(f *testing.F) {
	for _, text := range []string{
		"", "{}", "null", "[]", `{"failures":3,"not_before":"2026-11-28T12:00:00Z","error":"a"}`, `{"failures":-1}`, `{"failures":9223372036854775807}`,
		`{"failures":1e3}`, `{"failures":63}`, `{"waits":63}`, `{"waits":-1}`, `{"failures":-9223372036854775808}`, `{"not_before":"9999-12-31T23:59:59Z","asked":"0001-01-01T00:00:00Z"}`,
	} {
		f.Add([]byte(text), int64(time.Hour), "503 Service Unavailable")
	}
	f.Add([]byte("{}"), int64(-1), "\xff\x1b[2J")
	f.Add([]byte("{}"), int64(1)<<62, strings.Repeat("x", 10000))
	path := filepath.Join(f.TempDir(), "backoff.json")
	f.Fuzz(func(t *testing.T, data []byte, asked int64, failure string) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := Read(path)
		if err != nil {
			b = Backoff{}
		}
		b.Running(noon)
		b.ServerAsked(noon)
		n := b.Next(noon, time.Duration(asked), failure)
		wait := n.NotBefore.Sub(noon)
		if wait < time.Minute || wait > max(6*time.Hour, min(time.Duration(asked), 24*time.Hour)) {
			t.Errorf("after %s the wait is %v", data, wait)
		}
		if n.Failures < 1 || !n.Running(noon) || n.ServerAsked(noon) != (asked > 0) {
			t.Errorf("after %s: %+v", data, n)
		}
		if err := n.Write(path); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if got.Failures != n.Failures || !got.NotBefore.Equal(n.NotBefore) || !got.Asked.Equal(n.Asked) {
			t.Errorf("got %+v, want %+v", got, n)
		}
	})
}
