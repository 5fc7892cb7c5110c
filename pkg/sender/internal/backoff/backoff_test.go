package backoff

import (
	"fmt"
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
		`{"failures":0,"ways":{"a":{"failures":2}}}`, `{"ways":{"a\u0000":{}}}`, `{"failures":3,"way":"direct"}`, `{"failures":1e3}`, `{"failures":63}`, `{"waits":63}`, `{"waits":-1}`, `{"failures":-9223372036854775808}`, `{"not_before":"9999-12-31T23:59:59Z","asked":"0001-01-01T00:00:00Z"}`,
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
		waits, err := Read(path)
		if err != nil {
			waits = Waits{}
		}
		b := waits.For(func(way string) bool { return way == "a" })
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
		if err := waits.Fail(n, "a").Write(path); err != nil {
			t.Fatal(err)
		}
		if waits, err = Read(path); err != nil {
			t.Fatal(err)
		}
		got := waits.Ways["a"]
		if got.Failures != n.Failures || !got.NotBefore.Equal(n.NotBefore) || !got.Asked.Equal(n.Asked) {
			t.Errorf("got %+v, want %+v", got, n)
		}
	})
}

// TestWaits holds whom a failure and a success concern.
func TestWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backoff.json")
	way := func(mine string) func(string) bool { return func(way string) bool { return way == mine } }
	failed := func(w Waits, on string, at time.Time) Waits { return w.Fail(w.For(way(on)).Next(at, 0, "down"), on) }
	w := failed(failed(failed(Waits{}, "a", noon), "b", noon.Add(30*time.Second)), "a", noon.Add(5*time.Minute))
	for name, want := range map[string]int{"a": 2, "b": 1, "c": 0} {
		if b := w.For(way(name)); b.Failures != want {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if b := w.Ways["b"].NotBefore; b.After(noon.Add(2 * time.Minute)) {
		t.Errorf("b waits for what failed for a: %v", b)
	}
	w = w.Succeed(way("b"))
	if len(w.Ways) != 1 || w.IsZero() || w.For(way("a")).Failures != 2 {
		t.Errorf("after a success of b: %+v", w)
	}
	w = w.Fail(Backoff{}.Next(noon.Add(time.Hour), 0, "503"), "")
	for _, name := range []string{"a", "b", "c"} {
		if b := w.For(way(name)); b.Error != "503" {
			t.Errorf("a server's answer is not for %s: %+v", name, b)
		}
	}
	if clean, had := w.WithoutErrors(); !had || clean.Error != "" || clean.Ways["a"].Error != "" || clean.Ways["a"].Failures != 2 {
		t.Errorf("without errors: %+v", clean)
	}
	if w = w.Succeed(way("a")); !w.IsZero() {
		t.Errorf("after a success of all: %+v", w)
	}
	if long := w.Fail(Backoff{Failures: 1}, strings.Repeat("x", maxName+1)); long.Failures != 1 || len(long.Ways) > 0 {
		t.Errorf("a way that cannot be named: %+v", long)
	}
	for n := range 2 * maxWays {
		w = w.Fail(Backoff{}.Next(noon.Add(time.Duration(n)*time.Hour), 0, strings.Repeat("\x01", maxError)), fmt.Sprint(n))
	}
	if err := w.Write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || len(got.Ways) != maxWays || got.Ways[fmt.Sprint(2*maxWays-1)].Failures != 1 {
		t.Errorf("%d ways are read, %v", len(got.Ways), err)
	}
	sendertest.Write(t, path, `{"failures":3,"not_before":"2026-11-21T13:00:00Z","error":"down","way":"direct"}`)
	if got, err := Read(path); err != nil || !got.IsZero() {
		t.Errorf("an older version's: %+v, %v", got, err)
	}
}
