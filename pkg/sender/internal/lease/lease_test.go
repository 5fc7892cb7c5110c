package lease_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

func TestLease(t *testing.T) {
	self := lease.This()
	dead := sendertest.DeadProcess(t, "")
	now := time.Now()
	for _, c := range []struct {
		name, content string
		age           time.Duration
		held          bool
	}{
		{"of a living process", self.String(), 0, true},
		{"of a living process, too old for a deliverer", self.String(), 150 * time.Second, false},
		{"of a dead process", dead.String(), 0, false},
		{"of a process elsewhere", "1.elsewhere", time.Minute, true},
		{"of a process elsewhere, too old", "1.elsewhere", 150 * time.Second, false},
		{"from the future", "1.elsewhere", -1000 * time.Hour, false},
		{"without a name yet", "", 0, true},
		{"that never got a name", "", time.Minute, false},
		{"with rubbish in it", "\x00\xff", time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := lease.At(filepath.Join(t.TempDir(), ".deliverer"))
			if err := os.WriteFile(l.Path(), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			at := now.Add(-c.age)
			if err := os.Chtimes(l.Path(), at, at); err != nil {
				t.Fatal(err)
			}
			if held := l.Held(now, lease.This); held != c.held {
				t.Errorf("held: %v", held)
			}
			if err := l.Take(now, lease.This); errors.Is(err, os.ErrExist) != c.held || err != nil && !c.held {
				t.Errorf("taken: %v", err)
			}
		})
	}
}
