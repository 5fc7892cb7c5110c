// Package settings reads one value from another program's configuration file,
// and never changes it.
package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/pelletier/go-toml/v2"
	"github.com/tailscale/hujson"

	"github.com/usagectl/usagectl/internal/dotenv"
)

// MaxSize is the size, in bytes, of the largest file that is worth reading.
const MaxSize = 4 << 20

// Errors of [Read], for callers that tell them apart.
var (
	// ErrNone says that the file holds nothing at the key.
	ErrNone = errors.New("there is no such setting")
	// ErrNotPlain says that what is at the key is no text, number or truth value, or that it
	// takes an alias of YAML to find it.
	ErrNotPlain = errors.New("the setting is no plain value")
	// ErrFormat says that there is no reader for the format.
	ErrFormat = errors.New("no file of this format can be read")
)

// Read finds the value at key, a JSON Pointer (RFC 6901), in a document of the format
// "json", "jsonc" (with comments, and commas at ends), "toml" or "yaml"; of "ini",
// "configparser" or "configobj", in which the first step is the section; or of "dotenv", in
// which the only one is the name of a variable. Of the format "text" it is the first word, and
// key does not count. It returns the value as text, as people would write it: of a number,
// its digits; of a truth value, true or false; and of a text that could be taken for one of
// these two, where the format tells them apart, the text in double quotes. A document that is
// not of the format is an error.
//
// Formats that have no standard are read strictly: where one reader finds something else than
// another, it is [ErrNotPlain].
func Read(format string, data []byte, key string) (string, error) {
	switch format {
	case "ini", "configparser", "configobj":
		return readINI(data, steps(key), format == "configobj")
	case "yaml":
		return readYAML(data, steps(key))
	case "dotenv":
		return readDotenv(data, steps(key)[0])
	case "text":
		word, _, _ := strings.Cut(strings.TrimSpace(string(data)), " ")
		return word, nil
	}
	var doc any
	err := ErrFormat
	switch format {
	case "json":
		err = json.Unmarshal(data, &doc)
	case "jsonc":
		if data, err = hujson.Standardize(data); err == nil {
			err = json.Unmarshal(data, &doc)
		}
	case "toml":
		err = toml.Unmarshal(data, &doc)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", format, err)
	}
	for _, step := range steps(key) {
		object, ok := doc.(map[string]any)
		if !ok {
			return "", ErrNone
		}
		if doc, ok = object[step]; !ok {
			return "", ErrNone
		}
	}
	return text(doc)
}

func steps(key string) []string {
	var list []string
	for step := range strings.SplitSeq(strings.TrimPrefix(key, "/"), "/") {
		list = append(list, strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
	}
	return list
}

func text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", ErrNone
	case string:
		return distinct(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case int, int64, uint64:
		return fmt.Sprint(v), nil
	}
	return "", ErrNotPlain
}

// distinct is a text, in quotes if it could be taken for a truth value.
func distinct(text string) string {
	if strings.EqualFold(text, "true") || strings.EqualFold(text, "false") {
		return strconv.Quote(text)
	}
	return text
}

// readDotenv takes the variable of that name. One that another reader may find, or find
// twice, is not plain.
func readDotenv(data []byte, name string) (string, error) {
	value, found := dotenv.Parse(data)[name]
	mentions := 0
	for line := range bytes.Lines(data) {
		if bytes.Contains(line, []byte(name)) && !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			mentions++
		}
	}
	switch {
	case found && mentions == 1:
		return value, nil
	case mentions == 0:
		return "", ErrNone
	}
	return "", ErrNotPlain
}

// readINI takes the key in the section that its first step names; a key of one step stands
// before any section. It takes what every reader takes: readers differ in blanks at the
// beginning of a line, unless indented says that they mean nothing, in colons, quotes, letter
// case, lines that go on, and keys that are there twice.
func readINI(data []byte, steps []string, indented bool) (string, error) {
	section, key := "", steps[0]
	if len(steps) > 1 {
		section, key = steps[0], strings.Join(steps[1:], "/")
	}
	value, found, in, last := "", false, "", ""
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		trimmed := strings.TrimSpace(line)
		begins := indented || !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t")
		if trimmed == "" || strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		if strings.HasSuffix(trimmed, `\`) || strings.Contains(trimmed, "\r") || !begins && last == key {
			return "", ErrNotPlain
		}
		if strings.HasPrefix(trimmed, "[") && begins {
			in, last = strings.TrimSuffix(trimmed[1:], "]"), ""
			continue
		}
		name, rest, _ := strings.Cut(trimmed, "=")
		name = strings.TrimRight(name, " \t")
		last = name
		switch near := strings.FieldsFunc(trimmed, func(r rune) bool { return strings.ContainsRune("=: \t\"'", r) }); {
		case name == key && in == section && begins && !found && strings.Contains(trimmed, "="):
			value, found = strings.TrimSpace(rest), true
		case len(near) == 0 || !strings.EqualFold(near[0], key):
		case strings.EqualFold(in, section), strings.EqualFold(in, "DEFAULT"), strings.ContainsAny(in, "]#;"):
			return "", ErrNotPlain
		}
	}
	if !found {
		return "", ErrNone
	}
	return value, nil
}

// readYAML walks the syntax tree, because the part of the library that makes Go
// values of it would add half a megabyte to the program. Aliases are not followed.
func readYAML(data []byte, steps []string) (string, error) {
	file, err := parser.ParseBytes(bytes.TrimPrefix(data, []byte("\ufeff")), 0)
	if err != nil {
		return "", fmt.Errorf("yaml: %w", err)
	}
	if len(file.Docs) == 0 {
		return "", ErrNone
	}
	if len(file.Docs) > 1 || bytes.Count(append([]byte("\n"), data...), []byte("\n---")) > 1 {
		return "", ErrNotPlain // readers differ in which document they take
	}
	node := file.Docs[0].Body
	for _, step := range steps {
		if node, err = member(node, step); err != nil {
			return "", err
		}
	}
	switch v := bare(node).(type) {
	case *ast.StringNode:
		return distinct(v.Value), nil
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		return v.GetToken().Value, nil
	case *ast.NullNode:
		return "", ErrNone
	}
	return "", ErrNotPlain
}

// member is the value of a name in a mapping.
func member(node ast.Node, name string) (ast.Node, error) {
	mapping, ok := bare(node).(ast.MapNode)
	if !ok {
		if _, isAlias := node.(*ast.AliasNode); isAlias {
			return nil, ErrNotPlain
		}
		return nil, ErrNone
	}
	missing := ErrNone
	for entries := mapping.MapRange(); entries.Next(); {
		key, isText := entries.Key().(*ast.StringNode)
		switch {
		case isText && key.Value == name:
			return entries.Value(), nil
		case !isText: // it may be the name, with an anchor or a tag, or what is merged may have it
			missing = ErrNotPlain
		}
	}
	return nil, missing
}

// bare is a node without its anchor.
func bare(node ast.Node) ast.Node {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		return anchor.Value
	}
	return node
}
