package suggest

import (
	"strings"
	"testing"
)

// TestNearest holds how far from a name a mistake may be, and what wins.
func TestNearest(t *testing.T) {
	known := []string{"status", "send", "enable", "env", "version"}
	for given, want := range map[string]string{
		"status":                     "status",
		"stauts":                     "status", // two edits: letters that changed places
		"STATUS":                     "status",
		"sned":                       "send",
		"versoin":                    "version",
		"en":                         "env", // one edit; of two bytes no more count
		"xyz":                        "",
		"evn":                        "", // two edits of a short name
		"completely different":       "",
		"":                           "",
		strings.Repeat("status", 30): "",
	} {
		if got := Nearest(given, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", given, got, want)
		}
	}
	if got := Nearest("demon", []string{"demos", "demo"}); got != "demos" {
		t.Errorf("of two that are as near the first counts, not %q", got)
	}
	if got := Nearest("demo", nil); got != "" {
		t.Errorf("Nearest of no names = %q", got)
	}
}

// TestDistance holds the edits between two words, either way round.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"kitten", "sitting", 3},
		{"flaw", "lawn", 2},
		{"same", "same", 0},
	} {
		if got, back := distance(c.a, c.b), distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("distance(%q, %q) = %d, and %d back, want %d", c.a, c.b, got, back, c.want)
		}
	}
}

// TestNear holds that all of the nearest names are listed, and where none is near those
// that have the given one as a word.
func TestNear(t *testing.T) {
	known := []string{"azure-cli", "azure-functions", "demo", "demos", "git", "gh", "demo"}
	for given, want := range map[string]string{
		"demi":  "demo", // one edit, and not two
		"dem":   "demo", // once, though it is there twice
		"azure": "azure-cli azure-functions",
		"az":    "",
		"CLI":   "azure-cli",
		"gj":    "gh",
	} {
		if got := strings.Join(Near(given, known, 2), " "); got != want {
			t.Errorf("Near(%q) = %q, want %q", given, got, want)
		}
	}
}
