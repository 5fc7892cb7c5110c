package manifest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

const fieldKeys = "also, default, enum, events, format, from, instead_of, key, length, level, max, max_len, min, missing, name, otherwise, pattern, purpose, required, type, value"

func TestUnknownKeys(t *testing.T) {
	testBad(t, []badManifest{
		{
			"top",
			[]string{"schema = 1\n", "schema = 1\n‸shema = 1\n"},
			[]string{"unknown key shema (did you mean \"schema\", which is here too?); known here: consent, event, exec, field, forget, identity, schema, send, tool"},
		},
		{
			"table",
			[]string{"[exec]\n", "[‸exce]\n"},
			[]string{"unknown key exce (did you mean \"exec\"?); known here: consent, event, exec, field, forget, identity, schema, send, tool"},
		},
		{
			"tool",
			[]string{`contact  `, `‸contacts`},
			[]string{"unknown key [tool] contacts (did you mean \"contact\"?); known here: contact, homepage, id, name, privacy, purpose, retention"},
		},
		{
			"consent",
			[]string{`dotenv  =`, `‸dot_env =`},
			[]string{"unknown key [consent] dot_env (did you mean \"dotenv\"?); known here: default, dotenv, grant, levels, refuse"},
		},
		{
			"refuse, second",
			[]string{`{env = "MYTOOL_TELEMETRY", unless = "1"}`, `{env = "MYTOOL_TELEMETRY", unless = "1", ‸if = "2"}`},
			[]string{"unknown key [consent.refuse] if (did you mean \"when\"?); known here: env, unless, when"},
		},
		{
			"unless in a grant",
			[]string{`grant   = [ {env = "MYTOOL_TELEMETRY", when = "1"} ]`, `grant = [ {env = "MYTOOL_TELEMETRY", when = "1", ‸unless = "0"} ]`},
			[]string{"unknown key [consent.grant] unless; known here: env, when"},
		},
		{
			"identity",
			[]string{`env  = "MYTOOL_HOME"`, `‸envs = "MYTOOL_HOME"`},
			[]string{"unknown key [identity] envs (did you mean \"env\"?); known here: env, kind, path"},
		},
		{
			"send",
			[]string{`headers   =`, `‸header =`},
			[]string{"unknown key [send] header (did you mean \"headers\"?); known here: endpoint, headers, transport"},
		},
		{
			"send, of another transport",
			[]string{`headers   = {User`, "‸prefix = \"1\"\nheaders = {User"},
			[]string{`[send] prefix goes with transport = "udp", not with "http"`},
		},
		{
			"forget, of another method",
			[]string{`method   = "http"`, `method = "none"`, `endpoint = "https://telemetry.mytool.example/v1/deletions"`, `‸endpoint = "https://x.example"`},
			[]string{`[forget] endpoint goes with method = "http", not with "none"`},
		},
		{
			"exec",
			[]string{`duration  = "duration"`, `‸time = "duration"`},
			[]string{"unknown key [exec] time; known here: duration, end, exit_code, signal, start"},
		},
		{
			"event",
			[]string{"level = 2\n", "‸purpose = \"p\"\n"},
			[]string{"unknown key [event] purpose; known here: level, name"},
		},
		{
			"field, fifth",
			[]string{`from    = "tool.version"`, "from = \"tool.version\"\n‸form = \"x\""},
			[]string{"unknown key [field] form (did you mean \"format\"?); known here: " + fieldKeys},
		},
		{
			"dotted",
			[]string{"dotenv  = true", "‸dotenv.on = true"},
			[]string{"[consent] dotenv is a table, not a boolean"},
		},
		{
			"two, in the order of the file",
			[]string{`homepage  =`, `‸web =`, `min      = 0`, `‸least = 0`},
			[]string{"unknown key [tool] web (did you mean \"homepage\"?); known here: contact, homepage, id, name, privacy, purpose, retention", "unknown key [field] least; known here: " + fieldKeys},
		},
	})
}

