package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestStaticProgram builds the program as docs/images.md says, and runs it in an image that
// holds nothing else. With the flags of a release it is as small as README.md says.
func TestStaticProgram(t *testing.T) {
	t.Parallel()
	needProgram(t, "go")
	if !strings.Contains(imagesPage(t), "`CGO_ENABLED=0 go install") {
		t.Error("docs/images.md does not say how to build the program for an image")
	}
	image := t.TempDir()
	program := filepath.Join(image, "usagectl")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags=nethttpomithttp2", "-ldflags=-s -w", "-o", program, ".")
	build.Dir = repository()
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const most = 12 << 20
	if info, err := os.Stat(program); err != nil || info.Size() >= most {
		t.Errorf("%v: the program is not smaller than %d bytes: %+v", err, most, info)
	}
	for _, args := range []string{"version", "disable --all --system", "status --all", "send demo run.start -v --json"} {
		run := exec.Command("/usagectl", strings.Fields(args)...)
		run.Env = []string{"HOME=/"}
		run.Dir = "/"
		inOwnMounts(run)
		run.SysProcAttr.Chroot = image
		if out, err := run.CombinedOutput(); err != nil || len(out) == 0 {
			t.Errorf("usagectl %s: %v\n%s", args, err, out)
		}
	}
}
