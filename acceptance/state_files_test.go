package acceptance

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// TestStateFiles holds that docs/architecture.md names every file that is kept in the state
// directory, and none that no event and no deletion request makes.
func TestStateFiles(t *testing.T) {
	t.Parallel()
	var answer atomic.Value
	answer.Store("200")
	server := newRecorderBy(t, func(int, string) string { return answer.Load().(string) })
	deletions := newRecorder(t, "hang")
	p := newPersonIn(t, t.TempDir())
	p.toolID = "mytool"
	p.declare("mytool", `schema = 1
tool = {id = "mytool", purpose = "Shows what is kept."}
send = {transport = "http", endpoint = "`+server.url()+`/v1"}
forget = {method = "http", endpoint = "`+deletions.url()+`/deletions"}
event = [{name = "run"}]
field = [{name = "source", from = "identity.source", purpose = "To count installs."}, {name = "user", from = "host.user_hash", purpose = "To count people."}]
`)
	named, seen := stateFiles(t), map[string]bool{}
	look := func() {
		for _, file := range keptBelow(t, p.state()) {
			at := slices.IndexFunc(named, func(name *regexp.Regexp) bool { return name.MatchString(file) })
			if at < 0 {
				t.Fatalf("the page does not name %s", file)
			}
			seen[named[at].String()] = true
		}
	}
	sees := func(part string) func() bool {
		return func() bool {
			look()
			for name := range seen {
				if strings.Contains(name, regexp.QuoteMeta(part)) {
					return true
				}
			}
			return false
		}
	}
	p.must("", "enable", "-q", "mytool")
	p.must("", "send", "mytool", "run", "--wait=30s")
	answer.Store("400")
	p.run("", "send", "mytool", "run", "--wait=30s")
	answer.Store("503")
	p.must("", "send", "mytool", "run")
	eventually(t, "the back-off is there", sees("backoff.json"))
	awaitDeliverer(p.stateHome())
	p.must("", "disable", "-q", "mytool")
	look()
	answer.Store("hang")
	p.must("", "enable", "-q", "mytool")
	p.must("", "send", "mytool", "run")
	eventually(t, "the lease is there", sees(".deliverer"))
	eventually(t, "the event is claimed", sees("/claimed/"))
	other := p.command("send", "mytool", "run")
	other.Env = append(other.Env, "SSL_CERT_DIR="+p.home) // another way
	must(t, other.Run())
	eventually(t, "the lease of those who go that way is there", sees(".deliverer-"))
	server.goOn()
	awaitDeliverer(p.stateHome())
	cmd := p.command("forget", "mytool", "--yes")
	must(t, cmd.Start())
	eventually(t, "the lease of the deletion is there", sees(".claim"))
	deletions.goOn()
	_ = cmd.Wait() // what became of it is not the question here
	look()
	// These are there for a moment, or take a lot, or a disk that is full or broken.
	for _, name := range named {
		if !seen[name.String()] && !regexp.MustCompile(`(/(tmp|discarded)/\.\*|\\\.(1|incomplete))\$$|^\^unrecorded/`).MatchString(name.String()) {
			t.Errorf("nothing made %s", name)
		}
	}
}

// stateFiles are the names that docs/architecture.md gives to what is in the state directory.
func stateFiles(t *testing.T) []*regexp.Regexp {
	t.Helper()
	var list []*regexp.Regexp
	for line := range strings.Lines(string(mustPage(t, "docs/architecture.md"))) {
		cell, ok := strings.CutPrefix(line, "| `$XDG_STATE_HOME/usagectl/")
		if !ok {
			continue
		}
		cell, _, _ = strings.Cut(cell, "` |")
		dir := cell[:strings.LastIndex(strings.TrimSuffix(strings.Split(cell, "`")[0], "/"), "/")+1]
		for i, name := range strings.Split(cell, "`, `") {
			if i > 0 {
				name = dir + name // the names behind the first are beside it
			}
			head, rest, braces := strings.Cut(name, "{")
			alternatives, tail, _ := strings.Cut(rest, "}")
			for each := range strings.SplitSeq(alternatives, ",") {
				if !braces {
					tail = ""
				}
				list = append(list, stateFile(head+each+tail))
			}
		}
	}
	if len(list) < 10 {
		t.Fatalf("the page names only %v", list)
	}
	return list
}

func stateFile(name string) *regexp.Regexp {
	pattern := strings.NewReplacer("TOOL", "mytool", "HASH", "[0-9a-f]{64}").Replace(regexp.QuoteMeta(name))
	if strings.HasSuffix(name, "/") {
		pattern += ".*"
	}
	return regexp.MustCompile("^" + pattern + "$")
}

// keptBelow are the files below a directory, by their paths in it. What is being written is
// passed over.
func keptBelow(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".tmp") {
			return nil // it was moved meanwhile
		}
		name, err := filepath.Rel(dir, path)
		must(t, err)
		list = append(list, filepath.ToSlash(name))
		return nil
	})
	return list
}
