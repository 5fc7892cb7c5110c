package dotenv_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/dotenv"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		text, want string // want is K's value, or unset
	}{
		{"K=1", "1"},
		{"K=1\n", "1"},
		{"A=2\r\nK=1\r\nB=3\r\n", "1"},
		{"K=1\r\n", "1"},
		{"\xef\xbb\xbfK=1", "1"},
		{`K="1"`, "1"},
		{`K='1'`, "1"},
		{"K=\"1\"\r\n", "1"},
		{`K=" 1 "`, " 1 "},
		{" K = 1 ", "1"},
		{"\tK\t=\t1", "1"},
		{"export K=1", "1"},
		{"export\tK=1", "1"},
		{`export  K="x"`, "x"},
		{"'K'=1", "1"},
		{"K=", ""},
		{"K= ", ""},
		{"K=\r\n", ""},
		{`K=""`, ""},
		{"K=1 # why", "1"},
		{"K=1\t# why", "1"}, // python-dotenv takes any white space
		{`K="1" # why`, "1"},
		{`K="1 # not a comment"`, "1 # not a comment"},
		{"K=a#b", "a#b"},
		{"K=a=b", "a=b"},
		{"K=a b", "a b"},
		{"K=0\nK=1", "1"},
		{"A=2\rK=1\rB=3\r", "1"},
		{"# all of it\rK=1", "1"},
		{"A='2'\rexport K='1'\r", "1"},
		{"K='a\nb'\nA=2", "a\nb"},
		{`K="a\"b\n"`, "a\"b\n"},
		{`K='it\'s'`, "it's"},
		{`K='a\'`, `a\`},
		{"K=#1", "#1"},
		{"\x1cK=1", "1"},
		{"K=1\nK 2", "1"},
		{"K=\"1", `"1`}, // python-dotenv gives up on these three
		{"K='1' 2", "1"},
		{"A=\"2\nK=1", "1"},
		{"rubbish\n= 2\n\x00\n[x]\nK=1", "1"},

		{"", unset},
		{"K", unset},
		{"export K", unset},
		{"#K=1", unset},
		{" # K=1", unset},
		{"A=1 # K=1", unset},
		{"K: 1", unset},
		{"exportK=1", unset},
		{"k=1", unset},
		{"KK=1\nxK=1", unset},
		{`A="K=1"`, unset},
		{"A='\nK=1\n'", unset},
		{"# K=2\r# K=1\r", unset},
		{"\"K\"=1", unset},
		{"K=1\nK", unset},
		{"K=1\nexport K # why", unset},
		{"'=K=1", unset},
	} {
		got, ok := dotenv.Parse([]byte(test.text))["K"]
		if !ok {
			got = unset
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

const unset = "(unset)"

// TestParseAsPython compares what is read with what python-dotenv itself read: all of
// it, or at least that where python-dotenv gives up on a part.
func TestParseAsPython(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "python-dotenv.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Text  string
			Sets  map[string]string
			Error bool
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Cases) < 100 {
		t.Fatalf("%d cases: %v", len(file.Cases), err)
	}
	for _, c := range file.Cases {
		got := dotenv.Parse([]byte(c.Text))
		for name, value := range c.Sets {
			if there, ok := got[name]; !ok || !c.Error && there != value {
				t.Errorf("%q: %q is %q, not %q", c.Text, name, there, value)
			}
		}
		if !c.Error && len(got) != len(c.Sets) {
			t.Errorf("%q: got %q, want %q", c.Text, got, c.Sets)
		}
	}
}

var simple = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,-]*$`)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"K=1", "export K=\"x\"\r\n", "\xef\xbb\xbfK='1' # c", "K", "K=", "#K=1", "=", "'", "K='", "K=\"\\\"", "export", "export =", "\x00=\xff", "",
	} {
		f.Add([]byte(seed), "1")
	}
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		vars := dotenv.Parse(data)
		if strings.Count(string(data), "=") < len(vars) {
			t.Errorf("%q: more variables than equals signs: %q", data, vars)
		}
		if !simple.MatchString(value) {
			return
		}
		for _, form := range []string{
			"K=V", "K=V\n", "K=V\r\nL=2\r\n", "\xef\xbb\xbfK=V", "export K=V", "K = V", "K=V # c", "K='V'", "K=\"V\"", "K=\"V\" # c", "K=0\nK=V", "#K=0\nK=V",
		} {
			if value == "" && form == "K=V # c" {
				continue // the value is "# c": a comment needs something before it
			}
			text := strings.Replace(form, "V", value, 1)
			if got, ok := dotenv.Parse([]byte(text))["K"]; !ok || got != value {
				t.Errorf("%q: got %q, want %q", text, got, value)
			}
		}
	})
}
