//go:build unix && !darwin

package dirs

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestHomeIn holds which entry of a user database is an account's.
func TestHomeIn(t *testing.T) {
	const passwd = "root:x:0:0:root:/root:/bin/sh\n#old:x:1000:1000::/home/old:/bin/sh\nshort:x:1000:/home/short\n" +
		"ada:x:1000:1000:Ada, of Ockham:/home/ada:/bin/sh\r\nagain:x:1000:1000::/home/again:/bin/sh\n+::::::\nlast:x:7:7::/home/last:"
	for uid, want := range map[int]string{0: "/root", 1000: "/home/ada", 7: "/home/last", 10: "", 1: "", 65534: ""} {
		if got := homeIn(passwd, uid); got != want {
			t.Errorf("user %d: %q, want %q", uid, got, want)
		}
	}
}

// TestFirstHome holds what can be a home.
func TestFirstHome(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const account = "the account's"
	for said, want := range map[string]string{
		dir: dir, "": account, "home": account, ".": account, "~": account, file: account, filepath.Join(file, "home"): account,
		filepath.Join(dir, "nowhere"): account, "/dev/null": account, "/": "/",
	} {
		for _, there := range []bool{true, false} {
			other, want := filepath.Join(dir, "other"), want
			if there {
				other = t.TempDir()
			}
			if want == account {
				want = ""
				if there {
					want = other
				}
			}
			got := firstHome(func() string { return said }, func() string { return other })
			if got != want {
				t.Errorf("HOME=%s, the account's is there: %v: got %q, want %q", said, there, got, want)
			}
		}
	}
}

// TestDefaultWithoutHome holds that the account's home is the same place, however the
// environment fails to say it. It touches nothing in it.
func TestDefaultWithoutHome(t *testing.T) {
	account := firstHome(accountHome)
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
		t.Setenv(name, "relative")
	}
	for _, said := range []string{"", "relative", filepath.Join(t.TempDir(), "nowhere"), "/dev/null", "/dev/null/x"} {
		t.Setenv("HOME", said)
		d := Default()
		if d.Home != account || d.ConfigHome != under(account, ".config") || d.StateHome != under(account, ".local", "state") || d.DataHome != under(account, ".local", "share") {
			t.Errorf("HOME=%s: %+v, want those of %q", said, d, account)
		}
	}
}

// TestToolsDirectories holds where the manifests of tools are looked for, the person's own first.
func TestToolsDirectories(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("XDG_DATA_DIRS", "")
	want := []string{filepath.Join(home, ".local/share/usagectl/tools"), "/usr/local/share/usagectl/tools", "/usr/share/usagectl/tools"}
	if got := Default().Tools(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestMachineRefusalsStay holds that no variable moves the machine's own refusals away:
// those that it names come in addition.
func TestMachineRefusalsStay(t *testing.T) {
	t.Setenv("XDG_CONFIG_DIRS", "")
	fixed := Default().SystemConsent()[0]
	for _, value := range []string{"/nowhere", "/a:/b", ":", "relative"} {
		for _, name := range []string{"XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "XDG_DATA_DIRS", "XDG_DATA_HOME", "XDG_STATE_HOME", "HOME"} {
			t.Setenv(name, value)
		}
		if got := Default().SystemConsent(); got[0] != fixed || fixed != "/etc/xdg/usagectl/consent" {
			t.Errorf("%s: %q", value, got)
		}
	}
}
