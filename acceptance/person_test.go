package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// person is somebody who has just logged in, in a home of their own: nothing of the
// developer's own environment counts but PATH. Several goroutines may run the program at once.
type person struct {
	t        testing.TB
	home     string
	dir      string // where their processes run
	env      []string
	exe      string               // the program
	attr     *syscall.SysProcAttr // nil for whoever runs the test
	own      func(path string)    // gives them a file
	toolID   string               // the tool that they use
	recorder *recorder            // receives what that sends; nil if the endpoint is not the test's own
}

// newPersonIn is somebody in a home that may hold something already, with further variables,
// "NAME=VALUE" each. Before the test ends it waits for a deliverer that is still at work, which
// would keep the home from being removed.
func newPersonIn(t testing.TB, home string, variables ...string) *person {
	t.Helper()
	exe, err := exec.LookPath("usagectl") // TestMain put it there
	must(t, err)
	p := &person{t: t, home: home, dir: home, exe: exe, own: func(string) {}}
	p.env = append(environment(t, home), variables...)
	t.Cleanup(func() { awaitDeliverer(p.stateHome()) })
	return p
}

// environment is that of somebody who has just logged in, and is neither in CI nor has
// decided anything.
func environment(t testing.TB, home string) []string {
	t.Helper()
	base := t.TempDir()
	env := []string{
		raceLog(t),
		"XDG_CONFIG_DIRS=" + filepath.Join(base, "etc"),
		"XDG_DATA_DIRS=" + filepath.Join(base, "share"),
		"HOME=" + home, "USERPROFILE=" + home,
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
	return append(env, movedHomes(home)...)
}

// declare has a tool be known, by its manifest.
func (p *person) declare(tool, manifest string) {
	p.t.Helper()
	path := filepath.Join(p.home, ".local", "share", "usagectl", "tools", tool+".toml")
	must(p.t, os.MkdirAll(filepath.Dir(path), 0o700))
	mustWrite(p.t, path, manifest)
	p.own(path)
}

// command is usagectl, called by this person.
func (p *person) command(args ...string) *exec.Cmd { return p.by(nil, args...) }

// by is usagectl, started by another program. It must not keep the caller's
// streams open, which Run would wait for.
func (p *person) by(starter []string, args ...string) *exec.Cmd {
	p.t.Helper()
	return p.within(callerCeiling, starter, args...)
}

// within is usagectl, which is killed if it takes longer.
func (p *person) within(ceiling time.Duration, starter []string, args ...string) *exec.Cmd {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), ceiling) // the test's own has ended when it cleans up
	p.t.Cleanup(cancel)
	argv := append(append(slices.Clone(starter), p.exe), args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir, cmd.SysProcAttr = p.env, p.dir, p.attr
	if runtime.GOOS != "windows" {
		cmd.WaitDelay = time.Second
	}
	return cmd
}

func (p *person) run(stdin string, args ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	cmd := p.within(2*patience, nil, args...)
	var out, msg bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &msg
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0) {
		p.t.Errorf("usagectl %q: %v", args, err)
	}
	return out.String(), msg.String(), cmd.ProcessState.ExitCode()
}

// must runs usagectl, which has to exit with 0 and nothing on stderr.
func (p *person) must(stdin string, args ...string) (stdout string) {
	p.t.Helper()
	stdout, stderr, code := p.run(stdin, args...)
	if code != 0 || stderr != "" {
		p.t.Fatalf("usagectl %q: exit code %d, stdout %q, stderr %q", args, code, stdout, stderr)
	}
	return stdout
}

func (p *person) enable() {
	p.t.Helper()
	if _, msg, code := p.run("", "enable", p.toolID); code != 0 {
		p.t.Fatalf("enable: exit code %d, stderr %q", code, msg)
	}
}

// send sends one event, which nobody may notice.
func (p *person) send(args ...string) {
	p.t.Helper()
	unharmed(p.t, p.command(append([]string{"send", p.toolID, "run.end"}, args...)...))
}

