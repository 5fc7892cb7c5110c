//go:build linux && long

package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// What docs/collecting.md says the addresses are.
const (
	pageLogs      = "https://telemetry.mytool.example/v1/logs"
	pageDeletions = "https://telemetry.mytool.example/v1/deletions"
	pageServer    = "http://127.0.0.1:8318"
)

// TestCollectingEvent follows the page through its example, where the request is
// an event, and looks behind it.
func TestCollectingEvent(t *testing.T) {
	t.Parallel()
	c := startCollecting(t)
	proof, send, load, forget, reload, _, _ := c.console()
	id := c.pageID()

	other := c.person("")
	other.send(3)
	somebody := c.person(id)
	c.run(send, somebody)
	c.run(load, nil)
	before := c.tables("mytool.db")
	if len(before.Events) != 5 || len(before.under(id)) != 2 || len(before.Deletions) != 0 {
		t.Fatalf("after the load: %+v", before)
	}
	for i, row := range before.under(id) {
		if row[2] != "run.end" || !strings.Contains(row[4], `"exit_code": {"intValue"`) || !strings.Contains(row[4], `"os": {"stringValue": "linux"}`) {
			t.Errorf("row %d: %q", i, row)
		}
	}

	c.run(forget, somebody)
	c.run(proof, nil)
	request, state, at := somebody.deletion()
	if state != "accepted" {
		t.Errorf("the request is %s", state)
	}
	c.checkRecord(request, id, at)

	c.run(reload, nil)
	after := c.tables("mytool.db")
	kept := slices.DeleteFunc(slices.Clone(before.Events), func(row [5]string) bool { return row[1] == id })
	if len(kept) != 3 || !reflect.DeepEqual(after.Events, kept) {
		t.Errorf("the others' rows were %q, are %q", kept, after.Events)
	}
	if len(after.Deletions) != 1 || after.Deletions[0][0] != request || after.Deletions[0][1] != hashOf(id) || after.Deletions[0][2] != "mytool" {
		t.Errorf("the list of deletions: %q for %s", after.Deletions, request)
	}
	c.checkGone("mytool.db", id)

	// A copy of the home on another machine knows nothing of it.
	c.person(id).send(1)
	if got := c.load("mytool.db", "events.jsonl"); got != "0 new, 3 known, 3 refused, 1 requests, 0 rows deleted, 0 unreadable" {
		t.Errorf("with a late event: %s", got)
	}
	if late := c.tables("mytool.db"); !reflect.DeepEqual(late, after) {
		t.Errorf("a late event changed %+v to %+v", after, late)
	}

	// The order in which things arrive makes no difference.
	lines := c.collector.lines(t, "logs.jsonl")
	slices.Reverse(lines)
	c.write("reversed.jsonl", string(bytes.Join(lines, []byte("\n")))+"\n")
	if got := c.load("reversed.db", "reversed.jsonl"); got != "4 new, 0 known, 2 refused, 1 requests, 1 rows deleted, 0 unreadable" {
		t.Errorf("the other way round: %s", got)
	}
	if got := c.tables("reversed.db"); !reflect.DeepEqual(got.Events, kept) {
		t.Errorf("the other way round: %q", got.Events)
	}

	// Whoever was forgotten is somebody new, and welcome.
	somebody.send(1)
	if got := c.load("mytool.db", "events.jsonl"); !strings.HasPrefix(got, "1 new, 3 known, 3 refused") {
		t.Errorf("under a new ID: %s", got)
	}
}

// checkRecord compares the request as it arrived with all that may be in it: the
// ID, what the request is, and what the manifest itself says.
func (c *collecting) checkRecord(request, id, at string) {
	c.t.Helper()
	asked, err := time.Parse(time.RFC3339, at)
	if err != nil {
		c.t.Fatal(err)
	}
	const want = `{"resourceLogs": [{
	  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "mytool"}}]},
	  "scopeLogs": [{"scope": {"name": "mytool"}, "logRecords": [{
	    "timeUnixNano": "TIME", "observedTimeUnixNano": "TIME", "severityNumber": 9, "severityText": "INFO",
	    "body": {"stringValue": "forget"}, "eventName": "forget", "traceId": "TRACE", "spanId": "SPAN",
	    "attributes": [{"key": "event_id", "value": {"stringValue": "REQUEST"}}, {"key": "source_id", "value": {"stringValue": "ID"}}]
	  }]}]
	}]}`
	trace := strings.ReplaceAll(request, "-", "")
	values := strings.NewReplacer("TIME", fmt.Sprint(asked.UnixNano()), "TRACE", trace, "SPAN", trace[:16], "REQUEST", request, "ID", id)
	lines := slices.DeleteFunc(c.collector.lines(c.t, "logs.jsonl"), func(line []byte) bool { return !bytes.Contains(line, []byte(`"forget"`)) })
	if len(lines) != 1 || !reflect.DeepEqual(decodeJSON(c.t, lines[0]), decodeJSON(c.t, []byte(values.Replace(want)))) {
		c.t.Errorf("got %d requests: %s\nwant %s", len(lines), bytes.Join(lines, []byte("\n")), values.Replace(want))
	}
}

