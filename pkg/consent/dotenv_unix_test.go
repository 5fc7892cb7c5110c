//go:build unix

package consent

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What cannot be read may refuse, so it does.
func TestDotenvThatIsNoFileRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".env")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(string) (string, bool) { return "", false }
	var got string
	Within(t, 10*time.Second, func() { got = dotenvRefusal(dir, refuse, env) })
	if strings.Count(got, path) != 1 {
		t.Errorf("it should name the path once: %q", got)
	}
}

func TestDotenvBehindALink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	writeDotenv(t, elsewhere, "PRESENT=1")
	if err := os.Symlink(filepath.Join(elsewhere, ".env"), filepath.Join(dir, ".env")); err != nil {
		t.Fatal(err)
	}
	if got := refusal(t, dir, nil); !strings.HasPrefix(got, "PRESENT") {
		t.Errorf("got %q", got)
	}
}

func TestUnreadableDotenvRefuses(t *testing.T) {
	AsOrdinaryUser(t, func(t *testing.T) {
		dir := t.TempDir()
		writeDotenv(t, dir, "PRESENT=1")
		if err := os.Chmod(filepath.Join(dir, ".env"), 0); err != nil {
			t.Fatal(err)
		}
		if got := refusal(t, dir, nil); !strings.Contains(got, filepath.Join(dir, ".env")) {
			t.Errorf("got %q", got)
		}
	})
}
