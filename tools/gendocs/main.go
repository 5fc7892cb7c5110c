// Gendocs writes what is made from the tree of commands, from the keys of manifests and from the
// schema of JSON: the man pages in man/, the script of cobra's in completions/, docs/manifest.md and
// its schema, docs/json.md.
//
//	go run ./tools/gendocs
//
// It stands apart from cmd so that the program need not hold what writes them.
package main

import (
	"bytes"

	"github.com/usagectl/usagectl/cmd"
	"github.com/usagectl/usagectl/docs/schemas"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/tools/internal/generate"
)

func main() { generate.Main(documents) }

// documents makes all of it; what it is made of is in the program.
func documents(string) (generate.Made, error) {
	reference, err := manifestReference(manifest.Keys())
	if err != nil {
		return generate.Made{}, err
	}
	files := manPages(cmd.Tree())
	files["docs/manifest.md"] = reference
	if files["docs/manifest.schema.json"], err = manifestSchema(manifest.Keys()); err != nil {
		return generate.Made{}, err
	}
	if files["man/usagectl-manifest.5"], err = manifestPage(reference); err != nil {
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
