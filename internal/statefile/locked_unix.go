//go:build unix

package statefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

func findLocked(path string, need os.FileMode) (Locked, bool) {
	if os.Geteuid() == 0 {
		return Locked{}, false // whom no mode keeps out
	}
	if dir := filepath.Dir(path); dir != path {
		onTheWay := os.FileMode(0o100)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			onTheWay = 0o300
		}
		if l, found := findLocked(dir, onTheWay); found {
			return l, true
		}
	}
	info, err := os.Stat(path)
	if err != nil || need&0o100 != 0 && !info.IsDir() { // it is not its mode that is wrong
		return Locked{}, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) != os.Geteuid() || need&^info.Mode().Perm() == 0 {
		return Locked{}, false
	}
	return Locked{path, info.Mode().Perm(), info.IsDir()}, true
}
