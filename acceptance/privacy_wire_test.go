package acceptance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/secret"
)

// wireTool is the manifest of a tool with an endpoint, its transport, and more keys of it.
const wireTool = `schema = 1
tool = {id = "mytool", purpose = "Shows what is sent."}
send = {endpoint = "%s/v1", transport = %s}
event = [{name = "run"}]
[[field]]
name = "n"
key = "%s"
type = "int"
purpose = "A number."
`

// TestWireIsWhatIsSent holds that "inspect --wire" shows each header of a request that Go's
// HTTP client does not add, with its value unless that is secret, and the body of one that
// posts a document.
func TestWireIsWhatIsSent(t *testing.T) {
	for name, c := range map[string]struct{ send, key string }{
		"http":    {`"http", headers = {X-Kind = "usage", User-Agent = "mine/1", Authorization = "Bearer hush"}`, "n"},
		"otlp":    {`"otlp"`, "/attributes/n"},
		"segment": {`"segment", write_key = "KEY"`, "/properties/n"},
		"in body": {`"segment", write_key = "KEY", auth = "body"`, "/properties/n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newRecorder(t, "200")
			p := newPersonIn(t, t.TempDir())
			p.declare("mytool", fmt.Sprintf(wireTool, server.url(), c.send, c.key))
			p.must("", "enable", "-q", "mytool")
			wire := decodeJSON(t, []byte(p.must("", "inspect", "mytool", "run", "--set", "n=7", "--wire", "--json")))
			p.must("", "send", "mytool", "run", "--set", "n=7", "--wait=30s", "--fail")
			got := server.all()[0]
			sent := got.header.Clone()
			for _, added := range []string{"Accept-Encoding", "Content-Length"} {
				sent.Del(added)
			}
			shown := map[string]string{}
			for name, value := range part(wire, "/headers").(map[string]any) {
				shown[name] = fmt.Sprint(value)
				if value != secret.Mask && sent.Get(name) != value {
					t.Errorf("%s is shown as %q and sent as %q", name, value, sent.Get(name))
				}
			}
			if a, b := slices.Sorted(maps.Keys(shown)), slices.Sorted(maps.Keys(sent)); !slices.Equal(a, b) {
				t.Errorf("shown are %q, sent are %q", a, b)
			}
			if body := part(wire, "/body"); name == "http" && (string(got.body) != `{"n":7}` || part(body, "/n") == nil) {
				t.Errorf("sent is %s, shown is %v", got.body, body)
			}
			if strings.Contains(fmt.Sprint(wire), "hush") || strings.Contains(fmt.Sprint(wire), "KEY") {
				t.Errorf("a secret is shown: %v", wire)
			}
		})
	}
}
