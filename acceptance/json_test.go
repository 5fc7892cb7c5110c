package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"slices"
	"strconv"
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
	var doc map[string]any
	if err := json.Unmarshal(printed, &doc); err != nil {
		return err
	}
	if doc["method"] != nil && doc["url"] == nil && strings.HasPrefix(name, "inspect") {
		name = "inspect-forget" // what docs/json.md says of --wire and of the event that is the request
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
	words := slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return strings.HasPrefix(arg, "-") })
	switch {
	case len(words) > 1 && words[0] == "tools":
		command = "tools-" + words[1]
	case len(words) > 0 && words[0] == "tools":
		command = "tools-list"
	case len(words) > 0:
		command = words[0]
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

// TestSchemaAsAWhole holds that the schema itself takes each document, and nothing else.
func TestSchemaAsAWhole(t *testing.T) {
	t.Parallel()
	var all jsonschema.Schema
	must(t, json.Unmarshal(schemas.JSON(), &all))
	var documents, listed []string
	for name, def := range all.Defs {
		if def.Title != "" {
			documents = append(documents, "#/$defs/"+name)
		}
	}
	for _, choice := range all.AnyOf {
		listed = append(listed, choice.Ref)
	}
	slices.Sort(documents)
	slices.Sort(listed)
	if !slices.Equal(listed, documents) {
		t.Errorf("the schema takes %q, and the documents are %q", listed, documents)
	}
	whole, err := all.Resolve(nil)
	must(t, err)
	for doc, fits := range map[string]bool{
		`{"schema":1,"deletions":[]}`: true,
		`{"schema":1,"tools":[]}`:     true,
		`{"schema":1}`:                false,
		`{"schema":1,"tools":[17]}`:   false,
		`{"schema":1,"deletions":17}`: false,
		`{"schema":2,"deletions":[]}`: false,
		`{"rule":"user","detail":""}`: false,
		`"dropped"`:                   false,
	} {
		var value any
		must(t, json.Unmarshal([]byte(doc), &value))
		if err := whole.Validate(value); (err == nil) != fits {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

// TestWordsOfTheSchema holds that the words that the schema lists with their meanings are
// those of the program, no more and no fewer.
func TestWordsOfTheSchema(t *testing.T) {
	t.Parallel()
	var all jsonschema.Schema
	must(t, json.Unmarshal(schemas.JSON(), &all))
	for name, want := range map[string][]string{
		"rule":            constantsOf(t, "Rule", "pkg/consent"),
		"step":            constantsOf(t, "consent.Rule", "pkg/sender", "cmd"),
		"send-outcome":    constantsOf(t, "Outcome", "pkg/sender"),
		"not-asked":       constantsOf(t, "notAsked", "cmd"),
		"attempt-outcome": constantsOf(t, "Outcome", "pkg/sender/internal/journal"),
		"forget-outcome":  constantsOf(t, "outcome", "cmd"),
		"deletion-state":  constantsOf(t, "State", "pkg/sender/internal/deletion"),
	} {
		var words []string
		for _, choice := range all.Defs[name].AnyOf {
			word, _ := (*choice.Const).(string)
			words = append(words, word)
			if choice.Description == "" {
				t.Errorf("%s: %q has no meaning", name, word)
			}
		}
		if name != "rule" { // which are in the order in which they decide
			slices.Sort(words)
			slices.Sort(want)
		}
		if len(want) < 5 || !slices.Equal(words, want) {
			t.Errorf("%s: the schema lists %q, the program has %q", name, words, want)
		}
	}
}

// constantsOf are the values of the constants of a type, as the sources of packages spell
// it, in the order in which they are there. What a package below pkg keeps to itself is
// never printed.
func constantsOf(t *testing.T, typ string, packages ...string) []string {
	t.Helper()
	var list []string
	for _, dir := range packages {
		for _, path := range repositoryFiles(t, dir+"/*.go") {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, mustPage(t, path), parser.SkipObjectResolution)
			must(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				spec, ok := n.(*ast.ValueSpec)
				if !ok || spec.Type == nil || types.ExprString(spec.Type) != typ {
					return true
				}
				for i, value := range spec.Values {
					shown := spec.Names[i].IsExported() || !strings.HasPrefix(dir, "pkg/")
					if literal, ok := value.(*ast.BasicLit); ok && shown {
						word, err := strconv.Unquote(literal.Value)
						must(t, err)
						list = append(list, word)
					}
				}
				return true
			})
		}
	}
	return list
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
