package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// deliveries times the delivery of n events that wait: to the server one by one,
// and to OpenTelemetry's own receiver.
func (b *bench) deliveries(out io.Writer, n int) error {
	fmt.Fprintf(out, "\n\"usagectl flush\" of %d events\n", n)
	if err := b.deliver(out, "HTTP, one request an event", httpManifest(b.server.url), n); err != nil {
		return err
	}
	r, err := startReceiver(b.dir)
	if err != nil {
		fmt.Fprintln(out, "note: OTLP is left out:", err)
		return nil
	}
	err = b.deliver(out, "OTLP traces, OpenTelemetry's receiver", otlpManifest(r.url), n)
	return errors.Join(err, r.stop(), r.check(n))
}

func (b *bench) deliver(out io.Writer, what, manifest string, n int) error {
	h, err := b.newHome(what, manifest)
	if err := errors.Join(err, h.fill(n)); err != nil {
		return err
	}
	var answer struct{ Tools []struct{ Sent int } }
	begin := time.Now()
	err = h.run(&answer, "flush", "bench", "--timeout=100s")
	took := time.Since(begin).Seconds()
	if err == nil && (len(answer.Tools) != 1 || answer.Tools[0].Sent != n) {
		err = fmt.Errorf("%+v were delivered instead of %d", answer.Tools, n)
	}
	fmt.Fprintf(out, "%-36s %7.0f events/s\n", what, float64(n)/took)
	return err
}

// receiver is the receivers program, at work.
type receiver struct {
	url, dir string
	command  *exec.Cmd
	stdin    io.Closer
	cancel   context.CancelFunc
}

// startReceiver builds and starts the receivers program, which is a module of its
// own and needs much more to be downloaded than usagectl does.
func startReceiver(dir string) (*receiver, error) {
	path := filepath.Join(dir, "receivers.exe")
	if said, err := exec.Command("go", "build", "-C", "receivers", "-o", path, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	r := &receiver{dir: dir, command: exec.CommandContext(ctx, path, "-dir", dir), cancel: cancel}
	stdin, err0 := r.command.StdinPipe()
	stdout, err1 := r.command.StdoutPipe()
	r.stdin = stdin
	if err := errors.Join(err0, err1, r.command.Start()); err != nil {
		cancel()
		return nil, err
	}
	var ready struct{ OTLP string }
	if err := json.NewDecoder(bufio.NewReader(stdout)).Decode(&ready); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	r.url = ready.OTLP
	return r, nil
}

// stop closes the program's standard input, which ends it.
func (r *receiver) stop() error {
	defer r.cancel()
	return errors.Join(r.stdin.Close(), r.command.Wait())
}

// check counts the spans that arrived.
func (r *receiver) check(n int) error {
	traces, err := os.ReadFile(filepath.Join(r.dir, "traces.jsonl"))
	if got := bytes.Count(traces, []byte(`"spanId"`)); err == nil && got != n {
		err = fmt.Errorf("%d spans arrived instead of %d", got, n)
	}
	return err
}
