package sender

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestSetAside has what is no event among those that wait. It does not stay there, and
// keeps nothing else from being delivered.
func TestSetAside(t *testing.T) {
	s := newSender(t)
	o := s.Outbox(sendertest.ToolID(t, "mytool"))
	if err := o.Create(); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("0", 250)
	for _, file := range []string{filepath.Join("new", long), "new/001/x", "rejected/001/y"} {
		if err := os.MkdirAll(filepath.Dir(o.Path(file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(o.Path(file), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum := s.drain(t.Context(), sendertest.ToolID(t, "mytool"), func(int) {})
	if sum.Rejected != 1 || sum.Dropped != 1 || sum.Failed != "" || sum.Held != "" || len(waiting(t, o)) != 0 {
		t.Errorf("%+v, %d wait", sum, len(waiting(t, o)))
	}
	if _, err := os.Stat(o.Path("rejected", long)); err != nil {
		t.Error(err)
	}
	if count, err := o.Count(); err != nil || count.Queued != 0 || count.Rejected != 2 || count.Dropped != 1 {
		t.Errorf("%+v, %v", count, err)
	}
}
