package cmd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/usagectl/usagectl/internal/markdown"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// upstream is the page about telemetry of a tool: its headings, each with the section of ours
// that answers it, and what it says that the manifest says too. "" is for what no manifest
// can answer: where the code is, who sees a dashboard, how the company lives.
type upstream struct {
	headings map[string]string
	facts    map[string][]string // by section
}

// upstreams are the pages as they stood when the manifests were written.
func upstreams() map[string]upstream {
	return map[string]upstream{
		"parsl": {
			map[string]string{
				"Why are we doing this?": "Why it is collected", "Opt-In Model": "Opt-in or opt-out", "What is sent?": "What is sent", "Example Messages": "Examples",
				"How is the data sent?": "How it is sent", "When is the data sent?": "When it is sent", "What will the data be used for?": "Why it is collected",
				"Usage Statistics Dashboard": "", "Leaderboard": "", "Feedback": "Questions and feedback",
			},
			map[string][]string{
				"Why it is collected":    {"those who fund it"},
				"Opt-in or opt-out":      {"opt-in", "1. basic", "2. configuration", "3. execution", "usagectl enable parsl --level N"},
				"What is sent":           {"### Level 1: basic", "`python_v`", "### Level 2: configuration", "executors, providers", "### Level 3: execution", "`execution_time`"},
				"Examples":               {`"platform.system": "Linux"`, `"correlator": "`, `"tracking_level": 3`, `"execution_time": 1`},
				"How it is sent":         {"UDP", "`tracking.parsl-project.org:50077`", "not encrypted", "can be lost"},
				"When it is sent":        {"`start`, `end`"},
				"Personal data":          {"no ID of you"},
				"Questions and feedback": {"<https://parsl-project.org>"},
			},
		},
		"nannyml": {
			map[string]string{
				"TLDR": "In short", "What do we mean by usage statistics?": "What is sent", "What about personal data": "Personal data", "What about my dataset?": "What is never sent",
				"Why are we doing this?": "Why it is collected", "How usage logging works": "How it is sent", "To opt in or not to opt in, that's the question": "Opt-in or opt-out",
				"How to disable usage logging": "How to turn it off", "Setting the environment variable": "How to turn it off", "Providing a .env file": "How to turn it off",
				"Surviving as a company": "Why it is collected", "Turning off user analytics in code": "",
			},
			map[string][]string{
				"In short":            {"`NML_DISABLE_USAGE_LOGGING`"},
				"What is sent":        {"`DLE estimator plot`", "`run_time`", "`exception_type`", "`runtime_environment`", "never its message"},
				"Examples":            {`"event": "Simple Stats Count fit"`, `"userId": "`, `"anonymousId": null`},
				"What is never sent":  {"content of a file", "argument"},
				"Why it is collected": {"investors"},
				"How it is sent":      {"Segment", "HTTPS"},
				"Opt-in or opt-out":   {"opt-out"},
				"How to turn it off":  {"`NML_DISABLE_USAGE_LOGGING` set to anything", "`.env` file"},
			},
		},
		"stripepy": {
			map[string]string{
				"What information is being collected": "What is sent", "Why are we collecting this information?": "Why it is collected",
				"How is telemetry information processed and stored": "How long it is kept", "How to disable telemetry collection": "How to turn it off",
				"Where can I find the code used for telemetry collection?": "",
			},
			map[string][]string{
				"What is sent":        {"`call`", "`nproc`", "`host_arch`", "`h5py_version`"},
				"Examples":            {"Event `call`", "Event `download`", `"params.nproc": 1`},
				"Why it is collected": {"funding"},
				"How it is sent":      {"OpenTelemetry", "HTTPS", "stripepy-telemetry.paulsenlab.com"},
				"How long it is kept": {"60 days", "backup"},
				"How to turn it off":  {"`STRIPEPY_NO_TELEMETRY` set to anything"},
			},
		},
		"flwr": {
			map[string]string{
				"Principles": "In short", "How to opt-out": "How to turn it off", "Collected metrics": "What is sent",
				"How to inspect what is being reported": "How to see what is sent", "How to contact us": "Questions and feedback",
			},
			map[string][]string{
				"How to turn it off":      {"`FLWR_TELEMETRY_ENABLED` set to anything but `1`"},
				"What is sent":            {"; `\"unavailable\"` if the tool says nothing; `invalid` for any other", "`cpu_count`", "`python_version`", "`cluster`", "`source`"},
				"Personal data":           {"`~/.flwr/source`", "`FLWR_HOME`", "random ID"},
				"How to have it deleted":  {"telemetry@flower.ai", "usagectl forget flwr"},
				"How to see what is sent": {"usagectl inspect flwr"},
				"Questions and feedback":  {"telemetry@flower.ai", "<https://flower.ai>"},
			},
		},
	}
}

