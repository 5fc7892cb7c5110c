package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/cmd"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/dirs"
)

// columns is the width of the terminal.
const columns = 80

//go:embed tidewatch.toml
var tidewatch string

// shot is a scene with what stood on the screen after it.
type shot struct {
	scene
	lines [][]span
}

// play runs the scenes one after the other in one home, and returns those that
// are pictures. Whatever is random in them is the same each time.
func play(scenes []scene) ([]shot, error) {
	dir, err := os.MkdirTemp("", "usagectl-pictures-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := furnish(dir); err != nil {
		return nil, err
	}
	uuid.SetRand(rand.NewChaCha8([32]byte{}))
	defer uuid.SetRand(nil)
	var shots []shot
	for _, s := range scenes {
		screen, err := s.play(dir)
		if err != nil {
			return nil, err
		}
		lines, err := parse(screen)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.command, err)
		}
		if s.name != "" {
			shots = append(shots, shot{s, lines})
		}
	}
	return shots, nil
}

// play runs the program as it would run in a terminal.
func (s scene) play(dir string) (string, error) {
	var screen bytes.Buffer
	if code := cmd.Main(s.world(dir, &screen), strings.Fields(s.command)[1:]); code != 0 {
		return "", fmt.Errorf("%s: exit code %d\n%s", s.command, code, &screen)
	}
	return screen.String(), nil
}

// world is the machine of the story. No deliverer can be started there.
func (s scene) world(dir string, screen *bytes.Buffer) cmd.World {
	home := filepath.Join(dir, "home")
	terminal := term.Stream{Writer: screen, Terminal: true, Width: columns}
	env := map[string]string{
		"HOME": home, "PATH": filepath.Join(dir, "bin"), "TERM": "xterm", "SHELL": "/bin/bash",
		"HOMEBREW_NO_ANALYTICS": "1",
	}
	return cmd.World{
		Stdin:  keyboard{strings.NewReader(s.typed), screen},
		Stdout: terminal,
		Stderr: terminal,
		Env: func(name string) (string, bool) {
			value, ok := env[name]
			return value, ok
		},
		Dirs: dirs.Dirs{
			Home:       home,
			ConfigHome: filepath.Join(home, ".config"),
			StateHome:  filepath.Join(home, ".local", "state"),
			DataHome:   filepath.Join(home, ".local", "share"),
			System:     filepath.Join(dir, "etc"),
		},
		Now:         func() time.Time { return begin().AddDate(0, 0, s.day) },
		Executable:  func() (string, error) { return "", errors.New("no deliverer in a picture") },
		Name:        "usagectl",
		Interactive: true,
	}
}

// keyboard is somebody who types, and the terminal that shows it.
type keyboard struct {
	typed  io.Reader
	screen io.Writer
}

func (k keyboard) Read(p []byte) (int, error) {
	n, err := k.typed.Read(p)
	k.screen.Write(p[:n]) // a buffer
	return n, err
}

// furnish puts tools on the machine: programs are found by their names alone, and
// "exe" makes one on every system.
func furnish(dir string) error {
	for name, content := range map[string]string{
		"bin/brew.exe":               "",
		"bin/dvc.exe":                "",
		"bin/gh.exe":                 "",
		"bin/ray.exe":                "",
		"home/.config/gh/config.yml": "telemetry: disabled\n",
		"home/.flwr/source":          "1ffd8f4e-7f1d-4d54-8a1f-3f2b6a0f3e11",
		"home/.local/share/usagectl/tools/tidewatch.toml": tidewatch,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}
