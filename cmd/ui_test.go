package cmd

import (
	"bytes"
	"errors"
	"testing"

	"github.com/usagectl/usagectl/internal/term"
)

// TestUI holds what each kind of message looks like, and that all of it is kept apart
// from the answer where a person sees both.
func TestUI(t *testing.T) {
	long := "a message that is too long for the line of this terminal"
	for name, c := range map[string]struct {
		ui   ui
		say  func(*ui)
		want string
	}{
		"note":          {ui{}, func(u *ui) { u.note("%d of %s", 1, "2") }, "usagectl: note: 1 of 2\n"},
		"note, quiet":   {ui{quiet: true}, func(u *ui) { u.note("n") }, "usagectl: note: n\n"},
		"hint":          {ui{}, func(u *ui) { u.hint("do %q", "it") }, "usagectl: hint: do \"it\"\n"},
		"hint, quiet":   {ui{quiet: true}, func(u *ui) { u.hint("h") }, ""},
		"warning":       {ui{quiet: true}, func(u *ui) { u.warn("w\x1b[2J") }, "usagectl: warning: w[2J\n"},
		"error":         {ui{}, func(u *ui) { u.tell(&failure{1, errors.New("one\n\ntwo"), []string{"h"}}) }, "usagectl: error: one\nusagectl: error: two\nusagectl: hint: h\n"},
		"nothing":       {ui{}, func(u *ui) { u.tell(&failure{code: 1}) }, ""},
		"done":          {ui{}, func(u *ui) { _ = u.done("it is done", errors.New("e")) }, ""},
		"not apart":     {ui{apart: true}, func(u *ui) { u.warn("w") }, "usagectl: warning: w\n"},
		"apart":         {ui{apart: true, stdout: term.Stream{Terminal: true}, stderr: term.Stream{Terminal: true}}, func(u *ui) { u.warn("w"); u.warn("x") }, "\nusagectl: warning: w\nusagectl: warning: x\n"},
		"wrapped":       {ui{stderr: term.Stream{Width: 40}}, func(u *ui) { u.note("%s", long) }, "usagectl: note: a message that is too\n                long for the line of\n                this terminal\n"},
		"colour, error": {ui{stderr: term.Stream{Color: true}}, func(u *ui) { u.tell(&failure{1, errors.New("e"), nil}) }, "usagectl: \x1b[31merror:\x1b[0m e\n"},
	} {
		var out bytes.Buffer
		u := c.ui
		u.stderr.Writer = &out
		if u.stderr.Width == 0 {
			u.stderr.Width = term.Unlimited
		}
		if c.say(&u); out.String() != c.want {
			t.Errorf("%s: %q, want %q", name, out.String(), c.want)
		}
	}
}

// TestPrintJSON holds that JSON is one line, of what was said and nothing that moves a
// cursor.
func TestPrintJSON(t *testing.T) {
	var out bytes.Buffer
	u := &ui{stdout: term.Stream{Writer: &out}}
	if err := u.printJSON(map[string]string{"a": "<&>\u009b"}); err != nil || out.String() != `{"a":"<&>\u009b"}`+"\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	if err := u.printJSON(func() {}); err == nil {
		t.Error("a function is JSON")
	}
}
