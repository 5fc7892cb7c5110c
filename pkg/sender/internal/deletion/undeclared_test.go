package deletion

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestUndeclared holds that the request to a tool whose manifest is not here keeps the ID and where
// events went, and is made as soon as there is a manifest, by the same ID and for the same time.
func TestUndeclared(t *testing.T) {
	m := sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere))
	undeclared := []Undeclared{{m.Tool.ID, []string{"https://t.example/v1", "~/file"}}}
	d := New(nil, undeclared, sendertest.SampleID, "/home/me/.mytool/source", false, noon)
	if err := d.check(); err != nil {
		t.Fatal(err)
	}
	r := d.Requests[0]
	if r.State != Failed || !r.Undeclared || len(r.SentTo) != 1 || r.SentTo[0] != "https://t.example/v1" || r.Refused() || r.Untried() {
		t.Errorf("%+v", r)
	}
	if other := sendertest.Tool(t, "other", sendertest.Nowhere, `method = "none"`); d.Declare(other) {
		t.Error("the manifest of another tool is taken")
	}
	again := New([]*manifest.Manifest{m}, nil, sendertest.SampleID, "", false, noon)
	again.TakeUp(d) // the ID came back, and the manifest did
	if len(again.Requests) != 1 || again.Requests[0].Undeclared {
		t.Errorf("%+v", again.Requests)
	}
	if !d.Declare(m) || d.Declare(m) {
		t.Error("it is declared once")
	}
	if now := d.Requests[0]; now.ID != r.ID || now.State != Pending || now.To != m.Forget.Endpoint || !now.Untried() || !now.RequestedAt.Equal(r.RequestedAt) {
		t.Errorf("%+v", now)
	}
	if local := New(nil, undeclared, sendertest.SampleID, "", true, noon); len(local.Requests) != 0 || len(local.Tools) != 1 {
		t.Errorf("%+v", local)
	}
}
