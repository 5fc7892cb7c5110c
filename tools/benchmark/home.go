package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/process"
)

// home is a temporary home in which the tool "bench" is known.
type home struct{ product, dir string }

// manifest declares eight fields; what a transport needs stands in send.
const manifest = `schema = 1
tool = {id = "bench", purpose = "To measure."}
consent = {default = "opt-in"}
event = [{name = "run.start"}, {name = "run.end"}]
exec = {start = "run.start", end = "run.end", exit_code = "exit_code", duration = "duration"}
send = {%s}
field = [
	{name = "event", key = "/name", from = "event.name", purpose = "To measure."},
	{name = "time", key = "/end", from = "time.now", format = "unix_float", purpose = "To measure."},
	{name = "os", key = "/resource/os.type", from = "host.os", purpose = "To measure."},
	{name = "source", key = "/resource/service.instance.id", from = "identity.source", purpose = "To measure."},
	{name = "event_id", key = "/attributes/event_id", from = "event.id", purpose = "To measure."},
	{name = "run", key = "/attributes/run", from = "run.id", purpose = "To measure."},
	{name = "exit_code", key = "/attributes/exit_code", type = "int", min = 0, max = 255, events = ["run.end"], purpose = "To measure."},
	{name = "duration", key = "/attributes/duration", type = "float", min = 0, events = ["run.end"], purpose = "To measure."},
]
`

func httpManifest(url string) string {
	return fmt.Sprintf(manifest, fmt.Sprintf("transport = %q, endpoint = %q", "http", url))
}

func otlpManifest(url string) string {
	return fmt.Sprintf(manifest, fmt.Sprintf("transport = %q, endpoint = %q, signal = %q", "otlp", url+"/v1/traces", "traces"))
}

func sendArgs() []string {
	return []string{"send", "bench", "run.end", "--set", "exit_code=0", "--set", "duration=1.5"}
}

func (b *bench) newHome(name, manifest string) (*home, error) {
	h := &home{b.product, filepath.Join(b.dir, "home", name)}
	tools := filepath.Join(h.dir, "data", "usagectl", "tools")
	err := os.MkdirAll(tools, 0o700)
	return h, errors.Join(err, os.WriteFile(filepath.Join(tools, "bench.toml"), []byte(manifest), 0o600))
}

// env is all of the environment: nothing of the caller's refuses, sets a proxy, or
// names a CI system.
func (h *home) env() []string {
	env := []string{"HOME=" + h.dir, "USERPROFILE=" + h.dir, "PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	for _, part := range []string{"config", "data", "state"} {
		env = append(env, "XDG_"+strings.ToUpper(part)+"_HOME="+filepath.Join(h.dir, part))
	}
	return env
}

// run runs the product, which has to say a certain thing in JSON.
func (h *home) run(want string, args ...string) error {
	c := exec.Command(h.product, append(args, "--json")...)
	c.Env = h.env()
	said, err := c.CombinedOutput()
	if err == nil && !bytes.Contains(said, []byte(want)) {
		err = fmt.Errorf("it does not say %s", want)
	}
	if err != nil {
		return fmt.Errorf("usagectl %s: %w\n%s", strings.Join(args, " "), err, said)
	}
	return nil
}

func (h *home) enable() error    { return h.run("", "enable", "bench") }
func (h *home) refuseAll() error { return h.run("", "disable", "--all", "--quiet") }

func (h *home) send(outcome string) error {
	return h.run(fmt.Sprintf(`"outcome":%q`, outcome), sendArgs()...)
}

func (h *home) outbox(names ...string) string {
	return filepath.Join(append([]string{h.dir, "state", "usagectl", "outbox"}, names...)...)
}

// The parts of an outbox that the benchmark handles, as pkg/sender has them.
const (
	lease = ".deliverer" // the [process.ID] of the deliverer that is at work, and its words
	queue = "bench/new"  // a file an event: "TIME-ID.json"
)

// clear removes what waits, and every sign of a deliverer.
func (h *home) clear() (err error) {
	for _, name := range []string{lease, queue, "bench/claimed", "bench/backoff.json"} {
		err = errors.Join(err, os.RemoveAll(h.outbox(name)))
	}
	return errors.Join(err, os.MkdirAll(h.outbox(queue), 0o700), os.MkdirAll(h.outbox("bench/claimed"), 0o700))
}

// deliverer reads the lease.
func (h *home) deliverer() (pid int, err error) {
	content, err := os.ReadFile(h.outbox(lease))
	first, _, _ := strings.Cut(string(content), ".")
	if pid, _ = strconv.Atoi(first); err == nil && pid <= 1 {
		err = fmt.Errorf("the lease names no process: %q", content)
	}
	return pid, err
}

// endDeliverer ends the deliverer that a send has started. It is an error if it
// started none, and nothing else is ever ended.
func (h *home) endDeliverer() error {
	pid, err := h.deliverer()
	if err != nil {
		return fmt.Errorf("no deliverer was started: %w", err)
	}
	link := fmt.Sprintf("/proc/%d/exe", pid) // where there is such a thing
	exe, err := os.Readlink(link)
	if err == nil && exe != h.product {
		return fmt.Errorf("process %d is no deliverer but %s", pid, exe)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	_ = p.Kill()
	for range 100 { // the dead have no program, but stay to be seen until somebody collects them
		now, _ := os.Readlink(link)
		if now != exe || p.Signal(syscall.Signal(0)) != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return p.Release()
}

// holdLease makes this process look like a deliverer at work. What it
// says has to be real, so the first time a real deliverer makes it.
func (h *home) holdLease() error {
	pid, err := h.deliverer()
	if err == nil && pid == os.Getpid() {
		return os.Chtimes(h.outbox(lease), time.Time{}, time.Now())
	}
	if err := errors.Join(h.send("queued"), h.endDeliverer()); err != nil {
		return err
	}
	content, err := os.ReadFile(h.outbox(lease))
	_, words, _ := strings.Cut(string(content), " ")
	return errors.Join(err, h.clear(), os.WriteFile(h.outbox(lease), fmt.Appendf(nil, "%s %s", process.Self(), words), 0o600))
}

// fill agrees, and puts n copies of a real event into the outbox, each with an ID
// and a time of its own. They are older than any that will be sent.
func (h *home) fill(n int) error {
	if err := errors.Join(h.enable(), h.holdLease(), h.send("queued")); err != nil {
		return err
	}
	sent, err := h.last(0)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(sent)
	if err := errors.Join(err, os.Remove(sent)); err != nil {
		return err
	}
	_, old, _ := strings.Cut(strings.TrimSuffix(filepath.Base(sent), ".json"), "-")
	begin := time.Now().Add(-time.Hour)
	for i := range n {
		id := uuid.NewString()
		name := fmt.Sprintf("%016x-%s.json", begin.Add(time.Duration(i)).UnixNano(), id)
		if err := os.WriteFile(h.outbox(queue, name), bytes.ReplaceAll(data, []byte(old), []byte(id)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// last is the event that was sent last, with n older ones waiting.
func (h *home) last(n int) (string, error) {
	files, err := os.ReadDir(h.outbox(queue)) // sorted by name, and so by time
	if err == nil && len(files) != n+1 {
		err = fmt.Errorf("%d events wait instead of %d", len(files), n+1)
	}
	if err != nil {
		return "", err
	}
	return h.outbox(queue, files[n].Name()), nil
}

// takeBack removes the event that was sent last, so that n wait again.
func (h *home) takeBack(n int) error {
	sent, err := h.last(n)
	if err != nil {
		return err
	}
	return os.Remove(sent)
}
