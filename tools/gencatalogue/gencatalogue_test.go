package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/tools/internal/generate"
)

const root = "../.."

// TestFresh holds that what is in the repository is what the files say, and with
// that, that every file is right.
func TestFresh(t *testing.T) {
	made, err := tableAndPage(root)
	if err != nil {
		t.Fatal(err)
	}
	generate.Fresh(t, root, made, "go run ./tools/gencatalogue")
}

// TestTableIsData holds that the table is nothing but constants, which the
// compiler lays out: whatever ran at the start of the program, every send would
// pay for.
func TestTableIsData(t *testing.T) {
	name := filepath.Join(root, filepath.FromSlash(tableFile))
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.CallExpr, *ast.FuncDecl, *ast.FuncLit, *ast.UnaryExpr, *ast.BinaryExpr, *ast.MapType, *ast.ImportSpec:
			t.Errorf("the table holds %T", n)
		}
		return true
	})
}

// TestLines holds that the catalogue can be read in a terminal.
func TestLines(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, toolsDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n") {
			if len(line) > 130 {
				t.Errorf("%s:%d has %d characters", filepath.Base(file), i+1, len(line))
			}
		}
	}
}

const good = `name     = "Tool"
homepage = "https://tool.example"
category = "other"
default  = "opt-out"

[[env]]
name      = "TOOL_TELEMETRY"
semantics = "value"
off       = "0"
on        = "1"

[[env]]
name      = "TOOL_NO_TELEMETRY"
semantics = "presence"
off       = "1"

[cli]
disable = "tool telemetry off"

[[config]]
path   = "~/.tool.json"
key    = "/telemetry"
format = "json"
off    = "false"
on     = "true"

[detect]
commands = ["tool"]

[evidence]
level = "from-docs"
where = "tool.example/telemetry"
`

func TestGood(t *testing.T) {
	tool, err := readTool("tool.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if len(tool.Env) != 2 || tool.Env[0].Off != "0" || tool.Config[0].Key != "/telemetry" || tool.Commands[0] != "tool" {
		t.Errorf("read as %+v", tool)
	}
}