func TestWrongTypes(t *testing.T) {
	var table []badManifest
	for _, row := range [][3]string{
		{`schema = 1`, `schema = "1"`, "schema is a string, not an integer"},
		{`name      = "My Tool"`, `name = 1`, "[tool] name is an integer, not a string"},
		{`homepage  = "https://mytool.example"`, `homepage = true`, "[tool] homepage is a boolean, not a string"},
		{`privacy   = "https://mytool.example/telemetry"`, `privacy = 1.5`, "[tool] privacy is a float, not a string"},
		{`contact   = "telemetry@mytool.example"`, `contact = []`, "[tool] contact is a list, not a string"},
		{`purpose   = "Counts users and failing features, to justify funding."`, `purpose = {}`, "[tool] purpose is a table, not a string"},
		{`retention = "60 days on the dashboard, then deleted"`, `retention = 2026-11-21`, "[tool] retention is a date or time, not a string"},
		{`default = "opt-in"`, `default = false`, `[consent] default is false, not one of opt-in, opt-out; did you mean "opt-in"?`},
		{`grant   = [ {env = "MYTOOL_TELEMETRY", when = "1"} ]`, `grant = {env = "A", when = "1"}`, "[consent] grant is a table, not a list of tables: write [[consent.grant]]"},
		{`dotenv  = true`, `dotenv = "yes"`, "[consent] dotenv is a string, not a boolean"},
		{`kind = "random"`, `kind = 4`, "[identity] kind is an integer, not a string"},
		{`path = "~/.mytool/source"`, `path = 4`, "[identity] path is an integer, not a string"},
		{`env  = "MYTOOL_HOME"`, `env = 4`, "[identity] env is an integer, not a string"},
		{`transport = "http"`, `transport = 1`, "[send] transport is an integer, not a string"},
		{`endpoint  = "https://telemetry.mytool.example/v1/event"`, `endpoint = 1`, "[send] endpoint is an integer, not a string"},
		{`headers   = {User-Agent = "mytool/{version}", X-Kind = "usage"}`, `headers = ["a"]`, "[send] headers is a list, not a table"},
		{`start     = "run.start"`, `start = 1`, "[exec] start is an integer, not a string"},
		{`end       = "run.end"`, `end = 1`, "[exec] end is an integer, not a string"},
		{`exit_code = "exit_code"`, `exit_code = 1`, "[exec] exit_code is an integer, not a string"},
		{`duration  = "duration"`, `duration = 1`, "[exec] duration is an integer, not a string"},
		{`level = 2`, `level = "2"`, `[event] level is "2", not the number of a level`},
		{`key      = "/context/exit_code"`, `key = 1`, "[field] key is an integer, not a string"},
		{`from     = "caller"`, `from = 1`, "[field] from is an integer, not a string"},
		{`min      = 0`, `min = "0"`, "[field] min is a string, not a number"},
		{`max      = 255`, `max = "255"`, "[field] max is a string, not a number"},
		{`level    = 1`, `level = 1.0`, "[field] level is a float, not an integer"},
		{`required = true`, `required = 1`, "[field] required is an integer, not a boolean"},
		{`purpose  = "To see what share of runs succeed."`, `purpose = 1`, "[field] purpose is an integer, not a string"},
		{`enum    = ["sort", "merge"]`, `enum = "sort"`, "[field] enum is a string, not a list"},
		{`pattern = "[a-z]+"`, `pattern = 1`, "[field] pattern is an integer, not a string"},
		{`max_len = 8`, `max_len = "8"`, "[field] max_len is a string, not an integer"},
		{`format  = "unix"`, `format = 1`, "[field] format is an integer, not a string"},
		{`length  = 10`, `length = "10"`, "[field] length is a string, not an integer"},
		{`events   = ["run.end"]`, `events = "run.end"`, "[field] events is a string, not a list of strings"},
	} {
		table = append(table, badManifest{row[1], []string{row[0], caret + row[1]}, []string{row[2]}})
	}
	testBad(t, append(table, []badManifest{
		{
			"tool",
			[]string{full[strings.Index(full, "[tool]"):strings.Index(full, "[consent]")], "‸tool = \"mytool\"\n"},
			[]string{"tool is a string, not a table"},
		},
		{"id", []string{`id        = "mytool"`, `‸id = 1`}, []string{"[tool] id is an integer, not a string"}},
		{"method", []string{`method   = "http"`, `‸method = 1`, "endpoint = \"https://telemetry.mytool.example/v1/deletions\"\n", ""}, []string{"[forget] method is an integer, not a string"}},
		{
			"levels",
			[]string{`levels  = ["basic", "configuration", "execution"]`, `‸levels = "basic"`, "level = 2\n", "", "level   = 3\n", ""},
			[]string{"[consent] levels is a string, not a list of strings"},
		},
		{
			"one level",
			[]string{`"configuration", "execution"`, `‸2, "execution"`, "level   = 3\n", ""},
			[]string{"[consent] levels holds an integer; all of it must be strings"},
		},
		{
			"one rule",
			[]string{`{env = "MYTOOL_TELEMETRY", unless = "1"}`, `‸"MYTOOL_TELEMETRY"`},
			[]string{"[consent] refuse holds a string; all of it must be tables"},
		},
		{
			"env of a rule",
			[]string{`{env = "MYTOOL_TELEMETRY", unless = "1"}`, `{‸env = 1, unless = "1"}`},
			[]string{"[consent.refuse] env is an integer, not a string"},
		},
		{"when of a rule", []string{`when = "present"`, `‸when = true`}, []string{"[consent.refuse] when is a boolean, not a string"}},
		{"unless of a rule", []string{`unless = "1"`, `‸unless = 1`}, []string{"[consent.refuse] unless is an integer, not a string"}},
		{"when of a grant", []string{`when = "1"`, `‸when = 1`}, []string{"[consent.grant] when is an integer, not a string"}},
		{"value of a header", []string{`X-Kind = "usage"`, `‸X-Kind = 1`}, []string{"[send.headers] X-Kind is an integer, not a string"}},
		{
			"one event of a field",
			[]string{`events   = ["run.end"]`, `events = ["run.end", ‸2]`},
			[]string{"[field] events holds an integer; all of it must be strings"},
		},
		{
			"a table of fields",
			[]string{full[strings.Index(full, "[[field]]"):], "[‸field]\nname = \"x\"\n", full[strings.Index(full, "[exec]"):strings.Index(full, "[[event]]")], "", "{version}", ""},
			[]string{"field is a table, not a list of tables: write [[field]]"},
		},
	}...))
}

func TestMissing(t *testing.T) {
	testBad(t, []badManifest{
		{"schema", []string{"schema = 1\n", ""}, []string{"schema is missing"}},
		{"id", []string{`id        = "mytool"`, ``, "[tool]", "[‸tool]"}, []string{"[tool] id is missing"}},
		{"purpose of the tool", []string{`purpose   = "Counts users and failing features, to justify funding."`, ``, "[tool]", "[‸tool]"}, []string{"[tool] purpose is missing"}},
		{"blank purpose of the tool", []string{`purpose   = "Counts users and failing features, to justify funding."`, `‸purpose = " \t"`}, []string{"[tool] purpose is empty"}},
		{"purpose of a field", []string{"[[field]]\nname    = \"features\"", "[[‸field]]\nname = \"features\"", `purpose = "To see which features are used."`, ``}, []string{"[field] purpose is missing"}},
		{"empty purpose of a field", []string{`purpose = "To see which features are used."`, `‸purpose = ""`}, []string{"[field] purpose is empty"}},
		{"type", []string{"[[field]]\nname    = \"duration\"\ntype    = \"float\"\n", "[[‸field]]\nname = \"duration\"\n", "default = 0\n", "", "duration  = \"duration\"\n", ""}, []string{"[field] type is missing"}},
		{"value", []string{"[[field]]\nname    = \"shape\"", "[[‸field]]\nname = \"shape\"", `value   = {b = [1.0, 2], a = "x"}`, ``}, []string{"[field] value is missing"}},
		{"name of a field", []string{"[[field]]\nname    = \"shape\"", "[[‸field]]"}, []string{"[field] name is missing"}},
		{"name of an event", []string{"[[event]]\nname  = \"run.end\"", "[[‸event]]", full[strings.Index(full, "[exec]"):strings.Index(full, "[[event]]\nname = ")], "", `events   = ["run.end"]`, ``}, []string{"[event] name is missing"}},
		{"transport", []string{"[send]\ntransport = \"http\"", "[‸send]"}, []string{"[send] transport is missing"}},
		{"endpoint", []string{"[send]", "[‸send]", `endpoint  = "https://telemetry.mytool.example/v1/event"`, ``}, []string{"[send] endpoint is missing"}},
		{"endpoint, a table below", []string{
			"[send]\ntransport = \"http\"\nendpoint  = \"https://telemetry.mytool.example/v1/event\"\nheaders   = {User-Agent = \"mytool/{version}\", X-Kind = \"usage\"}",
			"[‸send]\ntransport = \"http\"\n[send.headers]\nX-Kind = \"usage\"",
		}, []string{"[send] endpoint is missing"}},
		{"send", []string{full[strings.Index(full, "[send]"):strings.Index(full, "[forget]")], ""}, []string{"[send] endpoint is missing", "[send] transport is missing"}},
		{"endpoint of the deletions", []string{"[forget]", "[‸forget]", `endpoint = "https://telemetry.mytool.example/v1/deletions"`, ``}, []string{"[forget] endpoint is missing"}},
		{"start", []string{"[exec]", "[‸exec]", `start     = "run.start"`, ``}, []string{"[exec] start is missing"}},
		{"end", []string{"[exec]", "[‸exec]", "end       = \"run.end\"\n", ""}, []string{"[exec] end is missing"}},
		{"env of a rule", []string{`{env = "MYTOOL_TELEMETRY", unless = "1"}`, `‸{unless = "1"}`}, []string{"[consent.refuse] env is missing"}},
		{"when and unless", []string{`{env = "MYTOOL_TELEMETRY", unless = "1"}`, `‸{env = "MYTOOL_TELEMETRY"}`}, []string{"[consent.refuse] when is missing"}},
		{"events", []string{full[strings.Index(full, "[exec]"):strings.Index(full, "[[field]]")], "", "events   = [\"run.end\"]\n", ""}, []string{"no event is declared: at least one [[event]] is needed"}},
	})
}

