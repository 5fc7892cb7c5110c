package payload

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestFill holds that a header says nothing that the document does not.
func TestFill(t *testing.T) {
	m := parse(t, head+"[[field]]\nname = \"n\"\ntype = \"int\"\npurpose = \"p\"\n[[field]]\nname = \"s\"\ntype = \"string\"\npurpose = \"p\"\n")
	for _, c := range []struct {
		set  []Setting
		want string
	}{
		{[]Setting{{"n", "1"}, {"s", "x"}}, "n=1 s=x"},
		{[]Setting{{"n", "1"}}, ""},
		{[]Setting{{"n", "1"}, {"s", "a\r\nEvil: 1"}}, ""},
		{[]Setting{{"n", "1"}, {"s", "{n}"}}, "n=1 s={n}"},
	} {
		terms := consent.Offer(m, 1)
		r := Request{Event: "run", Set: c.set}
		draft, _ := Check(m, r)
		p, err := draft.Prepare(terms, sources())
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := p.Payload.fill("n={n} s={s}"); got != c.want {
			t.Errorf("%v: got %q, want %q", c.set, got, c.want)
		}
	}
}

// FuzzFill holds that a header's value is the template with values in the places
// that a regular expression finds, once, or that there is no header, and that no
// value brings in what a header cannot hold.
func FuzzFill(f *testing.F) {
	for _, template := range []string{"", "Bearer {a}", "{a}{b}", "{a}{a}", "{b", "}{a}", "{{a}}", "{c}", "{}", "x{a}{"} {
		f.Add(template, "value", int64(1))
	}
	f.Add("{a}", "{b}", int64(2))
	f.Add("{a}", "a\r\nHost: b", int64(3))
	f.Add("{a}", "ü\x7f", int64(4))
	f.Add("{a}{b}", "", int64(-5))
	braces := regexp.MustCompile(`\{([^}]*)\}`)
	f.Fuzz(func(t *testing.T, template, text string, number int64) {
		field := func(name string) *manifest.Field { return &manifest.Field{Name: name} }
		p := Payload{Fields: []FieldValue{
			{Field: field("a"), Value: text},
			{Field: field("b"), Value: jsondoc.Int(number)},
			{Field: field("withheld"), Value: "secret", Withheld: "it is above the level"},
			{Field: field("list"), Value: []any{"x"}},
			{Field: field("nothing")},
		}}
		values := map[string]string{"b": strconv.FormatInt(number, 10)}
		if !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
			values["a"] = text
		}
		want, complete := "", true
		want = braces.ReplaceAllStringFunc(template, func(found string) string {
			value := values[found[1:len(found)-1]]
			complete = complete && value != ""
			return value
		})
		got, ok := p.fill(template)
		if ok != complete || ok && got != want {
			t.Errorf("%q with %q is %q, %t, want %q, %t", template, text, got, ok, want, complete)
		}
	})
}
