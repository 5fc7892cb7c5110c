// Gencatalogue checks the files of the catalogue and writes what is made of them:
// the table that the program holds, and the page for people.
//
//	go run ./tools/gencatalogue
//
// It stands apart from pkg/catalogue so that the program need not hold a parser
// of those files.
package main

import (
	"path/filepath"

	"github.com/usagectl/usagectl/tools/internal/generate"
)

// The places, from the root of the repository.
const (
	toolsDir  = "pkg/catalogue/tools"
	tableFile = "pkg/catalogue/table.go"
	pageFile  = "docs/tools.md"
)

func main() { generate.Main(tableAndPage) }

// tableAndPage makes both from the catalogue below root.
func tableAndPage(root string) (generate.Made, error) {
	tools, err := readDir(filepath.Join(root, filepath.FromSlash(toolsDir)))
	if err != nil {
		return generate.Made{}, err
	}
	table, err := goTable(tools)
	return generate.Made{Files: map[string][]byte{tableFile: table, pageFile: page(tools)}}, err
}