// sections are the sections of a page by their titles.
func sections(page string) map[string]string {
	list := map[string]string{}
	for _, part := range strings.Split(page, "\n## ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		list[title] = text
	}
	return list
}

// TestPageAnswersWhatOthersDo holds that the page about a tool has a section for each heading
// of the tool's own page, and the facts there that the manifest has.
func TestPageAnswersWhatOthersDo(t *testing.T) {
	p := newPerson(t)
	for id, page := range upstreams() {
		p.must("tools show --markdown " + id)
		have := sections(p.out.String())
		for heading, section := range page.headings {
			if text, ok := have[section]; section != "" && (!ok || strings.TrimSpace(text) == "") {
				t.Errorf("%s: nothing answers %q", id, heading)
			}
		}
		for section, facts := range page.facts {
			for _, fact := range facts {
				if !strings.Contains(have[section], fact) {
					t.Errorf("%s: %q does not say %q:\n%s", id, section, fact, have[section])
				}
			}
		}
	}
}

// TestPageHasEverything holds that each event, each field and each purpose of every manifest
// that comes with the program is on its page, and that the page depends on nothing else.
func TestPageHasEverything(t *testing.T) {
	p, other := newPerson(t), newPerson(t)
	other.env = map[string]string{"DO_NOT_TRACK": "1", "CI": "true", "TZ": "Asia/Tokyo"}
	other.world.Now = func() time.Time { return noon.AddDate(1, 0, 0) }
	other.atTerminal(40)
	for _, id := range (manifest.Library{}).IDs() {
		m, err := (manifest.Library{}).Find(id)
		if err != nil {
			t.Fatal(err)
		}
		p.must("tools show --markdown " + id.String())
		page := p.out.String()
		have := []string{markdown.Text(m.Tool.Name), markdown.Text(m.Tool.Purpose), markdown.Text(m.Tool.Retention)}
		for _, event := range m.EventNames() {
			have = append(have, "`"+event+"`")
		}
		for i := range m.Fields {
			have = append(have, "| `"+m.Fields[i].Name+"` |", "| "+markdown.Text(m.Fields[i].Purpose)+" |")
		}
		for _, text := range have {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the page has no %q", id, text)
			}
		}
		other.write("."+id.String()+"/source", "99999999-9999-4999-8999-999999999999")
		other.must("tools show --markdown -q " + id.String())
		if other.out.String() != page {
			t.Errorf("%s: the page is another one elsewhere", id)
		}
		if strings.Contains(page, p.home) || strings.Contains(page, "2026") {
			t.Errorf("%s: the page depends on the machine:\n%s", id, page)
		}
	}
	if p.there(".demo") || p.there(".local") || p.there(".config") {
		t.Error("the page makes files")
	}
}