func TestBadTool(t *testing.T) {
	const grammar = ` is not valid: it takes a lower-case letter or digit and then up to 63 of a-z, 0-9, ".", "_" and "-"`
	long := strings.Repeat("a", 65)
	var table []badManifest
	for id, want := range map[string]string{
		"../x":     `tool ID "../x"` + grammar,
		"-rf":      `tool ID "-rf"` + grammar,
		".x":       `tool ID ".x"` + grammar,
		"a/b":      `tool ID "a/b"` + grammar,
		"ALL":      `tool ID "ALL"` + grammar,
		"mytööl":   `tool ID "mytööl"` + grammar,
		"a b":      `tool ID "a b"` + grammar,
		"a\\u0000": `tool ID "a\x00"` + grammar,
		"a\\n":     `tool ID "a\n"` + grammar,
		long:       `tool ID "` + long[:60] + `"… (65 bytes)` + grammar,
		"all":      `tool ID "all" is reserved: it stands for every tool`,
		"":         `[tool] id is empty`,
		"  ":       `[tool] id is empty`,
	} {
		table = append(table, badManifest{"id " + id, []string{`id        = "mytool"`, `‸id = "` + id + `"`}, []string{want}})
	}
	testBad(t, append(table, []badManifest{
		{"bad ID without a path", []string{`id        = "mytool"`, `‸id = "?"`, `path = "~/.mytool/source"`, ``}, []string{`tool ID "?"` + grammar}},
		{"schema 2", []string{"schema = 1", "‸schema = 2"}, []string{"schema is 2, and this version of usagectl reads schema 1: a newer version is needed"}},
		{
			"homepage",
			[]string{`"https://mytool.example"`, `"mytool.example"`, "homepage ", "‸homepage "},
			[]string{`[tool] homepage is "mytool.example", not the address of a web page`},
		},
		{
			"privacy",
			[]string{`"https://mytool.example/telemetry"`, `"javascript:alert(1)"`, "privacy ", "‸privacy "},
			[]string{`[tool] privacy is "javascript:alert(1)", not the address of a web page`},
		},
	}...))
}

func TestLongestID(t *testing.T) {
	text := edited(t, full, `id        = "mytool"`, `id = "`+strings.Repeat("a", 64)+`"`)
	if _, err := manifest.Parse("t.toml", []byte(text)); err != nil {
		t.Error(err)
	}
}

func notAboutTelemetry(variable string) string {
	return fmt.Sprintf("[consent.grant] env is %q, which nobody sets to agree to telemetry: its name must hold one of ", variable) +
		"TELEMETRY, TRACK, ANALYTICS, USAGE, STATS, STATISTICS, METRICS, DIAGNOSTICS, REPORT, COLLECT, CONSENT, PRIVACY, OPT_IN, OPTIN"
}

func noYes(when string) string {
	return fmt.Sprintf("[consent.grant] when is %q, which is no yes", when)
}

func TestBadConsent(t *testing.T) {
	rule := `{env = "MYTOOL_TELEMETRY", unless = "1"}`
	testBad(t, []badManifest{
		{"default", []string{`default = "opt-in"`, `‸default = "on"`}, []string{`[consent] default is "on", not one of opt-in, opt-out; did you mean "opt-out"?`}},
		{"no levels", []string{`levels  = ["basic", "configuration", "execution"]`, `‸levels = []`, "level = 2\n", "", "level   = 3\n", ""}, []string{"[consent] levels needs 1 to 9 names"}},
		{"10 levels", []string{`levels  = ["basic", "configuration", "execution"]`, `‸levels = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]`}, []string{"[consent] levels needs 1 to 9 names"}},
		{"when and unless", []string{rule, `{env = "A", when = "0", ‸unless = "1"}`}, []string{"[consent.refuse] unless and when cannot be combined"}},
		{"env with a space", []string{rule, `{‸env = "A B", unless = "1"}`}, []string{`[consent.refuse] env is "A B", not the name of an environment variable`}},
		{"env with a digit first", []string{rule, `{‸env = "1A", unless = "1"}`}, []string{`[consent.refuse] env is "1A", not the name of an environment variable`}},
		{"env with an equals sign", []string{rule, `{‸env = "A=B", unless = "1"}`}, []string{`[consent.refuse] env is "A=B", not the name of an environment variable`}},
		{"env with a control character", []string{rule, `{‸env = "A\u001b", unless = "1"}`}, []string{`[consent.refuse] env is "A\x1b", not the name of an environment variable`}},
		{"empty env", []string{rule, `{‸env = "", unless = "1"}`}, []string{`[consent.refuse] env is empty`}},
		{"env of a grant", []string{`{env = "MYTOOL_TELEMETRY", when = "1"}`, `{‸env = "TELEMETRY_Ä", when = "1"}`}, []string{`[consent.grant] env is "TELEMETRY_Ä", not the name of an environment variable`}},
		{"grant by a variable that everybody has", []string{`{env = "MYTOOL_TELEMETRY", when = "1"}`, `{‸env = "SHLVL", when = "1"}`}, []string{notAboutTelemetry("SHLVL")}},
		{"grant by a variable that begins with the tool's name", []string{`{env = "MYTOOL_TELEMETRY", when = "1"}`, `{‸env = "MYTOOL_HOME", when = "present"}`}, []string{notAboutTelemetry("MYTOOL_HOME")}},
		{"grant by a variable of usagectl", []string{`{env = "MYTOOL_TELEMETRY", when = "1"}`, `{‸env = "USAGECTL_RUN_ID", when = "present"}`}, []string{notAboutTelemetry("USAGECTL_RUN_ID")}},
		{"grant by a no in words", []string{`{env = "MYTOOL_TELEMETRY", when = "1"}`, `{env = "MYTOOL_TELEMETRY", ‸when = "Never"}`}, []string{noYes("Never")}},
		{"grant by a no", []string{`{env = "MYTOOL_TELEMETRY", when = "1"}`, `{env = "MYTOOL_TELEMETRY", ‸when = "0"}`}, []string{noYes("0")}},
		{"grant by nothing", []string{`{env = "MYTOOL_TELEMETRY", when = "1"}`, `{env = "MYTOOL_TELEMETRY", ‸when = ""}`}, []string{noYes("")}},
		{
			"refuse as tables",
			[]string{`refuse  = [ {env = "MYTOOL_NO_TELEMETRY", when = "present"},
            {env = "MYTOOL_TELEMETRY", unless = "1"} ]`, "", "[identity]", "[[consent.refuse]]\nenv = \"A\"\nwhen = \"1\"\n[[consent.refuse]]\n‸env = \"B B\"\nwhen = \"1\"\n[identity]"},
			[]string{`[consent.refuse] env is "B B", not the name of an environment variable`},
		},
	})
}

