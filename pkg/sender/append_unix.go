//go:build unix

package sender

import (
	"fmt"
	"os"
	"syscall"

	"github.com/usagectl/usagectl/internal/statefile"
)

// openAppend opens a regular file for appending and makes it if need be. It
// follows no link and waits for no FIFO.
func openAppend(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, statefile.ErrNotRegular)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
