package sendertest

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// Nowhere is an address at which nobody listens.
const Nowhere = "http://127.0.0.1:9"

// Source IDs, of the tool that is tested and of others.
const (
	SampleID = "3f2b8c1e-9d4a-4f6b-8a27-0c5d1e9b7f60"
	OtherID  = "9b7f60aa-0c5d-4e1e-8a27-3f2b8c1e9d4a"
)

// Parse reads a manifest.
func Parse(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("test.toml", []byte(text))
	Must(t, err)
	return m
}

// Tool is a tool that sends to an address and is forgotten in a way.
func Tool(t testing.TB, id, address, forget string) *manifest.Manifest {
	t.Helper()
	return Parse(t, `schema = 1
tool = {id = "`+id+`", name = "Tool `+id+`", purpose = "A test.", contact = "privacy@`+id+`.example"}
send = {transport = "http", endpoint = "`+address+`/v1"}
event = [{name = "run"}, {name = "forget"}]
field = [{name = "source", from = "identity.source", purpose = "p"}]
forget = {`+forget+`}
`)
}

// ByHTTP is how a tool at an address is asked to forget somebody.
func ByHTTP(address string) string {
	return `method = "http", endpoint = "` + address + `/deletions"`
}

// ByEvent is the manifest of a tool whose deletion request is an event. It declares a
// field from every source, and sets headers from some. ENDPOINT in it stands for where it
// sends.
const ByEvent = `schema = 1
tool = {id = "mytool", purpose = "p"}
consent = {levels = ["one", "two"]}
event = [{name = "run"}, {name = "forget", level = 2}]
field = [
  {name = "n", type = "int", purpose = "p"},
  {name = "d", type = "int", default = 5, purpose = "p"},
  {name = "must", type = "string", required = true, purpose = "p"},
  {name = "where", key = "/at/where", from = "const", type = "string", value = "here", purpose = "p"},
  {name = "source", key = "/at/id", from = "identity.source", level = 2, purpose = "p"},
  {name = "id", from = "event.id", purpose = "p"},
  {name = "what", from = "event.name", purpose = "p"},
  {name = "when", from = "time.now", purpose = "p"},
  {name = "unix", from = "time.now", format = "unix", purpose = "p"},
  {name = "braces", from = "const", type = "string", value = "{n}", purpose = "p"},
  {name = "null", from = "const", type = "json", value = "null", purpose = "p"},
  {name = "elsewhere", from = "const", type = "string", value = "of another event", events = ["run"], purpose = "p"},
  {name = "run", from = "run.id", purpose = "p"},
  {name = "version", from = "tool.version", purpose = "p"},
  {name = "usagectl", from = "usagectl.version", purpose = "p"},
  {name = "level", from = "consent.level", purpose = "p"},
  {name = "os", from = "host.os", purpose = "p"},
  {name = "cpus", from = "host.cpu_count", purpose = "p"},
  {name = "user", from = "host.user_hash", purpose = "p"},
  {name = "host", from = "host.name_hash", purpose = "p"},
]
forget = {method = "event", event = "forget"}
[send]
transport = "http"
endpoint = "ENDPOINT"
[send.headers]
X-Braces = "{braces}"
X-Both = "{source} {n}"
X-Caller = "{n}"
X-Host = "{os}"
X-ID = "{id}"
X-Plain = "plain"
X-Source = "id={source}"
`
