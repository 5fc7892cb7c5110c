package acceptance

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// raceLog is the setting that has the race detector write into files that are
// looked at when the test ends, because deliverers have nowhere else to report a
// race to. It also has programs not wait for a second before they exit.
func raceLog(t testing.TB) string {
	t.Helper()
	log := filepath.Join(t.TempDir(), "race")
	t.Cleanup(func() {
		files, err := filepath.Glob(log + ".*")
		if err != nil {
			t.Error(err)
		}
		for _, file := range files {
			report, err := os.ReadFile(file)
			t.Errorf("usagectl: %v %s", err, report)
		}
	})
	return "GORACE=atexit_sleep_ms=0 log_path=" + log
}

// callerCeiling is how long a caller is kept at the very most. It is generous,
// for the machine may be busy; a send that hangs on something is kept for ever.
const callerCeiling = 30 * time.Second

// awaitDeliverer waits until no deliverer is at work any more: until the file
// that says so is gone, or its process, or nobody puts a name into it.
func awaitDeliverer(state string) {
	if state == "" {
		return
	}
	lease := filepath.Join(state, "usagectl", "outbox", ".deliverer")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		content, err := os.ReadFile(lease)
		info, errInfo := os.Stat(lease)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(errInfo, fs.ErrNotExist) {
			return
		}
		number, _, _ := strings.Cut(string(content), ".")
		pid, err := strconv.Atoi(number)
		if err != nil || pid < 1 {
			if errInfo == nil && time.Since(info.ModTime()) > 5*time.Second {
				return
			}
			continue
		}
		p, err := os.FindProcess(pid)
		if err != nil || errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			return
		}
	}
}

// within asks again and again until something is true, and tells whether it came to be
// in time. It is the one loop of these tests that sleeps: processes tell nobody that
// they are done.
func within(ceiling time.Duration, done func() bool) bool {
	for end := time.Now().Add(ceiling); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// eventually fails the test if something does not come to be true.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	if !within(patience, done) {
		t.Fatalf("not within %v: %s", patience, what)
	}
}

// needProgram skips a test that takes a program which is not there.
func needProgram(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
}

// filesIn lists the names in a directory; none if it cannot be read.
func filesIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

func mustWrite(t testing.TB, path, content string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(content), 0o600))
}

// contents are the files below a directory, with what is in them.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // the lease of a deliverer that ends
			return nil
		}
		all[strings.TrimPrefix(path, dir)] = string(data)
		return err
	}))
	return all
}

func glob(pattern string) []string {
	list, err := filepath.Glob(pattern)
	if err != nil {
		panic(err)
	}
	return list
}
