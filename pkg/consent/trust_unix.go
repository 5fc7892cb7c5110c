//go:build unix

package consent

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// trustedOwn accepts a file that only this user can have written.
func trustedOwn(info os.FileInfo) error {
	return trusted(info, func(uid int) bool { return uid == os.Geteuid() })
}

// trustedSystem accepts a file that only root or this user can have written.
func trustedSystem(info os.FileInfo) error {
	return trusted(info, func(uid int) bool { return uid == 0 || uid == os.Geteuid() })
}

func trusted(info os.FileInfo, owner func(uid int) bool) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("its owner cannot be found out")
	}
	if !owner(int(stat.Uid)) {
		return fmt.Errorf("it belongs to somebody else (user %d)", stat.Uid)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("it can be written by others (mode %04o)", info.Mode().Perm())
	}
	return nil
}

// ForeignHome tells whether root, by way of sudo, works in somebody else's home.
func ForeignHome(env Env, home string) bool {
	sudo, ok := env("SUDO_UID")
	if os.Geteuid() != 0 || !ok || sudo == "" || sudo == "0" || home == "" {
		return false
	}
	info, err := os.Stat(home)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid != 0
}
