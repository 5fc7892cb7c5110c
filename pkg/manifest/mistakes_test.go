package manifest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestWordsThatAreMeant holds that a word which other formats have, or one that is
// misspelled, is answered with the word of a manifest.
func TestWordsThatAreMeant(t *testing.T) {
	for _, c := range []struct{ old, wrong, meant string }{
		{`type    = "float"`, `type = "double"`, "float"},
		{`type    = "float"`, `type = "integer"`, "int"},
		{`type    = "float"`, `type = "Float"`, "float"},
		{`type    = "float"`, `type = "flaot"`, "float"},
		{`type    = "float"`, `type = "boolean"`, "bool"},
		{`type    = "float"`, `type = "list"`, "strings"},
		{`type    = "float"`, `type = "object"`, "json"},
		{`from     = "caller"`, `from = "event.uuid"`, "event.id"},
		{`from     = "caller"`, `from = "uuid"`, "event.id"},
		{`from     = "caller"`, `from = "os"`, "host.os"},
		{`from     = "caller"`, `from = "timestamp"`, "time.now"},
		{`from     = "caller"`, `from = "constant"`, "const"},
		{`from     = "caller"`, `from = "version"`, "tool.version"},
		{`format  = "unix"`, `format = "epoch"`, "unix"},
		{`default = "opt-in"`, `default = "optin"`, "opt-in"},
		{`default = "opt-in"`, `default = "off"`, "opt-in"},
		{`kind = "random"`, `kind = "rand0m"`, "random"},
		{`transport = "http"`, `transport = "https"`, "http"},
		{`method   = "http"`, `method = "email"`, "mail"},
		{`purpose   = "Counts users`, `description   = "Counts users`, "purpose"},
		{`endpoint  = "https://telemetry.mytool.example/v1/event"`, `url = "https://h.example/"`, "endpoint"},
		{"events   = [\"run.end\"]", "events = [\"run.edn\"]", "run.end"},
		{`end       = "run.end"`, `end = "run.ends"`, "run.end"},
		{`exit_code = "exit_code"`, `exit_code = "exitcode"`, "exit_code"},
		{`User-Agent = "mytool/{version}"`, `User-Agent = "mytool/{versoin}"`, "version"},
		{"[identity]", "[identty]", "identity"},
		{"required = true", "requierd = true", "required"},
		{`max_len = 8`, `maxlength = 8`, "max_len"},
	} {
		_, err := manifest.Parse("t.toml", []byte(edited(t, full, c.old, c.wrong)))
		var all manifest.Errors
		if !errors.As(err, &all) || len(all) != 1 || !strings.Contains(all[0].Msg, `did you mean "`+c.meant+`"?`) {
			t.Errorf("%s: %v, want one mistake and %s", c.wrong, err, c.meant)
		}
	}
}

// TestCausesOnly holds that what is wrong only because something else is does not hide it.
func TestCausesOnly(t *testing.T) {
	for name, c := range map[string]struct {
		edits []string
		want  []string
	}{
		"a type, and what goes with it": {
			[]string{`type     = "int"`, `type = "integer"`},
			[]string{`[field] type is "integer", not one of`},
		},
		"a source, and what goes with it": {
			[]string{"from    = \"time.now\"", "from = \"time\""},
			[]string{`[field] from is "time", which is no source`},
		},
		"a format, and the type": {
			[]string{`format  = "unix"`, "type = \"int\"\nformat = \"epoch\""},
			[]string{`[field] format is "epoch"`},
		},
		"a transport, its keys and its endpoint": {
			[]string{`transport = "http"`, `transport = "htttp"`, `endpoint  = "https://telemetry`, `endpoint = "telemetry`},
			[]string{`[send] transport is "htttp"`},
		},
		"a table, and all that it lacks": {
			[]string{"[tool]", "[tol]"},
			[]string{`unknown key tol (did you mean "tool"?)`},
		},
		"the list of events, and their names": {
			[]string{"[[event]]", "[[events]]"},
			[]string{`unknown key events (did you mean "event"?)`},
		},
		"the list of fields, and their names": {
			[]string{"[[field]]", "[[fields]]"},
			[]string{`unknown key fields (did you mean "field"?)`},
		},
		"the name of an event, and who names it": {
			[]string{"[[event]]\nname  = \"run.end\"", "[[event]]\nname = 1"},
			[]string{"[event] name is an integer, not a string"},
		},
		"the levels, and who has a higher one": {
			[]string{`levels  = ["basic", "configuration", "execution"]`, `levels = "basic"`},
			[]string{"[consent] levels is a string, not a list of strings"},
		},
		"two that have nothing to do with each other": {
			[]string{`type     = "int"`, `type = "integer"`, `kind = "random"`, `kind = "mac"`},
			[]string{`[identity] kind is "mac"`, `[field] type is "integer"`},
		},
	} {
		text := full
		for i := 0; i < len(c.edits); i += 2 {
			if !strings.Contains(text, c.edits[i]) {
				t.Fatalf("%s: there is no %q", name, c.edits[i])
			}
			text = strings.ReplaceAll(text, c.edits[i], c.edits[i+1])
		}
		_, err := manifest.Parse("t.toml", []byte(text))
		var all manifest.Errors
		if !errors.As(err, &all) || len(all) != len(c.want) {
			t.Errorf("%s:\n%v", name, err)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(all[i].Msg, want) {
				t.Errorf("%s: %s, want %s", name, all[i].Msg, want)
			}
		}
	}
}

