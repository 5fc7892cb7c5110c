package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// someDraft is a draft that is complete, but for the transport and the endpoint.
func someDraft(transport, endpoint string) draft {
	return draft{
		id: "my-tool", name: "My Tool", purpose: "Counts runs, to decide what to work on.", transport: transport, endpoint: endpoint,
		contact: "me@mytool.example", retention: "1 year", privacy: "https://mytool.example/telemetry",
	}
}

// endpoints are one for each transport.
func endpoints() map[string]string {
	return map[string]string{
		"http": "https://mytool.example/v1", "otlp": "https://mytool.example/v1/traces", "segment": "https://mytool.example/v1/batch",
		"udp": "mytool.example:50077", "file": "~/.my-tool/events.jsonl",
	}
}

// TestInitLintsClean holds that what init writes is right for each transport, and that the
// lint, once there is one, has nothing to advise but that UDP is not encrypted.
func TestInitLintsClean(t *testing.T) {
	p := newPerson(t)
	for transport, endpoint := range endpoints() {
		d := someDraft(transport, endpoint)
		file := p.write(transport+".toml", d.text())
		m, err := manifest.ReadFile(file)
		if err != nil {
			t.Errorf("%s: %v\n%s", transport, err, d.text())
			continue
		}
		if _, leftOut := catalogue.Declared(m, nil); len(leftOut) > 0 || m.Consent.Refuse[0].Env != "MY_TOOL_NO_TELEMETRY" {
			t.Errorf("%s: \"usagectl env\" does not set %v: %v", transport, m.Consent.Refuse, leftOut)
		}
		if m.Consent.Default != manifest.OptIn || m.Forget.Method != manifest.ForgetMail || m.Tool.Retention == "" || m.Exec == nil {
			t.Errorf("%s: %+v", transport, m)
		}
		p.must("inspect my-tool run.end --set exit_code=1 --set duration=2.5 --manifest " + word(file))
		p.must("tools show --markdown --manifest " + word(file))
		if lint, _, err := newTools(newApp(p.world)).Find([]string{"lint"}); err == nil && lint.Name() == "lint" {
			p.run("tools lint " + word(file))
			for line := range lines(p.out.String()) {
				if strings.Contains(line, "advice: ") && !strings.Contains(line, "[unencrypted]") {
					t.Errorf("%s: %s", transport, line)
				}
			}
		}
	}
}

// TestInitWritesAnything holds that whatever a person says is in the manifest as they said it,
// and nothing else.
func TestInitWritesAnything(t *testing.T) {
	for _, s := range []string{`a "quoted" \ text`, "# no comment", "a\nname = \"b\"", "'''", `"""`, "tab\there", "\x01\x7f", "日本語 é 😀", "[tool]", "${HOME}"} {
		d := someDraft("http", "https://mytool.example/v1")
		d.name, d.purpose, d.retention = s, s, s
		m, err := manifest.Parse("my-tool.toml", []byte(d.text()))
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if m.Tool.Name != s || m.Tool.Purpose != s || m.Tool.Retention != s {
			t.Errorf("%q: it is %+v", s, m.Tool)
		}
	}
}

// TestInitVariables holds that the variable that refuses is one that "usagectl env" sets, where
// there is such a one.
func TestInitVariables(t *testing.T) {
	for id, want := range map[string]string{
		"mytool": "MYTOOL_NO_TELEMETRY", "my-tool": "MY_TOOL_NO_TELEMETRY", "my.tool_2": "MY_TOOL_2_NO_TELEMETRY", "7tool": "_7TOOL_NO_TELEMETRY",
		"pip-counter": "PIPCOUNTER_NO_TELEMETRY", // PIP_ is pip's
	} {
		d := someDraft("http", "https://mytool.example/v1")
		d.id = id
		m, err := manifest.Parse("x.toml", []byte(d.text()))
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if _, leftOut := catalogue.Declared(m, nil); m.Consent.Refuse[0].Env != want || len(leftOut) > 0 {
			t.Errorf("%s: it is %v, want %s; left out is %v", id, m.Consent.Refuse, want, leftOut)
		}
	}
}

