package term_test

import (
	"testing"

	"github.com/usagectl/usagectl/internal/term"
)

// TestColored holds which variable decides about colour.
func TestColored(t *testing.T) {
	for _, c := range []struct {
		terminal, off bool
		env           map[string]string
		want          bool
	}{
		{true, false, map[string]string{"TERM": "xterm"}, true},
		{true, false, nil, false}, // as on Windows
		{true, false, map[string]string{"TERM": "dumb"}, false},
		{false, false, map[string]string{"TERM": "xterm"}, false},
		{false, false, map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{false, false, map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{true, false, map[string]string{"TERM": "dumb", "CLICOLOR_FORCE": "1"}, true},
		{true, false, map[string]string{"TERM": "xterm", "CLICOLOR_FORCE": "1", "NO_COLOR": "0"}, false},
		{true, false, map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true},
		{true, true, map[string]string{"TERM": "xterm", "CLICOLOR_FORCE": "1"}, false},
	} {
		env := func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }
		if got := term.Colored(c.terminal, c.off, env); got != c.want {
			t.Errorf("a terminal: %v, --no-color: %v, %v: %v", c.terminal, c.off, c.env, got)
		}
	}
}
