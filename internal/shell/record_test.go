package shell_test

import (
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

// TestReadRecord holds that a variable counts as the script's only while it has the value
// that was recorded.
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
		strings.Repeat("A=1 ", 100000): "A=1",
	} {
		got := shell.ReadRecord(env("A=1", "B=", "9=1", "A-B=1", shell.RecordName+"="+record)).String()
		if got != want {
			t.Errorf("%.60q: got %q, want %q", record, got, want)
		}
	}
}

// TestAdd holds whose a variable is once a script has set it.
func TestAdd(t *testing.T) {
	for _, test := range []struct {
		what, value string
		env         []string
		want        string
	}{
		{"not set before", "1", nil, "A=1"},
		{"empty", "", nil, "A="},
		{"the person's, with the same value", "1", []string{"A=1"}, ""},
		{"the person's, with another value", "1", []string{"A=0"}, "A=1=0"},
		{"the person's, and empty", "1", []string{"A="}, "A=1="},
		{"the person's, with a value that no record holds", "1", []string{"A=a b"}, ""},
		{"a value that no record holds", "a=b", nil, ""},
		{"the script's", "1", []string{"A=1", shell.RecordName + "=A=1"}, "A=1"},
		{"the script's, and the person's before", "1", []string{"A=1", shell.RecordName + "=A=1=0"}, "A=1=0"},
		{"the script's, with another value", "off", []string{"A=1", shell.RecordName + "=A=1=0"}, "A=off=0"},
		{"the person's again", "1", []string{"A=0", shell.RecordName + "=A=1"}, "A=1=0"},
	} {
		e := env(test.env...)
		r := shell.ReadRecord(e)
		r.Add("A", test.value, e)
		if got := r.String(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, got, test.want)
		}
	}
}

// TestRecords holds which dialects have a shell behind them.
func TestRecords(t *testing.T) {
	for _, d := range shell.Dialects() {
		if want := d != shell.Docker && d != shell.GitHub && d != shell.Dotenv; d.Records() != want {
			t.Errorf("%s: %v", d, d.Records())
		}
	}
}