// TestInitAsks holds what is asked at a terminal, that a wrong answer is asked for again, and
// that the end of the input writes nothing.
func TestInitAsks(t *testing.T) {
	p := newPerson(t)
	p.world.Interactive = true
	p.world.Stdin = strings.NewReader("My Tool\nmytool\n\nCounts runs.\nftp\n\nhttp://mytool.example\nhttps://mytool.example/v1\nme\nme@mytool.example\n1 year\nhttps://mytool.example/telemetry\n")
	p.expect(said{"tools init", exitOK, []string{"Wrote mytool.toml.\n"}, []string{
		`tool ID "My Tool" is not valid`, "Its name for people [mytool]: ", "How events are sent: http, udp, otlp, segment or file [http]: ", `transport is "ftp", not one of`,
		`endpoint: "http://mytool.example" is not safe`, `mail is "me", not a mail address`, `usagectl tools show --manifest mytool.toml"`,
	}})
	m, err := manifest.ReadFile(filepath.Join(p.home, "mytool.toml"))
	if err != nil || m.Tool.Name != "mytool" || m.Send.Transport != manifest.HTTP || m.Forget.Mail != "me@mytool.example" || m.Tool.Retention != "1 year" {
		t.Errorf("%+v, %v", m, err)
	}
	p.world.Stdin = strings.NewReader("other\n\n")
	p.expect(said{"tools init other.toml", exitUsage, nil, []string{"nothing was written: missing are --purpose, --endpoint, --contact, --retention, --privacy"}})
	if p.there("other.toml") {
		t.Error("it is written")
	}
	p.world.Stdin = strings.NewReader("\n\na mail\n")
	p.expect(said{"tools init other.toml --id other --purpose p --endpoint https://other.example --retention r --privacy https://other.example", exitUsage, nil, []string{"not a mail address", "missing are --contact"}})
}

// TestInitGiven holds that all that is missing, and all that is wrong, is named at once.
func TestInitGiven(t *testing.T) {
	p := newPerson(t)
	const rest = " --purpose p --contact me@mytool.example --retention r --privacy https://mytool.example"
	p.expect(
		said{"tools init", exitUsage, nil, []string{"missing are --id, --purpose, --endpoint, --contact, --retention, --privacy"}},
		said{"tools init --id mytool --endpoint https://mytool.example --contact me@mytool.example", exitUsage, nil, []string{"missing are --purpose, --retention, --privacy"}},
		said{"tools init --id My --endpoint http://mytool.example --transport ftp --contact me --privacy x --homepage y --deletions http://z.example", exitData, nil, []string{
			"--id: tool ID", "--transport: ", "--endpoint: ", "--contact: ", "--privacy: ", "--homepage: ", "--deletions: ", "nothing was written",
		}},
		said{"tools init --id mytool --endpoint mytool.example:99 --transport udp -" + rest, exitOK, []string{"transport = \"udp\"", "MYTOOL_NO_TELEMETRY"}, nil},
		said{"tools init --id mytool --endpoint https://mytool.example --transport segment -" + rest, exitOK, []string{"write_key_env = \"MYTOOL_WRITE_KEY\""}, nil},
		said{"tools init --id mytool --endpoint https://mytool.example --transport segment --write-key k -" + rest, exitOK, []string{"write_key = \"k\""}, nil},
		said{"tools init --id mytool --endpoint https://mytool.example --deletions https://mytool.example/forget -" + rest, exitOK, []string{"method   = \"http\"\nendpoint = \"https://mytool.example/forget\""}, nil},
		said{"tools init --id mytool --endpoint https://mytool.example --json -" + rest, exitUsage, nil, []string{"cannot be combined"}},
		said{"tools init --id git --endpoint https://git.example -" + rest, exitOK, []string{"GIT_NO_TELEMETRY"}, []string{`"usagectl env" will not print GIT_NO_TELEMETRY`}},
		said{"tools init --id mytool --endpoint https://mytool.example" + rest + " --json", exitOK, []string{`"tool":"mytool","file":"`}, []string{"*"}},
		said{"tools init --id mytool --endpoint https://mytool.example" + rest, exitCreate, nil, []string{"nothing was written: mytool.toml is there already", "use --force"}},
		said{"tools init --id mytool --endpoint https://other.example --force" + rest, exitOK, []string{"Wrote mytool.toml."}, []string{"*"}},
		said{"tools init nowhere/mytool.toml --id mytool --endpoint https://mytool.example" + rest, exitCreate, nil, []string{"nothing was written: nowhere/mytool.toml: "}},
	)
	text, err := os.ReadFile(filepath.Join(p.home, "mytool.toml"))
	if err != nil || !strings.Contains(string(text), "https://other.example") {
		t.Errorf("%v: %s", err, text)
	}
}
