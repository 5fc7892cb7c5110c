package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/usagectl/usagectl/cmd"
	"github.com/usagectl/usagectl/docs/schemas"
)

// exitNotInSchema is how the program ends in tests if it printed JSON that its schema
// does not describe: a code of its own, which no story expects.
const exitNotInSchema = 99

// program is the program as tests run it: what it prints with --json has to be as
// docs/schemas says.
func program() {
	w := cmd.System()
	args := os.Args[1:]
	var printed bytes.Buffer
	if slices.Contains(args, "--json") {
		w.Stdout.Writer = io.MultiWriter(w.Stdout.Writer, &printed)
	}
	code := cmd.Main(w, args)
	if err := checkPrinted(args, printed.Bytes()); err != nil {
		fmt.Fprintf(os.Stderr, "usagectl %s: what it prints is not as docs/schemas says: %v\n", strings.Join(args, " "), err)
		code = exitNotInSchema
	}
	os.Exit(code)
}

// checkPrinted holds that what a command line printed is the document that the schema has
// for it. A command that fails may print nothing, and some print no JSON.
func checkPrinted(args []string, printed []byte) error {
	name := documentOf(args)
	if len(printed) == 0 || name == "" {
		return nil
	}
	var doc any
	if err := json.Unmarshal(printed, &doc); err != nil {
		return err
	}
	schema, err := schemaOf(name)
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// documentOf names the definition of what a command line prints with --json; "" if the
// document is a tool's own, or no JSON.
func documentOf(args []string) string {
	command := "status"
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			command = arg
			break
		}
	}
	has := func(flags ...string) string {
		for _, flag := range flags {
			if slices.ContainsFunc(args, func(arg string) bool { return arg == "--"+flag || strings.HasPrefix(arg, "--"+flag+"=") }) {
				return flag
			}
		}
		return ""
	}
	switch {
	case command == "help", command == "completion", has("help", "payload") != "", slices.Contains(args, "-h"):
		return ""
	case has("version") != "":
		return "version"
	case (command == "enable" || command == "disable") && has("system") != "":
		return "system"
	case command == "inspect" && has("wire", "queued", "sent", "forget") != "":
		return "inspect-" + has("wire", "queued", "sent", "forget")
	case command == "forget" && has("confirm") != "":
		return "forget-confirm"
	}
	return command
}

// schemaOf is the schema of a document.
func schemaOf(name string) (*jsonschema.Resolved, error) {
	var all jsonschema.Schema
	if err := json.Unmarshal(schemas.JSON(), &all); err != nil {
		return nil, err
	}
	if all.Defs[name] == nil {
		return nil, fmt.Errorf("there is no definition %q", name)
	}
	return (&jsonschema.Schema{Schema: all.Schema, Defs: all.Defs, Ref: "#/$defs/" + name}).Resolve(nil)
}

// TestSchemaIsStrict takes and adds a member of documents that are right.
func TestSchemaIsStrict(t *testing.T) {
	right := `{"schema":1,"tool":"demo","event":"run","outcome":"off","reason":{"rule":"user","detail":""}}`
	for doc, fits := range map[string]bool{
		right: true,
		strings.Replace(right, `"tool":"demo",`, ``, 1):              false,
		strings.Replace(right, `"detail":""`, ``, 1):                 false,
		strings.Replace(right, `{`, `{"more":1,`, 1):                 false,
		strings.Replace(right, `"rule":"user"`, `"rule":0`, 1):       false,
		strings.Replace(right, `"off"`, `"nowhere"`, 1):              false,
		strings.Replace(right, `"schema":1`, `"schema":2`, 1):        false,
		strings.Replace(right, `"tool"`, `"event_id":"x","tool"`, 1): true,
	} {
		if err := checkPrinted([]string{"send", "demo", "run", "--json"}, []byte(doc)); (err == nil) != fits {
			t.Errorf("%s: %v", doc, err)
		}
	}
}
