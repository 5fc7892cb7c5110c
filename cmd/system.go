package cmd

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/adrg/xdg"
	xterm "github.com/charmbracelet/x/term"

	"github.com/usagectl/usagectl/internal/dirs"
	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/term"
)

// World is everything outside the program that it looks at or touches. It is
// read once, at the edge, and passed down.
type World struct {
	Stdin      io.Reader
	Stdout     term.Stream
	Stderr     term.Stream
	Env        func(name string) (string, bool)
	Environ    []string
	Dirs       dirs.Dirs
	WorkDir    string // "" if it is not known
	Now        func() time.Time
	Executable func() (string, error)
	Name       string        // how this program was called
	Shell      shell.Dialect // in which advice is given
	// Interactive tells whether somebody can be asked: stdin and stderr are terminals.
	Interactive bool
}

// System is the world as it is.
func System() World {
	workDir, err := os.Getwd()
	if err != nil {
		workDir = ""
	}
	return World{
		Stdin:      os.Stdin,
		Stdout:     stream(os.Stdout),
		Stderr:     stream(os.Stderr),
		Env:        os.LookupEnv,
		Environ:    os.Environ(),
		Dirs:       systemDirs(),
		WorkDir:    workDir,
		Now:        time.Now,
		Executable: os.Executable,
		Name:       os.Args[0],
		Shell:      advisedShell(),

		Interactive: xterm.IsTerminal(os.Stdin.Fd()) && xterm.IsTerminal(os.Stderr.Fd()),
	}
}

// advisedShell is the shell that comes with the system and that people type into.
func advisedShell() shell.Dialect {
	if runtime.GOOS == "windows" {
		return shell.PowerShell
	}
	return shell.Sh
}

func stream(f *os.File) term.Stream {
	s := term.Stream{Writer: f, Terminal: xterm.IsTerminal(f.Fd()), Width: term.Unlimited}
	if s.Terminal {
		if width, _, err := xterm.GetSize(f.Fd()); err == nil && width > 0 {
			s.Width = width
		}
	}
	return s
}

// systemDirs asks the xdg package, but for what it makes up where HOME is not
// set: it takes the root directory then, where nothing of a person's belongs.
func systemDirs() dirs.Dirs {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		home = ""
	}
	own := func(variable, path string) string {
		if home == "" && !filepath.IsAbs(os.Getenv(variable)) {
			return ""
		}
		return path
	}
	return checked(onThisSystem(dirs.Dirs{
		Home:       home,
		ConfigHome: own("XDG_CONFIG_HOME", xdg.ConfigHome),
		StateHome:  own("XDG_STATE_HOME", xdg.StateHome),
		DataHome:   own("XDG_DATA_HOME", xdg.DataHome),
		ConfigDirs: xdg.ConfigDirs,
		DataDirs:   xdg.DataDirs,
	}))
}

// checked finds out, once for all that the program does, whether the state directory
// is a directory that only this user can have filled.
func checked(d dirs.Dirs) dirs.Dirs {
	if dir := d.StateDir(); dir != "" {
		if err := statefile.CheckDir(dir); err != nil {
			d.StateFlaw = statefile.Reason(err)
		}
	}
	return d
}