// pageManifest has a text of somebody else's wherever a manifest can.
func pageManifest(s string) string {
	word := fmt.Sprintf("%q", s)                                                  // TOML has the escapes of these
	header := fmt.Sprintf("%q", strings.NewReplacer("{", "", "}", "").Replace(s)) // where they name fields
	return strings.NewReplacer("WORD", word, "HEADER", header).Replace(`schema = 1
[tool]
id = "hostile"
name = WORD
purpose = WORD
contact = WORD
retention = WORD
[consent]
levels = [WORD, WORD]
refuse = [{env = "HOSTILE_TELEMETRY", when = WORD}, {env = "HOSTILE_TRACK", unless = WORD}]
[send]
transport = "http"
endpoint = "https://hostile.example/x"
headers = {X-Word = HEADER}
[[event]]
name = "run"
[[field]]
name = "a"
type = "string"
enum = [WORD, "x"]
default = WORD
purpose = WORD
[[field]]
name = "b"
key = WORD
from = "const"
value = WORD
purpose = WORD
level = 2
`)
}

// TestPageStaysAPage holds that whatever a manifest says the page has the same parts: no text
// becomes HTML, a link, a heading, a cell or a block.
func TestPageStaysAPage(t *testing.T) {
	parts := func(s string) (kinds []string, page string) {
		m, err := manifest.Parse("hostile.toml", []byte(pageManifest(s)))
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		page, err = pageAbout(m)
		if err != nil {
			t.Fatal(err)
		}
		reader := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.DefinitionList, extension.Footnote))
		err = ast.Walk(reader.Parser().Parse(text.NewReader([]byte(page))), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			switch n.(type) {
			case *ast.Text, *ast.String, *ast.CodeSpan:
			default:
				if entering {
					kinds = append(kinds, n.Kind().String())
				}
			}
			return ast.WalkContinue, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return kinds, page
	}
	want, _ := parts("word")
	if len(want) < 100 {
		t.Fatalf("the page has %q", want)
	}
	for _, s := range []string{
		"<script>alert(1)</script>", "</td></tr></table>", "<!--", "-->", "[a](https://evil.example)", "![a](https://evil.example/x)", "[a]: https://evil.example", "<https://evil.example>",
		"https://evil.example", "www.evil.example", "a@evil.example", "# heading", "- item", "1. item", "> quote", "---", "===", "| a | b |", "|", "||", "\\|", "\\", "`", "```", "a ``` b",
		"*a* _b_ **c** ~~d~~", "&lt;b&gt;", "&#124;", ": definition", "[^1]: note", "[^1]", "$x$", "{{ a }}", "{% b %}", "a|`b`|c", "`a|b`", "javascript:alert(1)", "日本語",
	} {
		if got, page := parts(s); !slices.Equal(got, want) {
			t.Errorf("%q makes other parts:\n%q\nwant\n%q\n%s", s, got, want, page)
		}
	}
}

