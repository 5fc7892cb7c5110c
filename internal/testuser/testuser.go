//go:build unix

// Package testuser has tests run as an ordinary user, for whom permission bits count. Tests
// often run as root, for whom they do not. No package of the program imports it.
package testuser

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Nobody is a user and a group that own nothing here.
const Nobody = 65534

// marker is the variable that tells the process which [Run] starts what it is.
const marker = "USAGECTL_TEST_USER"

// Run runs the body of a test in a process of its own: as [Nobody] if this one is root's, and
// else as whoever this is. The body must be all of the test. Its working directory is a new
// one of its own, with what the functions in prepare put there, which belongs to whoever this is.
func Run(t *testing.T, body func(t *testing.T), prepare ...func(dir string) error) {
	t.Helper()
	if os.Getenv(marker) != "" {
		body(t)
		return
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "test")
	if err := copySelf(program); err != nil {
		t.Fatal(err)
	}
	for _, p := range prepare {
		if err := p(dir); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Dir = dir
	cmd.Env = []string{"TMPDIR=" + dir, "HOME=" + dir, marker + "=1", "GORACE=atexit_sleep_ms=0"}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: Nobody, Gid: Nobody}}
		if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chown(dir, Nobody, Nobody)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Fatalf("in its own process: %v\n%s", err, out)
	}
}

// copySelf copies the test program, which the go command keeps where only its owner can reach it.
func copySelf(to string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(self)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Chmod(0o755), f.Close())
}
