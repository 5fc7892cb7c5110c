package acceptance

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program returns a function that runs usagectl, which this test binary is too,
// as a person would who has just logged in: with the home given ("" for none),
// nothing of the developer's own environment but PATH, and extraEnv, "NAME=VALUE"
// each, last. It runs in the home, or in an empty directory if there is none.
//
// It may be called from several goroutines at once. Before the test ends it
// waits for a deliverer that is still at work, which would keep the home from
// being removed.
func program(t testing.TB, home string, extraEnv ...string) func(stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	env, dir := programEnv(t, home, extraEnv)
	t.Cleanup(func() { awaitDeliverer(stateHome(home, extraEnv)) })
	return func(stdin string, args ...string) (string, string, int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
		defer cancel()
		cmd := programCommand(ctx, t, args...)
		cmd.Env, cmd.Dir = env, dir
		var out, msg bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &msg
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
			t.Errorf("usagectl %q: %v", args, errors.Join(err, ctx.Err()))
		}
		return out.String(), msg.String(), cmd.ProcessState.ExitCode()
	}
}

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

// programCommand is usagectl ready to be started. TestMain tells by the name it
// is called by that it is to be the program, so one that starts itself again, to
// deliver in the background, has to keep that name.
func programCommand(ctx context.Context, t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = append([]string{"usagectl"}, args...)
	return cmd
}

// programEnv is the environment of a program run, and the directory it runs in.
func programEnv(t testing.TB, home string, extra []string) (env []string, dir string) {
	t.Helper()
	outside := t.TempDir()
	env = []string{
		raceLog(t),
		"XDG_CONFIG_DIRS=" + filepath.Join(outside, "etc"),
		"XDG_DATA_DIRS=" + filepath.Join(outside, "share"),
	}
	keep := []string{"PATH", "GOCOVERDIR"} // without the second, coverage is lost
	if runtime.GOOS == "windows" {
		keep = append(keep, "SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "PATHEXT")
	}
	for _, name := range keep {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	if home != "" {
		env = append(env, "HOME="+home, "USERPROFILE="+home)
		env = append(env, movedHomes(home)...)
		outside = home
	}
	return append(env, extra...), outside
}

// stateHome is where a program run keeps its state, or "" where that is not known.
func stateHome(home string, extra []string) string {
	for _, variable := range slices.Backward(extra) {
		if value, ok := strings.CutPrefix(variable, "XDG_STATE_HOME="); ok {
			return value
		}
	}
	switch {
	case home == "":
		return ""
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support")
	}
	return filepath.Join(home, ".local", "state")
}

// awaitDeliverer waits until no deliverer is at work any more: until the file
// that says so is gone, or its process, or nobody puts a name into it.
func awaitDeliverer(state string) {
	if state == "" {
		return
	}
	baton := filepath.Join(state, "usagectl", "outbox", ".deliverer")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		content, err := os.ReadFile(baton)
		info, errInfo := os.Stat(baton)
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
