package manifest

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Builtin is what [Manifest.File] says for a manifest that came with the program.
const Builtin = "builtin"

// MaxSize is the size, in bytes, of the largest manifest that is read.
const MaxSize = 1 << 20

// ErrUnknownTool says that there is no manifest for a tool.
var ErrUnknownTool = errors.New("unknown tool")

// ErrHidden says that it is not known whether there is a manifest for a tool: there is none
// where it can be looked for, and a directory of manifests cannot be looked into.
var ErrHidden = errors.New("no manifest is found")

//go:embed builtin/*.toml
var builtin embed.FS

// Library finds manifests. It holds paths only, so it sees a manifest that was
// added a moment ago. Safe for concurrent use.
type Library struct {
	Dirs []string // directories of ID.toml files; the first that has a tool wins
}

// Find returns the manifest of a tool: from the first directory that has one,
// else the built-in one. A manifest that is found and cannot be read is an
// error and does not give way to the next, and neither does a directory that cannot be looked
// into; see [Library.Hidden]. The errors are [ErrUnknownTool], [ErrHidden],
// [Errors] and those of the file system.
func (l Library) Find(id ID) (*Manifest, error) {
	name := id.String() + ".toml"
	var hidden *fs.PathError // the first directory in which nobody can look
	for _, dir := range l.Dirs {
		file := filepath.Join(dir, name)
		m, err := ReadFile(file)
		if err != nil {
			// A link to nothing, which somebody put there, is something.
			if _, there := os.Lstat(file); statefile.NotThere(there) {
				continue
			} else if there != nil {
				hidden = cmp.Or(hidden, &fs.PathError{Path: dir, Err: reason(there)})
				continue
			}
		}
		if hidden != nil {
			return nil, shadowed(id, hidden)
		}
		if err == nil && m.Tool.ID != id {
			return nil, Errors{{File: file, Kind: KindReference, Msg: fmt.Sprintf("the file is for tool %s, but its [tool] id is %s", id, m.Tool.ID)}}
		}
		return m, err
	}
	data, err := builtin.ReadFile(path.Join("builtin", name))
	switch {
	case err != nil && hidden != nil:
		return nil, fmt.Errorf("%w for %q, and one may be in %s, which cannot be read: %w", ErrHidden, id, hidden.Path, hidden.Err)
	case err != nil:
		return nil, fmt.Errorf("%w %q", ErrUnknownTool, id)
	case hidden != nil:
		return nil, shadowed(id, hidden)
	}
	return Parse(Builtin, data)
}

// shadowed is the error for a tool of which a manifest was found behind a directory that cannot
// be looked into: the one that counts may be there, with a refusal that the other does not know.
func shadowed(id ID, by *fs.PathError) error {
	return fmt.Errorf("it is not known which manifest of %q counts: one may be in %s, which cannot be read: %w", id, by.Path, by.Err)
}

// reason is an error without the path that it names.
func reason(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// Hidden lists the directories of manifests that are there and cannot be looked into,
// each as a [*fs.PathError].
func (l Library) Hidden() []*fs.PathError {
	var list []*fs.PathError
	for _, dir := range l.Dirs {
		_, err := os.ReadDir(dir)
		if err == nil {
			_, err = os.Lstat(dir + string(filepath.Separator) + ".") // it may be listed, and not searched
		}
		if err != nil && !statefile.NotThere(err) {
			list = append(list, &fs.PathError{Op: "read", Path: dir, Err: reason(err)})
		}
	}
	return list
}

// File is the file in which [Library.Find] finds the manifest of a tool; "" for one that
// came with the program, or has none.
func (l Library) File(id ID) string {
	for _, dir := range l.Dirs {
		if file := filepath.Join(dir, id.String()+".toml"); exists(file) {
			return file
		}
	}
	return ""
}

// exists reports whether something is there, be it a link to nothing.
func exists(file string) bool {
	_, err := os.Lstat(file)
	return err == nil
}

// ReadFile reads a manifest from a file of at most [MaxSize] bytes.
func ReadFile(file string) (*Manifest, error) {
	data, _, err := statefile.ReadRegular(file, MaxSize, true)
	if err != nil {
		return nil, err
	}
	return Parse(file, data)
}

// IDs lists every tool that has a manifest, sorted. Directories that cannot be
// read, which [Library.Hidden] lists, and files whose names are no tool IDs are passed over.
func (l Library) IDs() []ID {
	entries, err := builtin.ReadDir("builtin")
	if err != nil {
		return l.Added()
	}
	return sorted(append(IDsOf(entries), l.Added()...))
}

// Added lists the tools whose manifest did not come with the program, like [Library.IDs].
func (l Library) Added() []ID {
	var ids []ID
	for _, dir := range l.Dirs {
		if entries, err := os.ReadDir(dir); err == nil {
			ids = append(ids, IDsOf(entries)...)
		}
	}
	return sorted(ids)
}

// IDsOf lists, sorted and once each, the tools for which there is a file ID.toml:
// one that is found by that name, which on some systems has capitals.
func IDsOf(entries []os.DirEntry) []ID {
	var ids []ID
	for _, e := range entries {
		file := e.Name()
		if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
			file = strings.ToLower(file)
		}
		name, ok := strings.CutSuffix(file, ".toml")
		if id, err := ParseID(name); ok && err == nil {
			ids = append(ids, id)
		}
	}
	return sorted(ids)
}

func sorted(ids []ID) []ID {
	slices.SortFunc(ids, func(a, b ID) int { return strings.Compare(a.name, b.name) })
	return slices.Compact(ids)
}