// TestPageOfEachWay holds what the page says of each way to send, to be forgotten and to refuse.
func TestPageOfEachWay(t *testing.T) {
	p := newPerson(t)
	base := "schema = 1\n[tool]\nid = \"ways\"\npurpose = \"p\"\n"
	fields := "[[event]]\nname = \"run\"\n[[field]]\nname = \"source\"\nfrom = \"identity.source\"\npurpose = \"p\"\n"
	for manifest, want := range map[string][]string{
		base + "[send]\ntransport = \"file\"\nendpoint = \"~/.ways/events.log\"\n[forget]\nmethod = \"event\"\nevent = \"gone\"\n[[event]]\nname = \"gone\"\n" + fields: {
			"Not over a network", "`~/.ways/events.log`", "by the event `gone`", "which only `usagectl forget` sends", "No field takes text",
		},
		base + "[consent]\ngrant = [{env = \"WAYS_TELEMETRY\", when = \"yes\"}, {env = \"WAYS_OPTIN\", when = \"present\"}]\n[send]\ntransport = \"http\"\nendpoint = \"http://127.0.0.1:9/\"\n[forget]\nmethod = \"http\"\nendpoint = \"https://ways.example/forget?token=SECRET\"\n" + fields: {
			"on the same machine", "asks `https://ways.example/forget?token=********` to delete", "the variable `WAYS_TELEMETRY` set to `yes`; the variable `WAYS_OPTIN` set to a word for yes", "off until you agree again. Where you agree by a variable alone, it covers both",
		},
		base + "[send]\ntransport = \"http\"\nendpoint = \"https://ways.example/\"\nheaders = {Authorization = \"Bearer abc\", user-agent = \"ways\"}\n[exec]\nstart = \"run\"\nend = \"run\"\n" + fields + "[[field]]\nname = \"who\"\nfrom = \"host.user_hash\"\nlength = 8\npurpose = \"p\"\n": {
			"`Authorization: ********`", "not `User-Agent` holds", "names no way to ask", "names nobody to ask", "of which 8 digits are sent", "Events carry a hash of your login name.", "**ID:** a random one of your installation, which says nothing about you; a hash of your login name under", "Under `usagectl exec` `run` is sent when",
		},
		base + "[identity]\nkind = \"none\"\n[send]\ntransport = \"http\"\nendpoint = \"https://ways.example/\"\n[[event]]\nname = \"run\"\n[[field]]\nname = \"who\"\nfrom = \"host.user_hash\"\nlength = 8\npurpose = \"p\"\n[[field]]\nname = \"where\"\nfrom = \"host.name_hash\"\nlength = 8\npurpose = \"p\"\n": {
			"**ID:** a hash of your login name and one of your host name under a random key", "so an ID by which", "names no way to ask for it.\n\n## ",
			"not usagectl sends no ID", "not carry no ID",
		},
		base + "[identity]\nkind = \"none\"\n[send]\ntransport = \"http\"\nendpoint = \"https://ways.example/\"\n[[event]]\nname = \"run\"\n" +
			"[[field]]\nname = \"v\"\nfrom = \"tool.version\"\npurpose = \"p\"\n[[field]]\nname = \"r\"\nfrom = \"run.id\"\npurpose = \"p\"\n[[field]]\nname = \"g\"\ntype = \"int\"\nmin = -1\nmax = 100\nalso = ['\"anything\"', 'null']\npurpose = \"p\"\n": {
			"chooses the text of these fields: `v`.", "It can also be given: to `usagectl send --run`", "new for each run unless one is given",
			"| a whole number from -1 to 100, or `\"anything\"`, `null` |", "not No field takes text",
			"**ID:** none\n", "usagectl sends no ID of you", "not by a variable alone", "Events carry no ID by which yours could be found", "not a hash of",
		},
		base + "[identity]\nkind = \"none\"\n[send]\ntransport = \"otlp\"\nendpoint = \"https://ways.example/\"\n[[event]]\nname = \"run\"\n": {
			"adds the name and the time of the event, an ID of the event and one of the run", "The ID of a run is random", "`User-Agent` holds the version", "and what [How it is sent](#how-it-is-sent) names",
			"While only a variable turns it off it waits",
		},
		base + "[identity]\nkind = \"none\"\n[send]\ntransport = \"segment\"\nendpoint = \"https://ways.example/\"\nwrite_key = \"k\"\n[[event]]\nname = \"run\"\n": {
			"adds the name and the time of the event, a random ID of it, and the time of sending", "`User-Agent` holds",
		},
	} {
		p.write("ways.toml", manifest)
		p.must("tools show --markdown --manifest " + word(p.home+"/ways.toml"))
		for _, text := range want {
			text, not := strings.CutPrefix(text, "not ")
			if strings.Contains(p.out.String(), text) == not {
				t.Errorf("%q is there: %v, in\n%s", text, !not, &p.out)
			}
		}
		if strings.Contains(p.out.String(), "SECRET") || strings.Contains(p.out.String(), "abc") {
			t.Errorf("a secret is on the page:\n%s", &p.out)
		}
	}
}
