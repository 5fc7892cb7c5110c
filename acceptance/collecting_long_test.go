//go:build linux && long

package acceptance

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
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

// collecting is docs/collecting.md at work: its script in a directory of its
// own, its manifest in people's homes, and the real Collector between them. The
// file that the page calls events.jsonl is the Collector's.
type collecting struct {
	t         testing.TB
	text      string
	dir       string
	collector *collector
	manifest  string
	addresses []string // what the page says, what it is here, in turn
}

func startCollecting(t *testing.T) *collecting {
	t.Helper()
	needProgram(t, "python3")
	page, err := os.ReadFile(repository("docs/collecting.md"))
	if err != nil {
		t.Fatal(err)
	}
	c := &collecting{t: t, text: string(page), dir: t.TempDir(), collector: startCollector(t)}
	c.addresses = []string{pageLogs, c.collector.OTLP + "/v1/logs"}
	c.write("collect.py", c.one("python"))
	c.write("request.json", c.one("json"))
	c.manifest = c.blockWith("toml", "schema = 1")
	if err := os.Symlink(filepath.Join(c.collector.dir, "logs.jsonl"), filepath.Join(c.dir, "events.jsonl")); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *collecting) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// one is the page's only block of a language.
func (c *collecting) one(language string) string {
	c.t.Helper()
	return c.blockWith(language, "")
}

// blockWith is the page's only block of a language that holds a text.
func (c *collecting) blockWith(language, text string) string {
	c.t.Helper()
	list := slices.DeleteFunc(blocks(c.text, language), func(b string) bool { return !strings.Contains(b, text) })
	if len(list) != 1 {
		c.t.Fatalf("the page has %d blocks of %s with %q, not 1", len(list), language, text)
	}
	return list[0]
}

// here puts the addresses of this test in the place of the page's.
func (c *collecting) here(text string) string {
	return strings.NewReplacer(c.addresses...).Replace(text)
}

// onPage is the reverse of here.
func (c *collecting) onPage(text string) string {
	var swapped []string
	for pair := range slices.Chunk(c.addresses, 2) {
		swapped = append(swapped, pair[1], pair[0])
	}
	return strings.NewReplacer(swapped...).Replace(text)
}

// forgetBy replaces the manifest's way of forgetting by another of the page's.
// There is no event for it then.
func (c *collecting) forgetBy(method manifest.ForgetMethod) {
	c.t.Helper()
	way := func(method manifest.ForgetMethod) string {
		list := slices.DeleteFunc(blocks(c.text, "toml"), func(b string) bool {
			return !strings.HasPrefix(b, "[forget]\nmethod ") || !strings.Contains(b, fmt.Sprintf("= %q\n", method))
		})
		if len(list) != 1 {
			c.t.Fatalf("the page has %d blocks for the method %s, not 1", len(list), method)
		}
		return list[0]
	}
	for old, replacement := range map[string]string{
		way(manifest.ForgetEvent):          way(method),
		"[[event]]\nname = \"forget\"\n\n": "",
	} {
		if strings.Count(c.manifest, old) != 1 {
			c.t.Fatalf("the manifest does not have, once: %s", old)
		}
		c.manifest = strings.Replace(c.manifest, old, replacement, 1)
	}
}

// installation is the tool with somebody who has agreed. id is the source ID in their home, "" for
// one that is made.
type installation struct {
	*person
	c *collecting
}

func (c *collecting) person(id string) *installation {
	c.t.Helper()
	p := &installation{newPersonIn(c.t, c.t.TempDir()), c}
	p.declare("mytool", c.here(c.manifest))
	if id != "" {
		source := filepath.Join(p.home, ".mytool", "source")
		must(c.t, os.MkdirAll(filepath.Dir(source), 0o700))
		mustWrite(c.t, source, id+"\n")
	}
	p.must("", "enable", "-q", "mytool")
	return p
}

// send sends events, which have arrived when it returns.
func (p *installation) send(n int) {
	p.c.t.Helper()
	for i := range n {
		p.must("", "send", "mytool", "run.end", "--set", fmt.Sprintf("exit_code=%d", i), "--wait=30s", "--fail")
	}
}

// report is the tool's, as JSON has it.
func (p *installation) report() any {
	p.c.t.Helper()
	return part(decodeJSON(p.c.t, []byte(p.must("", "status", "--json", "mytool"))), "/tools/0")
}

// deletion is the only request that the person has made.
func (p *installation) deletion() (id, state, at string) {
	p.c.t.Helper()
	list, _ := part(p.report(), "/deletions").([]any)
	if len(list) != 1 {
		p.c.t.Fatalf("there are %d deletion requests", len(list))
	}
	id, _ = part(list[0], "/request_id").(string)
	state, _ = part(list[0], "/state").(string)
	at, _ = part(list[0], "/requested_at").(string)
	return id, state, at
}

