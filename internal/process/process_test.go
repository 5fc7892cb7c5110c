package process_test

import (
	"errors"
	"fmt"
	"io"
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

// TestNumbersAreGivenOutAgain holds that a process that has a dead one's number, in a
// namespace that has the number of the dead one's, is not taken for it.
func TestNumbersAreGivenOutAgain(t *testing.T) {
	me := process.Self()
	pid, domain, _ := strings.Cut(me.String(), ".")
	if strings.Count(domain, "-") != 2 {
		t.Skipf("when this process started is not known: %v", me)
	}
	if life := me.Life(me); life != process.Alive {
		t.Errorf("this process: %v", life)
	}
	for name, c := range map[string]struct {
		name string
		life process.Life
	}{
		"it has started at another time":   {pid + "." + me.Domain() + "-1", process.Dead},
		"nobody knows when it has started": {pid + "." + me.Domain(), process.Unknown},
		"an older version has named it":    {pid + ".0123456789ab", process.Unknown},
		"the system told nothing of it":    {pid + ".nowhere-0-1", process.Unknown},
		"in another namespace":             {fmt.Sprintf("%d.%s9-1", 1<<30, me.Domain()), process.Unknown},
	} {
		other, ok := process.Parse(c.name)
		if life := me.Life(other); !ok || life != c.life || other.String() != c.name {
			t.Errorf("%s: %v, %v", name, other, life)
		}
	}
}

// TestNames holds that a process that another one starts names itself as that one names it.
func TestNames(t *testing.T) {
	if os.Getenv("ASK_NAME") != "" {
		os.Stdout.WriteString("name=" + process.Self().String() + ";")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestNames$")
	child.Env = append(os.Environ(), "ASK_NAME=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	name := process.New(child.Process.Pid).String()
	said, err := io.ReadAll(out)
	if err := errors.Join(err, child.Wait()); err != nil || !strings.Contains(string(said), "name="+name+";") {
		t.Errorf("%s: it says %q, %v", name, said, err)
	}
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
