package main

import (
	_ "embed" // for the page around the tables
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/pkg/lint"
	"github.com/usagectl/usagectl/pkg/manifest"
)

//go:embed manifest_page.md
var manifestTemplate string

var placeholder = regexp.MustCompile(`(?m)^<!-- (keys|words|advice)(?: (\S+))? -->$`)

// manifestReference is docs/manifest.md: text with the tables of keys in it.
func manifestReference(tables []manifest.KeyTable) ([]byte, error) {
	var failed error
	seen := map[string]bool{}
	page := placeholder.ReplaceAllStringFunc(manifestTemplate, func(line string) string {
		m := placeholder.FindStringSubmatch(line)
		table, key, _ := strings.Cut(m[2], ":")
		if m[1] == "advice" {
			return adviceTable()
		}
		for _, t := range tables {
			if t.Name != table && (t.Name != "" || table != "file") {
				continue
			}
			if m[1] == "keys" {
				seen[t.Name] = true
				return keysTable(t)
			}
			for _, k := range t.Keys {
				if k.Name == key {
					return wordsTable(k)
				}
			}
		}
		failed = fmt.Errorf("manifest_page.md: nothing is known of %q", line)
		return line
	})
	for _, t := range tables {
		if !seen[t.Name] {
			return nil, fmt.Errorf("manifest_page.md has no keys of the table %q", t.Name)
		}
	}
	return []byte(page), failed
}

// keysTable is a table with a row for each key.
func keysTable(t manifest.KeyTable) string {
	var b strings.Builder
	b.WriteString("| key | meaning | value | if left out |\n|---|---|---|---|\n")
	for _, k := range t.Keys {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, cell(k.About), cell(valueCell(k)), absence(t, k))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// valueCell says what a key takes, and with which words of other keys it goes.
func valueCell(k manifest.Key) string {
	said := strings.Replace(string(k.Type), "a text", "a string that is not blank", 1)
	switch {
	case k.Name == "from":
		said = "a source"
	case len(k.Words) > 0:
		var words []string
		for _, w := range k.Words {
			word := "`" + w.Name + "`"
			if w.About != "" {
				word += " (" + w.About + ")"
			}
			words = append(words, word)
		}
		said = strings.Join(words, ", ")
	case k.Type == manifest.KeyInt && k.Min == k.Max:
		said = strconv.Itoa(k.Min)
	case k.Type == manifest.KeyInt:
		said += fmt.Sprintf(" from %d to %s", k.Min, grouped(k.Max))
	}
	for _, c := range k.With {
		said += "; with `" + c.Key + "` " + alternatives(c.Words)
	}
	return said
}

// grouped writes a number with commas between its thousands.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

func alternatives(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "`" + w + "`"
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
}

// absence says what holds where a key is left out.
func absence(t manifest.KeyTable, k manifest.Key) string {
	switch {
	case k.Default != "":
		return "`" + k.Default + "`"
	case k.RequiredWith != nil:
		return "an error with `" + k.RequiredWith.Key + "` " + alternatives(k.RequiredWith.Words)
	case slices.Contains(t.OneOf, k.Name):
		return "one of `" + strings.Join(t.OneOf, "`, `") + "` is needed"
	case k.Required:
		return "an error"
	}
	return ""
}

// wordsTable is a table with a row for each word of a key.
func wordsTable(k manifest.Key) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | what it is |\n|---|---|\n", k.Name)
	for _, w := range k.Words {
		fmt.Fprintf(&b, "| `%s` | %s |\n", w.Name, cell(w.About))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// adviceTable is a table with a row for each code of "usagectl tools lint".
func adviceTable() string {
	var b strings.Builder
	b.WriteString("| code | what it finds | what to do |\n|---|---|---|\n")
	for _, r := range lint.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Code, cell(r.About), cell(r.Fix))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// cell is text that does not end a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
