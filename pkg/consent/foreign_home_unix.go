//go:build unix

package consent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/usagectl/usagectl/pkg/dirs"
)

// nonBlocking opens a FIFO without waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

// ForeignHome is the home, or the place for decisions or state, in which root works
// although it is somebody else's, whatever brought root there: sudo, su, or a
// variable. It is "" for everybody else. A place that is not there yet belongs to
// whoever owns the directory in which it would be made.
func ForeignHome(d dirs.Dirs) string {
	if os.Geteuid() != 0 {
		return ""
	}
	for _, dir := range []string{d.Home, d.ConfigHome, d.StateHome} {
		if dir != "" && !rootOwns(dir) {
			return dir
		}
	}
	return ""
}

// rootOwns reports whether a directory, or the nearest one above it that there is, is
// root's. What cannot be found out is taken for somebody else's.
func rootOwns(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err == nil {
			stat, ok := info.Sys().(*syscall.Stat_t)
			return ok && stat.Uid == 0
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) || parent == dir {
			return false
		}
		dir = parent
	}
}
