//go:build linux

package acceptance

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mistake is one of the caller's.
type mistake struct {
	name  string
	args  []string
	stdin string
	told  string // must be in what the caller is told
	kept  bool   // the event is taken, without what is wrong
}

func mistakes(t *testing.T) []mistake {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	must(t, syscall.Mkfifo(fifo, 0o600))
	large := strings.Repeat("x", 100_000) // the system takes 128 KiB in one argument
	megabyte := []string{"harm", "run.end"}
	for range 12 {
		megabyte = append(megabyte, "--set", "word="+large)
	}
	set := func(text string) []string { return []string{"harm", "run.end", "--set", text} }
	data := func(file string) []string { return []string{"harm", "run.end", "--data", file} }
	return []mistake{
		{name: "unknown tool", args: []string{"harn", "run.end"}, told: `did you mean "harm"?`},
		{name: "no tool ID", args: []string{"No Tool", "run.end"}, told: "No Tool"},
		{name: "unknown event", args: []string{"harm", "run.ned"}, told: `did you mean "run.end"?`},
		{name: "empty event", args: []string{"harm", ""}, told: "no event"},
		{name: "unknown field", args: set("exit_cod=1"), told: `did you mean "exit_code"?`, kept: true},
		{name: "field that is not the caller's", args: set("source=me"), told: "cannot be set", kept: true},
		{name: "field of another event", args: set("needed=1"), told: "run.strict", kept: true},
		{name: "wrong type", args: set("exit_code=one"), told: `"one" is no int`, kept: true},
		{name: "out of range", args: set("exit_code=256"), told: "256 is more than 255", kept: true},
		{name: "no equals sign", args: set("exit_code"), told: "NAME=VALUE", kept: true},
		{name: "empty name", args: set("=1"), told: "NAME=VALUE", kept: true},
		{name: "nothing", args: set(""), told: "NAME=VALUE", kept: true},
		{name: "line breaks", args: set("a\nb\r\x1b[2J=1"), told: "no field", kept: true},
		{name: "no UTF-8", args: set("word=\xff\xfe"), told: "UTF-8", kept: true},
		{name: "a megabyte", args: megabyte, told: "more than 1024", kept: true},
		{name: "a long name", args: set(large + "=1"), told: "no field", kept: true},
		{name: "several", args: append(set("exit_code=1.5"), "--set", "huh=1", "--run", "7"), told: "UUID", kept: true},
		{name: "required field", args: []string{"harm", "run.strict"}, told: "needed"},
		{name: "required field that does not fit", args: []string{"harm", "run.strict", "--set", "needed=\xff"}, told: "needed"},
		{name: "data is no object", args: data("-"), stdin: `[1]`, told: "--data", kept: true},
		{name: "data is no JSON", args: data("-"), stdin: "{\n'a': 1}\n", told: "--data", kept: true},
		{name: "data is empty", args: data("-"), told: "--data", kept: true},
		{name: "data twice the same", args: data("-"), stdin: `{"exit_code": 1, "exit_code": 2}`, told: "exit_code", kept: true},
		{name: "data with a megabyte", args: data("-"), stdin: `{"word": "` + strings.Repeat("x", 1<<20-100) + `"}`, told: "more than 1024", kept: true},
		{name: "data too large", args: data("-"), stdin: `{"word": "` + strings.Repeat("x", 1<<20) + `"}`, told: "--data", kept: true},
		{name: "data in a FIFO", args: data(fifo), told: "did not end within 5s", kept: true},
		{name: "data in a directory", args: data(dir), told: "not a regular file", kept: true},
		{name: "data nowhere", args: data(filepath.Join(dir, "nowhere")), told: "no such file", kept: true},
		{name: "data in a device", args: data("/dev/zero"), told: "not a regular file", kept: true},
	}
}

// TestHarmMistakes holds that a mistake of the caller is told in one line and
// costs no more than what was wrong, and that --fail makes all of it an error.
func TestHarmMistakes(t *testing.T) {
	t.Parallel()
	for _, m := range mistakes(t) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, 0, "")
			p.enable()
			p.holdBack()
			p.oneLine(m, 65, "--fail")
			p.holds(0)
			p.oneLine(m, 0)
			if m.kept {
				p.holds(1)
			} else {
				p.holds(0)
			}
		})
	}
}

func (p *person) oneLine(m mistake, want int, extra ...string) {
	p.t.Helper()
	out, msg, code := p.run(m.stdin, append(append([]string{"send"}, m.args...), extra...)...)
	if code != want || out != "" {
		p.t.Errorf("%q: exit code %d, stdout %q; want %d and nothing", extra, code, out, want)
	}
	if !strings.HasPrefix(msg, "usagectl: ") || strings.Index(msg, "\n") != len(msg)-1 || !strings.Contains(msg, m.told) || len(msg) > 2000 {
		p.t.Errorf("%q: stderr %.3000q; want one line with %q", extra, msg, m.told)
	}
	if strings.ContainsAny(msg, "\r\x1b\x00") {
		p.t.Errorf("%q: stderr %q holds control characters", extra, msg)
	}
}

// TestHarmUsage holds that send reports a command line that this version cannot read in one
// line, and ends with 0, for the script may be newer than the program; with --fail, wherever
// that stands, it ends with 64. It sends nothing.
func TestHarmUsage(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	for _, args := range [][]string{
		{},
		{"harm"},
		{"harm", "run.end", "more"},
		{"harm", "run.end", "--sett", "a=b"},
		{"harm", "run.end", "--wait=soon"},
		{"harm", "run.end", "--set"},
		{"harm", "run.end", "-x"},
	} {
		p.oneLine(mistake{args: args, told: "nothing was sent"}, 0)
		if last := len(args) - 1; last < 0 || args[last] != "--set" { // else it is the value of that
			p.oneLine(mistake{args: args, told: "nothing was sent"}, 64, "--fail")
		}
		p.oneLine(mistake{args: append([]string{"--fail"}, args...), told: "nothing was sent"}, 64)
	}
	p.holds(0)
}

// TestHarmLargeNumbers holds that numbers beyond 2^53 arrive as they were given.
func TestHarmLargeNumbers(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.send("--set", "big=9007199254740993")
	p.send("--set", "big=-9223372036854775808")
	if _, msg, code := p.run(`{"big": 9223372036854775807, "detail": {"n": [123456789012345678901234567890, 9007199254740993]}}`,
		"send", "harm", "run.end", "--data", "-"); code != 0 || msg != "" {
		t.Errorf("exit code %d, stderr %q", code, msg)
	}
	p.flushed()
	p.arrived(3)
	all := fmt.Sprint(p.recorder.taken())
	for _, want := range []string{
		`"big":9007199254740993`, `"big":-9223372036854775808`, `"big":9223372036854775807`,
		`"detail":{"n":[123456789012345678901234567890,9007199254740993]}`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s did not arrive: %s", want, all)
		}
	}
}
