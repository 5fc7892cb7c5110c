package payload

import (
	"errors"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/hostfacts"
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
)

// TestMissing holds what stands in a payload for a source ID and a hash that cannot be had,
// by what the manifest says, and that nothing stands in for one that is there.
func TestMissing(t *testing.T) {
	const id = "3f2b8c1e-9d4a-4f6b-8a27-0c5d1e9b7f60"
	fields := func(missing, stand string) string {
		return `
[[field]]
name = "before"
from = "run.id"
instead_of = "id"
` + stand + `
purpose = "p"
[[field]]
name = "id"
from = "identity.source"
` + missing + `
purpose = "p"
[[field]]
name = "user"
from = "host.user_hash"
length = 4
` + missing + `
purpose = "p"
`
	}
	for _, test := range []struct {
		name, missing, stand, source string
		want                         string
	}{
		{"there", "", "", id, `{"before":null,"id":"ID","user":"unavailable"}`},
		{"there, and left out", `missing = "omit"`, `missing = "omit"`, id, `{"id":"ID"}`},
		{"a word", "", "", "unavailable", `{"before":"RUN","id":"unavailable","user":"unavailable"}`},
		{"a word, said", `missing = "word"`, "", "invalid", `{"before":"RUN","id":"invalid","user":"unavailable"}`},
		{"null", `missing = "null"`, `missing = "null"`, "unavailable", `{"before":"RUN","id":null,"user":null}`},
		{"null for what is invalid", `missing = "null"`, "", "invalid", `{"before":"RUN","id":null,"user":null}`},
		{"left out", `missing = "omit"`, `missing = "omit"`, "invalid", `{"before":"RUN"}`},
	} {
		m := parse(t, strings.Replace(head, "[[event]]", "[identity]\npath = \"~/.mytool/source\"\n[[event]]", 1)+fields(test.missing, test.stand))
		s := sources()
		asked := 0
		s.SourceID = func() string { asked++; return test.source }
		s.HashKey = func() ([]byte, error) { return nil, errors.New("there is no place for a key") }
		s.Host = hostfacts.Host{}
		draft, problems := Check(m, Request{Event: "run"})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		ready, err := draft.Prepare(consent.Offer(m, 1), s)
		if err != nil {
			t.Fatal(err)
		}
		// A second time from the values, as they are read back from an outbox.
		kept, err := jsondoc.Append(nil, ready.Values)
		if err != nil {
			t.Fatal(err)
		}
		values, err := jsondoc.ParseObject(kept)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []Payload{ready.Payload, Build(m, "run", consent.Offer(m, 1), values)} {
			data, err := jsondoc.Append(nil, p.Document())
			got := strings.NewReplacer(id, "ID", s.RunID.String(), "RUN").Replace(string(data))
			if err != nil || got != test.want {
				t.Errorf("%s: got %s, %v; want %s", test.name, got, err, test.want)
			}
		}
		if asked != 1 {
			t.Errorf("%s: the source ID was asked for %d times", test.name, asked)
		}
	}
}
