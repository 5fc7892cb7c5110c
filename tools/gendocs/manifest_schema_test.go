package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestSchemaOfEditors holds that editors can use the schema: it has no keyword that draft 7 lacks, or
// that taplo does not follow, and the page and the manifests that come with usagectl name its address as taplo wants it.
func TestSchemaOfEditors(t *testing.T) {
	text, err := manifestSchema(manifest.Keys())
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if schema["$id"] != schemaURL || schema["$schema"] != "http://json-schema.org/draft-07/schema#" {
		t.Errorf("%v, %v", schema["$id"], schema["$schema"])
	}
	delete(schema, "$id")
	delete(schema, "$schema")
	seen := 0
	checkKeywords(t, "", schema, &seen)
	if seen < 100 {
		t.Errorf("only %d schemas were seen", seen)
	}
	line := "#:schema " + schemaURL + "\n"
	page, err := manifestReference(manifest.Keys())
	if err != nil || !strings.Contains(string(page), line) || !strings.Contains(string(page), "url = \""+schemaURL+"\"\n") {
		t.Errorf("the page does not name the schema: %v", err)
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "pkg", "manifest", "builtin", "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), line) {
			t.Errorf("%s does not begin with %q: %v", file, line, err)
		}
	}
}

// checkKeywords holds which keywords a schema has, and those in it.
func checkKeywords(t *testing.T, path string, schema map[string]any, seen *int) {
	t.Helper()
	*seen++
	for keyword, value := range schema {
		at := path + "/" + keyword
		switch keyword {
		case "title", "description", "type", "pattern", "enum", "default", "minimum", "maximum", "minItems", "maxItems", "x-taplo":
		case "required":
			if list, ok := value.([]any); !ok || len(list) == 0 {
				t.Errorf("%s: %v", at, value)
			}
		case "additionalProperties":
			if value != false {
				t.Errorf("%s: %v", at, value)
			}
		case "properties", "patternProperties", "dependencies":
			for name, below := range value.(map[string]any) {
				checkKeywords(t, at+"/"+name, below.(map[string]any), seen)
			}
		case "items", "if", "then":
			checkKeywords(t, at, value.(map[string]any), seen)
		case "allOf", "oneOf":
			for _, below := range value.([]any) {
				checkKeywords(t, at, below.(map[string]any), seen)
			}
		default:
			t.Errorf("%s: taplo may not know it", at)
		}
	}
}

// TestKeysForPeople holds that each key says something, has a default that it takes, and is in the schema with all words.
func TestKeysForPeople(t *testing.T) {
	for _, table := range manifest.Keys() {
		for _, k := range table.Keys {
			if !strings.HasSuffix(k.About, ".") && !strings.HasSuffix(k.About, ".)") {
				t.Errorf("[%s] %s: %q", table.Name, k.Name, k.About)
			}
			if k.Default != "" && len(k.Words) > 0 && k.Words[0].Name != k.Default {
				t.Errorf("[%s] %s is %q if it is left out, as the reader has it, and not %q", table.Name, k.Name, k.Words[0].Name, k.Default)
			}
			for _, c := range k.With {
				i := slices.IndexFunc(table.Keys, func(other manifest.Key) bool { return other.Name == c.Key })
				if i < 0 {
					t.Fatalf("[%s] %s goes with %s, which is not there", table.Name, k.Name, c.Key)
				}
				for _, word := range c.Words {
					if !slices.ContainsFunc(table.Keys[i].Words, func(w manifest.Word) bool { return w.Name == word }) {
						t.Errorf("[%s] %s goes with %s = %q, which there is not", table.Name, k.Name, c.Key, word)
					}
				}
			}
		}
	}
}
