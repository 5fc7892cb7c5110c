package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestRemoveUnder holds that what lies under the ID goes, whatever part of the outbox
// it lies in and whatever a crash made of it, and that what lies under another stays.
func TestRemoveUnder(t *testing.T) {
	const sampleID, otherID = sendertest.SampleID, sendertest.OtherID
	o := outboxWith(t, 1)
	dead := sendertest.DeadProcess(t, "")
	claimed := func(id string) string {
		e := place(t, o, "new", id)
		c, err := o.Claim(e.Name(), dead, noon)
		if err != nil {
			t.Fatal(err)
		}
		return c.path()
	}
	reject := func(data, id string) string {
		c := Claim{o, place(t, o, "new", id).Name(), ""}
		if err := os.Remove(o.Path("new", c.Name)); err != nil {
			t.Fatal(err)
		}
		c.file = c.Name + "~"
		sendertest.Write(t, c.path(), "")
		if err := c.Reject([]byte(data), "400", noon); err != nil {
			t.Fatal(err)
		}
		return o.Path("rejected", c.Name)
	}
	under := func(id string) []string {
		list := []string{claimed(id), o.Path("rejected", "."+id+".json.1.tmp")}
		sendertest.Write(t, list[1], id) // of a process that was killed while it moved an event aside
		for _, part := range []string{"new", "tmp", "rejected"} {
			list = append(list, o.Path(part, place(t, o, part, id).Name()))
		}
		half := o.Path("tmp", "half") + id[:4]
		sendertest.Write(t, half, `{"schema":1,"values":{"source":"`+id)
		return append(list, half, reject(`{"source":"`+id+`"}`, id), reject("no JSON: "+id, id))
	}
	goes, stays := under(sampleID), under(otherID)
	if err := o.SetBackoffs(backoff.Waits{Backoff: backoff.Backoff{Failures: 1}}); err != nil {
		t.Fatal(err)
	}
	n, err := o.RemoveUnder(sampleID, noon, func(string) {})
	if err != nil || n != 2 { // those that waited; what was half-written or moved aside is no loss
		t.Errorf("removed %d, %v", n, err)
	}
	for _, path := range goes {
		sendertest.Gone(t, "under the ID", path)
	}
	for _, path := range append(stays, o.Path(lossesFile), o.Path(BackoffFile)) {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("under another: %v", err)
		}
	}
	if err := o.SetBackoffs(backoff.Waits{Backoff: backoff.Backoff{Failures: 1, NotBefore: noon, Error: "503 whose ID is " + sampleID}}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.RemoveUnder(sampleID, noon, func(string) {}); err != nil {
		t.Error(err)
	}
	if b := o.Backoffs().Backoff; b != (backoff.Backoff{Failures: 1, NotBefore: noon}) {
		t.Errorf("of what a server said this is left: %+v", b)
	}
	if n, err := Open(t.TempDir(), o.Tool()).RemoveUnder(sampleID, noon, func(string) {}); n != 0 || err != nil {
		t.Errorf("without an outbox: %d, %v", n, err)
	}
}

// place puts an event under an ID into a part of the outbox.
func place(t testing.TB, o Outbox, part, id string) Entry {
	t.Helper()
	e := Entry{Schema: Schema, Tool: o.Tool(), Event: "run", EventID: uuid.New(), RunID: uuid.New(), TakenAt: noon, Values: jsondoc.NewObject("source", id)}
	data, err := json.Marshal(e)
	sendertest.Must(t, errors.Join(err, o.Create()))
	sendertest.Write(t, o.Path(part, e.Name()), string(data))
	return e
}

// TestRemoveManyUnder removes more events than are looked at in one go, and leaves one between
// them that is under another ID. Each is shown as it goes.
func TestRemoveManyUnder(t *testing.T) {
	const many = 2500
	o := outboxWith(t, 1)
	other := place(t, o, "new", sendertest.OtherID)
	for i := range many {
		sendertest.Write(t, o.Path("new", fmt.Sprintf("%016x-%s.json", i, uuid.New())), sendertest.SampleID)
	}
	shown := 0
	n, err := o.RemoveUnder(sendertest.SampleID, noon, func(string) { shown++ })
	if err != nil || n != many || shown != many {
		t.Errorf("removed %d, shown %d: %v", n, shown, err)
	}
	if !o.has("new", other.Name()) {
		t.Error("an event under another ID is gone")
	}
	if names, err := o.Names("new"); err != nil || len(names) > 2 {
		t.Errorf("%d are left: %v", len(names), err)
	}
}
