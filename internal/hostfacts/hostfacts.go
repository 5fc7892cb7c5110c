// Package hostfacts reads the few facts about the machine that a manifest can
// ask for, each only when it is asked for. It is the only importer of gopsutil,
// whose structs hold much that must never leave: nothing of them is passed on
// but the single values named here. No fact is worth starting another program for,
// and none is started.
package hostfacts

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"math"
	"os"
	"os/user"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usagectl/usagectl/internal/ci"
)

// Unknown is the value of a fact that the system does not give.
const Unknown = "unavailable"

// Host reads facts. Root is the machine's file system; Env looks a variable up.
type Host struct {
	Root fs.FS
	Env  func(string) (string, bool)
}

// OS is the operating system as Go and OpenTelemetry's os.type name it: "linux".
func (Host) OS() string { return runtime.GOOS }

// System is the operating system as uname and Python's platform.system name it: "Linux".
func (Host) System() string {
	switch runtime.GOOS {
	case "linux":
		return "Linux"
	case "darwin":
		return "Darwin"
	case "windows":
		return "Windows"
	case "freebsd":
		return "FreeBSD"
	}
	return runtime.GOOS
}

// Distribution is the distribution's ID: "debian".
func (h Host) Distribution() string {
	name, _ := h.distribution()
	return known(name, nil)
}

// DistributionVersion is the distribution's version: "12.5".
func (h Host) DistributionVersion() string {
	_, version := h.distribution()
	return known(version, nil)
}

func known(s string, err error) string {
	if err != nil || !presentable(s) {
		return Unknown
	}
	return s
}

// presentable reports whether a text that the system gave can be a fact: up to 128
// bytes of printable text. os-release can hold anything.
func presentable(s string) bool {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	return s != "" && len(s) <= 128 && utf8.ValidString(s) && !strings.ContainsFunc(s, unprintable)
}

// Platform is one line about the system, made of other facts:
// "Linux-6.1.0-13-amd64-x86_64-with-debian12.5".
func (h Host) Platform() string {
	line := h.System() + "-" + h.KernelRelease() + "-" + h.Arch()
	if name, version := h.distribution(); presentable(name) {
		line += "-with-" + name
		if presentable(version) {
			line += version
		}
	}
	return line
}

// Arch is the processor as "uname -m" names it on Linux: "x86_64", "aarch64".
func (Host) Arch() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "386":
		return "i686"
	case "arm64":
		if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
			return "arm64"
		}
		return "aarch64"
	case "arm":
		return "armv7l"
	}
	return runtime.GOARCH
}

// CPUCount is the number of the machine's logical processors that are at work, as Python's
// os.cpu_count gives it: not only those that this process may use, which says something of
// the job instead of the machine. Where that is not known it is the latter.
func (h Host) CPUCount() int64 {
	if n := h.processors(); n > 0 {
		return n
	}
	return int64(runtime.NumCPU())
}

// MemoryGiB is the memory in GiB, rounded to a power of two so that it does not
// single a machine out; 0 if it is not known.
func (Host) MemoryGiB() int64 {
	size := memory()
	if size == 0 {
		return 0
	}
	gib := float64(size) / (1 << 30)
	return max(1, int64(math.Exp2(math.Round(math.Log2(gib)))))
}

// Container is "docker", "podman", "kubernetes", "lxc", "wsl" or "none".
func (h Host) Container() string {
	switch {
	case h.set("KUBERNETES_SERVICE_HOST") || h.exists("var/run/secrets/kubernetes.io"):
		return "kubernetes"
	case h.exists("run/.containerenv"):
		return "podman"
	case h.inDocker():
		return "docker"
	case h.contains("run/systemd/container", "lxc") || h.contains("proc/1/environ", "container=lxc"):
		return "lxc"
	case h.set("WSL_DISTRO_NAME") || h.contains("proc/sys/kernel/osrelease", "microsoft"):
		return "wsl"
	}
	return "none"
}

// Runtime is where the program runs, in the words of NannyML's usage logging:
// "notebook", "docker", "kubernetes" or "native". Its "aks" and "eks" are not
// told apart from "kubernetes", for that takes asking the network.
func (h Host) Runtime() string {
	switch {
	case h.set("JPY_PARENT_PID"):
		return "notebook"
	case h.inDocker():
		return "docker"
	case h.exists("var/run/secrets/kubernetes.io"):
		return "kubernetes"
	}
	return "native"
}

// inDocker follows NannyML: /.dockerenv is there, or a line of
// /proc/self/cgroup has "docker".
func (h Host) inDocker() bool {
	return h.exists(".dockerenv") || h.contains("proc/self/cgroup", "docker")
}

// CI is the vendor of the CI system, or the empty string.
func (h Host) CI() string { return ci.Detect(h.Env) }

// UserHash is a keyed hash of the login name; [Unknown] if there is none.
func UserHash(key []byte, length int) string {
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return Unknown
	}
	return keyed(key, u.Username, length)
}

// NameHash is a keyed hash of the host name; [Unknown] if there is none.
func NameHash(key []byte, length int) string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return Unknown
	}
	return keyed(key, name, length)
}

// keyed is the first length hex digits of HMAC-SHA256 (RFC 2104). Without the
// key, which never leaves the machine, guessing names does not reverse it.
func keyed(key []byte, name string, length int) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(name))
	digits := hex.EncodeToString(mac.Sum(nil))
	return digits[:min(length, len(digits))]
}

func (h Host) set(name string) bool {
	value, ok := h.Env(name)
	return ok && value != ""
}

func (h Host) exists(path string) bool {
	_, err := fs.Stat(h.Root, path)
	return err == nil
}

func (h Host) contains(path, word string) bool {
	data, err := fs.ReadFile(h.Root, path)
	if err != nil {
		return false
	}
	return bytes.Contains(bytes.ToLower(data), []byte(word))
}
