package manifest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestLikelyMistakes holds what an author reads after a mistake that is likely: the cause,
// first and in full, and nothing that follows from it.
func TestLikelyMistakes(t *testing.T) {
	const (
		rule    = `{env = "MYTOOL_NO_TELEMETRY", when = "present"}`
		root    = "; known here: consent, event, exec, field, forget, identity, schema, send, tool"
		inField = "; known here: " + fieldKeys
		types   = ", not one of string, int, float, bool, strings, json"
		moves   = ", not one of http, udp, otlp, segment, file"
		version = `from    = "tool.version"`
		whole   = "method   = \"http\"\nendpoint = \"https://telemetry.mytool.example/v1/deletions\""
	)
	source := func(wrong, meant string) string {
		return `[field] from is "` + wrong + `", which is no source (did you mean "` + meant + `"?); the sources are ` + sources()
	}
	for _, c := range []struct{ old, wrong, want string }{
		// The whole file, and its tables.
		{"schema = 1\n", "schema = 9\nhooks = true\n", "schema is 9, and this version of usagectl reads schema 1: a newer version is needed"},
		{"schema = 1\n", "version = 1\n", `unknown key version (did you mean "schema"?)` + root},
		{"schema = 1\n", "", "schema is missing"},
		{"[tool]", "[package]", `unknown key package (did you mean "tool"?)` + root},
		{"[tool]", "[[tool]]", "tool is a list, not a table"},
		{"[send]", "[transport]", `unknown key transport (did you mean "send"?)` + root},
		{"[forget]", "[deletion]", `unknown key deletion (did you mean "forget"?)` + root},
		{"[consent]", "[privacy]", `unknown key privacy (did you mean "consent"?)` + root},
		{"[[field]]", "[[fields]]", `unknown key fields (did you mean "field"?)` + root},
		{"[[field]]\nname    = \"source\"", "[[fields]]\nname = \"source\"", `unknown key fields (did you mean "field", which is here too?)` + root},
		{"[[event]]\nname  = \"run.end\"", "[[events]]\nname = \"run.end\"", `unknown key events (did you mean "event", which is here too?)` + root},
		{"[[event]]\nname = \"run.start\"\n\n[[event]]\nname  = \"run.end\"\nlevel = 2", "[event]\nname = \"run.end\"", "event is a table, not a list of tables: write [[event]]"},

		// How a tool asks.
		{rule, `{variable = "MYTOOL_NO_TELEMETRY", when = "present"}`, `unknown key [consent.refuse] variable (did you mean "env"?); known here: env, unless, when`},
		{rule, `{variables = ["MYTOOL_NO_TELEMETRY"], when = "present"}`, `unknown key [consent.refuse] variables (did you mean "env"?); known here: env, unless, when`},
		{rule, `{var = "MYTOOL_NO_TELEMETRY", when = "present"}`, `unknown key [consent.refuse] var (did you mean "env"?); known here: env, unless, when`},
		{rule, `{env = "MYTOOL_NO_TELEMETRY", value = "1"}`, `unknown key [consent.refuse] value (did you mean "when"?); known here: env, unless, when`},
		{"refuse  = [ " + rule + ",\n            {env = \"MYTOOL_TELEMETRY\", unless = \"1\"} ]", `variables = ["MYTOOL_NO_TELEMETRY"]`, `unknown key [consent] variables (did you mean "refuse"?); known here: default, dotenv, grant, levels, refuse`},
		{`levels  = ["basic"`, `level  = ["basic"`, `unknown key [consent] level (did you mean "levels"?); known here: default, dotenv, grant, levels, refuse`},
		{`levels  = ["basic", "configuration", "execution"]`, `levels = 3`, "[consent] levels is an integer, not a list of strings"},
		{`default = "opt-in"`, `default = true`, `[consent] default is true, not one of opt-in, opt-out; did you mean "opt-out"?`},
		{`default = "opt-in"`, `default = "ask"`, `[consent] default is "ask", not one of opt-in, opt-out; did you mean "opt-in"?`},
		{`kind = "random"`, `kind = "uuid4"`, `[identity] kind is "uuid4", not one of random, none; did you mean "random"?`},
		{`kind = "random"`, `kind = "off"`, `[identity] kind is "off", not one of random, none; did you mean "none"?`},
		{`path = "~/.mytool/source"`, `file = "~/.mytool/source"`, `unknown key [identity] file (did you mean "path"?); known here: env, kind, path`},

		// Where it goes.
		{`transport = "http"`, `transport = "otel"`, `[send] transport is "otel"` + moves + `; did you mean "otlp"?`},
		{`transport = "http"`, `transport = "opentelemetry"`, `[send] transport is "opentelemetry"` + moves + `; did you mean "otlp"?`},
		{`transport = "http"`, `transport = "otlp-http"`, `[send] transport is "otlp-http"` + moves + `; did you mean "otlp"?`},
		{`transport = "http"`, `transport = "jsonl"`, `[send] transport is "jsonl"` + moves + `; did you mean "file"?`},
		{`transport = "http"`, `transport = "rudderstack"`, `[send] transport is "rudderstack"` + moves + `; did you mean "segment"?`},
		{`transport = "http"`, `transport = "otlp"`, `[send] headers goes with transport = "http", not with "otlp"`},
		{`endpoint  = "https://telemetry.mytool.example/v1/event"`, `url = "https://telemetry.mytool.example/"`, `unknown key [send] url (did you mean "endpoint"?); known here: endpoint, headers, transport`},
		{"transport = \"http\"\nendpoint  = \"https://telemetry.mytool.example/v1/event\"\nheaders   = {User-Agent = \"mytool/{version}\", X-Kind = \"usage\"}", "transport = \"udp\"\nendpoint = \"t.example:1\"\nsignal = \"logs\"", `[send] signal goes with transport = "otlp", not with "udp"`},
		{whole, `method = "delete"`, `[forget] method is "delete", not one of none, http, mail, event; did you mean "http"?`},
		{whole, `mail = "a@mytool.example"`, `[forget] mail goes with method = "mail", and there is no method`},
		{whole, "method = \"mail\"\nemail = \"a@mytool.example\"", `unknown key [forget] email (did you mean "mail"?); known here: mail, method`},

		// Fields.
		{`type     = "int"`, `type = "integer"`, `[field] type is "integer"` + types + `; did you mean "int"?`},
		{`type     = "int"`, `type = "int64"`, `[field] type is "int64"` + types + `; did you mean "int"?`},
		{`type     = "int"`, `type = "number"`, `[field] type is "number"` + types + `; did you mean "float"?`},
		{`type     = "int"`, `type = "boolean"`, `[field] type is "boolean"` + types + `; did you mean "bool"?`},
		{`type     = "int"`, `type = "str"`, `[field] type is "str"` + types + `; did you mean "string"?`},
		{`type     = "int"`, `type = "string[]"`, `[field] type is "string[]"` + types + `; did you mean "strings"?`},
		{`type     = "int"`, `type = int`, `expected keyword "inf": a text needs quotes: "int"`},
		{`required = true`, `required = True`, `unexpected character U+0054 'T' at start of value: write true`},
		{`required = true`, `mandatory = true`, `unknown key [field] mandatory (did you mean "required"?)` + inField},
		{`name     = "exit_code"`, `id = "exit_code"`, `unknown key [field] id (did you mean "name"?)` + inField},
		{`from     = "caller"`, `source = "caller"`, `unknown key [field] source (did you mean "from"?)` + inField},
		{`level    = 1`, `level = "configuration"`, `[field] level is "configuration", not the number of a level: that of "configuration" is 2`},
		{version, `from = "host.cpu"`, source("host.cpu", "host.cpu_count")},
		{version, `from = "host.memory"`, source("host.memory", "host.memory_gib")},
		{version, `from = "host.hostname"`, source("host.hostname", "host.name_hash")},
		{version, `from = "cpu_count"`, source("cpu_count", "host.cpu_count")},
		{version, `from = "session"`, source("session", "run.id")},
		{`format  = "unix"`, `format = "unix_ms"`, `[field] format is "unix_ms", not one of rfc3339, unix, unix_float; did you mean "unix_float"?`},
		{`length  = 10`, `missing = "skip"`, `[field] missing is "skip", not one of word, null, omit; did you mean "omit"?`},
	} {
		text := strings.ReplaceAll(full, c.old, c.wrong)
		if text == full {
			t.Fatalf("there is no %q", c.old)
		}
		_, err := manifest.Parse("t.toml", []byte(text))
		var all manifest.Errors
		if !errors.As(err, &all) || len(all) != 1 || all[0].Msg != c.want {
			t.Errorf("%s:\n got %v\nwant only %s", c.wrong, err, c.want)
		}
	}
}

// TestUnknownBeforeMissing holds that a key which nobody knows is shown before what its
// table lacks, for it may be meant for that.
func TestUnknownBeforeMissing(t *testing.T) {
	for _, c := range []struct{ old, wrong, first, second string }{
		{`{env = "MYTOOL_NO_TELEMETRY", when = "present"}`, `{name_of_it = "MYTOOL_NO_TELEMETRY", when = "present"}`, "unknown key [consent.refuse] name_of_it", "[consent.refuse] env is missing"},
		{"[tool]", "[about]", "unknown key about", "[tool] purpose is missing"},
	} {
		_, err := manifest.Parse("t.toml", []byte(edited(t, full, c.old, c.wrong)))
		var all manifest.Errors
		if !errors.As(err, &all) || len(all) < 2 || !strings.HasPrefix(all[0].Msg, c.first) || all[1].Msg != c.second {
			t.Errorf("%s: %v", c.wrong, err)
		}
	}
}