func TestBadIdentity(t *testing.T) {
	var table []badManifest
	for _, path := range []string{
		"/etc/x", "~/../x/y", "~/../x", "~/x", "~", "~/", "~/..", "~root/x/y", "x/y", "~/a/../../x/y",
		"~/./a/x", "~//etc/x", "~/a/", `~/a\\b/x`, "~/c:/x", `~/a\u0000/x`,
	} {
		quoted := fmt.Sprintf("%q", strings.NewReplacer(`\\`, `\`, `\u0000`, "\x00").Replace(path))
		table = append(table, badManifest{
			"path " + path,
			[]string{`path = "~/.mytool/source"`, `‸path = "` + path + `"`},
			[]string{"[identity] path is " + quoted + `; it must be a file in a directory of its own in the home, like "~/.mytool/source"`},
		})
	}
	testBad(t, append(table, []badManifest{
		{"env", []string{`env  = "MYTOOL_HOME"`, `‸env = "$HOME"`}, []string{`[identity] env is "$HOME", not the name of an environment variable`}},
		{"kind", []string{`kind = "random"`, `‸kind = "mac"`}, []string{`[identity] kind is "mac", not one of random, none`}},
		{
			"none, but wanted",
			[]string{`kind = "random"`, `kind = "none"`, `from    = "identity.source"`, `‸from = "identity.source"`},
			[]string{`field "source" wants the source ID, but [identity] kind is "none"`},
		},
	}...))
}

func TestBadEndpoints(t *testing.T) {
	const http = `endpoint  = "https://telemetry.mytool.example/v1/event"`
	masked := strings.NewReplacer("SECRET", "********", "user:pass@", "********@", "user@", "********@", "127.0.0.1@", "********@")
	var table []badManifest
	for _, row := range [][3]string{
		{"http", "http://telemetry.mytool.example", "%s is not safe: it must be https, or http to this machine"},
		{"http", "http://192.168.1.2/v1", "%s is not safe: it must be https, or http to this machine"},
		{"http", "http://0.0.0.0/v1", "%s is not safe: it must be https, or http to this machine"},
		{"http", "http://localhost.mytool.example", "%s is not safe: it must be https, or http to this machine"},
		{"http", "http://127.0.0.1.mytool.example", "%s is not safe: it must be https, or http to this machine"},
		{"http", "http://[fe80::1]/", "%s is not safe: it must be https, or http to this machine"},
		{"http", "http://mytool.example/v1?v=2&token=SECRET", "%s is not safe: it must be https, or http to this machine"},
		{"http", "ftp://mytool.example?apikey1=SECRET", "%s is no address: one that starts with https:// is needed"},
		{"http", "mytool.example/v1?token=SECRET", "%s is no address: one that starts with https:// is needed"},
		{"http", "https://h:x/?token=SECRET", `%s is no address: invalid port ":x" after host`},
		{"udp", "udp://mytool.example?token=SECRET", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"http", "https://user@mytool.example", "%s must hold neither a user nor a fragment"},
		{"http", "https://user:pass@mytool.example", "%s must hold neither a user nor a fragment"},
		{"http", "https://127.0.0.1@mytool.example", "%s must hold neither a user nor a fragment"},
		{"http", "https://mytool.example/#x", "%s must hold neither a user nor a fragment"},
		{"http", "ftp://mytool.example", "%s is no address: one that starts with https:// is needed"},
		{"http", "file:///etc/passwd", "%s is no address: one that starts with https:// is needed"},
		{"http", "mytool.example", "%s is no address: one that starts with https:// is needed"},
		{"http", "//mytool.example", "%s is no address: one that starts with https:// is needed"},
		{"http", "https://", "%s is no address: one that starts with https:// is needed"},
		{"http", "https:///v1", "%s is no address: one that starts with https:// is needed"},
		{"http", "https://:443/", "%s is no address: one that starts with https:// is needed"},
		{"http", "https://a b/", `%s is no address: invalid character " " in host name`},
		{"http", "https://h:x/", `%s is no address: invalid port ":x" after host`},
		{"otlp", "http://mytool.example", "%s is not safe: it must be https, or http to this machine"},
		{"udp", "mytool.example", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"udp", "mytool.example:", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"udp", ":50077", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"udp", "mytool.example:0", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"udp", "mytool.example:65536", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"udp", "mytool.example:http", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"udp", "udp://mytool.example:1/x", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"udp", "https://mytool.example:1", `%s is no address: a host and a port are needed, like "telemetry.example:50077"`},
		{"file", "log/x", `%s is no file: an absolute path or one that starts with "~/" is needed`},
		{"file", "~/.bashrc", `%s is no log: its name must end in one of .jsonl, .ndjson, .log, .txt`},
		{"file", "~/.ssh/authorized_keys", `%s is no log: its name must end in one of .jsonl, .ndjson, .log, .txt`},
		{"file", "/etc/cron.d/log", `%s is no log: its name must end in one of .jsonl, .ndjson, .log, .txt`},
		{"file", "~/.config/Code/User/settings.json", `%s is no log: its name must end in one of .jsonl, .ndjson, .log, .txt`},
		{"file", "~/.config/fish/config.fish", `%s is no log: its name must end in one of .jsonl, .ndjson, .log, .txt`},
		{"file", "~root/x", `%s is no file: an absolute path or one that starts with "~/" is needed`},
	} {
		shown := masked.Replace(row[1])
		message := "[send] endpoint: " + fmt.Sprintf(row[2], fmt.Sprintf("%q", shown))
		table = append(table, badManifest{row[0] + " " + row[1], []string{
			`headers   = {User-Agent = "mytool/{version}", X-Kind = "usage"}`, ``,
			`transport = "http"`, `transport = "` + row[0] + `"`,
			http, `‸endpoint = "` + row[1] + `"`,
		}, []string{message}})
	}
	testBad(t, append(table, []badManifest{
		{"empty", []string{http, `‸endpoint = ""`}, []string{"[send] endpoint is empty"}},
		{
			"of the deletions",
			[]string{`endpoint = "https://telemetry.mytool.example/v1/deletions"`, `‸endpoint = "http://mytool.example"`},
			[]string{`[forget] endpoint: "http://mytool.example" is not safe: it must be https, or http to this machine`},
		},
		{
			"of the deletions, with a token",
			[]string{`endpoint = "https://telemetry.mytool.example/v1/deletions"`, `‸endpoint = "http://mytool.example?token=SECRET"`},
			[]string{`[forget] endpoint: "http://mytool.example?token=********" is not safe: it must be https, or http to this machine`},
		},
	}...))
}

func TestBadSend(t *testing.T) {
	const headers = `headers   = {User-Agent = "mytool/{version}", X-Kind = "usage"}`
	const noKey = "[send] transport: one of write_key and write_key_env is needed"
	table := []badManifest{
		{"transport", []string{`transport = "http"`, `‸transport = "smtp"`}, []string{`[send] transport is "smtp", not one of http, udp, otlp, segment, file`}},
		{"signal", []string{`transport = "http"`, `transport = "otlp"`, headers, `‸signal = "metrics"`}, []string{`[send] signal is "metrics", not one of traces, logs`}},
		{"auth", []string{`transport = "http"`, `transport = "segment"`, headers, "‸auth = \"oauth\"\nwrite_key = \"k\""}, []string{`[send] auth is "oauth", not one of basic, body`}},
		{"no write key", []string{"[send]\ntransport = \"http\"", "[‸send]\ntransport = \"segment\"", headers, ""}, []string{noKey}},
		{"both write keys", []string{"transport = \"http\"", "transport = \"segment\"", headers, "write_key = \"k\"\n‸write_key_env = \"WRITE_KEY\""}, []string{"[send] write_key_env and write_key cannot be combined"}},
		{"write_key_env", []string{`transport = "http"`, `transport = "segment"`, headers, `‸write_key_env = "A-B"`}, []string{`[send] write_key_env is "A-B", not the name of an environment variable`}},
		{"write_key_env of another secret", []string{`transport = "http"`, `transport = "segment"`, headers, `‸write_key_env = "AWS_SECRET_ACCESS_KEY"`}, []string{`[send] write_key_env is "AWS_SECRET_ACCESS_KEY", which is not for a write key: WRITE_KEY or SEGMENT must be in its name`}},
		{"header of a field that is not there", []string{headers, `headers = {‸X-V = "{version}/{nope}"}`}, []string{`the HTTP header X-V names the field "nope", which is not declared`}},
		{"header of no field", []string{headers, `headers = {‸X-V = "{}"}`}, []string{`the HTTP header X-V names the field "", which is not declared`}},
		{"header twice", []string{headers, `headers = {X-V = "1", ‸x-v = "2"}`}, []string{"the HTTP header x-v is set twice"}},
		{"header in a table", []string{headers, "[send.headers]\n‸Host = \"x\""}, []string{"the HTTP header Host cannot be set"}},
		{"dotted header", []string{headers, "headers.X-A = \"1\"\nheaders.‸TE = \"x\""}, []string{"the HTTP header TE cannot be set"}},
	}
	for _, name := range []string{"Connection", "Content-Encoding", "CONTENT-LENGTH", "host", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		table = append(table, badManifest{name, []string{headers, `headers = {‸` + name + ` = "x"}`}, []string{"the HTTP header " + name + " cannot be set"}})
	}
	for _, name := range []string{"", "a b", "a:b", `a\r\nb`, "ä", "\u212A"} {
		quoted := strings.ReplaceAll(fmt.Sprintf("%q", name), `\\`, `\`)
		table = append(table, badManifest{"header named " + quoted, []string{headers, `headers = {‸"` + name + `" = "x"}`}, []string{quoted + " is no name of an HTTP header"}})
	}
	for _, value := range []string{`a\r\nX-B: c`, `a\nb`, `\u0000`, `\u007f`} {
		table = append(table, badManifest{"header " + value, []string{headers, `headers = {‸X-A = "` + value + `"}`}, []string{"the HTTP header X-A holds a control character"}})
	}
	testBad(t, table)
}

func TestBadForget(t *testing.T) {
	const forget = "method   = \"http\"\nendpoint = \"https://telemetry.mytool.example/v1/deletions\""
	table := []badManifest{
		{"method", []string{forget, `‸method = "fax"`}, []string{`[forget] method is "fax", not one of none, http, mail, event`}},
		{"no mail", []string{"[forget]\n" + forget, "[‸forget]\nmethod = \"mail\""}, []string{"[forget] mail is missing"}},
		{"no event", []string{"[forget]\n" + forget, "[‸forget]\nmethod = \"event\""}, []string{"[forget] event is missing"}},
		{"event without the ID", []string{forget, "method = \"event\"\n‸event = \"run.end\"", `from    = "identity.source"`, `from    = "run.id"`}, []string{`[forget] event names the event "run.end", which has no field from "identity.source"`}},
		{"unknown event", []string{forget, "method = \"event\"\n‸event = \"run.stop\""}, []string{`[forget] event names the event "run.stop", which is not declared`}},
	}
	for _, mail := range []string{"privacy", "@t.example", "privacy@", "a b@t.example", "a@t.example?bcc=b@x.example", "a@t.example,b@x.example", "<a@t.example>"} {
		table = append(table, badManifest{
			"mail " + mail,
			[]string{forget, "method = \"mail\"\n‸mail = \"" + mail + `"`},
			[]string{fmt.Sprintf("[forget] mail is %q, not a mail address", mail)},
		})
	}
	testBad(t, table)
}

