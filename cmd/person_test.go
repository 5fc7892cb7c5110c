package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/dirs"
)

// person is somebody at the program, with a home of their own, nothing on PATH and a
// clock that stands. No deliverer starts, and nothing leaves the process.
type person struct {
	t           *testing.T
	world       World
	env         map[string]string
	home        string
	out, errout bytes.Buffer // of the last command
}

// noon is when everything happens.
var noon = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// errNoProgram is why no deliverer starts.
var errNoProgram = errors.New("there is no program to start")

func newPerson(t *testing.T) *person {
	t.Helper()
	home := t.TempDir()
	p := &person{t: t, home: home, env: map[string]string{"HOME": home, "TERM": "xterm", "SHELL": "/bin/sh"}}
	p.world = World{
		Stdin: strings.NewReader(""),
		Env:   func(name string) (string, bool) { value, ok := p.env[name]; return value, ok },
		Dirs: dirs.Dirs{
			Home: home, ConfigHome: filepath.Join(home, ".config"), StateHome: filepath.Join(home, ".local", "state"),
			DataHome: filepath.Join(home, ".local", "share"), System: filepath.Join(home, "etc"),
		},
		WorkDir:    home,
		Now:        func() time.Time { return noon },
		Executable: func() (string, error) { return "", errNoProgram },
		Name:       "usagectl",
		Parent:     func() string { return "" },
	}
	p.world.Stdout = term.Stream{Writer: &p.out, Width: term.Unlimited}
	p.world.Stderr = term.Stream{Writer: &p.errout, Width: term.Unlimited}
	return p
}

// atTerminal gives the person a terminal of so many columns, without colour unless it
// is forced.
func (p *person) atTerminal(width int) {
	p.world.Stdout.Terminal, p.world.Stdout.Width = true, width
	p.world.Stderr.Terminal, p.world.Stderr.Width = true, width
	p.env["NO_COLOR"] = "1"
}

// atPipe takes the terminal away again.
func (p *person) atPipe() {
	p.world.Stdout.Terminal, p.world.Stdout.Width = false, term.Unlimited
	p.world.Stderr.Terminal, p.world.Stderr.Width = false, term.Unlimited
}

// write puts a file into the home, and returns its path.
func (p *person) write(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.home, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// there reports whether a file of the home exists.
func (p *person) there(name string) bool {
	_, err := os.Lstat(filepath.Join(p.home, filepath.FromSlash(name)))
	return err == nil
}

// blank stands for a space within a word of a command line.
const blank = "\x00"

// word is a path as one word of a command line: a home may have spaces in its name.
func word(path string) string { return strings.ReplaceAll(path, " ", blank) }

// wordsOf are the words of a command line.
func wordsOf(line string) []string {
	list := strings.Fields(line)
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], blank, " ")
	}
	return list
}

// run runs a command, and returns its exit code.
func (p *person) run(line string) int {
	p.out.Reset()
	p.errout.Reset()
	return Main(p.world, wordsOf(line))
}

// must runs a command that has to succeed.
func (p *person) must(line string) {
	p.t.Helper()
	if code := p.run(line); code != exitOK {
		p.t.Fatalf("usagectl %s ends with %d: %s", line, code, &p.errout)
	}
}

// said is a command, how it ends and what it says: parts of its output, each of which
// has to be there. An output of which nothing is said has to be empty; "*" allows any.
type said struct {
	line     string
	code     int
	out, err []string
}

// expect runs commands one after the other, and holds what they say.
func (p *person) expect(list ...said) {
	p.t.Helper()
	for _, s := range list {
		if code := p.run(s.line); code != s.code {
			p.t.Errorf("usagectl %s ends with %d, want %d", s.line, code, s.code)
		}
		p.holds(s.line, "stdout", p.out.String(), s.out)
		p.holds(s.line, "stderr", p.errout.String(), s.err)
	}
}

func (p *person) holds(line, stream, text string, parts []string) {
	p.t.Helper()
	if len(parts) == 0 && text != "" {
		p.t.Errorf("usagectl %s prints on %s: %q", line, stream, text)
	}
	for _, part := range parts {
		if part != "*" && !strings.Contains(text, part) {
			p.t.Errorf("usagectl %s: %s has no %q:\n%s", line, stream, part, text)
		}
	}
}

// answer is the JSON that the last command printed: one document on one line.
func (p *person) answer() map[string]any {
	p.t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(p.out.Bytes(), &doc); err != nil || strings.Count(p.out.String(), "\n") != 1 {
		p.t.Fatalf("no JSON on one line (%v): %s", err, &p.out)
	}
	return doc
}

// tool is what the answer says of the only tool, or of the first.
func (p *person) tool() map[string]any {
	p.t.Helper()
	list, _ := p.answer()["tools"].([]any)
	if len(list) == 0 {
		p.t.Fatalf("there is no tool in %s", &p.out)
	}
	return list[0].(map[string]any)
}
