package hostfacts_test

import (
	"math/bits"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usagectl/usagectl/internal/hostfacts"
)

func host(files map[string]string, env map[string]string) hostfacts.Host {
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return hostfacts.Host{Root: root, Env: func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}}
}

func TestContainerAndRuntime(t *testing.T) {
	const docker = "12:cpuset:/\n11:devices:/docker/0123456789abcdef\n"
	for _, test := range []struct {
		files, env         map[string]string
		container, runtime string
	}{
		{nil, nil, "none", "native"},
		{map[string]string{"proc/self/cgroup": "0::/init.scope\n", "proc/1/environ": "HOME=/", "proc/sys/kernel/osrelease": "6.1.0-13-amd64\n"}, nil, "none", "native"},
		{map[string]string{".dockerenv": ""}, nil, "docker", "docker"},
		{map[string]string{"proc/self/cgroup": docker}, nil, "docker", "docker"},
		{map[string]string{"run/.containerenv": ""}, nil, "podman", "native"},
		{map[string]string{"run/.containerenv": "", ".dockerenv": ""}, nil, "podman", "docker"},
		{map[string]string{"var/run/secrets/kubernetes.io/serviceaccount/token": ""}, nil, "kubernetes", "kubernetes"},
		{map[string]string{"var/run/secrets/kubernetes.io/serviceaccount/token": "", ".dockerenv": ""}, nil, "kubernetes", "docker"},
		{nil, map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes", "native"},
		{nil, map[string]string{"KUBERNETES_SERVICE_HOST": ""}, "none", "native"},
		{map[string]string{"run/systemd/container": "lxc\n"}, nil, "lxc", "native"},
		{map[string]string{"run/systemd/container": "systemd-nspawn\n"}, nil, "none", "native"},
		{map[string]string{"proc/1/environ": "HOME=/\x00container=lxc\x00"}, nil, "lxc", "native"},
		{map[string]string{"proc/sys/kernel/osrelease": "5.15.90.1-Microsoft-standard-WSL2\n"}, nil, "wsl", "native"},
		{nil, map[string]string{"WSL_DISTRO_NAME": "Debian"}, "wsl", "native"},
		{map[string]string{".dockerenv": ""}, map[string]string{"WSL_DISTRO_NAME": "Debian"}, "docker", "docker"},
		{nil, map[string]string{"JPY_PARENT_PID": "17"}, "none", "notebook"},
		{map[string]string{".dockerenv": ""}, map[string]string{"JPY_PARENT_PID": "17"}, "docker", "notebook"},
	} {
		h := host(test.files, test.env)
		if got := h.Container(); got != test.container {
			t.Errorf("container of %q, %v: got %s, want %s", test.files, test.env, got, test.container)
		}
		if got := h.Runtime(); got != test.runtime {
			t.Errorf("runtime of %q, %v: got %s, want %s", test.files, test.env, got, test.runtime)
		}
	}
}

func TestCI(t *testing.T) {
	if got := host(nil, map[string]string{"GITLAB_CI": "true"}).CI(); got != "gitlab" {
		t.Errorf("got %q", got)
	}
	if got := host(nil, nil).CI(); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestMemoryIsPowerOfTwo(t *testing.T) {
	gib := host(nil, nil).MemoryGiB()
	if gib < 1 || bits.OnesCount64(uint64(gib)) != 1 {
		t.Errorf("got %d", gib)
	}
}

func TestFactsAreOneLine(t *testing.T) {
	h := hostfacts.Host{Root: os.DirFS("/"), Env: os.LookupEnv}
	for fact, value := range map[string]string{
		"os": h.OS(), "system": h.System(), "release": h.KernelRelease(), "version": h.KernelVersion(), "distribution": h.Distribution(),
		"distribution version": h.DistributionVersion(), "platform": h.Platform(), "arch": h.Arch(),
	} {
		if value == "" || strings.Contains(value, "\n") {
			t.Errorf("%s: %q", fact, value)
		}
	}
	if !strings.HasPrefix(h.Platform(), h.System()+"-"+h.KernelRelease()+"-"+h.Arch()) {
		t.Errorf("platform: %q", h.Platform())
	}
	if h.OS() != runtime.GOOS || h.CPUCount() < 1 {
		t.Errorf("got %s, %d", h.OS(), h.CPUCount())
	}
}

func TestHashes(t *testing.T) {
	digits := regexp.MustCompile(`\A[0-9a-f]*\z`)
	one, other := []byte("0123456789abcdef0123456789abcdef"), []byte("0123456789abcdef0123456789abcdeF")
	for kind, hash := range map[string]func([]byte, int) string{"user": hostfacts.UserHash, "name": hostfacts.NameHash} {
		full := hash(one, 64)
		for _, length := range []int{1, 10, 16, 64, 65} {
			got := hash(one, length)
			if len(got) != min(length, 64) || !digits.MatchString(got) || !strings.HasPrefix(full, got) {
				t.Errorf("%s, %d: got %q of %q", kind, length, got, full)
			}
		}
		if hash(other, 64) == full {
			t.Errorf("%s: the key makes no difference", kind)
		}
	}
}
