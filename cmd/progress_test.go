package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/internal/term"
)

// TestProgress holds when a person sees how far a command is: on a
// terminal, from a second on, until the answer is on the same one.
func TestProgress(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*ui)
		want   string
	}{
		"a terminal for stderr":      {func(*ui) {}, "\rread 2 of 4 MiB\rread 4 of 4 MiB"},
		"a terminal for both":        {func(u *ui) { u.stdout.Terminal = true }, "\rread 2 of 4 MiB"},
		"no terminal":                {func(u *ui) { u.stderr.Terminal = false }, ""},
		"a person who asks for less": {func(u *ui) { u.quiet = true }, ""},
	} {
		var out, msg strings.Builder
		u := &ui{stdout: term.Stream{Writer: &out, Width: 80}, stderr: term.Stream{Writer: &msg, Width: 80, Terminal: true}}
		c.change(u)
		now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		p := newProgress(u, func() time.Time { return now })
		p.show("read %d of 4 MiB", 1)
		now = now.Add(progressAfter)
		p.show("read %d of 4 MiB", 2)
		p.show("read %d of 4 MiB", 3) // at once: it does not flicker
		now = now.Add(progressAfter)
		p.pause()
		p.show("read %d of 4 MiB", 4)
		p.clear()
		got, wiped, _ := strings.Cut(msg.String(), "\r  ")
		if got != c.want || out.Len() > 0 || (c.want != "") != strings.HasSuffix(wiped, " \r") {
			t.Errorf("%s: %q, want %q", name, msg.String(), c.want)
		}
		if last := strings.TrimSuffix(msg.String(), "\r"); c.want != "" && !strings.HasSuffix(last, " ") {
			t.Errorf("%s: the line stays: %q", name, msg.String())
		}
	}
}
