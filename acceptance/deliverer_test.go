package acceptance

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDelivererOutlivesSender holds that "send" is over while its event is still on
// its way, whatever keeps the server from answering, that whoever reads its output need not wait
// for the deliverer, and that the deliverer stays in no directory. The file that says that one is at work
// says which, so that nobody starts another one, and goes with it.
func TestDelivererOutlivesSender(t *testing.T) {
	t.Parallel()
	server := newRecorder(t, "hang")
	p := newPersonIn(t, t.TempDir())
	p.declare("mytool", `schema = 1
tool = {id = "mytool", purpose = "Shows the background deliverer."}
send = {transport = "http", endpoint = "`+server.url()+`/v1"}
event = [{name = "run"}]
field = [{name = "id", from = "event.id", purpose = "To count an event once that arrives twice."}]
`)
	p.must("", "enable", "-q", "mytool")
	here := filepath.Join(t.TempDir(), "here")
	must(t, os.Mkdir(here, 0o700))
	p.dir = here
	unharmed(t, p.command("send", "mytool", "run"))
	p.dir = p.home
	if err := os.Remove(here); err != nil {
		t.Errorf("somebody is still there: %v", err)
	}
	lease := p.state("outbox", ".deliverer")
	if content, err := os.ReadFile(lease); err != nil || !regexp.MustCompile(`\A[1-9]\d*\.\w+-\d+-\w+( @\w+ bundles)? mytool@\w+\z`).Match(content) {
		t.Errorf("the deliverer is %q: %v", content, err)
	}
	server.goOn()
	eventually(t, "the event arrives", func() bool { return len(server.taken()) == 1 })
	if server.taken()[""] != nil {
		t.Errorf("it has no ID: %q", server.bodies())
	}
	eventually(t, "the deliverer ends", func() bool {
		_, err := os.Lstat(lease)
		return errors.Is(err, fs.ErrNotExist)
	})
	if out, _, _ := p.run("", "status", "--json", "mytool"); !strings.Contains(out, `"queued":0,"rejected":0,"dropped":0,"last_sent":"20`) {
		t.Errorf("status: %s", out)
	}
}