// TestBad changes the good file in one way each, by replacing one text with
// another, and wants to be told, with the line.
func TestBad(t *testing.T) {
	for _, test := range []struct{ what, old, new, want string }{
		{"no TOML", `default  =`, `default  :`, "tool.toml:4: expected"},
		{
			"unknown key", "category =", "kind =",
			"tool.toml:3: unknown key kind; known here: category, cli, config, data,",
		},
		{"another case", "homepage =", "Homepage =", "unknown key Homepage"},
		{
			"unknown key of a variable", "off       = \"0\"\n", "off = \"0\"\nvalue = \"1\"\n",
			"tool.toml:10: unknown key value; known here: else, empty,",
		},
		{
			"unknown key of commands", "disable =", "stop =",
			"tool.toml:18: unknown key stop; known here: disable, enable, status",
		},
		{"unknown key of a setting", "path   =", "file =", `tool.toml:21: unknown key file (did you mean "path"?);`},
		{
			"unknown key of what is here", "commands =", "programs =",
			"tool.toml:28: unknown key programs; known here: commands, files, packages",
		},
		{
			"unknown key of the evidence", "where =", "source =",
			"tool.toml:32: unknown key source; known here: level, where\ntool.toml:30: where is missing",
		},
		{"a key twice", "category =", "name =", "tool.toml:3:"},
		{"wrong type", `name     = "Tool"`, `name = 1`, "tool.toml:1: name is not a string"},
		{"wrong type of a list", `["tool"]`, `"tool"`, "tool.toml:28: commands is not a list of strings"},
		{"wrong type in a list", `["tool"]`, `["tool", 1]`, "tool.toml:28: commands holds something that is not a string"},
		{"a table for a list", "[[config]]", "[config]", "tool.toml:20: config is not a list of tables"},
		{"no name", `name     = "Tool"` + "\n", "", "tool.toml:1: name is missing"},
		{"empty name", `"Tool"`, `""`, "tool.toml:1: name is empty: leave it out"},
		{
			"homepage", `"https://tool.example"`, `"tool.example"`,
			`tool.toml:2: homepage is "tool.example", not an address on the web`,
		},
		{"no default", "default  = \"opt-out\"\n", "", "tool.toml:1: default is missing"},
		{"default", `"opt-out"`, `"on"`, `tool.toml:4: default is "on", not one of opt-out, opt-in`},
		{
			"status", `default  =`, "status = \"gone\"\ndefault  =",
			`tool.toml:4: status is "gone", not one of removed, no-op, discontinued`,
		},
		{
			"do_not_track", `default  =`, "do_not_track = \"maybe\"\ndefault  =",
			`tool.toml:4: do_not_track is "maybe", not one of yes, no`,
		},
		{
			"accepts what it does not obey", `default  =`, "do_not_track = \"no\"\ndo_not_track_accepts = \"1\"\ndefault  =",
			"tool.toml:5: do_not_track_accepts is for a tool that obeys",
		},
		{"spaces", `"other"`, `"other "`, "tool.toml:3: category begins or ends with a space"},

		{"variable without a name", `name      = "TOOL_NO_TELEMETRY"` + "\n", "", "tool.toml:12: name is missing"},
		{
			"name of a variable", `"TOOL_NO_TELEMETRY"`, `"TOOL-NO"`,
			`tool.toml:13: name is "TOOL-NO", which no shell takes for a variable`,
		},
		{"a variable twice", `"TOOL_NO_TELEMETRY"`, `"TOOL_TELEMETRY"`, "tool.toml:13: TOOL_TELEMETRY is here twice"},
		{"no semantics", "semantics = \"presence\"\n", "", "tool.toml:12: semantics is missing"},
		{"semantics", `"presence"`, `"present"`, `tool.toml:14: semantics is "present", not one of presence, value, boolean`},
		{
			"role", `semantics = "value"`, "role = \"optout\"\nsemantics = \"value\"",
			`tool.toml:8: role is "optout", not one of opt-out, opt-in, legacy,`,
		},
		{"no off", "off       = \"0\"\n", "", "tool.toml:6: off is missing"},
		{
			"presence that an empty value does not make", `off       = "1"`, `off = ""`,
			`tool.toml:15: off is "", which the variable's own rule reads as unset`,
		},
		{
			"presence that cannot be on", `off       = "1"`, "off = \"1\"\non = \"0\"",
			`tool.toml:16: on is "0", which the variable's own rule reads as off`,
		},
		{
			"on that is off", `on        = "1"`, `on = "0"`,
			`tool.toml:10: on is "0", which the variable's own rule reads as off`,
		},
		{
			"off and on by case", `on        = "1"`, "on = \"1\"\noff_also = [\"Yes\"]\non_also = [\"yes\"]\nignore_case = true",
			`tool.toml:12: on_also is "yes", which the variable's own rule reads as off`,
		},
		{
			"boolean that is no word", `"value"` + "\noff       = \"0\"", `"boolean"` + "\noff = \"nope\"",
			`tool.toml:9: off is "nope", which the variable's own rule reads as unknown`,
		},
		{
			"boolean on that is off", `"value"` + "\noff       = \"0\"", `"boolean"` + "\noff = \"on\"",
			`tool.toml:10: on is "1", which the variable's own rule reads as off`,
		},
		{
			"off_also of presence", `off       = "1"`, "off = \"1\"\noff_also = [\"2\"]",
			"tool.toml:16: off_also is for the semantics value",
		},
		{
			"ignore_case of a boolean", `semantics = "value"`, "semantics = \"boolean\"\nignore_case = true",
			"tool.toml:9: ignore_case is for the semantics value",
		},
		{
			"else of presence", `off       = "1"`, "off = \"1\"\nelse = \"on\"",
			"tool.toml:16: else is not for the semantics presence",
		},
		{
			"else", `on        = "1"`, "on = \"1\"\nelse = \"maybe\"",
			`tool.toml:11: else is "maybe", not one of off, on, error, unset`,
		},
		{"empty", `on        = "1"`, "on = \"1\"\nempty = \"\"", `tool.toml:11: empty is "", not one of off, on, error, unset`},
		{
			"a word twice", `on        = "1"`, "on = \"1\"\noff_also = [\"no\", \"no\"]",
			`tool.toml:11: off_also holds "no" twice`,
		},
		{
			"off of what switches on by being there", `semantics = "presence"`, "role = \"opt-in\"\nsemantics = \"presence\"",
			"tool.toml:16: off is not for a variable that switches on by being there",
		},

		{
			"path that nobody can find", `"~/.tool.json"`, `"~tool.json"`,
			`tool.toml:21: path is "~tool.json"; with a format it begins with`,
		},
		{
			"path by no variable", `"~/.tool.json"`, `"${1:-~/.tool}.json"`,
			`tool.toml:21: path is "${1:-~/.tool}.json"; with a format it begins with`,
		},
		{
			"path with a pattern", `"~/.tool.json"`, `"${T:-~}/*.json"`,
			`tool.toml:21: path is "${T:-~}/*.json"; with a format it begins with`,
		},
		{
			"moved by what is no name", `off    = "false"`, "off = \"false\"\nmoved_by = [\"T_DIR\", \"T-DIR\"]",
			`tool.toml:25: moved_by holds "T-DIR", which is neither NAME, PATH nor PATH=WORD`,
		},
		{
			"moved by a file that nobody can find", `off    = "false"`, "off = \"false\"\nmoved_by = [\"~/<dir>/a=b\"]",
			`tool.toml:25: moved_by holds "~/<dir>/a=b", which is neither`,
		},
		{
			"upward from the home", `off    = "false"`, "off = \"false\"\nupward = \"file\"",
			`tool.toml:25: upward is for a file of a project, and path is "~/.tool.json"`,
		},
		{
			"path with a blank to fill", `"~/.tool.json"`, `"~/<dir>/tool.json"`,
			`tool.toml:21: path is "~/<dir>/tool.json"; with a format`,
		},
		{"key", `"/telemetry"`, `"telemetry"`, `tool.toml:22: key is "telemetry"; with the format json it is a JSON Pointer`},
		{"format", `"json"`, `"xml"`, `tool.toml:23: format is "xml", not one of json, jsonc, toml, yaml, ini, configparser, configobj, dotenv, text, file`},
		{
			"key of a file that is there", `"json"`, `"file"`,
			"tool.toml:22: key is not for the format file\ntool.toml:24: for the format file, off and on are present and absent",
		},
		{"key of a text", `"json"`, `"text"`, "tool.toml:22: key is not for the format text"},
		{"setting on and off", `on     = "true"`, `on = "false"`, "tool.toml:25: on and off are the same"},
		{"setting without values", "off    = \"false\"\non     = \"true\"\n", "", "tool.toml:20: off is missing"},

		{
			"program", `["tool"]`, `["/usr/bin/tool"]`,
			`tool.toml:28: commands holds "/usr/bin/tool", which is no name of a program`,
		},
		{"file", `commands = ["tool"]`, `files = ["tool.d"]`, `tool.toml:28: files holds "tool.d", which does not begin with`},
		{
			"package", `commands = ["tool"]`, `packages = ["tool"]`,
			`tool.toml:28: packages holds "tool", which is not spelled like pypi:name`,
		},
		{"no evidence", good[strings.Index(good, "[evidence]"):], "", "tool.toml:1: evidence is missing"},
		{"no level", "level = \"from-docs\"\n", "", "tool.toml:30: level is missing"},
		{
			"level", `"from-docs"`, `"sure"`,
			`tool.toml:31: level is "sure", not one of verified-from-source, from-docs, from-list-only`,
		},
		{"no where", "where = \"tool.example/telemetry\"\n", "", "tool.toml:30: where is missing"},
		{"empty where", `"tool.example/telemetry"`, `" "`, "tool.toml:32: where is empty"},
	} {
		t.Run(test.what, func(t *testing.T) {
			if !strings.Contains(good, test.old) {
				t.Fatalf("the good file does not hold %q", test.old)
			}
			_, err := readTool("tool.toml", []byte(strings.Replace(good, test.old, test.new, 1)))
			if err == nil {
				t.Fatal("nobody minds")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

func TestFileName(t *testing.T) {
	for _, name := range []string{"all.toml", "Tool.toml", "tool.tml", "-tool.toml", "README.md"} {
		if _, err := readTool(name, []byte(good)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestAllErrors holds that one run tells of every bad file, and writes nothing.
func TestAllErrors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), filepath.FromSlash(toolsDir))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one.toml", "two.toml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(good, "category", "kind", 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := readDir(dir)
	if err == nil || !strings.Contains(err.Error(), "one.toml:3:") || !strings.Contains(err.Error(), "two.toml:3:") {
		t.Errorf("got %v", err)
	}
}

func TestCell(t *testing.T) {
	if got := cell("1|true <x>"); got != `1\|true &lt;x>` {
		t.Errorf("cell is %s", got)
	}
	if got := code("a|b"); got != "`a\\|b`" {
		t.Errorf("code is %s", got)
	}
	if got := code("a`b"); got != "`` a`b ``" {
		t.Errorf("code is %s", got)
	}
}
