package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// stream times how fast "usagectl send --stream" takes n events that are there at once, in a home
// that no deliverer works for: the best of a few runs, for what else the machine does only adds to
// it. Python's json module, which reads the same lines and does nothing with them, is beside it.
func (b *bench) stream(out io.Writer, n int) error {
	h, err := b.newHome("stream", httpManifest(b.server.url))
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	for i := range n {
		fmt.Fprintf(&lines, `{"event":"run.end","set":{"exit_code":%d,"duration":1.5}}`+"\n", i%256)
	}
	took := func(argv []string, env []string, want string) (time.Duration, error) {
		c := exec.Command(argv[0], argv[1:]...)
		c.Env, c.Stdin = env, bytes.NewReader(lines.Bytes())
		begin := time.Now()
		said, err := c.CombinedOutput()
		if err == nil && !strings.Contains(string(said), want) {
			err = fmt.Errorf("it does not say %s", want)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, said)
		}
		return time.Since(begin), err
	}
	best := func(run func() (time.Duration, error)) (least time.Duration, err error) {
		for range 5 {
			d, err := run()
			if err != nil {
				return 0, err
			}
			if least == 0 || d < least {
				least = d
			}
		}
		return least, nil
	}
	taken, err := best(func() (time.Duration, error) {
		if err := errors.Join(h.enable(), h.holdLease(), h.knowsBundles()); err != nil { // no deliverer takes part in it
			return 0, err
		}
		d, err := took([]string{b.product, "send", "bench", "--stream", "--json"}, h.env(), fmt.Sprintf(`"taken":%d,`, n))
		if err == nil {
			err = h.run("", "disable", "bench")
		}
		return d, err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n\"usagectl send --stream\" of %d events: %.0f events/s\n", n, float64(n)/taken.Seconds())
	read, err := best(func() (time.Duration, error) {
		return took([]string{"python3", "-c", "import sys, json\nfor line in sys.stdin: json.loads(line)"}, h.env(), "")
	})
	if err != nil {
		fmt.Fprintf(out, "note: Python is left out: %v\n", err)
		return nil
	}
	fmt.Fprintf(out, "Python's json.loads of the same lines: %.0f lines/s, %.2f times as fast\n", float64(n)/read.Seconds(), taken.Seconds()/read.Seconds())
	return nil
}

// knowsBundles has the lease that this process holds say that it delivers the events of streams too.
func (h *home) knowsBundles() error {
	f, err := os.OpenFile(h.outbox(lease), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(" bundles")
	return errors.Join(err, f.Close())
}
