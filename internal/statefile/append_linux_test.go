package statefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
)

// TestAppendToFullDisk holds that a line for which there is no room is not there in
// part, and that the next one for which there is stands alone.
func TestAppendToFullDisk(t *testing.T) {
	runtime.LockOSThread() // never unlocked: the namespace ends with the test
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		t.Skipf("no namespace can be had: %v", err)
	}
	dir := t.TempDir()
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err := errors.Join(err, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16k")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // it goes with the namespace anyway
	path := filepath.Join(dir, "log")
	line := strings.Repeat("x", 2999) + "\n"
	whole := 0
	for err = nil; err == nil; whole++ {
		err = statefile.Append(t.Context(), path, []byte(line), 0)
	}
	whole--
	if !errors.Is(err, syscall.ENOSPC) || whole < 1 {
		t.Fatalf("%d lines, %v", whole, err)
	}
	if got := content(t, path); got != strings.Repeat(line, whole) {
		t.Errorf("there are %d bytes, want %d", len(got), whole*len(line))
	}
	add(t, path, "short\n")
	if got := content(t, path); got != strings.Repeat(line, whole)+"short\n" {
		t.Errorf("it ends in %q", got[max(0, len(got)-20):])
	}
	// So it was when a write was not taken back.
	if err := os.WriteFile(path, []byte("one\ntw"), 0o600); err != nil {
		t.Fatal(err)
	}
	add(t, path, "three\n")
	if got := content(t, path); got != "one\ntw\nthree\n" {
		t.Errorf("got %q", got)
	}
}
