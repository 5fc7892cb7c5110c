package lint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/manual"
	"github.com/usagectl/usagectl/pkg/lint"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// good is a manifest on which there is no advice.
const good = `#:schema https://raw.githubusercontent.com/usagectl/usagectl/main/docs/manifest.schema.json
schema = 1
[tool]
id        = "mytool"
privacy   = "https://mytool.example/telemetry"
contact   = "telemetry@mytool.example"
purpose   = "Counts users and failing features, to justify funding."
retention = "60 days"
[consent]
levels = ["basic", "more"]
refuse = [ {env = "MYTOOL_NO_TELEMETRY", when = "present"} ]
grant  = [ {env = "MYTOOL_TELEMETRY", when = "1"} ]
[send]
transport = "http"
endpoint  = "https://telemetry.mytool.example/"
[forget]
method = "mail"
mail   = "telemetry@mytool.example"
[[event]]
name = "run.end"
[[field]]
name    = "source"
from    = "identity.source"
purpose = "To count installs instead of runs."
[[field]]
name    = "backend"
type    = "string"
enum    = ["local", "slurm"]
level   = 2
purpose = "To decide which backends to keep."
[[field]]
name    = "python"
type    = "string"
pattern = '[0-9]+\.[0-9]+'
purpose = "To decide which versions of Python to support."
`