// checkGone looks for an ID in the database as it lies on the disk.
func (c *collecting) checkGone(database, id string) {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, database+"*"))
	if err != nil || len(files) == 0 {
		c.t.Fatalf("%v: %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil || bytes.Contains(data, []byte(id)) {
			c.t.Errorf("%s holds the ID still: %v", file, err)
		}
	}
}

// TestCollectingHTTP has the page's server answer usagectl.
func TestCollectingHTTP(t *testing.T) {
	t.Parallel()
	c := startCollecting(t)
	_, _, _, _, _, serve, ask := c.console()
	url := c.serve(serve) + "/v1/deletions"
	c.forgetBy(manifest.ForgetHTTP)
	id := c.pageID()

	other, somebody := c.person(""), c.person(id)
	other.send(1)
	somebody.send(2)
	if got := c.load("mytool.db", "events.jsonl"); !strings.HasPrefix(got, "3 new") {
		t.Fatal(got)
	}
	if got := c.onPage(somebody.must("", "forget", "mytool", "--yes")); !strings.Contains(got, pageDeletions+" accepted the deletion request ") {
		t.Errorf("forget: %s", got)
	}
	request, state, at := somebody.deletion()
	after := c.tables("mytool.db")
	if state != "accepted" || len(after.Events) != 1 || len(after.under(id)) != 0 || len(after.Deletions) != 1 {
		t.Fatalf("%s: %+v", state, after)
	}
	if row := after.Deletions[0]; [4]string(row[:4]) != [4]string{request, hashOf(id), "mytool", at} {
		t.Errorf("the list of deletions has %q, not %s of %s", row, request, at)
	}
	c.checkGone("mytool.db", id)

	// An answer that was lost, and an ID that nobody knows: all are told the same.
	var body map[string]any
	if err := json.Unmarshal([]byte(c.one("json")), &body); err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) string {
		changed := map[string]any{"request_id": request, "requested_at": at}
		for k, v := range body {
			if _, ok := changed[k]; !ok {
				changed[k] = v
			}
		}
		changed[name] = value
		if value == nil {
			delete(changed, name)
		}
		data, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	again := with("schema", 1)
	if status, text, _ := post(t, url, again); status != 200 || text != "deleted\n" {
		t.Errorf("the same again: %d %s", status, text)
	}
	for what, bad := range map[string]string{
		"nothing": "", "no JSON": "request_id=1", "a list": "[]", "a number": "1", "deep": strings.Repeat("[", 4000),
		"too long": again + strings.Repeat(" ", 4097-len(again)), "half of it": again[:len(again)/2],
		"another schema": with("schema", 2), "no schema": with("schema", nil), "another right": with("exercise", "access"),
		"no source ID": with("source_id", nil), "a word for one": with("source_id", "unavailable"), "a number for one": with("source_id", 7),
		"a list for one": with("source_id", []string{id}), "no request ID": with("request_id", ""), "a long tool": with("tool", strings.Repeat("x", 65)),
		"half a character": strings.Replace(again, `"mytool"`, `"\ud800"`, 1),
	} {
		if status, text, _ := post(t, url, bad); status != 400 || strings.Contains(text, id) {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	if status, _, _ := post(t, url+"/", again); status != 404 {
		t.Errorf("elsewhere: %d", status)
	}
	if now := c.tables("mytool.db"); !reflect.DeepEqual(now, after) {
		t.Errorf("changed %+v to %+v", after, now)
	}
	unknown := "00000000-1111-4222-8333-444444444444"
	if status, text, _ := post(t, url, with("source_id", unknown)); status != 200 || text != "deleted\n" {
		t.Errorf("an ID that nobody knows: %d %s", status, text)
	}
	if now := c.tables("mytool.db"); !reflect.DeepEqual(now.Events, after.Events) || len(now.Deletions) != 2 {
		t.Errorf("an ID that nobody knows: %+v", now)
	}
	c.run(ask, nil)
	if got := c.load("mytool.db", "events.jsonl"); got != "0 new, 1 known, 2 refused, 0 requests, 0 rows deleted, 0 unreadable" {
		t.Errorf("loaded again: %s", got)
	}
}

// TestCollectingRetry has the page's server be away, be busy, and not be where
// the manifest says.
func TestCollectingRetry(t *testing.T) {
	t.Parallel()
	c := startCollecting(t)
	_, _, _, _, _, serve, _ := c.console()
	server := c.serve(serve)
	away := startFront(t, &collector{OTLP: server})
	c.forgetBy(manifest.ForgetHTTP)
	c.manifest = strings.ReplaceAll(c.manifest, pageDeletions, away.URL+"/v1/deletions")
	id := c.pageID()
	somebody := c.person(id)
	somebody.send(1)
	if got := c.load("mytool.db", "events.jsonl"); !strings.HasPrefix(got, "1 new") {
		t.Fatal(got)
	}

	away.down.Store(true)
	somebody.must("", "forget", "mytool", "--yes")
	first, state, _ := somebody.deletion()
	if rows := c.tables("mytool.db").under(id); state != "pending" || len(rows) != 1 {
		t.Errorf("while the server was away: %s, %d rows", state, len(rows))
	}
	away.down.Store(false)
	somebody.must("", "flush")
	second, state, _ := somebody.deletion()
	if now := c.tables("mytool.db"); state != "accepted" || second != first || len(now.under(id)) != 0 || len(now.Deletions) != 1 || now.Deletions[0][0] != first {
		t.Errorf("once it was back: %s, %s after %s, %+v", state, second, first, now)
	}
	if got := away.answered(); !reflect.DeepEqual(got, []int{200}) {
		t.Errorf("it answered %v", got)
	}

	unlock := c.lock("mytool.db")
	body := strings.ReplaceAll(c.one("json"), id, "00000000-1111-4222-8333-444444444444")
	if status, _, after := post(t, server+"/v1/deletions", body); status != 503 || after != "60" {
		t.Errorf("while the database was busy: %d, Retry-After %q", status, after)
	}
	unlock()
	if status, _, _ := post(t, server+"/v1/deletions", body); status != 200 {
		t.Errorf("once it was not: %d", status)
	}

	c.manifest = strings.ReplaceAll(c.manifest, away.URL+"/v1/deletions", server+"/forget")
	lost := c.person("00000000-1111-4222-8333-555555555555")
	stdout, _, code := lost.run("", "forget", "mytool", "--yes")
	for _, want := range []string{"404 Not Found", "requests for deletion go to /v1/deletions", "it is tried again"} {
		if !strings.Contains(stdout, want) || code != 0 { // an operator can repair it
			t.Errorf("at the wrong place: exit %d, not %q in %s", code, want, stdout)
		}
	}
}

// TestCollectingRequest compares the page's JSON with what usagectl posts.
func TestCollectingRequest(t *testing.T) {
	t.Parallel()
	c := startCollecting(t)
	r := newRecorder(t, "200")
	c.addresses = append(c.addresses, pageDeletions, r.url()+"/v1/deletions")
	c.forgetBy(manifest.ForgetHTTP)
	somebody := c.person(c.pageID())
	somebody.must("", "forget", "mytool", "--yes")
	request, _, at := somebody.deletion()
	want := decodeJSON(t, []byte(c.one("json"))).(map[string]any)
	want["request_id"], want["requested_at"] = request, at
	sent := r.all()
	if len(sent) != 1 || sent[0].line != "POST /v1/deletions" || !reflect.DeepEqual(decodeJSON(t, sent[0].body), any(want)) {
		t.Fatalf("got %d requests: %+v", len(sent), sent)
	}
	var names []string
	for name := range sent[0].header {
		names = append(names, name)
	}
	slices.Sort(names)
	if !reflect.DeepEqual(names, []string{"Accept-Encoding", "Content-Length", "Content-Type", "User-Agent"}) {
		t.Errorf("it has the headers %q", names)
	}
	if h := sent[0].header; h.Get("Content-Type") != "application/json" || h.Get("User-Agent") != "usagectl" {
		t.Errorf("it has the headers %v", h)
	}
}

// TestCollectingChannels reads the manifest with each of the page's ways to be
// asked, and looks for the event of its own in all places that name it.
func TestCollectingChannels(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(repository("docs/collecting.md"))
	if err != nil {
		t.Fatal(err)
	}
	c := &collecting{t: t, text: string(page)}
	whole := c.blockWith("toml", "schema = 1")
	read := func() manifest.Forget {
		m, err := manifest.Parse("mytool.toml", []byte(c.manifest))
		if err != nil {
			t.Fatal(err)
		}
		return m.Forget
	}
	c.manifest = whole
	event := read()
	if event.Method != manifest.ForgetEvent {
		t.Errorf("the example forgets by %s", event.Method)
	}
	for language, text := range map[string]string{"python": "FORGET = %q ", "yaml": "condition: log.event_name == %q\n"} {
		c.blockWith(language, fmt.Sprintf(text, event.Event))
	}
	for _, method := range []manifest.ForgetMethod{manifest.ForgetHTTP, manifest.ForgetMail, manifest.ForgetNone} {
		c.manifest = whole
		c.forgetBy(method)
		if got := read(); got.Method != method {
			t.Errorf("%s: %+v", method, got)
		}
	}
}

// TestCollectingSpans has the tool send spans, and the script read them, with the names
// that the page says they have.
func TestCollectingSpans(t *testing.T) {
	t.Parallel()
	c := startCollecting(t)
	paragraph := regexp.MustCompile(`(?s)It reads log records; a span has (.*?) in the places of (.*?)\.\n`).FindStringSubmatch(c.text)
	name := regexp.MustCompile("`(\\w+)`")
	if len(paragraph) != 3 {
		t.Fatal("the page does not say what spans have")
	}
	spans, logs := name.FindAllStringSubmatch(paragraph[1], -1), name.FindAllStringSubmatch(paragraph[2], -1)
	if len(spans) != 5 || len(logs) != 5 {
		t.Fatalf("spans have %q in the places of %q", spans, logs)
	}
	script := c.one("python")
	for i := range logs {
		script = strings.ReplaceAll(script, `"`+logs[i][1]+`"`, `"`+spans[i][1]+`"`)
	}
	c.write("collect.py", script)
	c.manifest = strings.NewReplacer(`"logs"`, `"traces"`, pageLogs, c.collector.OTLP+"/v1/traces").Replace(c.manifest)
	must(t, os.Symlink(filepath.Join(c.collector.dir, "traces.jsonl"), filepath.Join(c.dir, "traces.jsonl")))

	id := c.pageID()
	c.person("").send(1)
	somebody := c.person(id)
	somebody.send(2)
	if got := c.load("mytool.db", "traces.jsonl"); got != "3 new, 0 known, 0 refused, 0 requests, 0 rows deleted, 0 unreadable" {
		t.Errorf("got %s", got)
	}
	somebody.must("", "forget", "mytool", "--yes")
	if got := c.load("mytool.db", "traces.jsonl"); got != "0 new, 3 known, 0 refused, 1 requests, 2 rows deleted, 0 unreadable" {
		t.Errorf("after the request: %s", got)
	}
	if now := c.tables("mytool.db"); len(now.Events) != 1 || len(now.under(id)) != 0 || now.Events[0][2] != "run.end" {
		t.Errorf("got %+v", now)
	}
}

// TestCollectingLines loads lines that the world can make the Collector write.
// None of them keeps the others from being loaded.
func TestCollectingLines(t *testing.T) {
	t.Parallel()
	c := startCollecting(t)
	const gone, stays = "11111111-2222-4333-8444-555555555555", "22222222-2222-4333-8444-555555555555"
	text := func(key, value string) string {
		return fmt.Sprintf(`{"key":%q,"value":{"stringValue":"%s"}}`, key, value)
	}
	record := func(event, n, source string) string {
		return fmt.Sprintf(`{"timeUnixNano":"1763800200000000000","attributes":[%s,%s],"eventName":"%s"}`,
			text("event_id", "99999999-2222-4333-8444-00000000000"+n), text("source_id", source), event)
	}
	line := func(records ...string) string {
		return `{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{"name":"mytool"},"logRecords":[` + strings.Join(records, ",") + `]}]}]}`
	}
	deep := `{"timeUnixNano":"1","eventName":"x","attributes":` + strings.Repeat(`[{"key":"k","value":`, 100_000) + "1" + strings.Repeat("}]", 100_000) + "}"
	c.write("lines.jsonl", strings.Join([]string{
		line(record("run", "1", gone), record("run", "2", stays), record("run", "3", "unavailable")),
		"", "no JSON", "[]", `{"resourceSpans":[]}`, `{"resourceLogs":[{}]}`, // 4 unreadable
		line(deep), // 1
		line(`{"body":{"stringValue":"another program's"}}`, `{"timeUnixNano":"x","attributes":[],"eventName":"y"}`, "7"),                   // 3
		line(strings.Replace(record("run", "4", stays), `{"stringValue":"`+stays+`"}`, `{"intValue":"7"}`, 1)),                              // 1
		line(record("forget", "5", "unavailable"), record("forget", "6", stays+"0"), record(`r\ud800n`, "7", stays)),                        // 3
		line(strings.Replace(record("run", "8", stays), "run", "r\xffn", 1), record("forget", "9", gone), record("run", "1", "{"+gone+"}")), // the last is known
		line(record("run", "0", gone)),
		line(record("forget", "0", stays))[:50], // as yet
	}, "\n"))
	if got := c.load("mytool.db", "lines.jsonl"); got != "5 new, 0 known, 1 refused, 1 requests, 1 rows deleted, 12 unreadable" {
		t.Errorf("got %s", got)
	}
	now := c.tables("mytool.db")
	if len(now.under(gone)) != 0 || len(now.under(stays)) != 2 || len(now.under("unavailable")) != 1 || len(now.Deletions) != 1 {
		t.Errorf("got %+v", now)
	}
}
