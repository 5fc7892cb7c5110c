package main

import (
	_ "embed" // for the beginning of the page
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

//go:embed json_head.md
var jsonHead string

// jsonPage is docs/json.md, made of the schema in docs/schemas: what --json prints, a
// section for each document and for each part that several have.
func jsonPage(schema []byte) ([]byte, error) {
	root, err := jsondoc.ParseObject(schema)
	if err != nil {
		return nil, err
	}
	var documents, parts strings.Builder
	for _, def := range object(root, "$defs").Members() {
		d, ok := def.Value.(*jsondoc.Object)
		if !ok {
			return nil, fmt.Errorf("the definition %q is no object", def.Name)
		}
		section, heading := &parts, "`"+def.Name+"`"
		if title := word(d, "title"); title != "" {
			section, heading = &documents, "`"+strings.ReplaceAll(title, ", ", "`, `")+"`"
		}
		fmt.Fprintf(section, "\n### %s\n\n%s\n\n", heading, word(d, "description"))
		if object(d, "properties") == nil {
			words(section, d)
			continue
		}
		section.WriteString("| member | type | meaning |\n|---|---|---|\n")
		rows(section, "", d)
	}
	return []byte(jsonHead + "\n## The documents\n" + documents.String() + "\n## Parts of them\n" + parts.String()), nil
}

// words writes what each word means that a definition lists.
func words(page *strings.Builder, d *jsondoc.Object) {
	page.WriteString("| word | meaning |\n|---|---|\n")
	for _, choice := range array(d, "anyOf") {
		if c, ok := choice.(*jsondoc.Object); ok {
			fmt.Fprintf(page, "| `%s` | %s |\n", word(c, "const"), word(c, "description"))
		}
	}
}

// rows writes the members of an object, each with those below it.
func rows(page *strings.Builder, above string, o *jsondoc.Object) {
	required := list(o, "required")
	for _, m := range object(o, "properties").Members() {
		member, ok := m.Value.(*jsondoc.Object)
		if !ok {
			continue
		}
		path := above + m.Name
		meaning := word(member, "description")
		if words := list(member, "enum"); len(words) > 0 {
			meaning += " One of `" + strings.Join(words, "`, `") + "`."
		}
		if !slices.Contains(required, m.Name) {
			meaning += " Can be left out."
		}
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", path, typeOf(member), strings.TrimSpace(meaning))
		if below, suffix := inside(member); below != nil {
			rows(page, path+suffix, below)
		}
	}
}

// inside is the object whose members stand below a member, and what stands between their
// names and its own; nil if there is none, or it has a section of its own.
func inside(member *jsondoc.Object) (*jsondoc.Object, string) {
	suffix := "."
	if items := object(member, "items"); items != nil {
		member, suffix = items, "[]."
	}
	for _, choice := range array(member, "anyOf") {
		if c, ok := choice.(*jsondoc.Object); ok && object(c, "properties") != nil {
			member = c
		}
	}
	if object(member, "properties") == nil {
		return nil, ""
	}
	return member, suffix
}

// typeOf says of what type a member is.
func typeOf(member *jsondoc.Object) string {
	if ref := word(member, "$ref"); ref != "" {
		name := strings.TrimPrefix(ref, "#/$defs/")
		return fmt.Sprintf("[%s](#%s)", name, name)
	}
	if value, ok := member.Get("const"); ok {
		return fmt.Sprintf("%v", value)
	}
	var types []string
	for _, choice := range array(member, "anyOf") {
		if c, ok := choice.(*jsondoc.Object); ok {
			types = append(types, typeOf(c))
		}
	}
	if t := word(member, "type"); t == "array" {
		return "list of " + typeOf(object(member, "items"))
	} else if t != "" {
		types = append(types, t)
	}
	for _, t := range list(member, "type") {
		if t == "array" {
			t = "list of " + typeOf(object(member, "items"))
		}
		types = append(types, t)
	}
	if word(member, "format") == "date-time" {
		types[0] = "time" // which JSON has as a string
	}
	if len(types) == 0 {
		return "any"
	}
	return strings.Join(types, " or ")
}

func object(o *jsondoc.Object, name string) *jsondoc.Object {
	value, _ := o.Get(name)
	below, _ := value.(*jsondoc.Object)
	return below
}

func array(o *jsondoc.Object, name string) []any {
	value, _ := o.Get(name)
	list, _ := value.([]any)
	return list
}

func word(o *jsondoc.Object, name string) string {
	value, _ := o.Get(name)
	s, _ := value.(string)
	return s
}

// list is a list of strings; those that are none are left out.
func list(o *jsondoc.Object, name string) []string {
	var words []string
	for _, value := range array(o, name) {
		if s, ok := value.(string); ok {
			words = append(words, s)
		}
	}
	return words
}
