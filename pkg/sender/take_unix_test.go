//go:build unix

package sender

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestTakeHandsOver holds that the deliverer of an event that could not be kept reads
// that event.
func TestTakeHandsOver(t *testing.T) {
	s, _, _ := takingAt(t, sendertest.Nowhere)
	sendertest.Write(t, outbox.Dir(s.state()), "")
	var pipe *os.File
	s.deliver = func(stdin *os.File) (int, error) {
		// The event is written once this has returned, and stdin is closed then, as it is
		// the child's by that time.
		fd, err := syscall.Dup(int(stdin.Fd()))
		pipe = os.NewFile(uintptr(fd), "stdin")
		return os.Getpid(), err
	}
	got := s.Take(t.Context(), Event{Tool: "mytool", Name: "run", Values: map[string]any{"n": 7}})
	if got.Outcome != Queued || pipe == nil {
		t.Fatalf("%+v", got)
	}
	defer pipe.Close()
	read, err := io.ReadAll(pipe)
	sendertest.Must(t, err)
	e, err := outbox.ParseEntry(read)
	if n, _ := e.Values.Get("n"); err != nil || e.EventID != got.EventID || n == nil {
		t.Errorf("%s, %v", read, err)
	}
}
