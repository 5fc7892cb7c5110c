package cmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// mending is what a person can do about a decision that cannot be relied on. It has to work:
// what is advised depends on what is in the way.
type mending struct {
	what    string // for people
	command string // that does it; "" if none is known
	decide  bool   // the command decides anew, in place of the file
}

// toDo is the advice for a list, from which the command is copied.
func (m mending) toDo() string {
	if m.command == "" {
		return m.what
	}
	return m.what + ": " + m.command
}

// hint is the advice in a sentence.
func (m mending) hint() string {
	if m.command == "" {
		return m.what
	}
	return m.what + ": \"" + m.command + "\""
}

// mendDecision finds out what mends a decision of which a path is what cannot be relied on;
// "" stands for a place that is not known.
func (w World) mendDecision(path string) mending {
	dir := w.Dirs.UserConsent()
	own := dir != "" && within(path, filepath.Dir(dir))
	systems := !own && slices.ContainsFunc(w.Dirs.SystemConsent(), func(dir string) bool { return within(path, dir) })
	switch {
	case path == "":
		return mending{what: "set HOME to your home directory, or XDG_CONFIG_HOME to a directory of yours"}
	case !systems && consent.ForeignHome(w.Dirs) != "":
		return mending{what: "run usagectl as the person whose home it is"}
	}
	l, locked := statefile.FindLocked(path, 0o400)
	switch {
	case locked:
		return mending{what: "repair it", command: l.Remedy()}
	case own:
		return w.mendOwn(path, dir)
	case systems:
		return mending{what: "have the machine's administrator look at it"}
	}
	return mending{what: "look at it, or have its owner do so"}
}

// mendOwn is that of what is in the directory of the person's decisions, or
// leads there. What is wrong with a directory no new decision mends.
func (w World) mendOwn(path, dir string) mending {
	if place := notADirectory(dir); place != "" {
		if info, err := os.Stat(place); err != nil {
			return mending{what: "mount or make what the link " + place + " leads to, or remove it"}
		} else if !info.Mode().IsRegular() { // such as /dev/null
			return mending{what: "set XDG_CONFIG_HOME to a directory: " + place + " is none"}
		}
		return mending{what: "move " + place + " away: a directory has to be there"}
	}
	if place := closed(path); place != "" { // to root without its powers, of whom FindLocked knows nothing
		info, err := os.Stat(place)
		if err == nil {
			err = statefile.Own(info)
		}
		if runtime.GOOS == "windows" || errors.Is(err, statefile.ErrUntrusted) && !errors.Is(err, statefile.ErrWritable) {
			return mending{what: "have the owner of " + place + " look at it"}
		}
		return mending{what: "repair it", command: "chmod u+rwx " + shell.Word(place)}
	}
	for _, d := range []string{filepath.Dir(dir), dir} {
		info, err := os.Stat(d)
		if err == nil {
			err = statefile.Own(info)
		}
		switch {
		case errors.Is(err, statefile.ErrWritable):
			return mending{what: "keep others from writing there", command: "chmod go-w " + shell.Word(d)}
		case errors.Is(err, statefile.ErrUntrusted):
			return mending{what: "have the owner of " + d + " look at it"}
		}
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() && path != dir {
		return mending{what: "move " + path + " away: it is a directory, not a file"}
	}
	if l, found := statefile.FindLocked(dir, 0o700); found { // in which a new decision cannot be written
		return mending{what: "repair it", command: l.Remedy()}
	}
	command := "usagectl disable --all --replace"
	id, err := toolOf(path)
	switch {
	case isMark(path) && err == nil:
		command = "" // that depends on what is decided now: see [World.decideAgain]
	case isMark(path):
		command = w.allAgain()
	case err == nil:
		command = "usagectl disable --replace " + id.String()
	}
	return mending{"look at the file, or decide again", command, true}
}

// allAgain is the command that decides about all tools as it is decided now.
func (w World) allAgain() string {
	recorded := consent.ReadRecorded(w.Dirs)
	if !recorded.AllRefused() {
		return "usagectl enable --all"
	}
	command := "usagectl disable --all"
	for _, id := range recorded.Exceptions() {
		command += " --except " + id.String()
	}
	return command
}

// isMark reports whether a file of decisions is the mark that a refusal leaves.
func isMark(path string) bool { return filepath.Ext(path) == ".refused" }

// toolOf is the tool about which a decision in a file is, or a mark; an error if it may be
// about any.
func toolOf(path string) (manifest.ID, error) {
	if !isMark(path) && filepath.Ext(path) != ".toml" {
		return manifest.ID{}, manifest.ErrUnknownTool
	}
	return manifest.ParseID(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
}

// aboutTool is the tool about which a decision in a file is, for people.
func aboutTool(path string) string {
	if id, err := toolOf(path); err == nil {
		return id.String()
	}
	return "any tool"
}

// notADirectory is the part of a path that is something else than the directory that has to
// be there; "" if there is none.
func notADirectory(dir string) string {
	for {
		info, err := os.Stat(dir)
		parent := filepath.Dir(dir)
		switch {
		case err == nil && info.IsDir(), parent == dir:
			return ""
		case err == nil:
			return dir
		}
		if _, err := os.Lstat(dir); err == nil {
			return dir // a link that leads nowhere
		}
		dir = parent
	}
}

// closed is the directory that keeps this process from looking a path up; "" if none does.
func closed(path string) string {
	_, err := os.Lstat(path)
	if !errors.Is(err, fs.ErrPermission) {
		return ""
	}
	for parent := filepath.Dir(path); parent != path && errors.Is(err, fs.ErrPermission); parent = filepath.Dir(path) {
		path = parent
		_, err = os.Lstat(path)
	}
	return path
}

// within reports whether a path is a directory, or in it.
func within(path, dir string) bool {
	rest, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rest)
}

// decideAgain is what a person can do if what was decided about a tool cannot be read; "" if
// it can.
func (w World) decideAgain(t *tool) string {
	for _, s := range append(slices.Clone(t.facts.System), t.facts.All, t.facts.Tool) {
		if s.Problem != "" {
			return w.mendDecision(s.Path).toDo()
		}
	}
	if t.facts.MarkProblem == "" {
		return ""
	}
	path, _, _ := strings.Cut(t.facts.MarkProblem, ": ")
	m := w.mendDecision(path)
	if _, err := toolOf(path); err == nil && m.decide { // any decision mends a mark, also the one that there is
		m.command = "usagectl disable " + t.id.String()
		if t.facts.Tool.Decision.State == consent.Granted {
			m.command = t.agreeAgain()
		}
	}
	return m.toDo()
}
