package catalogue

import (
	"errors"
	"os"

	"github.com/usagectl/usagectl/internal/settings"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/dirs"
)

// Here is this machine as the tools of the catalogue see it: what shows that a tool
// is here, and what it does by its own rule. It only looks: no tool is started, and
// no file is changed. It may be used by several goroutines if its functions may.
type Here struct {
	Env     func(name string) (value string, set bool)
	Dirs    dirs.Dirs
	WorkDir string                   // where a tool would be started; "" is looked at by nobody
	Program func(name string) string // where a program is, or ""
}

// Seen lists what shows that a tool is here: where its programs and its files are.
// It is empty, and never nil, if nothing does.
func (h Here) Seen(t *Tool) []string {
	list := []string{}
	for _, name := range t.Commands {
		if path := h.Program(name); path != "" {
			list = append(list, path)
		}
	}
	for _, file := range t.Files {
		if path, _ := h.expand(file); path != "" && exists(path) {
			list = append(list, path)
		}
	}
	return list
}

// State finds out what a tool does by itself here; see [Tool.State].
func (h Here) State(t *Tool) State {
	seen := *t
	seen.Config = h.settings(t)
	return seen.State(Machine{Env: h.Env, FileSwitch: h.fileSwitch})
}

// fileSwitch reads a tool's switch in a file.
func (h Here) fileSwitch(s FileSwitch) (string, bool, error) {
	paths, err := h.find(s)
	for _, path := range paths {
		value, found, err := read(path, s)
		if found || err != nil {
			return value, found, err
		}
	}
	return "", false, err
}

// read reads a switch in the file where it was found.
func read(path string, s FileSwitch) (value string, found bool, err error) {
	if s.Format == "file" || s.Format == "" {
		there, err := isThere(path)
		if there && s.Format == "" {
			err = ErrNoReader
		}
		return "", there && err == nil, err
	}
	data, _, err := statefile.ReadRegular(path, settings.MaxSize, true)
	if statefile.NotThere(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	value, err = settings.Read(s.Format, data, s.Key)
	switch {
	case errors.Is(err, settings.ErrNone) && s.Silent != "":
		return "", false, ErrSilent
	case errors.Is(err, settings.ErrNone):
		return "", false, nil
	}
	return value, err == nil, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
