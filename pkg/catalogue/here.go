package catalogue

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"

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
		if path := h.expand(file); path != "" && exists(path) {
			list = append(list, path)
		}
	}
	return list
}

// State finds out what a tool does by itself here; see [Tool.State].
func (h Here) State(t *Tool) State { return t.State(Machine{Env: h.Env, FileSwitch: h.fileSwitch}) }

// fileSwitch reads a tool's switch in a file.
func (h Here) fileSwitch(s FileSwitch) (string, bool, error) {
	path := cmp.Or(h.expand(s.Path), under(h.WorkDir, s.Path))
	switch {
	case path == "":
		return "", false, nil
	case s.Format == "file", s.Format == "":
		_, err := os.Lstat(path)
		switch {
		case err != nil && !statefile.NotThere(err):
			return "", false, err
		case err == nil && s.Format == "":
			return "", false, ErrNoReader
		}
		return "", err == nil, nil
	}
	data, _, err := statefile.ReadRegular(path, settings.MaxSize, true)
	if statefile.NotThere(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	value, err := settings.Read(s.Format, data, s.Key)
	if errors.Is(err, settings.ErrNone) {
		return "", false, nil
	}
	return value, err == nil, err
}

// expand is a path of the catalogue on this machine; "" if it cannot be known.
// The directories of the XDG Base Directory specification have its defaults.
func (h Here) expand(path string) string {
	first, rest, _ := strings.Cut(path, "/")
	base := ""
	switch {
	case strings.HasPrefix(path, "/"):
		return filepath.FromSlash(path)
	case first == "~":
		base = h.Dirs.Home
	case first == "$XDG_CONFIG_HOME":
		base = h.Dirs.ConfigHome
	case first == "$XDG_STATE_HOME":
		base = h.Dirs.StateHome
	case first == "$XDG_DATA_HOME":
		base = h.Dirs.DataHome
	case strings.HasPrefix(first, "$"):
		base, _ = h.Env(first[1:])
		if base == "" && first == "$XDG_CACHE_HOME" && h.Dirs.Home != "" {
			base = filepath.Join(h.Dirs.Home, ".cache")
		}
	}
	if !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, filepath.FromSlash(rest))
}

// under is a path in a project, whose directory a tool is started in; "" if it is none, such
// as "<project>/.telemetry".
func under(dir, path string) string {
	if dir == "" || strings.ContainsAny(path, "<>$~: ") {
		return ""
	}
	return filepath.Join(dir, filepath.FromSlash(path))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
