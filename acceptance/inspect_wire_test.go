package acceptance

import (
	"maps"
	"slices"
	"testing"
)

// TestWireShowsAll holds that "inspect --wire" shows every member of what Segment gets, those
// too that the format adds to the document: times, the message's ID, the library.
func TestWireShowsAll(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, "200")
	p := newPersonIn(t, t.TempDir())
	p.declare("mytool", `schema = 1
tool = {id = "mytool", purpose = "Shows what a format adds."}
send = {transport = "segment", endpoint = "`+r.url()+`/v1/batch", write_key = "k"}
event = [{name = "run"}]
field = [{name = "user", key = "/userId", from = "identity.source", purpose = "To count installs."}, {name = "n", key = "/properties/n", type = "int", purpose = "A number."}]
`)
	shown := decodeJSON(t, []byte(p.must("", "inspect", "mytool", "run", "--set", "n=1", "--wire", "--json")))
	p.must("", "enable", "-q", "mytool")
	p.must("", "send", "mytool", "run", "--set", "n=1", "--wait=30s", "--fail")
	bodies := r.bodies()
	if len(bodies) != 1 {
		t.Fatalf("arrived: %q", bodies)
	}
	want, got := members(decodeJSON(t, []byte(bodies[0])), ""), members(part(shown, "/body"), "")
	if !slices.Equal(got, want) || !slices.Contains(want, "/batch/0/messageId") || !slices.Contains(want, "/sentAt") {
		t.Errorf("shown are\n%q, and sent\n%q", got, want)
	}
}

// members are the places of all values in a document, in order.
func members(v any, at string) []string {
	var list []string
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			list = append(list, members(v[name], at+"/"+name)...)
		}
	case []any:
		for _, item := range v {
			list = append(list, members(item, at+"/0")...)
		}
	default:
		list = []string{at}
	}
	return list
}
