package payload

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

const required = head + `
[[field]]
name = "source"
from = "identity.source"
purpose = "p"
[[field]]
name = "n"
type = "int"
required = true
purpose = "p"
[[field]]
name = "above"
from = "host.user_hash"
level = 2
purpose = "p"
`

// TestPrepareAsksNoSource holds that no source is asked for an event that cannot be sent,
// so that no ID is made for it, and none for a field that is above the level.
func TestPrepareAsksNoSource(t *testing.T) {
	m := parse(t, required)
	terms := consent.Offer(m, 1)
	asked := 0
	src := sources()
	src.SourceID = func() string { asked++; return uuid.NewString() }
	src.HashKey = func() ([]byte, error) { t.Error("the key was asked for"); return nil, errors.New("no") }

	draft, problems := Check(m, Request{Event: "run"})
	if len(problems) != 1 || !problems[0].Missing || problems[0].Name != "n" {
		t.Errorf("the problems are %+v", problems)
	}
	var missing *MissingError
	if _, err := draft.Prepare(terms, src); !errors.As(err, &missing) || missing.Field != "n" || asked != 0 {
		t.Errorf("%v, and the ID was asked for %d times", err, asked)
	}
	p, err := draft.Preview(terms, src)
	if !errors.As(err, &missing) || asked != 1 || len(p.Payload.SourceIDs()) != 1 {
		t.Errorf("a preview: %v, %+v, and the ID was asked for %d times", err, p.Payload, asked)
	}
	draft, problems = Check(m, Request{Event: "run", Set: []Setting{{"n", "1"}}})
	if p, err = draft.Prepare(terms, src); err != nil || len(problems) != 0 || asked != 2 {
		t.Errorf("%v, %+v, and the ID was asked for %d times", err, problems, asked)
	}
	if _, ok := p.Values.Get("above"); ok || len(p.Values.Members()) != 2 {
		t.Errorf("collected: %+v", p.Values.Members())
	}
}

// TestPrepareTooLarge holds that a payload above the limit is an error, and that one at
// it is none. A preview shows it all the same.
func TestPrepareTooLarge(t *testing.T) {
	const fields, text = 40, 1000
	declared := head
	for i := range fields {
		declared += fmt.Sprintf("[[field]]\nname = \"f%02d\"\ntype = \"string\"\npurpose = \"p\"\n", i)
	}
	m := parse(t, declared)
	terms := consent.Offer(m, 1)
	for size, fits := range map[int]bool{MaxSize: true, MaxSize + 1: false} {
		data := &jsondoc.Object{}
		left := size - len("{}")
		for i := 0; left > 0; i++ {
			around := len(`"f00":"",`)
			n := min(text, left-around)
			if n < text { // the last one has no comma behind it
				n++
			}
			data.Set(fmt.Sprintf("f%02d", i), strings.Repeat("x", n))
			left -= around + n
		}
		draft, problems := Check(m, Request{Event: "run", Data: data})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		p, err := draft.Prepare(terms, sources())
		if (err == nil) != fits || !fits && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if data, _ := jsondoc.Append(nil, p.Payload.Document()); len(data) != size {
			t.Errorf("%d bytes, not %d", len(data), size)
		}
	}
}

// TestForDeletion holds that a deletion request has the source ID and what the manifest
// says, and neither a value of the caller nor of the machine.
func TestForDeletion(t *testing.T) {
	m, err := manifest.Parse("test.toml", []byte(strings.Replace(head, "[send]", "[forget]\nmethod = \"event\"\nevent = \"forget\"\n[send]", 1)+`
[[event]]
name = "forget"
[[field]]
name = "source"
from = "identity.source"
level = 2
purpose = "p"
[[field]]
name = "kind"
from = "const"
value = "x"
purpose = "p"
[[field]]
name = "id"
from = "event.id"
purpose = "p"
[[field]]
name = "os"
from = "host.os"
purpose = "p"
[[field]]
name = "given"
type = "string"
default = "d"
purpose = "p"
`))
	if err != nil {
		t.Fatal(err)
	}
	id, request := uuid.NewString(), uuid.New()
	p := ForDeletion(m, id, request, sources().Now)
	want := `{"source":"` + id + `","kind":"x","id":"` + request.String() + `"}`
	if got, _ := jsondoc.Append(nil, p.Document()); string(got) != want || p.Event != "forget" {
		t.Errorf("got %s, want %s", got, want)
	}
}
