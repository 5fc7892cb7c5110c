package manifest_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func bound(f float64) *float64 { return &f }

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile(`\A(?:` + pattern + `)\z`) }

func TestParseText(t *testing.T) {
	long := strings.Repeat("ä", manifest.DefaultMaxLen)
	for _, test := range []struct {
		field manifest.Field
		text  string
		want  string // JSON
		err   string
	}{
		{manifest.Field{Type: manifest.Int}, "42", "42", ""},
		{manifest.Field{Type: manifest.Int}, " -42\n", "-42", ""},
		{manifest.Field{Type: manifest.Int}, "+007", "7", ""},
		{manifest.Field{Type: manifest.Int}, "-0", "0", ""},
		{manifest.Field{Type: manifest.Int}, "9007199254740993", "9007199254740993", ""},
		{manifest.Field{Type: manifest.Int}, "9223372036854775807", "9223372036854775807", ""},
		{manifest.Field{Type: manifest.Int}, "-9223372036854775808", "-9223372036854775808", ""},
		{manifest.Field{Type: manifest.Int}, "9223372036854775808", "", "9223372036854775808 is out of range: an int has 64 bits"},
		{manifest.Field{Type: manifest.Int}, "-9223372036854775809", "", "-9223372036854775809 is out of range: an int has 64 bits"},
		{manifest.Field{Type: manifest.Int}, "", "", `"" is no int`},
		{manifest.Field{Type: manifest.Int}, "1.0", "", `"1.0" is no int`},
		{manifest.Field{Type: manifest.Int}, "1e3", "", `"1e3" is no int`},
		{manifest.Field{Type: manifest.Int}, "0x10", "", `"0x10" is no int`},
		{manifest.Field{Type: manifest.Int}, "1_000", "", `"1_000" is no int`},
		{manifest.Field{Type: manifest.Int}, "1 2", "", `"1 2" is no int`},
		{manifest.Field{Type: manifest.Int}, "١", "", `"١" is no int`},
		{manifest.Field{Type: manifest.Int, Min: bound(0), Max: bound(1e6)}, "-1", "", "-1 is less than 0"},
		{manifest.Field{Type: manifest.Int, Min: bound(0), Max: bound(1e6)}, "1000001", "", "1000001 is more than 1000000"},
		{manifest.Field{Type: manifest.Int, Min: bound(0), Max: bound(1e6)}, "1000000", "1000000", ""},
		{manifest.Field{Type: manifest.Int, Max: bound(1 << 53)}, "9007199254740993", "", "9007199254740993 is more than 9007199254740992"},
		{manifest.Field{Type: manifest.Int, Min: bound(0.5)}, "0", "", "0 is less than 0.5"},
		{manifest.Field{Type: manifest.Int, Enum: []string{"1", "2"}}, "02", "2", ""},
		{manifest.Field{Type: manifest.Int, Enum: []string{"1", "2"}}, "3", "", `"3" is not one of 1, 2`},

		{manifest.Field{Type: manifest.Float}, "1", "1.0", ""},
		{manifest.Field{Type: manifest.Float}, "-1.5e3", "-1500.0", ""},
		{manifest.Field{Type: manifest.Float}, "1e21", "1e+21", ""},
		{manifest.Field{Type: manifest.Float}, "1e-400", "0.0", ""},
		{manifest.Field{Type: manifest.Float}, "1e400", "", `"1e400" is out of range for a float`},
		{manifest.Field{Type: manifest.Float}, "NaN", "", `"NaN" is no float`},
		{manifest.Field{Type: manifest.Float}, "Inf", "", `"Inf" is no float`},
		{manifest.Field{Type: manifest.Float}, "-infinity", "", `"-infinity" is no float`},
		{manifest.Field{Type: manifest.Float}, "0x1p-2", "", `"0x1p-2" is no float`},
		{manifest.Field{Type: manifest.Float}, "1_0.5", "", `"1_0.5" is no float`},
		{manifest.Field{Type: manifest.Float}, "1,5", "", `"1,5" is no float`},
		{manifest.Field{Type: manifest.Float}, "", "", `"" is no float`},
		{manifest.Field{Type: manifest.Float, Min: bound(0.1), Max: bound(0.1)}, "0.1", "0.1", ""},
		{manifest.Field{Type: manifest.Float, Min: bound(0.1)}, "0.09", "", "0.09 is less than 0.1"},

		{manifest.Field{Type: manifest.Bool}, "true", "true", ""},
		{manifest.Field{Type: manifest.Bool}, "TRUE", "true", ""},
		{manifest.Field{Type: manifest.Bool}, "1", "true", ""},
		{manifest.Field{Type: manifest.Bool}, "false", "false", ""},
		{manifest.Field{Type: manifest.Bool}, "0", "false", ""},
		{manifest.Field{Type: manifest.Bool}, "yes", "", `"yes" is no bool: true or false is needed`},
		{manifest.Field{Type: manifest.Bool}, "on", "", `"on" is no bool: true or false is needed`},
		{manifest.Field{Type: manifest.Bool}, "", "", `"" is no bool: true or false is needed`},

		{manifest.Field{Type: manifest.String}, "", `""`, ""},
		{manifest.Field{Type: manifest.String}, "<a&b> \"c\"\x1b", `"<a&b> \"c\"\u001b"`, ""},
		{manifest.Field{Type: manifest.String}, "null", `"null"`, ""},
		{manifest.Field{Type: manifest.String}, "a\xff", "", `"a\xff" is not valid UTF-8`},
		{manifest.Field{Type: manifest.String}, long, `"` + long + `"`, ""},
		{manifest.Field{Type: manifest.String}, long + "x", "", manifest.Quote(long+"x") + " has 1025 characters, more than 1024"},
		{manifest.Field{Type: manifest.String, MaxLen: 2}, "äö", `"äö"`, ""},
		{manifest.Field{Type: manifest.String, MaxLen: 2}, "äöü", "", `"äöü" has 3 characters, more than 2`},
		{manifest.Field{Type: manifest.String, Enum: []string{"a", "b"}}, "b", `"b"`, ""},
		{manifest.Field{Type: manifest.String, Enum: []string{"a", "b"}}, "B", "", `"B" is not one of a, b`},
		{manifest.Field{Type: manifest.String, Pattern: whole("a|bc")}, "bc", `"bc"`, ""},
		{manifest.Field{Type: manifest.String, Pattern: whole("a|bc")}, "abc", "", `"abc" does not match \A(?:a|bc)\z`},
		{manifest.Field{Type: manifest.String, Pattern: whole("a|bc")}, "bc\n", "", `"bc\n" does not match \A(?:a|bc)\z`},

		{manifest.Field{Type: manifest.Strings}, "a,b", `["a,b"]`, ""},
		{manifest.Field{Type: manifest.Strings}, "", `[""]`, ""},
		{manifest.Field{Type: manifest.Strings}, ` ["a"]`, `[" [\"a\"]"]`, ""},
		{manifest.Field{Type: manifest.Strings}, `["a", "b"]`, `["a","b"]`, ""},
		{manifest.Field{Type: manifest.Strings}, `[]`, `[]`, ""},
		{manifest.Field{Type: manifest.Strings}, `["a", 1]`, "", `"[\"a\",1]" is an array, not a list of strings`},
		{manifest.Field{Type: manifest.Strings}, `[a]`, "", `"[a]" is no JSON: invalid character 'a' looking for beginning of value`},
		{manifest.Field{Type: manifest.Strings, Enum: []string{"a"}}, `["a", "b"]`, "", `"b" is not one of a`},
		{manifest.Field{Type: manifest.Strings, MaxLen: 1}, `["a", "bc"]`, "", `"bc" has 2 characters, more than 1`},
		{manifest.Field{Type: manifest.Strings, Pattern: whole("[a-z]")}, `["a", "B"]`, "", `"B" does not match \A(?:[a-z])\z`},

		{manifest.Field{Type: manifest.JSON}, `{"b": 1, "a": [null, true, 12345678901234567890]}`, `{"b":1,"a":[null,true,12345678901234567890]}`, ""},
		{manifest.Field{Type: manifest.JSON}, `null`, `null`, ""},
		{manifest.Field{Type: manifest.JSON}, `{"a":1,"a":2}`, "", `"{\"a\":1,\"a\":2}" is no JSON: the name "a" is given twice`},
		{manifest.Field{Type: manifest.JSON}, `{} {}`, "", `"{} {}" is no JSON: there is more behind the JSON value`},
		{manifest.Field{Type: manifest.JSON}, ``, "", `"" is no JSON: unexpected EOF`},
		{manifest.Field{Type: manifest.JSON}, "\"\xff\"", "", `"\"\xff\"" is not valid UTF-8`},
		{manifest.Field{Type: manifest.JSON, MaxLen: 5}, `[1, 2]`, `[1,2]`, ""},
		{manifest.Field{Type: manifest.JSON, MaxLen: 4}, `[1, 2]`, "", `"[1,2]" has 5 bytes, more than 4`},
		{manifest.Field{Type: manifest.JSON}, strings.Repeat("[", 32) + strings.Repeat("]", 32), strings.Repeat("[", 32) + strings.Repeat("]", 32), ""},
		{
			manifest.Field{Type: manifest.JSON},
			`{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + "}", "",
			`"{\"a\":` + strings.Repeat("[", 32) + strings.Repeat("]", 23) + `"… (70 bytes) is nested deeper than 32`,
		},
	} {
		v, err := test.field.ParseText(test.text)
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%s %.60q: got %v, %v; want the error\n%s", test.field.Type, test.text, v, err, test.err)
			}
			continue
		}
		got, encodeErr := jsondoc.Append(nil, v)
		if err != nil || encodeErr != nil || string(got) != test.want {
			t.Errorf("%s %.60q: got %s, %v; want %s", test.field.Type, test.text, got, err, test.want)
		}
	}
}

// TestAlsoAndOtherwise holds what a field takes beside its type, and what stands in the place
// of what it does not take.
func TestAlsoAndOtherwise(t *testing.T) {
	version := manifest.Field{Type: manifest.Int, Min: bound(0), Also: []any{"unknown", nil}}
	hash := manifest.Field{Type: manifest.String, MaxLen: 4, Also: []any{nil}}
	partner := manifest.Field{Type: manifest.String, MaxLen: 4, Otherwise: "invalid"}
	for _, test := range []struct {
		field manifest.Field
		text  string // on a command line, or "" for value
		value string // JSON
		want  string // JSON, or "" for an error
	}{
		{version, "3", "", "3"},
		{version, "unknown", "", `"unknown"`},
		{version, "null", "", "null"},
		{version, "Unknown", "", ""},
		{version, "-1", "", ""},
		{version, "", `"unknown"`, `"unknown"`},
		{version, "", "null", "null"},
		{version, "", `"3"`, ""},
		{hash, "null", "", `"null"`},
		{hash, "", "null", "null"},
		{hash, "", "1", ""},
		{hash, "abcde", "", ""},
		{partner, "abcd", "", `"abcd"`},
		{partner, "abcde", "", `"invalid"`},
		{partner, "", "1", `"invalid"`},
		{partner, "", "null", `"invalid"`},
		{partner, "invalid", "", `"invalid"`},
	} {
		var got any
		var err error
		if test.value == "" {
			got, err = test.field.ParseText(test.text)
		} else {
			v, bad := jsondoc.Parse([]byte(test.value))
			if bad != nil {
				t.Fatal(bad)
			}
			got, err = test.field.Check(v)
		}
		text, bad := jsondoc.Append(nil, got)
		if err != nil {
			text = nil
		}
		if bad != nil || string(text) != test.want {
			t.Errorf("%+v, %q, %s: got %s, %v; want %s", test.field.Type, test.text, test.value, text, err, test.want)
		}
	}
	for name, test := range map[string]struct {
		field manifest.Field
		value any
		want  bool
	}{
		"null":                         {manifest.Field{Type: manifest.String}, nil, true},
		"null, where it is a value":    {hash, nil, false},
		"null of JSON":                 {manifest.Field{Type: manifest.JSON}, nil, false},
		"empty":                        {manifest.Field{Type: manifest.String}, "", false},
		"empty, where it was replaced": {partner, "", true},
		"something":                    {partner, "abcde", false},
	} {
		if test.field.NotGiven(test.value) != test.want {
			t.Errorf("%s: not given is not %t", name, test.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		kind manifest.Type
		json string
		want string // JSON
		err  string
	}{
		{manifest.String, `"a"`, `"a"`, ""},
		{manifest.String, `1`, "", `"1" is a number, not a string`},
		{manifest.String, `null`, "", `"null" is null, not a string`},
		{manifest.Int, `1`, `1`, ""},
		{manifest.Int, `9007199254740993`, `9007199254740993`, ""},
		{manifest.Int, `1.0`, "", `"1.0" is no int`},
		{manifest.Int, `1e2`, "", `"1e2" is no int`},
		{manifest.Int, `"1"`, "", `"\"1\"" is a string, not an int`},
		{manifest.Float, `1`, `1.0`, ""},
		{manifest.Float, `1e400`, "", `"1e400" is out of range for a float`},
		{manifest.Float, `true`, "", `"true" is a boolean, not a float`},
		{manifest.Bool, `false`, `false`, ""},
		{manifest.Bool, `0`, "", `"0" is a number, not a bool`},
		{manifest.Strings, `["a"]`, `["a"]`, ""},
		{manifest.Strings, `"a"`, "", `"\"a\"" is a string, not a list of strings`},
		{manifest.Strings, `{}`, "", `"{}" is an object, not a list of strings`},
		{manifest.JSON, `1e400`, `1e400`, ""},
		{manifest.JSON, `"a"`, `"a"`, ""},
	} {
		v, err := jsondoc.Parse([]byte(test.json))
		if err != nil {
			t.Fatal(err)
		}
		f := manifest.Field{Type: test.kind}
		v, err = f.Check(v)
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%s %s: got %v, %v; want the error\n%s", test.kind, test.json, v, err, test.err)
			}
			continue
		}
		got, encodeErr := jsondoc.Append(nil, v)
		if err != nil || encodeErr != nil || string(got) != test.want {
			t.Errorf("%s %s: got %s, %v; want %s", test.kind, test.json, got, err, test.want)
		}
	}
}

// FuzzParseText holds that a value that was taken is taken again, unchanged,
// when it comes back from the outbox as JSON.
func FuzzParseText(f *testing.F) {
	kinds := []manifest.Type{manifest.String, manifest.Int, manifest.Float, manifest.Bool, manifest.Strings, manifest.JSON}
	for _, text := range []string{"", "1", "-1.5e300", "9223372036854775808", "true", "a\xff", `["a","b"]`, `{"a":{"b":[null]}}`, "0x1p1", "NaN"} {
		for i := range kinds {
			f.Add(text, byte(i))
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind byte) {
		field := manifest.Field{Type: kinds[int(kind)%len(kinds)]}
		v, err := field.ParseText(text)
		if err != nil {
			return
		}
		b, err := jsondoc.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := jsondoc.Parse(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		again, err := field.Check(back)
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Fatalf("%s: got %#v, %v; want %#v", b, again, err, v)
		}
	})
}
