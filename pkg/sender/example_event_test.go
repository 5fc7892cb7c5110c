package sender_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// TestExample holds that an example has every field of an event of the manifests that come
// with the program, but for the one that another replaces, and is the same every time.
func TestExample(t *testing.T) {
	events := 0
	for _, id := range (manifest.Library{}).IDs() {
		m, err := (manifest.Library{}).Find(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range m.EventNames() {
			events++
			doc, without, err := sender.Example(m, event)
			if err != nil || len(without) > 0 {
				t.Errorf("%s %s: %v, without %q", id, event, err, without)
			}
			again, _, _ := sender.Example(m, event)
			if !bytes.Equal(doc, again) {
				t.Errorf("%s %s: %s and then %s", id, event, doc, again)
			}
			if _, err := jsondoc.ParseObject(doc); err != nil {
				t.Errorf("%s %s: %v: %s", id, event, err, doc)
			}
		}
	}
	if events < 80 {
		t.Errorf("only %d events were tried", events)
	}
}

// TestExampleFits holds that values are made up within what a field takes, and that a field
// is named for which none is found.
func TestExampleFits(t *testing.T) {
	m, err := manifest.Parse("odd.toml", []byte(`schema = 1
[tool]
id = "odd"
purpose = "Tries what values are made up."
[send]
transport = "http"
endpoint = "http://127.0.0.1:9/"
[[event]]
name = "run"
[[event]]
name = "other"
[[field]]
name = "small"
type = "int"
min = 10
max = 12
purpose = "p"
[[field]]
name = "negative"
type = "float"
max = -2
purpose = "p"
[[field]]
name = "one"
type = "int"
enum = [7, 8]
purpose = "p"
[[field]]
name = "code"
type = "string"
pattern = '[A-F]{3}-\d+(x|y)?'
purpose = "p"
[[field]]
name = "list"
type = "strings"
max_len = 1
purpose = "p"
[[field]]
name = "flag"
type = "bool"
default = false
purpose = "p"
[[field]]
name = "odd"
type = "string"
pattern = 'a\b\Bb'
purpose = "p"
[[field]]
name = "elsewhere"
type = "bool"
events = ["other"]
purpose = "p"
`))
	if err != nil {
		t.Fatal(err)
	}
	doc, without, err := sender.Example(m, "run")
	const want = `{"small":10,"negative":-2.0,"one":7,"code":"AAA-0","list":["t"],"flag":false}`
	if string(doc) != want || !slices.Equal(without, []string{"odd"}) || err != nil {
		t.Errorf("%s without %q, %v\nwant %s", doc, without, err, want)
	}
	var unknown *sender.EventError
	if _, _, err := sender.Example(m, "walk"); !errors.As(err, &unknown) {
		t.Errorf("an event that there is not: %v", err)
	}
}
