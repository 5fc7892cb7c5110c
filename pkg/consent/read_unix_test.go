//go:build unix

package consent_test

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
)

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyRegularFilesCount(t *testing.T) {
	for name, create := range map[string]func(path, other string) error{
		"FIFO":              func(path, _ string) error { return syscall.Mkfifo(path, 0o600) },
		"link to a file":    func(path, other string) error { return os.Symlink(other, path) },
		"link to nowhere":   func(path, _ string) error { return os.Symlink("nowhere", path) },
		"link to itself":    func(path, _ string) error { return os.Symlink(path, path) },
		"link to /dev/null": func(path, _ string) error { return os.Symlink("/dev/null", path) },
	} {
		t.Run(name, func(t *testing.T) {
			d := places(t)
			other := write(t, d.ConfigHome, "other.toml", grantFile)
			if err := create(filepath.Join(d.UserConsent(), "mytool.toml"), other); err != nil {
				t.Fatal(err)
			}
			var r consent.Statement
			id := toolID(t, "mytool")
			consent.Within(t, 10*time.Second, func() { r = consent.ReadUser(d, id) })
			if r.Problem == "" {
				t.Errorf("%+v", r)
			}
			checkProblem(t, d, r)
		})
	}
}

func TestFilesThatOthersCanWriteDoNotCount(t *testing.T) {
	for mode, ok := range map[os.FileMode]bool{
		0o600: true, 0o644: true, 0o444: true, 0o640: true, 0o755: true,
		0o660: false, 0o620: false, 0o602: false, 0o606: false, 0o666: false, 0o777: false, 0o422: false,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			d := places(t)
			chmod(t, write(t, d.ConfigHome, "mytool.toml", grantFile), mode)
			r := consent.ReadUser(d, toolID(t, "mytool"))
			if ok != (r.Problem == "") || ok != (r.Decision.State == consent.Granted) {
				t.Errorf("%+v", r)
			}
			checkProblem(t, d, r)

			system := places(t)
			chmod(t, write(t, system.System, "mytool.toml", `state = "refused"`), mode)
			want := map[bool]consent.Rule{true: consent.System, false: consent.Unreadable}[ok]
			if v := decide(t, parse(t, `default = "opt-in"`, fields), system, nil); v.On() || v.Reason.Rule != want {
				t.Errorf("the machine's: on is %v because of %+v", v.On(), v.Reason)
			}
		})
	}
}

func TestWrittenFilesArePrivate(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	d, id := places(t), toolID(t, "mytool")
	path := consent.FileIn(d.UserConsent(), id)
	if err := consent.WriteFile(path, consent.Decision{State: consent.Refused}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestWriteReplacesALinkAndNotItsTarget(t *testing.T) {
	d, id := places(t), toolID(t, "mytool")
	other := write(t, d.ConfigHome, "other.toml", grantFile)
	path := consent.FileIn(d.UserConsent(), id)
	if err := os.Symlink(other, path); err != nil {
		t.Fatal(err)
	}
	if err := consent.WriteFile(path, consent.Decision{State: consent.Refused}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(other); err != nil || string(got) != grantFile {
		t.Errorf("the link's target is %q, %v", got, err)
	}
	if r := consent.ReadUser(d, id); r.Decision.State != consent.Refused {
		t.Errorf("%+v", r)
	}
}

func TestUnreadableIsNotAbsent(t *testing.T) {
	consent.AsOrdinaryUser(t, func(t *testing.T) {
		m, id := parse(t, `default = "opt-in"`, fields), toolID(t, "mytool")
		for _, place := range []string{"file", "directory", "machine's file", "machine's directory"} {
			d := places(t)
			base := d.ConfigHome
			if strings.HasPrefix(place, "machine") {
				base = d.System
				write(t, d.ConfigHome, "mytool.toml", grantFile)
			}
			path := write(t, base, "mytool.toml", grantFile)
			if strings.HasSuffix(place, "directory") {
				path = filepath.Dir(path)
			}
			chmod(t, path, 0)
			if v := decide(t, m, d, nil); v.On() || v.Reason.Rule != consent.Unreadable {
				t.Errorf("%s: on is %v because of %+v", place, v.On(), v.Reason)
			}
			if base == d.ConfigHome {
				checkProblem(t, d, consent.ReadUser(d, id))
			}
			chmod(t, path, 0o700) // or the directory could not be removed
		}
	})
}

func TestWriteIntoAClosedDirectoryLeavesTheOldFile(t *testing.T) {
	consent.AsOrdinaryUser(t, func(t *testing.T) {
		d, id := places(t), toolID(t, "mytool")
		path := write(t, d.ConfigHome, "mytool.toml", grantFile)
		chmod(t, filepath.Dir(path), 0o500)
		if err := consent.WriteFile(path, consent.Decision{State: consent.Refused}); err == nil {
			t.Error("written")
		}
		chmod(t, filepath.Dir(path), 0o700)
		if r := consent.ReadUser(d, id); r.Decision.State != consent.Granted {
			t.Errorf("%+v", r)
		}
		leftovers(t, d.UserConsent(), "mytool.toml")
	})
}

// A limit on the size of files stands in for a disk that is full. In a process
// of its own, because the limit is for all that a process writes.
func TestWriteOnAFullDiskLeavesTheOldFile(t *testing.T) {
	consent.AsOrdinaryUser(t, func(t *testing.T) {
		d, id := places(t), toolID(t, "mytool")
		path := write(t, d.ConfigHome, "mytool.toml", grantFile)
		signal.Ignore(syscall.SIGXFSZ)
		var old syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 40, Max: old.Max}); err != nil {
			t.Fatal(err)
		}
		defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old) // for the coverage that is written at exit
		if err := consent.WriteFile(path, consent.Decision{State: consent.Refused}); !errors.Is(err, syscall.EFBIG) {
			t.Errorf("error is %v", err)
		}
		if r := consent.ReadUser(d, id); r.Decision.State != consent.Granted {
			t.Errorf("%+v", r)
		}
		leftovers(t, d.UserConsent(), "mytool.toml")
	})
}
