package hostfacts_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestCPUCount holds that the machine's processors are counted, not those that the process
// may use, where the machine says.
func TestCPUCount(t *testing.T) {
	const online = "sys/devices/system/cpu/online"
	own := int64(runtime.NumCPU())
	for _, test := range []struct {
		files map[string]string
		want  int64
	}{
		{map[string]string{online: "0\n"}, 1},
		{map[string]string{online: "0-255\n"}, 256},
		{map[string]string{online: "0-3,8,10-11\n", "proc/stat": "cpu0\n"}, 7},
		{map[string]string{"proc/stat": "cpu  1 2\ncpu0 1\ncpu1 1\ncpu12 1\nintr 3\ncpufreq\n"}, 3},
		{map[string]string{online: "", "proc/stat": "cpu0 1\n"}, 1},
		{map[string]string{online: "3-1\n"}, own},
		{map[string]string{online: "0-"}, own},
		{map[string]string{online: "0-99999999999"}, own},
		{map[string]string{online: "all\n", "proc/stat": "cpu\ncpu"}, own},
		{nil, own},
	} {
		if got := host(test.files, nil).CPUCount(); got != test.want {
			t.Errorf("%q: got %d, want %d", test.files, got, test.want)
		}
	}
}

// TestNamesOfLinux holds what the facts say that the kernel gives, as uname says it.
func TestNamesOfLinux(t *testing.T) {
	h := host(nil, nil)
	for _, c := range []struct{ got, file string }{
		{h.KernelRelease(), "/proc/sys/kernel/osrelease"},
		{h.KernelVersion(), "/proc/sys/kernel/version"},
		{h.System(), "/proc/sys/kernel/ostype"},
	} {
		want, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		if c.got != strings.TrimSpace(string(want)) {
			t.Errorf("%q, want %q", c.got, want)
		}
	}
	if h.OS() != "linux" || runtime.GOARCH == "amd64" && h.Arch() != "x86_64" {
		t.Errorf("%s, %s", h.OS(), h.Arch())
	}
}

func TestDistribution(t *testing.T) {
	const release = "PRETTY_NAME=\"Some Linux\"\nVERSION_CODENAME=bookworm\nID_LIKE=debian\n"
	for _, test := range []struct {
		files         map[string]string
		name, version string
	}{
		{nil, "unavailable", "unavailable"},
		{map[string]string{"etc/os-release": release}, "unavailable", "unavailable"},
		{map[string]string{"etc/os-release": release + "VERSION_ID=\"12\"\nID=debian\n", "etc/debian_version": "12.5\n"}, "debian", "12.5"},
		{map[string]string{"etc/os-release": "ID=debian\n", "etc/debian_version": "trixie/sid\n"}, "debian", "trixie/sid"},
		{map[string]string{"etc/os-release": "ID=debian\nVERSION_ID='12'"}, "debian", "12"},
		{map[string]string{"etc/os-release": release + "ID=ubuntu\nVERSION_ID=\"24.04\"\n", "etc/debian_version": "trixie/sid\n"}, "ubuntu", "24.04"},
		{map[string]string{"usr/lib/os-release": "ID=\"opensuse-leap\"\r\nVERSION_ID=\"15.6\"\r\n"}, "opensuse-leap", "15.6"},
		{map[string]string{"etc/os-release": "ID=arch\n", "usr/lib/os-release": "ID=other\nVERSION_ID=1\n"}, "arch", "unavailable"},
	} {
		h := host(test.files, nil)
		if name, version := h.Distribution(), h.DistributionVersion(); name != test.name || version != test.version {
			t.Errorf("%q: got %s %s, want %s %s", test.files, name, version, test.name, test.version)
		}
		want := ""
		if test.name != "unavailable" {
			want = "-with-" + test.name + strings.TrimPrefix(test.version, "unavailable")
		}
		if got := h.Platform(); !strings.HasSuffix(got, h.Arch()+want) {
			t.Errorf("%q: platform %s, want %s at its end", test.files, got, want)
		}
	}
}
