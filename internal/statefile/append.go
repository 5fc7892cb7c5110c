package statefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// ErrBusy says that others kept a file locked for too long.
var ErrBusy = errors.New("others are writing to it")

// How long [Append] waits for others that append at the same time, each of whom
// takes a fraction of a millisecond, and how often it looks.
const (
	lockPatience = 2 * time.Second
	lockPoll     = 2 * time.Millisecond
)

// Append adds lines, each of which ends in a newline, to a file, and makes it, for
// its owner alone, if there is none. The directory must be there. Either all lines
// are added or none: a write that fails is taken back. They never continue a line that
// somebody else left unfinished, as a process that was killed does.
//
// It follows no symbolic link, takes only regular files that are this user's own
// by the rule of [Own], and waits a bounded time for others that append, or until
// ctx ends; then the error is [ErrBusy]. If most is not 0, a file that has grown
// beyond that many bytes is then set aside as path.1, replacing the one before.
func Append(ctx context.Context, path string, lines []byte, most int64) error {
	end := time.Now().Add(lockPatience)
	for {
		done, err := tryAppend(path, lines, most)
		if done || err != nil {
			return err
		}
		if time.Now().After(end) || !pause(ctx) {
			return &os.PathError{Op: "append", Path: path, Err: errors.Join(ErrBusy, ctx.Err())}
		}
	}
}

// pause waits a moment, and returns false if ctx ends.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(lockPoll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// tryAppend returns false, and has done nothing, if somebody else has the lock or
// has just set the file aside.
func tryAppend(path string, lines []byte, most int64) (done bool, err error) {
	f, err := openAppend(path)
	if err != nil {
		return false, err
	}
	// Closing gives the lock back. NFS tells at Close that the disk is full.
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err == nil {
		err = own(info)
	}
	if err == nil && unfinished(info) {
		err = f.Chmod(0o600)
	}
	if err != nil {
		return false, &os.PathError{Op: "append", Path: path, Err: reason(err)}
	}
	locked, err := tryLock(f)
	if err != nil || !locked {
		return false, err
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(info, now) {
		return false, nil // set aside before it was locked
	}
	if err := appendLocked(f, lines); err != nil {
		return false, err
	}
	if size, err := f.Seek(0, io.SeekEnd); err == nil && most > 0 && size > most {
		return true, Rename(path, path+".1")
	}
	return true, nil
}

// unfinished reports whether a file has been made, and has not got its mode yet.
func unfinished(info os.FileInfo) bool {
	return info.Mode().IsRegular() && info.Size() == 0 && lacks(info, 0o600)
}

func appendLocked(f *os.File, lines []byte) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if size > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			lines = append([]byte("\n"), lines...)
		}
	}
	if _, err := f.Write(lines); err != nil {
		return errors.Join(err, takeBack(f, size, lines))
	}
	return nil
}

// takeBack removes what a failed write left. Where locks are not to be had others
// may have added something since, which stays.
func takeBack(f *os.File, size int64, lines []byte) error {
	now, err := f.Seek(0, io.SeekEnd)
	if err != nil || now <= size {
		return err
	}
	rest := make([]byte, min(now-size, int64(len(lines))+1))
	n, err := f.ReadAt(rest, size)
	if !bytes.HasPrefix(lines, rest[:n]) {
		return errors.Join(err, fmt.Errorf("%s: others wrote at the same time", filepath.Base(f.Name())))
	}
	return f.Truncate(size)
}
