package wrap

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
)

// Find finds the file of a command, in the directories of the environment's PATH if its name
// is no path. The error is an [*Error].
func Find(name, _ string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, exec.ErrDot):
		return "", &Error{name, "it cannot be executed", CannotExecute}
	}
	return "", &Error{name, "command not found", NotFound}
}

// Become runs the command until it has ended, for no process can be replaced here. The error is an [*Error].
func (c Command) Become() (End, error) {
	child, err := c.Start()
	if err != nil {
		return End{}, err
	}
	return child.Wait(), nil
}

// Child is a command that runs as a child of this process.
type Child struct{ cmd *exec.Cmd }

// Start starts the command as a child, and has this process let go of the streams. Ctrl-C
// reaches all who have the console, and no longer ends this process. The error is an [*Error].
func (c Command) Start() (*Child, error) {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // to ignore it would have the child ignore it
	cmd := &exec.Cmd{Path: c.Path, Args: c.Argv, Env: c.Env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := cmd.Start(); err != nil {
		return nil, &Error{c.Argv[0], err.Error(), CannotExecute}
	}
	os.Stdin.Close()
	os.Stdout.Close()
	if !c.KeepStderr {
		os.Stderr.Close()
	}
	return &Child{cmd}, nil
}

// Wait waits until the child has ended.
func (c *Child) Wait() End {
	_ = c.cmd.Wait() // its exit code tells
	return End{Code: c.cmd.ProcessState.ExitCode()}
}

// Die does nothing: no signal ends a process here.
func Die(os.Signal) {}
