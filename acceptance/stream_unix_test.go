//go:build unix

package acceptance

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStreamAndSignals holds that a stream goes on after a signal that its writer gets as well, and
// that what the writer says while it cleans up arrives.
func TestStreamAndSignals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		signals []syscall.Signal
		ends    syscall.Signal // by which it ends; 0 if it just ends
	}{
		{[]syscall.Signal{syscall.SIGINT}, syscall.SIGINT},
		{[]syscall.Signal{syscall.SIGTERM}, 0},
		{[]syscall.Signal{syscall.SIGHUP, syscall.SIGHUP}, 0}, // of a terminal, and of the shell in it
	} {
		t.Run(fmt.Sprint(c.signals), func(t *testing.T) {
			t.Parallel()
			receiver := newStreamReceiver(t)
			p := newPersonIn(t, t.TempDir())
			p.toolID = "mytool"
			p.declare("mytool", fmt.Sprintf(streamManifest, receiver.url))
			p.enable()
			cmd := p.command("send", "mytool", "--stream", "--json")
			var out bytes.Buffer
			cmd.Stdout = &out
			stdin, err := cmd.StdinPipe()
			must(t, err)
			must(t, cmd.Start())
			const run = `"run":"11111111-2222-4333-8444-555555555555"`
			say := func(n int) {
				_, err := io.WriteString(stdin, fmt.Sprintf(`{"event":"step","set":{"n":%d},%s}`+"\n", n, run))
				must(t, err)
				eventually(t, "it arrives", func() bool { return receiver.arrived() > n })
			}
			say(0)
			for _, s := range c.signals {
				must(t, cmd.Process.Signal(s))
			}
			for n := 1; n < 10; n++ {
				say(n)
			}
			must(t, stdin.Close())
			_ = cmd.Wait() // the state says how it ended
			if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() != (c.ends != 0) || status.Signaled() && status.Signal() != c.ends {
				t.Errorf("it ended with %v", cmd.ProcessState)
			}
			if !strings.Contains(out.String(), `"taken":10,`) {
				t.Errorf("it printed %q", out.String())
			}
		})
	}
}

// TestStreamStopped checks that nothing is dropped because the process was stopped for longer than it waits
// for a disk, as by Ctrl-Z in the middle of a stream.
func TestStreamStopped(t *testing.T) {
	t.Parallel()
	p := newPersonIn(t, t.TempDir())
	p.toolID = "mytool"
	p.declare("mytool", fmt.Sprintf(streamManifest, "http://127.0.0.1:9"))
	p.enable()
	p.holdBack()
	cmd := p.command("send", "mytool", "--stream", "--json")
	var out bytes.Buffer
	cmd.Stdout = &out
	stdin, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	const many = 60_000
	stopped := make(chan struct{})
	for i := range many {
		if i == many/3 {
			must(t, cmd.Process.Signal(syscall.SIGSTOP))
			go func() { // the writer fills the pipe, and waits
				time.Sleep(2500 * time.Millisecond) // longer than the 2 seconds of docs/streaming.md
				_ = cmd.Process.Signal(syscall.SIGCONT)
				close(stopped)
			}()
		}
		_, err := io.WriteString(stdin, `{"event":"step","set":{"n":1}}`+"\n")
		must(t, err)
	}
	must(t, stdin.Close())
	<-stopped
	must(t, cmd.Wait())
	if !strings.Contains(out.String(), fmt.Sprintf(`"taken":%d,`, many)) {
		t.Errorf("it printed %q", out.String())
	}
}