// TestAdvice holds what is advised, and where, by one change each to a manifest on which there is no advice.
func TestAdvice(t *testing.T) {
	const mail = "method = \"mail\"\nmail   = \"telemetry@mytool.example\""
	seen := map[string]bool{}
	for _, test := range []struct {
		code, old, now string
		at             string // the text at which the advice is
	}{
		{"", "", "", ""},
		{lint.FreeText, `enum    = ["local", "slurm"]`, "", "type    = \"string\"\n\nlevel"},
		{lint.FreeText, `enum    = ["local", "slurm"]`, "max_len = 8", "type    = \"string\"\nmax_len"},
		{lint.FreeText, "type    = \"string\"\nenum    = [\"local\", \"slurm\"]", `type = "strings"`, `type = "strings"`},
		{lint.FreeText, `pattern = '[0-9]+\.[0-9]+'`, `pattern = ".*"`, `pattern = ".*"`},
		{lint.FreeText, `pattern = '[0-9]+\.[0-9]+'`, `pattern = "[a-z@.]+"`, `pattern = "[a-z@.]+"`},
		{lint.FreeText, `pattern = '[0-9]+\.[0-9]+'`, `pattern = '\w+ \w+'`, `pattern = '\w+ \w+'`},
		{"", `pattern = '[0-9]+\.[0-9]+'`, `pattern = '[0-9.]{1,20}'`, ""},
		{lint.AnyJSON, "type    = \"string\"\nenum    = [\"local\", \"slurm\"]", `type = "json"`, `type = "json"`},
		{lint.VaguePurpose, "To decide which backends to keep.", "Backend.", `purpose = "Backend."`},
		{lint.VaguePurpose, "To decide which backends to keep.", "For usage analytics, to improve our products and services", `purpose = "For usage`},
		{lint.VaguePurpose, "To decide which backends to keep.", "The backend in use by the user", `purpose = "The backend`},
		{"", "To decide which backends to keep.", "どのバックエンドを残すかを決めるため", ""},
		{lint.VaguePurpose, "Counts users and failing features, to justify funding.", "To improve mytool.", `purpose   = "To improve`},
		{lint.OptOut, "[consent]", "[consent]\ndefault = \"opt-out\"", `default = "opt-out"`},
		{lint.NoDeletion, mail, `method = "none"`, `method = "none"`},
		{lint.NoDeletion, "[forget]\n" + mail, ``, "#:schema"},
		{"", "[forget]\n" + mail + "\n[[event]]\nname = \"run.end\"\n[[field]]\nname    = \"source\"\nfrom    = \"identity.source\"", "[[event]]\nname = \"run.end\"\n[[field]]\nname = \"run\"\nfrom = \"run.id\"", ""},
		{lint.NoRetention, `retention = "60 days"`, "", "tool]"},
		{lint.NoRetention, `retention = "60 days"`, `retention = " "`, "tool]"},
		{lint.NoPrivacyPage, `privacy   = "https://mytool.example/telemetry"`, "", "tool]"},
		{lint.NoContact, "contact   = \"telemetry@mytool.example\"\n", "", ""}, // the mail address for deletions is one
		{lint.EnvCannotSet, "MYTOOL_NO_TELEMETRY", "NO_TELEMETRY", `env = "NO_TELEMETRY"`},
		{lint.EnvCannotSet, "MYTOOL_NO_TELEMETRY", "MYTOOL_HOME", `env = "MYTOOL_HOME"`},
		{lint.GrantWithoutRefuse, `refuse = [ {env = "MYTOOL_NO_TELEMETRY", when = "present"} ]`, "", "grant  ="},
		{lint.UnusedLevel, `["basic", "more"]`, `["basic", "more", "most"]`, `"most"`},
		{lint.Unencrypted, "transport = \"http\"\nendpoint  = \"https://telemetry.mytool.example/\"", "transport = \"udp\"\nendpoint = \"udp://mytool.example:1\"", `transport = "udp"`},
		{"", "transport = \"http\"\nendpoint  = \"https://telemetry.mytool.example/\"", "transport = \"udp\"\nendpoint = \"[::1]:1\"", ""},
		{"", "transport = \"http\"\nendpoint  = \"https://telemetry.mytool.example/\"", "transport = \"udp\"\nendpoint = \"udp://localhost:1\"", ""},
	} {
		text := strings.Replace(good, test.old, test.now, 1)
		if test.old != "" && text == good {
			t.Fatalf("there is no %q", test.old)
		}
		if test.code == lint.NoContact { // with and without another address
			if _, found := lint.Check("m.toml", []byte(text), nil); len(found) > 0 {
				t.Errorf("with an address for deletions: %+v", found)
			}
			text = strings.Replace(text, mail, "method = \"http\"\nendpoint = \"https://mytool.example/\"", 1)
			test.at = "tool]"
		}
		m, found := lint.Check("m.toml", []byte(text), nil)
		if m == nil {
			t.Errorf("%s, %s: %+v", test.code, test.now, found)
			continue
		}
		if test.code == "" {
			if len(found) > 0 {
				t.Errorf("%s: %+v", test.now, found)
			}
			continue
		}
		seen[test.code] = true
		if len(found) != 1 || found[0].Code != test.code || found[0].Mistake || found[0].Fix == "" || !strings.HasPrefix(from(text, found[0]), test.at) {
			t.Errorf("%s, %s: %+v, want it at %q", test.code, test.now, found, test.at)
		}
	}
	for _, r := range lint.Rules() {
		if !seen[r.Code] {
			t.Errorf("nothing was advised as %s", r.Code)
		}
	}
}

// from is the text from where a finding is.
func from(text string, f lint.Finding) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[f.Line-1:], "")[f.Column-1:]
}

// TestOthersVariable holds that a variable to which another tool has a better claim cannot be set.
func TestOthersVariable(t *testing.T) {
	other, err := manifest.ParseID("mytool-no")
	if err != nil {
		t.Fatal(err)
	}
	_, found := lint.Check("m.toml", []byte(good), []manifest.ID{other})
	if len(found) != 1 || found[0].Code != lint.EnvCannotSet || !strings.Contains(found[0].Message, "mytool-no") {
		t.Errorf("%+v", found)
	}
}

// TestMistakes holds that all mistakes are found, in the order of the file, and no advice beside them.
func TestMistakes(t *testing.T) {
	text := strings.NewReplacer("purpose   =", "porpose   =", `"60 days"`, "60", `method = "mail"`, `method = "phone"`, "enum    = ", "enum = []\nmax = ").Replace(good)
	m, found := lint.Check("m.toml", []byte(text), nil)
	var lines []int
	for _, f := range found {
		if !f.Mistake || f.Code != string(manifest.KindForm) || f.Message == "" {
			t.Errorf("%+v", f)
		}
		lines = append(lines, f.Line)
	}
	if m != nil || len(found) < 5 || !slices.IsSorted(lines) {
		t.Errorf("%+v, %+v", m, found)
	}
	if m, found := lint.Check("m.toml", []byte("schema = \n"), nil); m != nil || len(found) != 1 || found[0].Code != string(manifest.KindSyntax) {
		t.Errorf("%+v, %+v", m, found)
	}
}

