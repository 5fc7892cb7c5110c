//go:build unix

package descriptors

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// inherited opens the descriptor n so that programs inherit it.
func inherited(t *testing.T, n int) {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, n); err != nil || fd != n {
		t.Fatal(fd, err)
	}
	t.Cleanup(func() { unix.Close(n) })
}

// flagsOf are the flags of a descriptor.
func flagsOf(t *testing.T, fd int) int {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags
}

// TestWithhold holds that descriptors are not inherited for as long as a program is
// being started, and are as they were then.
func TestWithhold(t *testing.T) {
	const low, high = 77, 200
	inherited(t, low)
	inherited(t, high)
	unix.CloseOnExec(low)
	restore := Withhold()
	for _, fd := range openDescriptors() {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("%d would be inherited", fd)
		}
	}
	if flagsOf(t, high)&unix.FD_CLOEXEC == 0 {
		t.Error("the highest one would be inherited")
	}
	restore()
	if flagsOf(t, low)&unix.FD_CLOEXEC == 0 || flagsOf(t, high)&unix.FD_CLOEXEC != 0 {
		t.Error("they are not as they were")
	}
}

// TestOpenDescriptors holds that descriptors are found however the system tells them: by a
// list, by their number, or not at all.
func TestOpenDescriptors(t *testing.T) {
	const high = 200
	inherited(t, high)
	all := probeDescriptors(-1)
	if !slices.Contains(all, high) || slices.Min(all) < firstInherited {
		t.Errorf("probed: %d", all)
	}
	if got := probeDescriptors(firstInherited + len(all)); !slices.Equal(got, all) {
		t.Errorf("counted: %d, want %d", got, all)
	}
	if list, ok := listDescriptors("/dev/fd"); ok && !slices.Contains(list, high) {
		t.Errorf("listed: %d", list)
	}
	if _, ok := listDescriptors(t.TempDir()); ok {
		t.Error("a directory that does not list what is open is taken for one that does")
	}
}
