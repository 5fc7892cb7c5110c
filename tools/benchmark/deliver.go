package main

import (
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
// and to OpenTelemetry's own receiver, which is a module of its own and needs
// much more to be downloaded than usagectl does.
func (b *bench) deliveries(out io.Writer, n int) error {
	fmt.Fprintf(out, "\n\"usagectl flush\" of %d events\n", n)
	if err := b.deliver(out, "HTTP, one request an event", httpManifest(b.server.url), n); err != nil {
		return err
	}
	path := filepath.Join(b.dir, "receivers.exe")
	if said, err := exec.Command("go", "build", "-C", "acceptance/receivers", "-o", path, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(out, "note: OTLP is left out: %v: %s\n", err, bytes.TrimSpace(said))
		return nil
	}
	err := receive(path, b.dir, func(url string) error {
		return b.deliver(out, "OTLP traces, OpenTelemetry's receiver", otlpManifest(url), n)
	})
	traces, readErr := os.ReadFile(filepath.Join(b.dir, "traces.jsonl"))
	if got := bytes.Count(traces, []byte(`"spanId"`)); err == nil && got != n {
		err = fmt.Errorf("%d spans arrived instead of %d", got, n)
	}
	return errors.Join(err, readErr)
}

// deliver times one flush. Its time is bounded by its own flag.
func (b *bench) deliver(out io.Writer, what, manifest string, n int) error {
	h, err := b.newHome(what, manifest)
	if err := errors.Join(err, h.fill(n)); err != nil {
		return err
	}
	begin := time.Now()
	err = h.run(fmt.Sprintf(`"sent":%d,`, n), "flush", "bench", "--timeout=100s")
	fmt.Fprintf(out, "%-36s %7.0f events/s\n", what, float64(n)/time.Since(begin).Seconds())
	return err
}

// receive calls f while the receivers program is at work. Closing its standard
// input ends it, and so does ctx.
func receive(path, dir string, f func(url string) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, path, "-dir", dir)
	stdin, err0 := c.StdinPipe()
	stdout, err1 := c.StdoutPipe()
	if err := errors.Join(err0, err1, c.Start()); err != nil {
		return err
	}
	var ready struct{ OTLP string }
	err := json.NewDecoder(stdout).Decode(&ready)
	if err == nil {
		err = f(ready.OTLP)
	}
	return errors.Join(err, stdin.Close(), c.Wait())
}
