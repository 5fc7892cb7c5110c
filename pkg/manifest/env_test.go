package manifest_test

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

func TestEnvRule(t *testing.T) {
	present := manifest.EnvRule{Env: "T", When: manifest.Present}
	when := manifest.EnvRule{Env: "T", When: "false"}
	whenEmpty := manifest.EnvRule{Env: "T", When: ""}
	unless := manifest.EnvRule{Env: "T", Unless: "1", HasUnless: true}
	unlessEmpty := manifest.EnvRule{Env: "T", Unless: "", HasUnless: true}
	for _, test := range []struct {
		rule            manifest.EnvRule
		value           string
		refuses, grants bool
	}{
		{present, "", true, false},
		{present, "0", true, false},
		{present, "present", true, false},
		{present, "https://example.invalid", true, false},
		{present, " Yes ", true, true},
		{present, " Off ", true, false},
		{present, "1", true, true},
		{when, "false", true, true},
		{when, "FALSE", true, false},
		{when, " false", false, false},
		{when, "", false, false},
		{when, "true", false, false},
		{whenEmpty, "", true, true},
		{whenEmpty, "x", false, false},
		{unless, "1", false, false},
		{unless, "0", true, false},
		{unless, "", true, false},
		{unless, " 1", true, false},
		{unless, "2", true, false},
		{unless, "true", true, false},
		{unlessEmpty, "", false, false},
		{unlessEmpty, "1", true, false},
	} {
		if got := test.rule.Refuses(test.value); got != test.refuses {
			t.Errorf("%+v refuses %q: %t", test.rule, test.value, got)
		}
		if got := test.rule.Grants(test.value); got != test.grants {
			t.Errorf("%+v grants %q: %t", test.rule, test.value, got)
		}
	}
}

func TestDescribe(t *testing.T) {
	rule := manifest.EnvRule{Env: "T", When: manifest.Present}
	if got, want := rule.Describe("a\x1b[31m"), `T is set to "a\x1b[31m"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
