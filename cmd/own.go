package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/usagectl/usagectl/internal/settings"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
)

// ownStatus is what the tool itself does, by its own rule, as "status --json" has
// it. It is found out without running the tool.
type ownStatus struct {
	Telemetry string   `json:"telemetry"` // on, off or unknown
	By        string   `json:"by"`        // variable, file, default, or status if it collects nothing any more
	Because   string   `json:"because"`
	Recorded  string   `json:"recorded"` // refused, granted, notified, or "" if nothing is
	Agrees    *bool    `json:"agrees"`   // whether the two agree; null if that cannot be told
	Do        []string `json:"do"`       // what makes them agree
	Switch    []string `json:"switch"`   // what can switch it: variable, command, file
	Evidence  string   `json:"evidence"` // how well that is known
	Seen      []string `json:"seen"`     // what shows that the tool is here
}

// surroundings are what tools look at, read once for all of them.
type surroundings struct {
	*app
	recorded consent.Recorded
	programs func() map[string]string // on PATH: where each is
}

func (a *app) surroundings() surroundings {
	return surroundings{a, consent.ReadRecorded(a.Dirs), sync.OnceValue(a.programs)}
}

// programs lists what is on PATH, the first of each name. Nothing is started.
func (a *app) programs() map[string]string {
	found := map[string]string{}
	path, _ := a.Env("PATH")
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			name := a.programName(e.Name())
			if _, known := found[name]; !known {
				found[name] = filepath.Join(dir, e.Name())
			}
		}
	}
	return found
}

// programName is what a file on PATH is called by: on Windows without what
// PATHEXT lists, in which npm's programs, for one, end with ".cmd"; "" if it is no program
// there. Windows' programs are on PATH in its Linux too.
func (a *app) programName(file string) string {
	if runtime.GOOS != "windows" {
		return strings.TrimSuffix(file, ".exe")
	}
	endings, _ := a.Env("PATHEXT")
	file = strings.ToLower(file)
	for _, ending := range strings.Split(strings.ToLower(cmp.Or(endings, ".com;.exe;.bat;.cmd")), ";") {
		if name, ok := strings.CutSuffix(file, ending); ok && ending != "" {
			return name
		}
	}
	return ""
}

// program is where a program is, or "".
func (s surroundings) program(name string) string {
	path, ok := s.programs()[name]
	if !ok {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 && runtime.GOOS != "windows" && filepath.Ext(path) != ".exe" {
		return ""
	}
	return path
}

// seen is what shows that a tool is here: its programs, its files.
func (s surroundings) seen(t *catalogue.Tool) []string {
	list := []string{}
	for _, name := range t.Commands {
		if path := s.program(name); path != "" {
			list = append(list, path)
		}
	}
	for _, file := range t.Files {
		if path := s.expand(file); path != "" && exists(path) {
			list = append(list, path)
		}
	}
	return list
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// expand is a path of the catalogue on this machine; "" if it cannot be known.
// The directories of the XDG Base Directory specification have its defaults.
func (a *app) expand(path string) string {
	first, rest, _ := strings.Cut(path, "/")
	base := ""
	switch {
	case strings.HasPrefix(path, "/"):
		return filepath.FromSlash(path)
	case first == "~":
		base = a.Dirs.Home
	case first == "$XDG_CONFIG_HOME":
		base = a.Dirs.ConfigHome
	case first == "$XDG_STATE_HOME":
		base = a.Dirs.StateHome
	case first == "$XDG_DATA_HOME":
		base = a.Dirs.DataHome
	case strings.HasPrefix(first, "$"):
		base, _ = a.Env(first[1:])
		if base == "" && first == "$XDG_CACHE_HOME" && a.Dirs.Home != "" {
			base = filepath.Join(a.Dirs.Home, ".cache")
		}
	}
	if !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, filepath.FromSlash(rest))
}

// setting reads a tool's switch in a file.
func (a *app) setting(s catalogue.FileSwitch) (string, bool, error) {
	path := a.expand(s.Path)
	if path == "" {
		return "", false, nil
	}
	if s.Format == "file" {
		return "", exists(path), nil
	}
	data, _, err := statefile.ReadRegular(path, settings.MaxSize, true)
	if errors.Is(err, fs.ErrNotExist) {
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

// own finds out what a tool does by itself, and whether that is what was decided.
func (s surroundings) own(t *catalogue.Tool, standing consent.Standing) *ownStatus {
	state := t.State(catalogue.Machine{Env: s.Env, FileSwitch: s.setting})
	o := &ownStatus{
		Telemetry: "unknown", By: string(state.By), Because: state.Because, Recorded: string(standing.State),
		Do: []string{}, Switch: t.Ways(), Evidence: string(t.Evidence), Seen: s.seen(t),
	}
	if state.Telemetry == catalogue.On || state.Telemetry == catalogue.Off {
		o.Telemetry = string(state.Telemetry)
	}
	if standing.State != consent.Refused && standing.State != consent.Granted || o.Telemetry == "unknown" {
		return o
	}
	refused := standing.State == consent.Refused
	agrees := refused == (state.Telemetry == catalogue.Off)
	o.Agrees = &agrees
	if !agrees {
		o.Do = s.remedy(t, refused)
	}
	return o
}

// remedy is what makes a tool do what was decided: lines for a shell, or what else
// the person can do.
func (s surroundings) remedy(t *catalogue.Tool, refused bool) []string {
	orders := catalogue.Obey([]catalogue.Wish{{Tool: t, Off: refused}}, false)
	list := []string{}
	for _, v := range orders.Variables {
		if line, err := assignment(s.Shell, v); err == nil {
			list = append(list, line)
		}
	}
	for _, b := range orders.Beyond {
		list = append(list, b.Do)
	}
	if !refused && len(list) == 0 && t.CLI.Enable != "" {
		list = append(list, fmt.Sprintf("run %q", t.CLI.Enable))
	}
	return list
}

// disagrees tells whether the tool does not do what was decided. What was refused
// counts though the tool is not seen: it may be where nobody looks, as in a virtual
// environment.
func (o *ownStatus) disagrees() bool {
	return o != nil && o.Agrees != nil && !*o.Agrees && (len(o.Seen) > 0 || o.Recorded == string(consent.Refused))
}
