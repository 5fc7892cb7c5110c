package statefile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
)

func add(t *testing.T, path, lines string) {
	t.Helper()
	if err := statefile.Append(t.Context(), path, []byte(lines), 0); err != nil {
		t.Fatal(err)
	}
}

func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	add(t, path, "one\n")
	add(t, path, "two\nthree\n")
	if got := content(t, path); got != "one\ntwo\nthree\n" {
		t.Errorf("got %q", got)
	}
}

// TestAppendBehindHalfALine holds that what a killed process left stands alone.
func TestAppendBehindHalfALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("one\ntw"), 0o600); err != nil {
		t.Fatal(err)
	}
	add(t, path, "three\n")
	if got := content(t, path); got != "one\ntw\nthree\n" {
		t.Errorf("got %q", got)
	}
}

// TestAppendSetsAside holds that a file that is full is set aside, and nothing of it is lost.
func TestAppendSetsAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for _, line := range []string{"1", "22", "333", "4"} {
		if err := statefile.Append(t.Context(), path, []byte(line+"\n"), 4); err != nil {
			t.Fatal(err)
		}
	}
	// It was set aside behind 22, and behind 4.
	if got := content(t, path+".1"); got != "333\n4\n" {
		t.Errorf("set aside last: %q", got)
	}
	wantNames(t, filepath.Dir(path), "log.1")
}

const appendTo = "STATEFILE_TEST_APPEND"

// TestAppender is a process of TestAppendAtOnce.
func TestAppender(t *testing.T) {
	path := os.Getenv(appendTo)
	if path == "" {
		return
	}
	for i := range 200 {
		line := fmt.Sprintf("%d %d %s\n", os.Getpid(), i, strings.Repeat("x", i*37%5000))
		add(t, path, line)
	}
}

// TestAppendAtOnce has processes append at the same time. No line is torn.
func TestAppendAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var all []*exec.Cmd
	for range 4 {
		cmd := exec.Command(self, "-test.run=^TestAppender$")
		cmd.Env = append(os.Environ(), appendTo+"="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	next := map[string]int{}
	for line := range strings.Lines(content(t, path)) {
		var pid string
		var i int
		rest := ""
		if n, _ := fmt.Sscan(line, &pid, &i, &rest); n < 2 || len(rest) != i*37%5000 || i != next[pid] {
			t.Fatalf("torn: %.60q", line)
		}
		next[pid]++
	}
	for pid, n := range next {
		if n != 200 {
			t.Errorf("%s has %d lines", pid, n)
		}
	}
	if len(next) != 4 {
		t.Errorf("of %d processes", len(next))
	}
}

func TestReadTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	add(t, path, "one\ntwo\nthree\n")
	for limit, want := range map[int64]string{100: "one\ntwo\nthree\n", 14: "one\ntwo\nthree\n", 13: "two\nthree\n", 10: "three\n", 9: "three\n", 3: ""} {
		if got, err := statefile.ReadTail(path, limit); err != nil || string(got) != want {
			t.Errorf("of %d bytes: %q, %v, want %q", limit, got, err, want)
		}
	}
}

func TestDone(t *testing.T) {
	lost := statefile.NotDurable(errors.New("sync"))
	other := errors.New("other")
	for _, c := range []struct {
		err  error
		done bool
	}{
		{nil, true},
		{lost, true},
		{fmt.Errorf("x: %w", lost), true},
		{errors.Join(lost, nil, fmt.Errorf("y: %w", lost)), true},
		{fmt.Errorf("x: %w", errors.Join(lost, lost)), true},
		{other, false},
		{errors.Join(lost, other), false},
		{fmt.Errorf("%w: %w", other, lost), false},
		{statefile.NotDurable(os.ErrNotExist), true},
	} {
		if got := statefile.Done(c.err); got != c.done {
			t.Errorf("%v: %v", c.err, got)
		}
	}
	if !errors.Is(errors.Join(other, lost), statefile.ErrNotDurable) {
		t.Error("it cannot be told")
	}
}

// TestAppendBusy holds that somebody who keeps the lock is not waited for without end.
func TestAppendBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	add(t, path, "one\n")
	ctx, cancel := context.WithCancel(t.Context())
	unlock := lockFile(t, path)
	cancel()
	if err := statefile.Append(ctx, path, []byte("two\n"), 0); !errors.Is(err, statefile.ErrBusy) || !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if err := statefile.Append(t.Context(), path, []byte("two\n"), 0); !errors.Is(err, statefile.ErrBusy) {
		t.Errorf("for as long as it waits: %v", err)
	}
	unlock()
	add(t, path, "three\n")
	if got := content(t, path); got != "one\nthree\n" {
		t.Errorf("got %q", got)
	}
}

// TestSweep holds that only what dead processes left is removed.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	mine := statefile.TemporaryName("state")
	_, here, _ := bytes.Cut([]byte(strings.TrimPrefix(mine, ".state.")), []byte("."))
	domain, _, _ := bytes.Cut(here, []byte("."))
	dead := fmt.Sprintf(".other.file.%d.%s.7.tmp", 1<<30, domain)
	elsewhere := fmt.Sprintf(".state.%d.elsewhere.7.tmp", 1<<30)
	stay := []string{mine, elsewhere, ".state.123.tmp", "state", "state.tmp", ".state"}
	for _, name := range append(stay, dead) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := statefile.Sweep(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(stay, dead) {
		_, err := os.Lstat(filepath.Join(dir, name))
		if there := err == nil; there != (name != dead) {
			t.Errorf("%s is there: %v", name, there)
		}
	}
	long := longAgo()
	for _, name := range stay {
		if err := os.Chtimes(filepath.Join(dir, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := statefile.SweepBeside(filepath.Join(dir, "state")); err != nil {
		t.Fatal(err)
	}
	wantGone(t, dir, elsewhere, mine)
	if err := statefile.Sweep(dir); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, ".state", "state", "state.tmp")
	if err := statefile.Sweep(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}
