package jsondoc_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

func TestParseAndAppend(t *testing.T) {
	deepest := strings.Repeat("[", jsondoc.MaxDepth) + strings.Repeat("]", jsondoc.MaxDepth)
	for text, want := range map[string]string{
		`null`:   `null`,
		` true `: `true`,
		`{}`:     `{}`,
		`[]`:     `[]`,
		"{\"b\":1,\r\n\t\"a\":{\"d\":[ ],\"c\":null}}":  `{"b":1,"a":{"d":[],"c":null}}`,
		`[12345678901234567890, 1e400, -0, 1.10, 1E+2]`: `[12345678901234567890,1e400,-0,1.10,1E+2]`,
		`"<script>&amp;</script>"`:                      `"<script>&amp;</script>"`,
		`{"<a>":"&"}`:                                   `{"<a>":"&"}`,
		`"\u0041\u00e4\/\ud83d\ude00"`:                  `"Aä/😀"`,
		`"\u0000\u001b\n\"\\"`:                          `"\u0000\u001b\n\"\\"`,
		`{"":1," ":2}`:                                  `{"":1," ":2}`,
		`{"a":1,"A":2}`:                                 `{"a":1,"A":2}`,
		deepest:                                         deepest,
		strings.Replace(deepest, "[]", "[1]", 1):        strings.Replace(deepest, "[]", "[1]", 1),
	} {
		v, err := jsondoc.Parse([]byte(text))
		if err != nil {
			t.Errorf("%.60s: %v", text, err)
			continue
		}
		got, err := jsondoc.Append([]byte("x"), v)
		if err != nil || string(got) != "x"+want {
			t.Errorf("%.60s: got %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	deep := func(n int, open, inside, end string) string {
		return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
	}
	for text, want := range map[string]string{
		``:                                 "unexpected EOF",
		` `:                                "unexpected EOF",
		`{"a":1,"b":2,"a":3}`:              `the name "a" is given twice`,
		`[{"x":{"a":1,"\u0061":2}}]`:       `the name "a" is given twice`,
		`{"":1,"":2}`:                      `the name "" is given twice`,
		`{} {}`:                            "there is more behind the JSON value",
		`1 2`:                              "there is more behind the JSON value",
		`{}}`:                              "there is more behind the JSON value",
		`1x`:                               "there is more behind the JSON value",
		deep(65, `[`, ``, `]`):             "nested deeper than 64",
		deep(65, `{"a":`, `1`, `}`):        "nested deeper than 64",
		deep(32, `[{"a":`, `[]`, `}]`):     "nested deeper than 64",
		strings.Repeat("[", 1_000_000):     "nested deeper than 64",
		strings.Repeat(`{"a":`, 1_000_000): "nested deeper than 64",
	} {
		v, err := jsondoc.Parse([]byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%.60s: got %v, %v; want %s", text, v, err, want)
		}
	}
}

// TestParseRefusesBadSyntax holds that reading token by token, which
// encoding/json is laxer in, lets nothing through.
func TestParseRefusesBadSyntax(t *testing.T) {
	for _, text := range []string{
		`{`, `[`, `}`, `]`, `[}`, `{]`, `[1`, `{"a"`, `{"a":`, `{"a":1`, `[1,`, `{"a":1,`,
		`[1,]`, `[,1]`, `[1 2]`, `[1,,2]`, `{"a":1,}`, `{,}`, `{"a" 1}`, `{"a":1 "b":2}`, `{1:2}`, `{null:1}`, `{a:1}`, `{"a"}`,
		`tru`, `True`, `NaN`, `Infinity`, `'a'`, `"a`, "\"a\nb\"", `"\x"`, `"\u12"`, `01`, `1.`, `.5`, `+1`, `1e`, `0x1`, `-`, `1_0`, `// x`, "\xef\xbb\xbf1",
	} {
		if v, err := jsondoc.Parse([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %v", text, v)
		}
	}
}

func TestParseObject(t *testing.T) {
	if o, err := jsondoc.ParseObject([]byte(`{"a":1}`)); err != nil || len(o.Members()) != 1 {
		t.Errorf("got %v, %v", o, err)
	}
	for text, want := range map[string]string{
		`[1]`:  "a JSON object is needed, this is an array",
		`null`: "a JSON object is needed, this is null",
		`{`:    "unexpected EOF",
	} {
		if _, err := jsondoc.ParseObject([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestObject(t *testing.T) {
	var o jsondoc.Object
	o.Set("b", jsondoc.Int(1))
	o.Set("a", nil)
	o.Set("c", []any{"x", "<"})
	o.Set("b", "new")
	if v, ok := o.Get("a"); v != nil || !ok {
		t.Errorf("a null member: got %v, %t", v, ok)
	}
	if v, ok := o.Get("d"); v != nil || ok {
		t.Errorf("no member: got %v, %t", v, ok)
	}
	if v, ok := (*jsondoc.Object)(nil).Get("a"); v != nil || ok {
		t.Errorf("no object: got %v, %t", v, ok)
	}
	b, err := jsondoc.Append(nil, &o)
	if want := `{"b":"new","a":null,"c":["x","<"]}`; err != nil || string(b) != want {
		t.Errorf("got %s, %v; want %s", b, err, want)
	}
}

func TestObjectInsideEncodingJSON(t *testing.T) {
	var entry struct {
		Payload *jsondoc.Object `json:"payload"`
	}
	const text = `{"payload":{"b":1e400,"a":{"c":"d"}}}`
	if err := json.Unmarshal([]byte(text), &entry); err != nil {
		t.Fatal(err)
	}
	if b, err := json.Marshal(entry); err != nil || string(b) != text {
		t.Errorf("got %s, %v; want %s", b, err, text)
	}
	for _, bad := range []string{`{"payload":{"a":1,"a":2}}`, `{"payload":[]}`} {
		if err := json.Unmarshal([]byte(bad), &entry); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	for _, v := range []any{1, 1.5, []string{"a"}, map[string]any{}, []any{struct{}{}}} {
		if b, err := jsondoc.Append(nil, v); err == nil {
			t.Errorf("%#v is written as %s", v, b)
		}
	}
}

func TestFloat(t *testing.T) {
	for f, want := range map[float64]json.Number{
		0: "0.0", 1: "1.0", -1500: "-1500.0", 0.1: "0.1", 1e20: "100000000000000000000.0", 1e21: "1e+21", 1e-7: "1e-7",
		math.MaxFloat64: "1.7976931348623157e+308", math.SmallestNonzeroFloat64: "5e-324",
	} {
		if got, err := jsondoc.Float(f); err != nil || got != want {
			t.Errorf("%v: got %s, %v; want %s", f, got, err, want)
		}
	}
	if got, err := jsondoc.Float(math.Copysign(0, -1)); err != nil || got != "-0.0" {
		t.Errorf("negative zero: got %s, %v", got, err)
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got, err := jsondoc.Float(f); err == nil {
			t.Errorf("%v is written as %s", f, got)
		}
	}
}

func TestInt(t *testing.T) {
	for n, want := range map[int64]json.Number{0: "0", math.MinInt64: "-9223372036854775808", 1<<53 + 1: "9007199254740993"} {
		if got := jsondoc.Int(n); got != want {
			t.Errorf("%d: got %s", n, got)
		}
	}
}

func TestDepthAndKind(t *testing.T) {
	for text, want := range map[string]struct {
		depth int
		kind  string
	}{
		`null`:              {0, "null"},
		`true`:              {0, "a boolean"},
		`"[["`:              {0, "a string"},
		`1`:                 {0, "a number"},
		`[]`:                {1, "an array"},
		`{}`:                {1, "an object"},
		`[1,[2],{"a":[3]}]`: {3, "an array"},
		`{"a":[],"b":1}`:    {2, "an object"},
	} {
		v, err := jsondoc.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if depth, kind := jsondoc.Depth(v), jsondoc.Kind(v); depth != want.depth || kind != want.kind {
			t.Errorf("%s: got %d, %s", text, depth, kind)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"b":1,"a":[null,true,"<&>",1e400]}`, `{"a":1,"a":2}`, `"\ud800"`, "\"\xff\"", `[[[[]]]]`, `-0.0e+00`, `{"` + "\u2028" + `":""}`, `[1,]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := jsondoc.Parse(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is accepted and is no JSON", data)
		}
		if depth := jsondoc.Depth(v); depth > jsondoc.MaxDepth {
			t.Fatalf("%q is nested %d deep", data, depth)
		}
		text, err := jsondoc.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Fatalf("%q is written as %q, which is no JSON", data, text)
		}
		back, err := jsondoc.Parse(text)
		if err != nil || !reflect.DeepEqual(back, v) {
			t.Fatalf("%q is written as %q and comes back as %v, %v", data, text, back, err)
		}
		if again, err := jsondoc.Append(nil, back); err != nil || !slices.Equal(again, text) {
			t.Fatalf("%q is written as %q the second time, %v", text, again, err)
		}
	})
}
