package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

func TestParsePointer(t *testing.T) {
	for text, want := range map[string]manifest.Pointer{
		"a":                      {"a"},
		"platform.system":        {"platform.system"},
		"a/b":                    {"a/b"},
		"~x":                     {"~x"},
		"/a":                     {"a"},
		"/a/b":                   {"a", "b"},
		"/a~1b/~0c":              {"a/b", "~c"},
		"/~01":                   {"~1"},
		"/~0~1":                  {"~/"},
		"/list/0/name":           {"list", "0", "name"},
		"/a b":                   {"a b"},
		"/ä":                     {"ä"},
		"":                       nil,
		"/":                      nil,
		"//":                     nil,
		"/a/":                    nil,
		"/a//b":                  nil,
		"/~":                     nil,
		"/~2":                    nil,
		"/~0~":                   nil,
		"/a/~/b":                 nil,
		"/~~01":                  nil,
		strings.Repeat("/a", 33): nil,
	} {
		got, err := manifest.ParsePointer(text)
		if (err != nil) != (want == nil) || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v; want %q", text, []string(got), err, []string(want))
		}
	}
}

func TestPointerString(t *testing.T) {
	for want, p := range map[string]manifest.Pointer{
		"":            nil,
		"/a":          {"a"},
		"/a~1b/~0c/0": {"a/b", "~c", "0"},
		"/~01":        {"~1"},
	} {
		if got := p.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAbove(t *testing.T) {
	for _, test := range []struct {
		p, q string
		want bool
	}{
		{"/a", "/a/b", true},
		{"/a", "/a/b/c", true},
		{"/a", "/a", false},
		{"/a/b", "/a", false},
		{"/a", "/ab/c", false},
		{"/a/b", "/a/c/d", false},
	} {
		p, err := manifest.ParsePointer(test.p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := manifest.ParsePointer(test.q)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Above(q); got != test.want {
			t.Errorf("%s above %s: %t", p, q, got)
		}
	}
}

func TestIsIndex(t *testing.T) {
	for token, want := range map[string]bool{
		"0": true, "9": true, "10": true, "999": true,
		"": false, "1000": false, "00": false, "01": false, "-": false, "-1": false, "+1": false, "1a": false, "1.0": false, "²": false,
	} {
		if got := manifest.IsIndex(token); got != want {
			t.Errorf("%q: %t", token, got)
		}
	}
}

func FuzzPointer(f *testing.F) {
	for _, s := range []string{"a", "/a/b", "/~01/~1", "~", "/a~1b~0c", "/\xff", "/0/1", "2", "/a/2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := manifest.ParsePointer(s)
		if err != nil {
			return
		}
		back, err := manifest.ParsePointer(p.String())
		if err != nil || !slices.Equal(back, p) {
			t.Errorf("%q is %q, comes back as %q, %v", s, []string(p), []string(back), err)
		}
		if strings.HasPrefix(s, "/") && p.String() != s {
			t.Errorf("%q is spelled %q", s, p.String())
		}
	})
}