// TestRules holds that each rule has a code of its own and says what it finds and what to do.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range lint.Rules() {
		if seen[r.Code] || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.Code) {
			t.Errorf("the code %q", r.Code)
		}
		seen[r.Code] = true
		if r.About == "" || r.Fix == "" || r.Short == "" || len(r.Short) > 55 || strings.HasSuffix(r.Fix, ".") {
			t.Errorf("%+v", r)
		}
	}
}

var update = flag.Bool("update", false, "write testdata/advice.txt")

// TestExamples holds that there are no mistakes in the manifests that come with usagectl and in those that its pages
// show, and what is advised on them: a list of what their tools do, which is not for usagectl to change.
func TestExamples(t *testing.T) {
	var got strings.Builder
	examples := examples(t)
	for _, name := range slices.Sorted(keys(examples)) {
		m, found := lint.Check(name, []byte(examples[name]), nil)
		if m == nil {
			t.Errorf("%s: %+v", name, found)
		}
		for _, f := range found {
			got.WriteString(name + ": " + f.Code + ": " + f.Message + "\n")
		}
	}
	file := filepath.Join("testdata", "advice.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(string(want), "\r\n", "\n"); got.String() != want {
		t.Errorf("the advice is not that of %s; go test ./pkg/lint -run TestExamples -update writes it:\n%s", file, got.String())
	}
}

var block = regexp.MustCompile("(?ms)^```toml\n(.*?)^```$")

// examples are the manifests in the repository that people learn from, by their names.
func examples(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	list := map[string]string{"help manifest": inHelp(t)}
	for _, pattern := range []string{"pkg/manifest/builtin/*.toml", "tools/pictures/*.toml", "*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(string(data), "\r\n", "\n")
			if filepath.Ext(file) == ".toml" {
				list[filepath.Base(file)] = text
			}
			for i, m := range block.FindAllStringSubmatch(text, -1) {
				if strings.Contains(m[1], "schema = 1\n") {
					list[fmt.Sprintf("%s, block %d", filepath.Base(file), i+1)] = m[1]
				}
			}
		}
	}
	return list
}

// inHelp is the manifest in "usagectl help manifest".
func inHelp(t *testing.T) string {
	t.Helper()
	for _, b := range manual.Blocks(manual.Manifest().Intro) {
		if text := strings.Join(b.Lines, "\n"); b.Verbatim && strings.Contains(text, "schema = 1") {
			return text
		}
	}
	t.Fatal("the help shows no manifest")
	return ""
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

// FuzzCheck holds that there is a mistake exactly if the reader refuses, and that every finding has a place in the file
// and a code that is known.
func FuzzCheck(f *testing.F) {
	f.Add(good)
	f.Add("schema = 1\n[tool]\n")
	files, err := filepath.Glob(filepath.Join("..", "manifest", "builtin", "*.toml"))
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	codes := map[string]bool{}
	for _, r := range lint.Rules() {
		codes[r.Code] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, found := lint.Check("f.toml", []byte(text), nil)
		_, err := manifest.Parse("f.toml", []byte(text))
		mistakes := slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Mistake })
		if (err != nil) != mistakes || (m == nil) != mistakes {
			t.Fatalf("the reader: %v; %+v", err, found)
		}
		lines := strings.Split(text, "\n")
		for _, finding := range found {
			if finding.Line < 1 || finding.Line > len(lines) || finding.Column < 1 || finding.Column > len(lines[finding.Line-1])+1 {
				t.Errorf("%+v: there is no such place", finding)
			}
			if finding.Mistake == mistakes && finding.Mistake == codes[finding.Code] {
				t.Errorf("%+v", finding)
			}
		}
	})
}
