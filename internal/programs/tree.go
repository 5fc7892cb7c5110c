package programs

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// usualDirs are the directories of programs in the tree of a system, those of most PATHs
// first; a star is any name. The Filesystem Hierarchy Standard has the first seven.
func usualDirs() []string {
	return []string{
		"usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin", "opt/*/bin",
		"usr/games", "usr/local/*/bin", "snap/bin", "home/linuxbrew/.linuxbrew/bin", "root/.local/bin", "root/.cargo/bin", "root/go/bin",
	}
}

// maxLinks is how many symbolic links a path may lead through, as on Linux
// (path_resolution(7)).
const maxLinks = 40

// Tree is the tree of a system that is not the running one, such as an image that is being
// built: the directory that is its root. Links in it are followed as that system would follow
// them, so nothing outside of it is looked at. It may be used by several goroutines.
type Tree struct{ root string }

// InTree names the tree at a directory of this system, and touches nothing.
func InTree(root string) Tree { return Tree{root} }

// Path is where a path of the tree is on this system, with every link followed. An error is
// [fs.ErrNotExist] if there is nothing, also behind a link that leads nowhere or round.
func (t Tree) Path(name string) (string, error) {
	at, rest := "/", steps(name)
	for links := 0; len(rest) > 0; {
		next := path.Join(at, rest[0]) // ".." of the root is the root
		rest = rest[1:]
		info, err := os.Lstat(t.outside(next))
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		target, err := os.Readlink(t.outside(next))
		if err != nil {
			return "", err
		}
		target = filepath.ToSlash(target)
		if links++; links > maxLinks || filepath.VolumeName(target) != "" {
			return "", fs.ErrNotExist
		}
		if strings.HasPrefix(target, "/") {
			at = "/"
		}
		rest = append(steps(target), rest...)
	}
	return t.outside(at), nil
}

// outside is the path on this system of one in the tree.
func (t Tree) outside(name string) string { return filepath.Join(t.root, filepath.FromSlash(name)) }

func steps(name string) []string {
	return slices.DeleteFunc(strings.Split(name, "/"), func(step string) bool { return step == "" || step == "." })
}

// Programs finds the programs in the tree's usual directories. The function says where one
// is on this system, or "" if it is not there; it may be called by several goroutines.
// Directories that are there and cannot be read are listed.
func (t Tree) Programs() (program func(name string) string, unread []string) {
	found := map[string]string{} // in the tree
	for _, dir := range t.directories() {
		place, err := t.Path(dir)
		if err != nil {
			continue
		}
		entries, err := os.ReadDir(place)
		if err != nil {
			unread = append(unread, t.outside(dir))
			continue
		}
		for _, e := range entries {
			name := strings.TrimSuffix(e.Name(), ".exe")
			if _, known := found[name]; !known && t.runs(path.Join(dir, e.Name())) {
				found[name] = path.Join(dir, e.Name())
			}
		}
	}
	return func(name string) string {
		if place, ok := found[name]; ok {
			return t.outside(place)
		}
		return ""
	}, unread
}

// directories are the usual directories as far as their stars can be filled in.
func (t Tree) directories() []string {
	var list []string
	for _, dir := range usualDirs() {
		before, after, star := strings.Cut(dir, "*")
		if !star {
			list = append(list, dir)
			continue
		}
		place, err := t.Path(before)
		if err != nil {
			continue
		}
		entries, _ := os.ReadDir(place) // one that cannot be read is no program directory
		for _, e := range entries {
			list = append(list, before+e.Name()+after)
		}
	}
	return list
}

// runs reports whether a file of the tree could be started there.
func (t Tree) runs(name string) bool {
	place, err := t.Path(name)
	if err != nil {
		return false
	}
	info, err := os.Lstat(place)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	return info.Mode()&0o111 != 0 || runtime.GOOS == "windows" || path.Ext(name) == ".exe"
}
