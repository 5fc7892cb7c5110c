package acceptance

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/usagectl/usagectl/cmd"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/dirs"
)

// onTerminal is what a terminal of 80 columns shows of a command, run in a home.
func onTerminal(home string, color bool, args ...string) string {
	var screen bytes.Buffer
	stream := term.Stream{Writer: &screen, Terminal: true, Width: 80}
	env := map[string]string{"TERM": "xterm", "HOME": home}
	if !color {
		env["NO_COLOR"] = "1"
	}
	cmd.Main(cmd.World{
		Stdin: strings.NewReader(""), Stdout: stream, Stderr: stream,
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Dirs: dirs.Dirs{
			Home: home, ConfigHome: filepath.Join(home, ".config"), StateHome: filepath.Join(home, ".local", "state"),
			DataHome: filepath.Join(home, ".local", "share"), System: filepath.Join(home, "etc"),
		},
		WorkDir: home, Now: time.Now,
		Executable: func() (string, error) { return "", os.ErrNotExist },
	}, args)
	return screen.String()
}

// looks are commands that show something, in an order in which each has something to show.
var looks = []string{
	"enable demo --level 2", "enable stripepy", "enable flwr", "enable parsl --level 3", "disable homebrew", "disable dvc go azd",
	"send demo run.start --wait", "status", "status --all", "status demo", "status flwr", "status homebrew", "status go",
	"inspect demo", "inspect stripepy call", "inspect flwr", "inspect nannyml", "inspect flwr --forget", "inspect demo --sent",
	"env --all", "forget flwr --yes", "forget demo --yes", "status", "flush", "disable --all", "status", "status demo", "enable demo",
	"forget nosuch --yes", "inspect nosuch", "inspect homebrew", "help", "help send",
	"tools", "tools show demo", "tools show flwr", "tools show nannyml", "tools diff parsl-2024 parsl", "help tools",
}

// TestLooksFit holds that nothing wraps badly in a terminal of 80 columns: a longer
// line is one that is to be copied whole, or a word that cannot be broken.
func TestLooksFit(t *testing.T) {
	home := visited(t)
	whole := regexp.MustCompile(`https?://|^ *if \(Get-Command usagectl|^mailto:|^Subject: |^please delete all usage data|^\s*"|^\s*\S+$`)
	for _, args := range looks {
		screen := onTerminal(home, false, strings.Fields(args)...)
		if screen == "" && !strings.HasPrefix(args, "send ") {
			t.Errorf("%s shows nothing", args)
		}
		for line := range strings.Lines(screen) {
			line = strings.TrimRight(line, "\n")
			if n := utf8.RuneCountInString(line); n > 80 && !whole.MatchString(line) {
				t.Errorf("%s: a line of %d characters: %s", args, n, line)
			}
		}
	}
}

// TestColorIsDecoration holds that nothing is said by colour alone: without it the
// same words are there. Two homes see the same story, once in colour.
func TestColorIsDecoration(t *testing.T) {
	plain, colored := visited(t), visited(t)
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	differs := regexp.MustCompile(`[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}…|\d+:\d+:[\d.]+|\d{10}\.\d+|%[0-9A-Fa-f]{2}`)
	seen := 0
	for _, args := range looks {
		without := onTerminal(plain, false, strings.Fields(args)...)
		with := onTerminal(colored, true, strings.Fields(args)...)
		if escapes.MatchString(without) {
			t.Errorf("%s: colour though NO_COLOR is set", args)
		}
		seen += len(escapes.FindAllString(with, -1))
		folded := func(text string) string { return strings.Join(strings.Fields(text), " ") } // a path can be broken at its spaces
		with = strings.ReplaceAll(folded(escapes.ReplaceAllString(with, "")), colored, plain)
		without = folded(without)
		if differs.ReplaceAllString(with, "") != differs.ReplaceAllString(without, "") {
			t.Errorf("%s: in colour\n%s\nwithout\n%s", args, with, without)
		}
	}
	if seen < 100 {
		t.Errorf("there is hardly any colour: %d", seen)
	}
}

// visited is a home with the source ID of a tool in it.
func visited(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, ".flwr")
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "source"), []byte("1ffd8f4e-7f1d-4d54-8a1f-3f2b6a0f3e11"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return home
}
