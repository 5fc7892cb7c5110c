// Gencatalogue checks the files of the catalogue and writes what is made of them:
// the table that the program holds, and the page for people.
//
//	go run ./tools/gencatalogue
//
// It stands apart from pkg/catalogue so that the program need not hold a parser
// of those files.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// The places, from the root of the repository.
const (
	toolsDir  = "pkg/catalogue/tools"
	tableFile = "pkg/catalogue/table.go"
	pageFile  = "docs/tools.md"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run does all of it below root.
func run(root string) error {
	made, err := generate(root)
	if err != nil {
		return err
	}
	for name, content := range made {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate makes the content of each file from the catalogue below root.
func generate(root string) (map[string][]byte, error) {
	tools, err := readDir(filepath.Join(root, filepath.FromSlash(toolsDir)))
	if err != nil {
		return nil, err
	}
	table, err := goTable(tools)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{tableFile: table, pageFile: page(tools)}, nil
}
