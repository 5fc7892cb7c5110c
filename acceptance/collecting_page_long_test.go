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
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
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
