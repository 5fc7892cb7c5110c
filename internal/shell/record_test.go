package shell_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/shell"
)

// env is an environment of NAME=VALUE pairs.
func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, p := range pairs {
			if n, value, _ := strings.Cut(p, "="); n == name {
				return value, true
			}
		}
		return "", false
	}
}

// TestReadRecord holds that a variable counts as the script's only while it is as it was
// recorded.
func TestReadRecord(t *testing.T) {
	for record, want := range map[string]string{
		"":                             "",
		"A=1":                          "A=1",
		"A=1=0":                        "A=1=0",
		"A=1= B=":                      "A=1= B=",
		"A=2":                          "",
		"C=1":                          "",
		"A":                            "",
		"A=1=2=3":                      "",
		"=1 9=1 A-B=1":                 "",
		"  A=1\tB= \n":                 "A=1 B=",
		"B= A=1":                       "A=1 B=",
		"USAGECTL_ENV_SET=1 A=1":       "A=1",
		"A=$(id) A=`id` ;A=1 A=1;id":   "",
		"-C=1":                         "-C=1",
		"-A=1":                         "", // it is there again
		"-B=1":                         "-B=1",
		"-C -C=1=2 -=1 --C=1 -9=1":     "",
		"A=1=a+20b+3dc+2b+0a+c3+bc":    "A=1=a+20b+3dc+2b+0a+c3+bc",
		"A=+31":                        "A=1",
		"A=1=+ A=1=+2 A=1=+zz":         "",
		"A=1=+00":                      "", // no variable holds that
		"A=1=ü A=1=%20 A=1=a,b":        "",
		strings.Repeat("A=1 ", 100000): "A=1",
	} {
		got := shell.ReadRecord(env("A=1", "B=", "9=1", "A-B=1", shell.RecordName+"="+record)).String()
		if got != want {
			t.Errorf("%.60q: got %q, want %q", record, got, want)
		}
	}
}

// TestPerson holds whose a variable is, as far as that can be known.
func TestPerson(t *testing.T) {
	for _, test := range []struct {
		what   string
		env    []string
		person string // "none" if they have not set it
	}{
		{"not set", nil, "none"},
		{"set", []string{"A=1"}, "1"},
		{"empty", []string{"A="}, ""},
		{"the script's", []string{"A=1", shell.RecordName + "=A=1"}, "none"},
		{"the script's, and the person's before", []string{"A=1", shell.RecordName + "=A=1=0"}, "0"},
		{"the script's, and the person's before that", []string{"A=1", shell.RecordName + "=A=1=a+20b"}, "a b"},
		{"removed by the script", []string{shell.RecordName + "=-A=0"}, "0"},
		{"removed by the script, and set again", []string{"A=2", shell.RecordName + "=-A=0"}, "2"},
		{"covered by the script", []string{"A=", shell.RecordName + "=-A=0"}, "0"},
		{"changed since", []string{"A=2", shell.RecordName + "=A=1=0"}, "2"},
		{"removed since", []string{shell.RecordName + "=A=1=0"}, "none"},
	} {
		e := env(test.env...)
		got := "none"
		if p := shell.ReadRecord(e).Person("A", e); p != nil {
			got = *p
		}
		if got != test.person {
			t.Errorf("%s: got %q, want %q", test.what, got, test.person)
		}
	}
}

// TestAdd holds what a record holds: each value that a shell trips over, and no more than a
// system hands on.
func TestAdd(t *testing.T) {
	r := shell.Record{"A": {}}
	if !r.Add("A", shell.Setting{}) || r.String() != "" {
		t.Errorf("a variable that is as it was: %q", r)
	}
	for _, value := range append(slices.Clone(values), bytesOfShells()...) {
		for _, s := range []shell.Setting{{Value: &value}, {Before: &value}, {Value: &value, Before: &value}} {
			r := shell.Record{}
			if !r.Add("A", s) {
				t.Fatalf("%q is not recorded", value)
			}
			holdsRecord(t, r)
		}
	}
	r = shell.Record{}
	one, long := "1", strings.Repeat("long ", 2000)
	for _, name := range []string{"A", "B"} {
		if !r.Add(name, shell.Setting{Value: &one, Before: &long}) {
			t.Errorf("%s: %d bytes are not recorded", name, len(long))
		}
	}
	before := r.String()
	if r.Add("C", shell.Setting{Value: &one, Before: &long}) || r.String() != before {
		t.Errorf("a record of %d bytes takes another %d", len(before), len(long))
	}
	if !r.Add("C", shell.Setting{Value: &one}) {
		t.Error("what is short is always recorded")
	}
}

// holdsRecord holds that a record is read back as it was, and that no shell takes a part of
// it for something else.
func holdsRecord(t *testing.T, r shell.Record) {
	t.Helper()
	text := r.String()
	e := func(name string) (string, bool) {
		if name == shell.RecordName {
			return text, true
		}
		if s := r[name]; s.Value != nil {
			return *s.Value, true
		}
		return "", false
	}
	got := shell.ReadRecord(e)
	if got.String() != text || len(got) != len(r) {
		t.Errorf("%q became %q", text, got)
	}
	for name, want := range r {
		if s := got[name]; !same(s.Value, want.Value) || !same(s.Before, want.Before) {
			t.Errorf("%s in %q: got %v, want %v", name, text, s, want)
		}
	}
	if i := strings.IndexFunc(text, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_-./:+= ", c))
	}); i >= 0 {
		t.Errorf("%q has %q", text, text[i:])
	}
	for _, d := range shell.Dialects() {
		if _, err := d.Set(shell.RecordName, text); text != "" && d.Records() && err != nil {
			t.Errorf("%s cannot write %q: %v", d, text, err)
		}
	}
}

func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// FuzzRecord holds the same of any values.
func FuzzRecord(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, value := range values {
		f.Add(value, values[random.IntN(len(values))], values[random.IntN(len(values))])
	}
	f.Fuzz(func(t *testing.T, value, before, removed string) {
		for _, text := range []string{value, before, removed} {
			if strings.Contains(text, "\x00") || len(text) > 400 {
				t.Skip("no variable holds it, or cmd no line of it")
			}
		}
		r := shell.Record{}
		if !r.Add("A", shell.Setting{Value: &value, Before: &before}) || !r.Add("B", shell.Setting{Before: &removed}) {
			t.Fatalf("%q, %q, %q are not recorded", value, before, removed)
		}
		holdsRecord(t, r)
	})
}

// FuzzReadRecord holds that what is read of any text is read the same again.
func FuzzReadRecord(f *testing.F) {
	for _, text := range []string{"A=1", "A=1=0 -B=a+20b", "A=+31=+", "-A -=1 A==", "A=1\x00", "A=1=2=3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r := shell.ReadRecord(env("A=1", shell.RecordName+"="+text)); r.String() != "" {
			holdsRecord(t, r)
		}
	})
}

// TestRecords holds which dialects have a shell behind them.
func TestRecords(t *testing.T) {
	for _, d := range shell.Dialects() {
		if want := d != shell.Docker && d != shell.GitHub && d != shell.Dotenv; d.Records() != want {
			t.Errorf("%s: %v", d, d.Records())
		}
	}
}
