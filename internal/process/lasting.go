package process

import (
	"os"
	"path/filepath"
	"strings"
)

// IsFleeting reports whether a path, as it is written, is in a directory of processes or of
// their descriptors, where a name means another file in each process.
func IsFleeting(path string) bool {
	return strings.HasPrefix(path, "/proc/") || strings.HasPrefix(path, "/dev/fd/")
}

// Lasting is a path by which other processes find the same file: the absolute path itself,
// unless it leads through such a directory, as /dev/stdin does. It returns false if the file
// has no other name.
func Lasting(path string) (string, bool) {
	if !leadsToFleeting(path) {
		return path, true
	}
	named, err := filepath.EvalSymlinks(path)
	if err != nil || IsFleeting(named) {
		return "", false
	}
	open, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	found, err := os.Stat(named) // what has taken its place, or its name in another root
	return named, err == nil && os.SameFile(open, found)
}

// leadsToFleeting follows the links in a path, up to those of a process.
func leadsToFleeting(path string) bool {
	const mostLinks = 40 // as Linux has it
	at, rest := "/", path
	for links := 0; links < mostLinks && rest != ""; {
		var name string
		name, rest, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
		at = filepath.Join(at, name)
		if IsFleeting(at) {
			return true
		}
		if link, err := os.Readlink(at); err == nil {
			links++
			if !filepath.IsAbs(link) {
				link = filepath.Join(filepath.Dir(at), link)
			}
			at, rest = "/", link+"/"+rest
		}
	}
	return false
}
