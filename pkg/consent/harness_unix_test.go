//go:build unix

package consent

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody is a user and a group that own nothing here.
const nobody = 65534

// childEnv marks the process that AsOrdinaryUser started.
const childEnv = "CONSENT_TEST_CHILD"

// AsOrdinaryUser runs a test's body in a process of its own, as a user whom
// permissions bind even if this is root. The body must be all of the test. What
// prepare puts into the working directory of that process belongs to this user.
func AsOrdinaryUser(t *testing.T, body func(t *testing.T), prepare ...func(dir string) error) {
	t.Helper()
	if os.Getenv(childEnv) != "" {
		body(t)
		return
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "test")
	copyProgram(t, program) // nobody else can reach into the directory that it stands in
	for _, p := range prepare {
		if err := p(dir); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Dir = dir
	cmd.Env = []string{"TMPDIR=" + dir, "HOME=" + dir, childEnv + "=1", "GORACE=atexit_sleep_ms=0"}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chown(dir, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Fatalf("in its own process: %v\n%s", err, out)
	}
}

// Within fails the test if f hangs. f must not end the test itself.
func Within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("not done after %v", limit)
	}
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	from, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, from); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
