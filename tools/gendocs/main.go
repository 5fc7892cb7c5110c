// Gendocs writes what is made from the tree of commands and from docs/manifest.md:
// the man pages in man/, and the scripts in completions/.
//
//	go run ./tools/gendocs
//
// It stands apart from cmd so that the program need not hold what writes them.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/usagectl/usagectl/cmd"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes all files below root.
func run(root string) error {
	made, err := generate(root)
	if err != nil {
		return err
	}
	for name, content := range made {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate makes the content of each file, by its path from the root of the
// repository.
func generate(root string) (map[string][]byte, error) {
	manifest, err := os.ReadFile(filepath.Join(root, "docs", "manifest.md"))
	if err != nil {
		return nil, err
	}
	made := manPages(cmd.Tree())
	if made["man/usagectl-manifest.5"], err = manifestPage(manifest); err != nil {
		return nil, err
	}
	return made, addCompletions(made, cmd.Tree())
}
