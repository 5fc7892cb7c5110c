package process_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/process"
)

// TestParentName holds that a program finds out what started it is called, by having this
// test run itself.
func TestParentName(t *testing.T) {
	if os.Getenv("ASK_PARENT") != "" {
		os.Stdout.WriteString("parent=" + process.ParentName() + ";")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestParentName$")
	child.Env = append(os.Environ(), "ASK_PARENT=1")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, name, _ := strings.Cut(string(out), "parent=")
	name, _, _ = strings.Cut(name, ";")
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
		if name != "" { // nobody looks there
			t.Errorf("it is %q", name)
		}
		return
	}
	// Kernels keep the first 15 bytes or more.
	if name == "" || !strings.HasPrefix(strings.ToLower(filepath.Base(self)), strings.ToLower(name)) {
		t.Errorf("it is %q, but this is %q", name, filepath.Base(self))
	}
}
