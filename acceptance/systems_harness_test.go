package acceptance

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// builtinManifest finds a manifest that came with the program.
func builtinManifest(t testing.TB, tool string) *manifest.Manifest {
	t.Helper()
	id, err := manifest.ParseID(tool)
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Library{}.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// declared are the events that a built-in manifest declares.
func declared(t testing.TB, tool string) []string {
	t.Helper()
	return builtinManifest(t, tool).EventNames()
}

// installed is a tool in a home of its own, with a receiver on this machine.
type installed struct {
	system
	*person
	documents func() []any // what arrived so far
	requests  func() []request
}

// install puts the built-in manifest of a tool into a home, with the endpoint
// replaced by the receiver's, and agrees to it. In the text of the manifest,
// edits are replaced: old and new in turn.
func install(t testing.TB, s system, receiver string, edits ...string) *installed {
	t.Helper()
	i := &installed{system: s, person: newPersonIn(t, t.TempDir())}
	data, err := os.ReadFile(repository("pkg", "manifest", "builtin", s.tool+".toml"))
	if err != nil {
		t.Fatal(err)
	}
	endpoint := builtinManifest(t, s.tool).Send.Endpoint
	edits = append([]string{fmt.Sprintf("%q", endpoint), fmt.Sprintf("%q", moved(t, endpoint, receiver))}, edits...)
	text := string(data)
	for ; len(edits) > 0; edits = edits[2:] {
		if strings.Count(text, edits[0]) != 1 {
			t.Fatalf("%s.toml has %s %d times", s.tool, edits[0], strings.Count(text, edits[0]))
		}
		text = strings.Replace(text, edits[0], edits[1], 1)
	}
	i.addManifest(text)
	i.must("", "enable", "-q", s.tool, "--level", s.level)
	return i
}

// addManifest installs the manifest of i.tool.
func (i *installed) addManifest(text string) {
	i.t.Helper()
	i.declare(i.tool, text)
	i.toolID = i.tool
	// Were anything to leave for somewhere else, it would get stuck at a proxy
	// that nobody runs. Loopback addresses never go through one.
	const nowhere = "http://127.0.0.1:9"
	i.person.env = slices.Concat(i.person.env, []string{"HTTP_PROXY=" + nowhere, "HTTPS_PROXY=" + nowhere}, i.system.env)
}

// moved is an endpoint at a receiver, which is "host:port" or a URL of one.
func moved(t testing.TB, endpoint, receiver string) string {
	t.Helper()
	to, err := url.Parse(receiver)
	if err != nil || to.Host == "" {
		return receiver
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	u.Scheme, u.Host = to.Scheme, to.Host
	return u.String()
}

// flags are the flags that describe a message to "send" and "inspect".
func (i *installed) flags(m message) (stdin string, flags []string) {
	flags = []string{"--run", runID, "--tool-version", i.version}
	for _, set := range m.set {
		flags = append(flags, "--set", set)
	}
	if m.data != "" {
		flags = append(flags, "--data", "-")
	}
	return m.data, flags
}

// sendOutcome is what "send --json" prints.
type sendOutcome struct {
	Outcome string
	EventID uuid.UUID `json:"event_id"`
	Reason  struct{ Rule, Detail string }
	code    int
}

// send sends a message with --fail, so that a mistake in a test shows. A machine that is too slow for
// send is given two more chances.
func (i *installed) send(m message, more ...string) sendOutcome {
	i.t.Helper()
	stdin, flags := i.flags(m)
	args := slices.Concat([]string{"send", i.tool, m.event, "--json", "--fail"}, flags, more)
	for chances := 2; ; chances-- {
		stdout, stderr, code := i.run(stdin, args...)
		out := sendOutcome{code: code}
		if err := json.Unmarshal([]byte(stdout), &out); err != nil || stderr != "" {
			i.t.Fatalf("usagectl %q: exit %d, stdout %q, stderr %q: %v", args, code, stdout, stderr, err)
		}
		if out.Reason.Rule != "time" || out.EventID != uuid.Nil || chances == 0 {
			return out
		}
		i.t.Logf("usagectl %q: %s", args, out.Reason.Detail)
	}
}

// deliver sends all messages, flushes, waits for them to arrive, and returns for
// each event its ID and its document.
func (i *installed) deliver(list []message) (ids map[string]uuid.UUID, documents map[string]any) {
	i.t.Helper()
	ids, documents = map[string]uuid.UUID{}, map[string]any{}
	for _, m := range list {
		out := i.send(m)
		if out.code != 0 || out.Outcome != "queued" {
			i.t.Fatalf("%s: %+v", m.event, out)
		}
		ids[m.event] = out.EventID
	}
	i.must("", "flush")
	eventually(i.t, fmt.Sprintf("%d documents of %s", len(list), i.tool), func() bool { return len(i.documents()) >= len(list) })
	for _, document := range i.documents() {
		event := i.eventOf(document)
		if documents[event] != nil || ids[event] == uuid.Nil {
			i.t.Errorf("%q arrived twice, or was not sent: %v", event, document)
		}
		documents[event] = document
	}
	return ids, documents
}

func (i *installed) eventOf(document any) string {
	if i.eventAt != "" {
		event, _ := part(document, i.eventAt).(string)
		return event
	}
	if part(document, "/end") != nil {
		return "end"
	}
	return "start"
}

// sourceID is the source ID as status has it, "" for none.
func (i *installed) sourceID() string {
	i.t.Helper()
	id, _ := part(i.report(), "/source_id").(string)
	return id
}

func (i *installed) report() any {
	i.t.Helper()
	return part(decodeJSON(i.t, []byte(i.must("", "status", "--json", i.tool))), "/tools/0")
}

// connectRecorder is for a tool that sends by HTTP.
func connectRecorder(t testing.TB, s system) *installed {
	t.Helper()
	r := newRecorder(t, "200")
	i := install(t, s, r.url())
	i.requests = func() []request { return r.all() }
	i.documents = func() []any { return bodies(t, i.transport(), i.requests()) }
	return i
}

// bodies are the documents in requests: Segment's are batches.
func bodies(t testing.TB, transport manifest.Transport, requests []request) []any {
	t.Helper()
	var list []any
	for _, r := range requests {
		document := decodeJSON(t, r.body)
		if transport != manifest.Segment {
			list = append(list, document)
			continue
		}
		batch, _ := part(document, "/batch").([]any)
		list = append(list, batch...)
	}
	return list
}

// vars are what the forms of differences can name.
func (i *installed) vars(event uuid.UUID) map[string]string {
	i.t.Helper()
	return map[string]string{
		"RUN": runID, "TRACE": strings.ReplaceAll(runID, "-", ""),
		"EVENT": event.String(), "SPAN": hex.EncodeToString(event[:8]),
		"SOURCE": i.sourceID(),
	}
}

func (i *installed) requestsIfAny() []request {
	if i.requests == nil {
		return nil
	}
	return i.requests()
}