func TestBadExec(t *testing.T) {
	testBad(t, []badManifest{
		{"unknown start", []string{`start     = "run.start"`, `‸start = "run"`}, []string{`[exec] start names the event "run", which is not declared; did you mean "run.start"?`}},
		{"unknown end", []string{`end       = "run.end"`, `‸end = "stop"`}, []string{`[exec] end names the event "stop", which is not declared`}},
		{"unknown exit_code", []string{`exit_code = "exit_code"`, `‸exit_code = "status"`}, []string{`[exec] exit_code names the field "status", which is not declared; did you mean "exit_code"?`}},
		{"unknown duration", []string{`duration  = "duration"`, `‸duration = "seconds"`}, []string{`[exec] duration names the field "seconds", which is not declared; did you mean "duration"?`}},
		{
			"exit_code of another type",
			[]string{`exit_code = "exit_code"`, `‸exit_code = "duration"`},
			[]string{`[exec] exit_code names the field "duration", which does not take it: it must come from the caller, belong to "run.end" and be of type int`},
		},
		{
			"duration of another type",
			[]string{`duration  = "duration"`, `‸duration = "features"`},
			[]string{`[exec] duration names the field "features", which does not take it: it must come from the caller, belong to "run.end" and be of type int, float`},
		},
		{
			"signal of another type",
			[]string{`duration  = "duration"`, "duration = \"duration\"\n‸signal = \"duration\""},
			[]string{`[exec] signal names the field "duration", which does not take it: it must come from the caller, belong to "run.end" and be of type string, int`},
		},
		{
			"exit_code of another event",
			[]string{`events   = ["run.end"]`, `events = ["run.start"]`, `exit_code = "exit_code"`, `‸exit_code = "exit_code"`},
			[]string{`[exec] exit_code names the field "exit_code", which does not take it: it must come from the caller, belong to "run.end" and be of type int`},
		},
		{
			"exit_code of another source",
			[]string{`exit_code = "exit_code"`, `‸exit_code = "at"`},
			[]string{`[exec] exit_code names the field "at", which does not take it: it must come from the caller, belong to "run.end" and be of type int`},
		},
	})
}

