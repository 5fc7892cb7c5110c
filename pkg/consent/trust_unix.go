//go:build unix

package consent

import (
	"os"
	"syscall"
)

// nonBlocking opens a FIFO without waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

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