// run runs the commands of a block, in a person's home as far as they look for
// one, and compares what they print with what the page says.
func (c *collecting) run(block string, p *installation) {
	c.t.Helper()
	env := []string{"PATH=" + os.Getenv("PATH")}
	if p != nil {
		env = p.env
	}
	for _, shown := range transcript(block) {
		cmd := exec.Command("sh", "-c", c.here(shown.command))
		cmd.Dir, cmd.Env = c.dir, env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if got := c.onPage(string(out)); err != nil || !shown.matches(got) {
			c.t.Fatalf("$ %s: %v\ngot:\n%s%s\nthe page has:\n%s", shown.command, err, got, stderr.String(), shown.output)
		}
	}
}

// load has the script load a file, and returns what it counted.
func (c *collecting) load(database, file string) string {
	c.t.Helper()
	cmd := exec.Command("python3", "collect.py", "load", database, file)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("load: %v: %s", err, out)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(out), file+": "), "\n")
}

// tables is what the script's database holds. The rows of events are event_id,
// source_id, name, at and body; those of deletions request_id, sha256, tool,
// requested_at and done_at.
type tables struct{ Events, Deletions [][5]string }

func (c *collecting) tables(database string) tables {
	c.t.Helper()
	const dump = `import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(json.dumps({t: db.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall() for t in ("events", "deletions")}))`
	out, err := exec.Command("python3", "-c", dump, filepath.Join(c.dir, database)).Output()
	var content tables
	if err != nil || json.Unmarshal(out, &content) != nil {
		c.t.Fatalf("dump: %v: %s", err, out)
	}
	return content
}

// under are the rows of a source ID.
func (t tables) under(id string) [][5]string {
	return slices.DeleteFunc(slices.Clone(t.Events), func(row [5]string) bool { return row[1] != id })
}

func hashOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// pageID is the source ID that the page has everywhere.
func (c *collecting) pageID() string {
	c.t.Helper()
	id, _ := part(decodeJSON(c.t, []byte(c.one("json"))), "/source_id").(string)
	return id
}

// console are the page's transcripts.
func (c *collecting) console() (proof, send, load, forget, reload, serve, ask string) {
	c.t.Helper()
	list := blocks(c.text, "console")
	if len(list) != 7 {
		c.t.Fatalf("the page has %d transcripts, not 7: is it read right?", len(list))
	}
	return list[0], list[1], list[2], list[3], list[4], list[5], list[6]
}

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

// serve starts the page's server at a free port, and returns its address.
func (c *collecting) serve(block string) string {
	c.t.Helper()
	shown := transcript(block)[0]
	_, port, _ := strings.Cut(strings.TrimPrefix(pageServer, "http://"), ":")
	if !strings.HasSuffix(shown.command, " "+port) {
		c.t.Fatalf("%q does not serve at %s", shown.command, port)
	}
	cmd := exec.Command("sh", "-c", "exec "+strings.TrimSuffix(shown.command, port)+"0")
	cmd.Dir = c.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	output := bufio.NewReader(stdout)
	line, err := output.ReadString('\n')
	c.t.Cleanup(func() {
		cmd.Process.Kill()
		log, _ := io.ReadAll(output)
		cmd.Wait()
		// It may tell which request it was, but not which ID, nor from where.
		if stderr.Len() > 0 || bytes.Contains(log, []byte(c.pageID())) || bytes.Contains(log, []byte("127.0.0.1")) {
			c.t.Errorf("the server said %s%s", log, stderr.String())
		}
	})
	address := regexp.MustCompile(`^http://127\.0\.0\.1:\d+`).FindString(line)
	if address == "" {
		c.t.Fatalf("the server said %q: %v", line, err)
	}
	c.addresses = append(c.addresses, pageDeletions, address+"/v1/deletions", pageServer, address)
	if got := c.onPage(line); !shown.matches(strings.Replace(got, pageDeletions, pageServer+"/v1/deletions", 1)) {
		c.t.Errorf("the server said %q, the page has %q", got, shown.output)
	}
	return address
}

// post posts a request, and returns the answer.
func post(t testing.TB, url, body string) (status int, text, retryAfter string) {
	t.Helper()
	client := &http.Client{Timeout: patience}
	answer, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(data), answer.Header.Get("Retry-After")
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

// lock keeps everybody from writing into a database.
func (c *collecting) lock(database string) (unlock func()) {
	c.t.Helper()
	const hold = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()`
	cmd := exec.Command("python3", "-c", hold, filepath.Join(c.dir, database))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "locked\n" {
		c.t.Errorf("lock: %q, %v", line, err)
	}
	return func() {
		stdin.Close()
		cmd.Wait()
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
