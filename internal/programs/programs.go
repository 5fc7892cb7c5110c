// Package programs finds the programs on a person's PATH, and starts none.
package programs

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// OnPath returns a function that says where a program is, or "" if it is not on the
// PATH of the environment. The directories are read when the function is first
// called, and only then. It may be called by several goroutines.
func OnPath(env func(name string) (value string, set bool)) func(name string) string {
	files := sync.OnceValue(func() map[string]string { return list(env) })
	return func(name string) string {
		path, ok := files()[name]
		if !ok || !runnable(path) {
			return ""
		}
		return path
	}
}

// list finds what is on PATH by the names of programs, the first of each name.
func list(env func(string) (string, bool)) map[string]string {
	found := map[string]string{}
	path, _ := env("PATH")
	endings, _ := env("PATHEXT")
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			name := nameOf(e.Name(), endings)
			if _, known := found[name]; !known {
				found[name] = filepath.Join(dir, e.Name())
			}
		}
	}
	return found
}

// nameOf is what a file on PATH is called by: on Windows without what PATHEXT lists,
// in which npm's programs, for one, end with ".cmd"; "" if it is no program there.
// Windows' programs are on PATH in its Linux too.
func nameOf(file, endings string) string {
	if runtime.GOOS != "windows" {
		return strings.TrimSuffix(file, ".exe")
	}
	file = strings.ToLower(file)
	for _, ending := range strings.Split(strings.ToLower(cmp.Or(endings, ".com;.exe;.bat;.cmd")), ";") {
		if name, ok := strings.CutSuffix(file, ending); ok && ending != "" {
			return name
		}
	}
	return ""
}

// runnable reports whether a file can be started as a program.
func runnable(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	return info.Mode()&0o111 != 0 || runtime.GOOS == "windows" || filepath.Ext(path) == ".exe"
}
