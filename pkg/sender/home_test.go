package sender

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/backoff"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

var noon = sendertest.Noon()

const (
	sampleID = sendertest.SampleID
	otherID  = sendertest.OtherID
)

// newSender is a sender in an empty home. Its clock shows noon, and it starts nobody.
func newSender(t testing.TB) Sender {
	t.Helper()
	home := t.TempDir()
	s := Open(Config{
		Dirs: dirs.Dirs{Home: home, ConfigHome: filepath.Join(home, "config"), StateHome: filepath.Join(home, "state"), DataHome: filepath.Join(home, "data")},
		Env:  func(string) (string, bool) { return "", false }, WorkDir: home,
		Now: sendertest.Noon, Version: func() string { return "1.2.3" },
	})
	return s.online()
}

// journalFile is the file of a tool's journal.
func journalFile(s Sender, tool manifest.ID) string {
	return filepath.Join(s.state(), "journal", tool.String()+".jsonl")
}

// sourceWith makes the ID file of a tool.
func sourceWith(t testing.TB, s Sender, id string) string {
	t.Helper()
	path := filepath.Join(s.dirs().Home, ".mytool", "source")
	sendertest.Write(t, path, id)
	return path
}

// place puts an event under an ID into a part of the outbox.
func place(t testing.TB, o outbox.Outbox, part, id string) outbox.Entry {
	t.Helper()
	e := outbox.Entry{Schema: outbox.Schema, Tool: o.Tool(), Event: "run", EventID: uuid.New(), RunID: uuid.New(), TakenAt: noon, Values: jsondoc.NewObject("source", id)}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Create(); err != nil {
		t.Fatal(err)
	}
	sendertest.Write(t, o.Path(part, e.Name()), string(data))
	return e
}

// allStates are the states of a request. Those that are open come first.
var allStates = []deletion.State{deletion.Pending, deletion.ByMail, deletion.Failed, deletion.Accepted, deletion.Confirmed}

// requestIn is a request by event.
func requestIn(t testing.TB, state deletion.State) deletion.Request {
	t.Helper()
	r := deletion.Request{
		ID: uuid.New(), Tools: []manifest.ID{sendertest.ToolID(t, "mytool")}, Names: []string{"My Tool"}, RequestedAt: noon, State: state,
		Method: manifest.ForgetEvent, To: sendertest.Nowhere + "/v1", Contact: "privacy@mytool.example",
		Waits: backoff.Waits{Backoff: backoff.Backoff{Failures: 2, NotBefore: noon.Add(time.Hour), Asked: noon.Add(time.Hour), Error: "503"}},
		Event: "forget", Payload: jsondoc.NewObject("id", sampleID),
		Send: &manifest.Send{
			Transport: manifest.HTTP, Endpoint: sendertest.Nowhere + "/v1",
			Headers: []manifest.Header{{Name: "X-B", Value: sampleID}, {Name: "X-A", Value: "{<&>}"}},
		},
	}
	if state != deletion.Pending && state != deletion.ByMail {
		r.SettledAt, r.Answer = noon.Add(time.Minute), "404 Not Found: "+sampleID
	}
	return r
}

// deletionIn is a deletion with a request by event in each state.
func deletionIn(t testing.TB, erased bool, states ...deletion.State) deletion.Deletion {
	t.Helper()
	d := deletion.Deletion{
		Schema: deletion.Schema, SHA256: deletion.HashID(sampleID), SourceID: sampleID, SourcePath: "/home/me/.mytool/source",
		Tools: []manifest.ID{sendertest.ToolID(t, "mytool"), sendertest.ToolID(t, "other")}, RequestedAt: noon, Erased: erased, Requests: []deletion.Request{},
	}
	for _, state := range states {
		d.Requests = append(d.Requests, requestIn(t, state))
	}
	return d
}

func marshalled(t testing.TB, d deletion.Deletion) []byte {
	t.Helper()
	data, err := json.Marshal(d)
	sendertest.Must(t, err)
	return data
}