func TestBadEvents(t *testing.T) {
	table := []badManifest{
		{
			"twice",
			[]string{`name = "run.start"`, `name = "run.end"`, `name  = "run.end"`, `‸name = "run.end"`, `start     = "run.start"`, `start = "run.end"`},
			[]string{`event "run.end" is declared twice`},
		},
		{"level 0", []string{"level = 2\n", "‸level = 0\n"}, []string{"[event] level is 0, not from 1 to 3"}},
		{"level 4", []string{"level = 2\n", "‸level = 4\n"}, []string{"[event] level is 4, not from 1 to 3"}},
	}
	for _, name := range []string{"-x", " x", "x ", "ä", `a\nb`, strings.Repeat("x", 129)} {
		quoted := manifest.Quote(strings.ReplaceAll(name, `\n`, "\n"))
		last := ""
		if strings.HasSuffix(name, " ") {
			last = ", and the last no space"
		}
		table = append(table, badManifest{
			"name " + name,
			[]string{"[[event]]\nname = ", "[[event]]\n‸name = \"" + name + "\"\n[[event]]\nname = "},
			[]string{"event name " + quoted + ` is not valid: it takes up to 128 printable ASCII characters, the first neither a space nor "-"` + last},
		})
	}
	testBad(t, table)
}

func TestBadFields(t *testing.T) {
	number := `type    = "float"`
	text := `type    = "strings"`
	constant := `value   = {b = [1.0, 2], a = "x"}`
	testBad(t, []badManifest{
		{
			"name",
			[]string{`name    = "features"`, `‸name = "-features"`},
			[]string{`field name "-features" is not valid: it takes up to 128 of a-z, A-Z, 0-9, ".", "_" and "-", the first not "-"`},
		},
		{"two of one name", []string{`name    = "source"`, `‸name = "version"`}, []string{`field "version" is declared twice`}},
		{
			"three of one name",
			[]string{`name    = "source"`, `‸name = "version"`, `name    = "at"`, `‸name = "version"`},
			[]string{`field "version" is declared twice`, `field "version" is declared twice`},
		},
		{"undeclared event", []string{`events   = ["run.end"]`, `events = ["run.end", ‸"run.stop"]`}, []string{`field "exit_code" names the event "run.stop", which is not declared`}},
		{"no events", []string{`events   = ["run.end"]`, `‸events = []`, `exit_code = "exit_code"`, ``}, []string{"[field] events is empty: the field would never be sent"}},
		{"level 4", []string{`level    = 1`, `‸level = 4`}, []string{"[field] level is 4, not from 1 to 3"}},
		{"level -1", []string{`level    = 1`, `‸level = -1`}, []string{"[field] level is -1, not from 1 to 3"}},
		{"type", []string{number, `‸type = "number"`, "default = 0\n", "", `duration  = "duration"`, ``}, []string{`[field] type is "number", not one of string, int, float, bool, strings, json; did you mean "float"?`}},
		{"source", []string{`from    = "tool.version"`, "‸from = \"host.name\"\ntype = \"string\""}, []string{`[field] from is "host.name", which is no source (did you mean "host.name_hash"?); the sources are ` + sources()}},
		{"variable as a source", []string{`from    = "tool.version"`, "‸from = \"env.HOME\"\ntype = \"string\""}, []string{`[field] from is "env.HOME", which is no source; the sources are ` + sources()}},
		{"file as a source", []string{`from    = "tool.version"`, "‸from = \"file:~/.netrc\"\ntype = \"string\""}, []string{`[field] from is "file:~/.netrc", which is no source; the sources are ` + sources()}},
		{"argument as a source", []string{`from    = "tool.version"`, "‸from = \"args\"\ntype = \"string\""}, []string{`[field] from is "args", which is no source; the sources are ` + sources()}},
		{"empty source", []string{`from    = "tool.version"`, "‸from = \"\"\ntype = \"string\""}, []string{`[field] from is "", which is no source; the sources are ` + sources()}},
		{"type against the source", []string{`from    = "tool.version"`, "‸type = \"int\"\nfrom = \"tool.version\""}, []string{"[field] type is int, but tool.version gives a string"}},
		{"type against the format", []string{`format  = "unix"`, "‸type = \"string\"\nformat = \"unix\""}, []string{"[field] type is string, but time.now gives an int"}},
		{"type against a level", []string{`from    = "tool.version"`, "‸type = \"float\"\nfrom = \"consent.level\""}, []string{"[field] type is float, but consent.level gives an int"}},

		{"min above max", []string{`min      = 0`, `‸min = 256`}, []string{"[field] min is more than max"}},
		{"min nan", []string{`min      = 0`, `‸min = nan`}, []string{"[field] min is NaN, which is no bound: it must be finite and, if an integer, not beyond ±2^53"}},
		{"max inf", []string{`max      = 255`, `‸max = inf`}, []string{"[field] max is +Inf, which is no bound: it must be finite and, if an integer, not beyond ±2^53"}},
		{
			"max that a float64 cannot hold",
			[]string{`max      = 255`, `‸max = 9007199254740993`},
			[]string{"[field] max is 9007199254740993, which is no bound: it must be finite and, if an integer, not beyond ±2^53"},
		},
		{"min on strings", []string{text, text + "\n‸min = 1"}, []string{"[field] min does not go with the type strings"}},
		{"max on a string", []string{`from    = "tool.version"`, "type = \"string\"\n‸max = 1"}, []string{"[field] max does not go with the type string"}},
		{"enum on a float", []string{number, number + "\n‸enum = [1.5]", "default = 0\n", ""}, []string{"[field] enum does not go with the type float"}},
		{"pattern on a float", []string{number, number + "\n‸pattern = \"x\""}, []string{"[field] pattern does not go with the type float"}},
		{"max_len on a float", []string{number, number + "\n‸max_len = 3"}, []string{"[field] max_len does not go with the type float"}},
		{"max_len too large", []string{`max_len = 8`, `‸max_len = 32769`}, []string{"[field] max_len is 32769, not from 1 to 32768"}},
		{"enum of another type", []string{`["sort", "merge"]`, `["sort", ‸2]`}, []string{"[field] enum holds an integer, which does not go with the type strings"}},
		{"enum of an int", []string{`min      = 0`, `enum = [1, ‸"2"]`}, []string{"[field] enum holds a string, which does not go with the type int"}},
		{"empty enum", []string{`enum    = ["sort", "merge"]`, `‸enum = []`}, []string{"[field] enum is empty: no value would be allowed"}},
		{"pattern", []string{`pattern = "[a-z]+"`, `‸pattern = "[a-z"`}, []string{"[field] pattern: error parsing regexp: missing closing ]: `[a-z`"}},
		{"pattern that breaks out", []string{`pattern = "[a-z]+"`, `‸pattern = "a)|(?:b"`}, []string{"[field] pattern: error parsing regexp: unexpected ): `a)|(?:b`"}},

		{"default of another type", []string{"default = 0\n", "‸default = \"0\"\n"}, []string{`[field] default: "\"0\"" is a string, not a float`}},
		{"default above max", []string{"default = 0\n", "‸default = 2\nmax = 1\n"}, []string{"[field] default: 2.0 is more than 1"}},
		{"default not in enum", []string{`max_len = 8`, "max_len = 8\n‸default = [\"sort\", \"split\"]"}, []string{`[field] default: "split" is not one of sort, merge`}},
		{"default too long", []string{`max_len = 8`, "max_len = 3\n‸default = [\"sort\"]"}, []string{`[field] default: "sort" has 4 characters, more than 3`}},
		{"default and required", []string{"default = 0\n", "‸default = 0\nrequired = true\n"}, []string{"[field] default does not go with required = true"}},
		{"default nan", []string{"default = 0\n", "‸default = nan\n"}, []string{"[field] default: NaN is no JSON number"}},

		{"const of another type", []string{constant, "type = \"int\"\n‸value = 1.5"}, []string{`[field] value: "1.5" is no int`}},
		{"const of bad JSON", []string{constant, "type = \"json\"\n‸value = '{\"a\":1,\"a\":2}'"}, []string{`[field] value: "{\"a\":1,\"a\":2}" is no JSON: the name "a" is given twice`}},
		{"const date", []string{constant, "‸value = 2026-11-21"}, []string{"[field] value: 2026-11-21 is a date or time, which a payload cannot hold"}},
		{"const with a date", []string{constant, "‸value = [{a = 2026-11-21}]"}, []string{"[field] value: 2026-11-21 is a date or time, which a payload cannot hold"}},
		{
			"const too deep",
			[]string{constant, "‸value = " + strings.Repeat("[", 33) + strings.Repeat("]", 33)},
			[]string{`[field] value: "` + strings.Repeat("[", 33) + strings.Repeat("]", 27) + `"… (66 bytes) is nested deeper than 32`},
		},

		{"format of a caller", []string{number, number + "\n‸format = \"unix\""}, []string{`[field] format does not go with from = "caller"`}},
		{"format", []string{`format  = "unix"`, `‸format = "iso"`}, []string{`[field] format is "iso", not one of rfc3339, unix, unix_float; did you mean "rfc3339"?`}},
		{"length of a caller", []string{number, number + "\n‸length = 3"}, []string{`[field] length does not go with from = "caller"`}},
		{"length 0", []string{`length  = 10`, `‸length = 0`}, []string{"[field] length is 0, not from 1 to 64"}},
		{"length 65", []string{`length  = 10`, `‸length = 65`}, []string{"[field] length is 65, not from 1 to 64"}},
		{"value of a caller", []string{number, number + "\n‸value = 3"}, []string{`[field] value does not go with from = "caller"`}},
		{"required host fact", []string{`length  = 10`, `‸required = true`}, []string{`[field] required does not go with from = "host.user_hash"`}},
		{"default of a fact", []string{`length  = 10`, `‸default = "x"`}, []string{`[field] default does not go with from = "host.user_hash"`}},
		{"also of a fact", []string{`length  = 10`, `‸also = ["null"]`}, []string{`[field] also does not go with from = "host.user_hash"`}},
		{"also that is no JSON", []string{number, number + "\n" + `also = ["null", ‸"unknown"]`}, []string{`[field] also: "unknown" is no JSON: invalid character 'u' looking for beginning of value`}},
		{"empty also", []string{number, number + "\n‸also = []"}, []string{"[field] also is empty"}},
		{"otherwise of a float", []string{number, number + "\n‸otherwise = \"0\""}, []string{"[field] otherwise does not go with the type float"}},
		{"otherwise that does not fit", []string{number, "type = \"string\"\nenum = [\"a\", \"b\"]\n‸otherwise = \"c\"", "default = 0\n", "", `duration  = "duration"`, ``}, []string{`[field] otherwise: "c" is not one of a, b`}},
		{"empty otherwise", []string{number, "type = \"string\"\n‸otherwise = \"\"", "default = 0\n", "", `duration  = "duration"`, ``}, []string{"[field] otherwise is empty"}},
		{"missing of a fact that is always there", []string{`from    = "tool.version"`, "from = \"tool.version\"\n‸missing = \"null\""}, []string{`[field] missing does not go with from = "tool.version"`}},
		{"missing", []string{`length  = 10`, `‸missing = "none"`}, []string{`[field] missing is "none", not one of word, null, omit; did you mean "null"?`}},
		{"instead of what is not there", []string{`from    = "tool.version"`, "from = \"run.id\"\n‸instead_of = \"nobody\"", `{version}`, ``}, []string{`[field] instead_of names the field "nobody", which is not declared`}},
		{"instead of what is always there", []string{`from    = "tool.version"`, "from = \"run.id\"\n‸instead_of = \"shape\"", `{version}`, ``}, []string{`[field] instead_of names the field "shape", which is never missing: it is from "const"`}},
		{"instead of a word", []string{`from    = "tool.version"`, "from = \"run.id\"\ninstead_of = \"source\"\n‸missing = \"word\"", `{version}`, ``}, []string{`[field] missing = "word" does not go with instead_of`}},
		{"instead of a field of other events", []string{`from    = "tool.version"`, "from = \"event.id\"\n‸instead_of = \"source\"", `from    = "identity.source"`, "from = \"identity.source\"\nevents = [\"run.end\"]", `{version}`, ``}, []string{`[field] instead_of names the field "source", which does not belong to all events of "version"`}},
		{"instead of, of a caller", []string{number, number + "\n‸instead_of = \"source\""}, []string{`[field] instead_of does not go with from = "caller"`}},
		{"enum of a const", []string{constant, "value = \"x\"\n‸enum = [\"x\"]"}, []string{`[field] enum does not go with from = "const"`}},
	})
}

