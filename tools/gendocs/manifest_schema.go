package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/tomldoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// schemaURL is where editors find the schema of manifests.
const schemaURL = "https://raw.githubusercontent.com/usagectl/usagectl/main/docs/manifest.schema.json"

// notBlank is the pattern of a text that says something. It spells out what Go takes for a space,
// because languages differ about \s.
const notBlank = "[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"

// manifestSchema is docs/manifest.schema.json, of draft 7: taplo, by which editors read TOML, reads that,
// and not all of a later one. It has no $ref, beside which taplo ignores a description.
func manifestSchema(tables []manifest.KeyTable) ([]byte, error) {
	root := jsondoc.NewObject(
		"$schema", "http://json-schema.org/draft-07/schema#",
		"$id", schemaURL,
		"title", "A manifest of usagectl",
		"description", "What a tool declares about its telemetry. Made from the reader's own table of keys; docs/manifest.md is the reference.",
	)
	for _, m := range tableSchema(tables, tables[0]).Members() {
		root.Set(m.Name, m.Value)
	}
	var compact, out bytes.Buffer
	e := json.NewEncoder(&compact)
	e.SetEscapeHTML(false)
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	err := json.Indent(&out, compact.Bytes(), "", "  ")
	return out.Bytes(), err
}

// tableSchema is the schema of a table with the tables in it.
func tableSchema(tables []manifest.KeyTable, t manifest.KeyTable) *jsondoc.Object {
	properties, dependencies := jsondoc.NewObject(), jsondoc.NewObject()
	var required, all []any
	for _, k := range t.Keys {
		properties.Set(k.Name, keySchema(k))
		if len(k.With) > 0 {
			dependencies.Set(k.Name, company(t, k.With))
		}
		switch {
		case k.RequiredWith != nil:
			all = append(all, where(company(t, []manifest.Condition{*k.RequiredWith}), requires(k.Name)))
		case k.Required && len(k.With) > 0:
			all = append(all, where(company(t, k.With), requires(k.Name)))
		case k.Required:
			required = append(required, k.Name)
		}
	}
	for _, below := range tables {
		if name, ok := strings.CutPrefix(below.Name, prefixOf(t)); ok && name != "" && !strings.Contains(name, ".") {
			properties.Set(name, listSchema(below, tableSchema(tables, below)))
			if below.Required {
				required = append(required, name)
			}
		}
	}
	if len(t.OneOf) > 0 {
		one := jsondoc.NewObject("oneOf", []any{requires(t.OneOf[0]), requires(t.OneOf[1])})
		if t.OneOfWith != nil {
			one = where(company(t, []manifest.Condition{*t.OneOfWith}), one)
		}
		all = append(all, one)
	}
	schema := jsondoc.NewObject("type", "object", "properties", properties, "additionalProperties", false)
	setList(schema, "required", required)
	if len(dependencies.Members()) > 0 {
		schema.Set("dependencies", dependencies)
	}
	setList(schema, "allOf", all)
	return schema
}

func prefixOf(t manifest.KeyTable) string {
	if t.Name == "" {
		return ""
	}
	return t.Name + "."
}

func setList(schema *jsondoc.Object, name string, list []any) {
	if len(list) > 0 {
		schema.Set(name, list)
	}
}

// listSchema is the schema of a list of tables, if it is one.
func listSchema(t manifest.KeyTable, table *jsondoc.Object) *jsondoc.Object {
	if !t.List {
		return table
	}
	list := jsondoc.NewObject("type", "array", "items", table, "maxItems", jsondoc.Int(tomldoc.MaxTables))
	if t.Required {
		list.Set("minItems", jsondoc.Int(1))
	}
	return list
}

// company is the schema of a table in which conditions hold. A key that is left out has its default.
func company(t manifest.KeyTable, conditions []manifest.Condition) *jsondoc.Object {
	properties := jsondoc.NewObject()
	var required []any
	for _, c := range conditions {
		properties.Set(c.Key, jsondoc.NewObject("enum", anys(c.Words)))
		for _, k := range t.Keys {
			if k.Name == c.Key && !slices.Contains(c.Words, k.Default) {
				required = append(required, c.Key)
			}
		}
	}
	schema := jsondoc.NewObject("properties", properties)
	setList(schema, "required", required)
	return schema
}

// where is the schema that asks for something where a condition holds.
func where(condition, then *jsondoc.Object) *jsondoc.Object {
	return jsondoc.NewObject("if", condition, "then", then)
}

func requires(key string) *jsondoc.Object { return jsondoc.NewObject("required", []any{key}) }

func anys(words []string) []any {
	list := make([]any, len(words))
	for i, w := range words {
		list[i] = w
	}
	return list
}

var markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// keySchema is the schema of what is under a key.
func keySchema(k manifest.Key) *jsondoc.Object {
	schema := jsondoc.NewObject("description", markdownLink.ReplaceAllString(k.About, "docs/$1"))
	switch k.Type {
	case manifest.KeyText:
		schema.Set("type", "string")
		if k.Pattern == "" {
			schema.Set("pattern", notBlank)
		}
	case manifest.KeyString:
		schema.Set("type", "string")
	case manifest.KeyBool:
		schema.Set("type", "boolean")
	case manifest.KeyInt:
		schema.Set("type", "integer")
		schema.Set("minimum", jsondoc.Int(int64(k.Min)))
		schema.Set("maximum", jsondoc.Int(int64(k.Max)))
	case manifest.KeyNumber:
		schema.Set("type", "number")
	case manifest.KeyStrings, manifest.KeyWords:
		schema.Set("type", "array")
		schema.Set("items", jsondoc.NewObject("type", "string"))
		if k.Type == manifest.KeyWords {
			schema.Set("items", jsondoc.NewObject("type", []any{"string", "integer"}))
		}
		setLength(schema, k)
	case manifest.KeyHeaders:
		schema.Set("type", "object")
		schema.Set("patternProperties", jsondoc.NewObject("^[A-Za-z0-9-]+$", jsondoc.NewObject("type", "string")))
		schema.Set("additionalProperties", false)
	}
	if k.Pattern != "" {
		schema.Set("pattern", k.Pattern)
	}
	setWords(schema, k)
	if k.Default != "" {
		schema.Set("default", defaultOf(k))
	}
	return schema
}

func setLength(schema *jsondoc.Object, k manifest.Key) {
	if k.Min > 0 {
		schema.Set("minItems", jsondoc.Int(int64(k.Min)))
	}
	if k.Max > 0 {
		schema.Set("maxItems", jsondoc.Int(int64(k.Max)))
	}
}

// setWords lists the words of a key, with what taplo shows of each.
func setWords(schema *jsondoc.Object, k manifest.Key) {
	if len(k.Words) == 0 {
		return
	}
	var names, abouts []any
	for _, w := range k.Words {
		names = append(names, w.Name)
		if w.About == "" {
			abouts = append(abouts, nil)
		} else {
			abouts = append(abouts, w.About)
		}
	}
	schema.Set("enum", names)
	schema.Set("x-taplo", jsondoc.NewObject("docs", jsondoc.NewObject("enumValues", abouts)))
}

// defaultOf is the value of a key that is left out.
func defaultOf(k manifest.Key) any {
	switch k.Type {
	case manifest.KeyBool:
		return k.Default == "true"
	case manifest.KeyInt:
		n, _ := strconv.ParseInt(k.Default, 10, 64) // a test holds that it is one
		return jsondoc.Int(n)
	}
	return k.Default
}