// filed is a home in which everything is erased and these tools are to be asked.
func filed(t testing.TB, s Sender, tools ...*manifest.Manifest) deletion.Deletion {
	t.Helper()
	d := Forgetting{Tools: tools, SourcePath: filepath.Join(s.dirs().Home, ".mytool", "source"), SourceID: sampleID}.deletion(s.Now())
	d.Erased = true
	if err := s.deletions().Create(d); err != nil {
		t.Fatal(err)
	}
	return d
}

// agreedTool installs a tool that sends to an address, and agrees to it.
func agreedTool(t testing.TB, s Sender, address string) (*manifest.Manifest, consent.Terms) {
	t.Helper()
	m := sendertest.Tool(t, "mytool", address, `method = "none"`)
	file := filepath.Join(s.dirs().DataHome, "usagectl", "tools", "mytool.toml")
	sendertest.Write(t, file, strings.ReplaceAll(`schema = 1
tool = {id = "mytool", name = "Tool mytool", purpose = "A test.", contact = "privacy@mytool.example"}
send = {transport = "http", endpoint = "ADDRESS/v1"}
event = [{name = "run"}, {name = "forget"}]
field = [{name = "source", from = "identity.source", purpose = "p"}]
`, "ADDRESS", address))
	return m, agreeAt(t, s, m, noon)
}

// decisionsAt is where the person's decisions are kept, at a time.
func decisionsAt(s Sender, at time.Time) consent.Store {
	return consent.Store{Dirs: *s.dirs(), Now: func() time.Time { return at }}
}

// agreeAt agrees to a tool at the lowest level, at a time, and returns to what.
func agreeAt(t testing.TB, s Sender, m *manifest.Manifest, at time.Time) consent.Terms {
	t.Helper()
	decisions := decisionsAt(s, at)
	sendertest.Must(t, decisions.Grant(m, 1))
	facts, _ := decisions.Ask(m.Tool.ID, m, nil, "")
	terms := consent.Offer(m, 1)
	terms.Grant = facts.Tool.Decision.Grant
	return terms
}

// refuseAndLift refuses all tools, and lifts that, at a time. What was agreed to before is put
// back by hand, so that it is the same agreement.
func refuseAndLift(t *testing.T, s Sender, at time.Time) {
	t.Helper()
	decisions := decisionsAt(s, at)
	file := decisions.File(sendertest.ToolID(t, "mytool"))
	if agreement, err := os.ReadFile(file); err == nil {
		defer func() { sendertest.Write(t, file, string(agreement)) }()
	}
	sendertest.Must(t, decisions.Refuse(manifest.ID{}))
	if lifted, err := decisions.Lift(manifest.ID{}); !lifted || err != nil {
		t.Fatalf("lifted is %v, %v", lifted, err)
	}
}

// queue puts an event under the terms into the outbox.
func queue(t testing.TB, s Sender, terms consent.Terms, taken time.Time) outbox.Entry {
	t.Helper()
	o := s.outbox(sendertest.ToolID(t, "mytool"))
	e := outbox.Entry{
		Schema: outbox.Schema, Tool: o.Tool(), Event: "run", EventID: uuid.New(), RunID: uuid.New(), TakenAt: taken,
		Grant: terms.Grant, Endpoint: terms.Endpoint, Values: jsondoc.NewObject("source", uuid.NewString()),
	}
	data, err := json.Marshal(e)
	sendertest.Must(t, err)
	sendertest.Must(t, o.Create())
	sendertest.Write(t, o.Path("new", e.Name()), string(data))
	return e
}

// claimFile is the file of an event that somebody delivers.
func claimFile(o outbox.Outbox, e outbox.Entry) string {
	files, _ := filepath.Glob(o.Path("claimed", e.Name()+"~*"))
	return strings.Join(files, "\n")
}

// waiting are the names of what is queued.
func waiting(t testing.TB, o outbox.Outbox) []string {
	t.Helper()
	names, err := o.Names("new")
	sendertest.Must(t, err)
	return names
}

// expired is a context that has ended.
func expired(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