func sources() string {
	var words []string
	for _, s := range manifest.Sources() {
		words = append(words, string(s))
	}
	return strings.Join(words, ", ")
}

func TestBadKeys(t *testing.T) {
	duration := "name    = \"duration\"\n"
	version := "name    = \"version\"\n"
	testBad(t, []badManifest{
		{"same", []string{duration, duration + "‸key = \"/context/exit_code\"\n"}, []string{`fields "exit_code" and "duration" have the same key /context/exit_code`}},
		{"same, spelled otherwise", []string{duration, duration + "key = \"/version\"\n", version, "‸" + version}, []string{`fields "duration" and "version" have the same key /version`}},
		{
			"inside a scalar",
			[]string{duration, duration + "‸key = \"/context/exit_code/seconds\"\n"},
			[]string{`field "duration" at /context/exit_code/seconds would stand inside field "exit_code" at /context/exit_code, which is no object`},
		},
		{
			"around a scalar",
			[]string{duration, duration + "‸key = \"context\"\n", "key     = \"/context/a~1b~0c/0\"\n", ""},
			[]string{`field "exit_code" at /context/exit_code would stand inside field "duration" at /context, which is no object`},
		},
		{
			"inside a constant list",
			[]string{`value   = {b = [1.0, 2], a = "x"}`, `value = [1]`, version, version + "‸key = \"/shape/0\"\n"},
			[]string{`field "version" at /shape/0 would stand inside field "shape" at /shape, which is no object`},
		},
		{
			"index and name",
			[]string{duration, duration + "key = \"/list/0\"\n", version, version + "‸key = \"/list/first\"\n"},
			[]string{`fields "duration" at /list/0 and "version" at /list/first make one thing both a list and an object`},
		},
		{
			"index with a zero in front",
			[]string{duration, duration + "key = \"/list/0\"\n", version, version + "‸key = \"/list/01\"\n"},
			[]string{`[field] key: key "/list/01": "01" is no index: one is a number from 0 to 999 without a leading zero`},
		},
		{
			"index that is too large",
			[]string{duration, duration + "‸key = \"/list/1000\"\n"},
			[]string{`[field] key: key "/list/1000": "1000" is no index: one is a number from 0 to 999 without a leading zero`},
		},
		{
			"element of the document",
			[]string{duration, duration + "‸key = \"/0\"\n"},
			[]string{`[field] key: key "/0": the document is an object and has no elements; for a member of that name write "0"`},
		},
		{
			"gap",
			[]string{duration, duration + "key = \"/list/0\"\n", version, version + "‸key = \"/list/2/x\"\n"},
			[]string{`field "version" at /list/2/x: nothing is at /list/1, and the elements of a list are numbered from 0 without a gap`},
		},
		{
			"index in a constant object",
			[]string{version, version + "‸key = \"/shape/0\"\n"},
			[]string{`fields "shape" at /shape and "version" at /shape/0 make one thing both a list and an object`},
		},
		{"bad escape", []string{duration, duration + "‸key = \"/a~2b\"\n"}, []string{`[field] key: key "/a~2b": in a JSON Pointer "~" is written ~0 and "/" is written ~1`}},
		{"half an escape", []string{duration, duration + "‸key = \"/a~\"\n"}, []string{`[field] key: key "/a~": in a JSON Pointer "~" is written ~0 and "/" is written ~1`}},
		{"empty", []string{duration, duration + "‸key = \"\"\n"}, []string{"[field] key: a key cannot be empty"}},
		{"empty part", []string{duration, duration + "‸key = \"/a//b\"\n"}, []string{`[field] key: key "/a//b" has an empty part`}},
		{"too deep", []string{duration, duration + "‸key = \"" + strings.Repeat("/a", 33) + "\"\n"}, []string{"[field] key: a key with 33 parts is too deep: at most 32 are allowed"}},
	})
}

