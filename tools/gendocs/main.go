// Gendocs writes what is made from the tree of commands, from docs/manifest.md and from the
// schema of JSON: the man pages in man/, the script of cobra's in completions/, docs/json.md.
//
//	go run ./tools/gendocs
//
// It stands apart from cmd so that the program need not hold what writes them.
package main

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/usagectl/usagectl/cmd"
	"github.com/usagectl/usagectl/docs/schemas"
	"github.com/usagectl/usagectl/tools/internal/generate"
)

func main() { generate.Main(documents) }

// documents makes all of it from what is below root.
func documents(root string) (generate.Made, error) {
	manifest, err := os.ReadFile(filepath.Join(root, "docs", "manifest.md"))
	if err != nil {
		return generate.Made{}, err
	}
	files := manPages(cmd.Tree())
	if files["man/usagectl-manifest.5"], err = manifestPage(manifest); err != nil {
		return generate.Made{}, err
	}
	if files["docs/json.md"], err = jsonPage(schemas.JSON()); err != nil {
		return generate.Made{}, err
	}
	var powershell bytes.Buffer
	err = cmd.Tree().GenPowerShellCompletionWithDesc(&powershell)
	files["completions/usagectl.ps1"] = powershell.Bytes()
	return generate.Made{Files: files, Whole: []string{"man"}}, err
}
