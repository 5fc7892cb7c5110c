package manifest_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/pkg/manifest"
)

const mytool = `
schema = 1
[tool]
id      = "mytool"
name    = "My Tool"
contact = "privacy@mytool.example"
purpose = "To see which features are worth working on."
[send]
transport = "http"
endpoint  = "https://telemetry.mytool.example/v1"
[[event]]
name = "run.end"
[[field]]
name    = "exit_code"
type    = "int"
purpose = "To see what share of runs succeed."
`

func Example() {
	m, err := manifest.Parse("mytool.toml", []byte(mytool))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Tool.Name, m.EventNames(), m.Send.Endpoint)
	field, _ := m.Field("exit_code")
	value, err := field.ParseText("3")
	fmt.Println(field.Name, value, err)
	// Output:
	// My Tool [run.end] https://telemetry.mytool.example/v1
	// exit_code 3 <nil>
}

// A library looks in its directories first, and then among the manifests that come with
// the program.
func ExampleLibrary_Find() {
	library := manifest.Library{Dirs: []string{"no/such/directory"}}
	id, err := manifest.ParseID("demo")
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := library.Find(id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Tool.Name, m.File)

	other, _ := manifest.ParseID("mytool")
	_, err = library.Find(other)
	fmt.Println(errors.Is(err, manifest.ErrUnknownTool))
	// Output:
	// Demo builtin
	// true
}

// All mistakes are reported at once, each with its line and column.
func ExampleErrors() {
	_, err := manifest.Parse("mytool.toml", []byte(strings.Replace(mytool, "purpose", "porpose", 1)))
	var mistakes manifest.Errors
	if errors.As(err, &mistakes) {
		for _, mistake := range mistakes {
			fmt.Println(mistake)
		}
	}
	// Output:
	// mytool.toml:7:1: unknown key [tool] porpose (did you mean "purpose"?); known here: contact, homepage, id, name, privacy, purpose, retention
}