// TestSchemaFirst holds that the schema is the first key of a manifest.
func TestSchemaFirst(t *testing.T) {
	rest := strings.TrimPrefix(full, "schema = 1\n")
	for text, ok := range map[string]bool{
		"# A comment.\n\nschema = 1\n":     true,
		"\"schema\" = 1\n":                 true,
		"exec.start = \"a\"\nschema = 1\n": false,
		"exec = {}\n\nschema = 1\n":        false,
	} {
		if !ok {
			rest = strings.Replace(rest, "[exec]", "[tool.exec]", 1)
		}
		_, err := manifest.Parse("t.toml", []byte(text+rest))
		if said := err != nil && strings.Contains(err.Error(), ": schema has to come first"); said == ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestHeadersOfTheConnection holds that a manifest sets no header that is about the
// connection or that the transport writes.
func TestHeadersOfTheConnection(t *testing.T) {
	for _, name := range strings.Fields("Host Connection Keep-Alive Proxy-Connection PROXY-CONNECTION Transfer-Encoding Content-Length Upgrade TE Trailer Expect") {
		_, err := manifest.Parse("t.toml", []byte(edited(t, full, `X-Kind = "usage"`, name+` = "x"`)))
		if err == nil || !strings.Contains(err.Error(), "the HTTP header "+name+" cannot be set") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPlacesThatAreRead holds that a field is refused which its transport would not send.
func TestPlacesThatAreRead(t *testing.T) {
	const segment, traces, logs = `"segment"
write_key = "k"`, `"otlp"`, `"otlp"
signal = "logs"`
	for _, c := range []struct {
		transport, key, typ string
		read                bool
	}{
		{segment, "/event", "string", true},
		{segment, "event", "string", true},
		{segment, "/userId", "string", true},
		{segment, "/anonymousId", "string", true},
		{segment, "/properties/a", "int", true},
		{segment, "/properties/a/b", "int", true},
		{segment, "/properties", "json", true},
		{segment, "/properties", "string", false},
		{segment, "/context/app/name", "string", true},
		{segment, "/userId/x", "string", false},
		{segment, "/timestamp", "string", false},
		{segment, "/messageId", "string", false},
		{segment, "elsewhere", "string", false},
		{segment, "/elsewhere/x", "json", false},
		{traces, "/name", "string", true},
		{traces, "/start", "float", true},
		{traces, "/end", "float", true},
		{traces, "/status", "string", true},
		{traces, "/status/code", "int", false},
		{traces, "/resource/service.name", "string", true},
		{traces, "/attributes/a/b", "int", true},
		{traces, "/attributes", "json", true},
		{traces, "/attributes", "strings", false},
		{traces, "/events/0/name", "string", true},
		{traces, "/events/0/time", "float", true},
		{traces, "/events/0/attributes/x", "string", true},
		{traces, "/events/0/attributes", "json", true},
		{traces, "/events/0/severity", "string", false},
		{traces, "/events/name", "string", false},
		{traces, "/events", "json", true},
		{traces, "/events/0", "json", true},
		{traces, "/links", "json", false},
		{traces, "/elsewhere/x", "string", false},
		{logs, "/name", "string", true},
		{logs, "/end", "float", true},
		{logs, "/attributes/x", "string", true},
		{logs, "/start", "float", false},
		{logs, "/status", "string", false},
		{logs, "/events/0/name", "string", false},
		{`"http"`, "/elsewhere/x", "string", true},
	} {
		text := "schema = 1\ntool = {id = \"t\", purpose = \"p\"}\n[send]\nendpoint = \"https://h.example/\"\ntransport = " + c.transport +
			"\n[[event]]\nname = \"e\"\n[[field]]\nname = \"f\"\npurpose = \"p\"\ntype = \"" + c.typ + "\"\nkey = \"" + c.key + "\"\n"
		_, err := manifest.Parse("t.toml", []byte(text))
		refused := err != nil && strings.Contains(err.Error(), `field "f" at `) && strings.Contains(err.Error(), " would not be sent: ")
		if err == nil != c.read || refused == c.read {
			t.Errorf("%s %s: %v, want read %v", c.transport, c.key, err, c.read)
		}
	}
}
