package manifest_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/usagectl/usagectl/pkg/manifest"
)

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add(small)
	files, err := filepath.Glob("builtin/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := manifest.Parse("f.toml", []byte(text))
		if err != nil {
			checkErrors(t, text, err)
			return
		}
		checkAccepted(t, m)
	})
}

// checkErrors holds that every error has a place within the file.
func checkErrors(t *testing.T, text string, err error) {
	t.Helper()
	var list manifest.Errors
	if !errors.As(err, &list) || len(list) == 0 {
		t.Fatalf("%T: %v", err, err)
	}
	lines := strings.Split(text, "\n")
	for _, e := range list {
		if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > len(lines[e.Line-1])+1 {
			t.Errorf("%s: there is no such place", e)
		}
	}
}

func checkAccepted(t *testing.T, m *manifest.Manifest) {
	t.Helper()
	if m.Tool.ID.IsZero() || strings.TrimSpace(m.Tool.Purpose) == "" || len(m.Events) == 0 || len(m.Consent.Levels) == 0 {
		t.Errorf("incomplete: %+v", m)
	}
	keys := map[string]bool{}
	for i, f := range m.Fields {
		if key := f.Key.String(); keys[key] {
			t.Errorf("two fields at %s", key)
		} else {
			keys[key] = true
		}
		if strings.TrimSpace(f.Purpose) == "" {
			t.Errorf("field %s has no purpose", f.Name)
		}
		if got, ok := m.Field(f.Name); !ok || got != &m.Fields[i] {
			t.Errorf("field %s is not the only one of that name", f.Name)
		}
		if f.Default != nil {
			if _, err := f.Check(f.Default); err != nil {
				t.Errorf("the default of field %s: %v", f.Name, err)
			}
		}
	}
}

// FuzzUDPAddress holds that an address of a datagram's receiver is one that can be
// dialled, and that it is taken for the same when it is read again.
func FuzzUDPAddress(f *testing.F) {
	for _, text := range []string{
		"telemetry.example:50077", "udp://127.0.0.1:1", "[::1]:65535", "[fe80::1%eth0]:9", "a:0", "a:65536", "a:+1", "a:007", ":1", "a:", "a",
		"udp://udp://a:1", "a b:1", "user@a:1", "a/b:1", "a:1/b", "[::1]", "[a:1", "\x1b[2J:1", "ü.example:1", "a\n:1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := manifest.UDPAddress(text)
		if err != nil {
			return
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			t.Errorf("%q has the port %q", text, port)
		}
		if strings.ContainsFunc(host, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune("/@", r) }) || host == "" {
			t.Errorf("%q has the host %q", text, host)
		}
		if again, err := manifest.UDPAddress(net.JoinHostPort(host, port)); err != nil || again != address {
			t.Errorf("%q, and then %q, %v", address, again, err)
		}
	})
}

// FuzzHeaderFields holds that the names in braces are found as a regular expression
// finds them.
func FuzzHeaderFields(f *testing.F) {
	for _, text := range []string{"", "a", "{a}", "x {a}{b} y", "{a", "a}", "}{a}", "{{a}}", "{}", "{a}{", "{a\nb}", "{\xff}"} {
		f.Add(text)
	}
	braces := regexp.MustCompile(`\{([^}]*)\}`)
	f.Fuzz(func(t *testing.T, text string) {
		var want []string
		for _, match := range braces.FindAllStringSubmatch(text, -1) {
			want = append(want, match[1])
		}
		if got := manifest.HeaderFields(text); !slices.Equal(got, want) {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	})
}
