package cmd

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestAgo(t *testing.T) {
	for want, at := range map[string]time.Time{
		"never":                {},
		"just now":             noon.Add(-59 * time.Second),
		"59 min ago":           noon.Add(-59*time.Minute - 59*time.Second),
		"47 h ago":             noon.Add(-47 * time.Hour),
		"2 days ago":           noon.Add(-48 * time.Hour),
		"2026-03-04T13:00:00Z": noon.Add(time.Hour), // the clock was set back
	} {
		if got := ago(at, noon); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTilde(t *testing.T) {
	home := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(home, "a", "b"):    "~/a/b",
		home:                             home,
		filepath.Join(home, "..", "c"):   filepath.Join(home, "..", "c"),
		filepath.Join(home+"other", "d"): filepath.Join(home+"other", "d"),
	} {
		if got := tilde(home, path); got != want {
			t.Errorf("tilde(%q) = %q, want %q", path, got, want)
		}
	}
	if got := tilde("", "/a"); got != "/a" {
		t.Errorf("without a home: %q", got)
	}
}

func TestLinesOfErrors(t *testing.T) {
	one, many := errors.New("a"), errors.Join(errors.New("a"), errors.New("b"))
	if firstLine(one) != "a" || firstLine(many) != "a (and more)" || oneLine(one) != "a" || oneLine(many) != "a; b" {
		t.Error(firstLine(one), firstLine(many), oneLine(one), oneLine(many))
	}
}
