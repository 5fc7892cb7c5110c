package process_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/process"
)

func TestParse(t *testing.T) {
	self := process.Self()
	if got, ok := process.Parse(" " + self.String() + "\n"); !ok || got != self {
		t.Errorf("got %v, %v", got, ok)
	}
	for _, bad := range []string{
		"", "1", "1.", ".here", "0.here", "-1.here", "+1.here", "x.here", "2147483648.here", "99999999999999999999.here",
		"1.he/re", "1.he re", "1.he.re", "1.h\x00", "1." + strings.Repeat("a", 65),
	} {
		if got, ok := process.Parse(bad); ok {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(process.Self().String())
	f.Add("4194304.0123456789ab")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := process.Parse(s)
		if !ok {
			return
		}
		if again, ok := process.Parse(id.String()); !ok || again != id {
			t.Errorf("%q is %v, and that %v, %v", s, id, again, ok)
		}
		process.Self().KnowsDead(id)
	})
}

func TestKnowsDead(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	me := process.Self()
	if me.KnowsDead(me) {
		t.Error("this process is dead")
	}
	if !me.KnowsDead(process.New(cmd.Process.Pid)) {
		t.Error("one that has ended is not dead")
	}
	elsewhere, _ := process.Parse(fmt.Sprintf("%d.elsewhere", 1<<30))
	if me.KnowsDead(elsewhere) {
		t.Error("one elsewhere is known to be dead")
	}
}
