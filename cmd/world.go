package cmd

import (
	"fmt"
	"io"
	"os"
	"time"

	xterm "github.com/charmbracelet/x/term"

	"github.com/usagectl/usagectl/internal/process"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/internal/wrap"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
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
	Name       string          // how this program was called
	Parent     func() string   // what the program that started this one is called, or ""; nil: not known
	Raise      func(os.Signal) // ends the program by a signal; it returns where that cannot be
	// Interactive reports whether somebody can be asked: stdin and stderr are terminals.
	Interactive bool
	// Foreground reports whether this process may read from the terminal, and is not a job in
	// the background, which the system would stop for that; nil: it may.
	Foreground func() bool
	// DropTyped discards what was typed at stdin and not read yet, and reports whether there was
	// something, as far as the system tells; nil: there was nothing.
	DropTyped func() bool
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
		Dirs:       dirs.Default(),
		WorkDir:    workDir,
		Now:        time.Now,
		Executable: os.Executable,
		Name:       os.Args[0],
		Parent:     process.ParentName,
		Raise:      wrap.Die,

		Interactive: xterm.IsTerminal(os.Stdin.Fd()) && xterm.IsTerminal(os.Stderr.Fd()),
		Foreground:  func() bool { return foreground(os.Stdin) },
		DropTyped:   func() bool { return dropTyped(os.Stdin) },
	}
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

// library finds manifests.
func (w World) library() manifest.Library { return manifest.Library{Dirs: w.Dirs.Tools()} }

// sender takes and delivers events.
func (w World) sender() sender.Sender {
	return sender.Open(sender.Config{Dirs: w.Dirs, Env: w.Env, WorkDir: w.WorkDir, Now: w.Now, Version: Version, Deliver: w.startDeliverer})
}

// ownHome refuses to decide, to forget or to deliver for somebody else. What root writes
// into a home is not its owner's to read or change: a ~/.config that is made so locks
// them out of it.
func (w World) ownHome() error {
	home := consent.ForeignHome(w.Dirs)
	if home == "" {
		return nil
	}
	return fail(exitNoPerm, fmt.Errorf("nothing was changed: root in somebody else's home, %s", home),
		"run it as the person whose home it is")
}