func unharmed(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	if err := cmd.Run(); err != nil || out.Len() > 0 || msg.Len() > 0 {
		t.Errorf("%q: %v, stdout %q, stderr %q; want nothing", cmd.Args, err, out.String(), msg.String())
	}
}

// flushed delivers what waits.
func (p *person) flushed() {
	p.t.Helper()
	eventually(p.t, "flush delivers all", func() bool {
		out, msg, code := p.run("", "flush", "--timeout=20s")
		if code != 0 {
			p.t.Logf("flush: exit code %d, stdout %q, stderr %q", code, out, msg)
		}
		return code == 0
	})
}

func (p *person) status() counts {
	p.t.Helper()
	out, msg, code := p.run("", "status", p.toolID, "--json")
	return countsOf(p.t, out, msg, code)
}

// stateHome is where everybody's programs keep their state.
func (p *person) stateHome() string {
	for _, variable := range slices.Backward(p.env) {
		if value, ok := strings.CutPrefix(variable, "XDG_STATE_HOME="); ok {
			return value
		}
	}
	return filepath.Join(p.home, ".local", "state")
}

// state is a path in the person's state directory.
func (p *person) state(parts ...string) string {
	return filepath.Join(append([]string{p.stateHome(), "usagectl"}, parts...)...)
}

// outbox is a path in the outbox of their tool.
func (p *person) outbox(parts ...string) string {
	return p.state(append([]string{"outbox", p.toolID}, parts...)...)
}

func (p *person) files(part string) []string { return filesIn(p.outbox(part)) }

// queued is how many events wait or are being delivered.
func (p *person) queued() int { return len(p.files("new")) + len(p.files("claimed")) }

func (p *person) holds(n int) {
	p.t.Helper()
	// A deliverer that moves an event this moment has it in neither place for whoever looks.
	if !within(patience, func() bool { return p.queued() == n }) {
		p.t.Errorf("the outbox holds %d events, want %d", p.queued(), n)
	}
}

// arrived waits until n events have arrived, and holds that there are no more.
func (p *person) arrived(n int) {
	p.t.Helper()
	if !within(patience, func() bool { return len(p.recorder.taken()) >= n }) || len(p.recorder.taken()) != n {
		p.t.Errorf("%d events arrived, want %d", len(p.recorder.taken()), n)
	}
}

// holdBack makes the outbox and lets nothing be delivered from it but by flush: by a back-off
// that lasts as long as any test.
func (p *person) holdBack() {
	p.t.Helper()
	for _, part := range []string{"tmp", "new", "claimed", "rejected"} {
		must(p.t, os.MkdirAll(p.outbox(part), 0o700))
	}
	mustWrite(p.t, p.outbox("backoff.json"), backoffUntil(time.Now().Add(time.Hour)))
	must(p.t, filepath.WalkDir(p.state(), func(path string, _ fs.DirEntry, err error) error {
		p.own(path)
		return err
	}))
	p.own(p.stateHome())
}

func (p *person) letGo() {
	p.t.Helper()
	must(p.t, os.Remove(p.outbox("backoff.json")))
}

func backoffUntil(at time.Time) string {
	return fmt.Sprintf(`{"failures":1,"not_before":%q,"error":"a test"}`, at.UTC().Format(time.RFC3339))
}

// entryName is the name of an outbox entry taken at a time, in nanoseconds.
func entryName(at int64) string { return fmt.Sprintf("%016x-%s.json", at, uuid.NewString()) }

// counts is what "status --json" tells of an outbox.
type counts struct{ Queued, Rejected, Dropped int }

func countsOf(t testing.TB, out, msg string, code int) counts {
	t.Helper()
	var told struct{ Tools []counts }
	if err := json.Unmarshal([]byte(out), &told); err != nil || code != 0 || len(told.Tools) != 1 {
		t.Fatalf("status: exit code %d, stdout %q, stderr %q", code, out, msg)
	}
	return told.Tools[0]
}