func TestKeyInsideConstantObject(t *testing.T) {
	text := edited(t, full, "name    = \"version\"\n", "name = \"version\"\nkey = \"/shape/version\"\n")
	if _, err := manifest.Parse("t.toml", []byte(text)); err != nil {
		t.Error(err)
	}
}

func TestBadSyntax(t *testing.T) {
	for text, want := range map[string]string{
		"schema = \n":                       "bad.toml:1:10: unexpected character U+000A at start of value",
		"schema = 1\n[tool\n":               "bad.toml:2:6: expected ']' to close table name",
		"schema = 1\nschema = 1\n":          "bad.toml:2:1: key schema is already defined",
		"schema = 1\n[tool]\n[tool]\n":      "bad.toml:3:2: table tool already exists",
		"schema = 1\n# \x00\n":              "bad.toml:2:3: control characters are not allowed in comments",
		"a = \"\x00\"\n":                    "bad.toml:1:6: basic strings cannot have control characters",
		"schema = 1\n\na = \"ab\xff\"\n":    "bad.toml:3:8: invalid UTF-8 character in basic string",
		"\x00":                              "bad.toml:1:1: invalid character at start of key: U+0000",
		"\xff":                              "bad.toml:1:1: invalid character at start of key: U+00FF 'ÿ'",
		"{\"schema\": 1}":                   "bad.toml:1:1: invalid character at start of key: U+007B '{'",
		"a = " + strings.Repeat("[", 2e4):   "bad.toml:1:10005: arrays and inline tables are nested more than the maximum of 10000 levels deep",
		"a = 123456789012345678901234567\n": "bad.toml:1:5: decimal number is too large to fit in a 64-bit signed integer",
	} {
		_, err := manifest.Parse("bad.toml", []byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%.40q:\n got %v\nwant %s", text, err, want)
		}
	}
}

// TestHostileSize holds that what is long and wrong is refused with messages that do not
// grow with it, up to the largest file that is read, and that a larger one is not.
func TestHostileSize(t *testing.T) {
	for name, part := range map[string][3]string{
		"dotted key":   {"", "a.", "a = 1\n"},
		"dotted table": {"[", "a.", "a]\n"},
		"array":        {"a = ", "[", ""},
		"inline table": {"a = ", "{a = ", ""},
		"fields":       {"", "[[field]]\n", ""},
		"twins":        {"", "[[field]]\nname = \"a\"\n", ""},
		"events":       {"", "[[event]]\n", ""},
		"name":         {"[tool]\nid = \"", "a", "\"\n"},
		"no text":      {"", "\x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := (manifest.MaxSize - len(part[0]) - len(part[2])) / len(part[1])
			file := filepath.Join(t.TempDir(), "bad.toml")
			text := part[0] + strings.Repeat(part[1], n) + part[2]
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := manifest.ReadFile(file); err == nil || errors.Is(err, statefile.ErrTooLarge) || len(err.Error()) > 64<<10 {
				t.Errorf("%.200v", err)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "large.toml")
	if err := os.WriteFile(file, bytes.Repeat([]byte("#"), manifest.MaxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := manifest.ReadFile(file); !errors.Is(err, statefile.ErrTooLarge) {
		t.Errorf("one byte more than is read: %v", err)
	}
}

// TestGrantByARefusal checks that a variable that people set to refuse cannot be a yes, whatever its value.
func TestGrantByARefusal(t *testing.T) {
	grant := func(name string) error {
		text := strings.Replace(full, `{env = "MYTOOL_TELEMETRY", when = "1"}`, fmt.Sprintf(`{env = %q, when = "1"}`, name), 1)
		_, err := manifest.Parse("mytool.toml", []byte(text))
		return err
	}
	for _, name := range []string{
		"DO_NOT_TRACK", "HOMEBREW_NO_ANALYTICS", "DOTNET_CLI_TELEMETRY_OPTOUT", "DISABLE_TELEMETRY", "MYTOOL_OPT_OUT", "MYTOOL_TELEMETRY_DISABLED",
		"MYTOOL_NOTRACK", "mytool_no_telemetry", "NEXT_TELEMETRY_DISABLE", "TELEMETRY_OFF", "SKIP_USAGE_REPORT", "GATSBY_DISABLETELEMETRY",
		"DONOTTRACK", "TELEMETRY_OPTED_OUT", "TELEMETRYOFF", "DECLINE_TELEMETRY", "TELEMETRY_BYPASS", "KILL_TELEMETRY",
	} {
		if err := grant(name); err == nil || !strings.Contains(err.Error(), "which people set to say no") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"MYTOOL_TELEMETRY", "FLWR_TELEMETRY_ENABLED", "PARSL_TRACKING", "MYTOOL_OPT_IN", "NOTICE_USAGE", "NANNYML_USAGE_LOGGING"} {
		if err := grant(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
