package acceptance

import (
	"context"
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
	server := newRecorder(t, "hang")
	home := t.TempDir()
	run := program(t, home, "XDG_DATA_HOME="+home)
	addTool(t, home, server.url())
	if _, stderr, code := run("", "enable", "-q", "mytool"); code != 0 {
		t.Fatal(stderr)
	}
	here := filepath.Join(t.TempDir(), "here")
	if err := os.Mkdir(here, 0o700); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	send := programCommand(ctx, t, "send", "mytool", "run")
	send.Env, _ = programEnv(t, home, []string{"XDG_DATA_HOME=" + home})
	send.Dir = here
	if out, err := send.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Remove(here); err != nil {
		t.Errorf("somebody is still there: %v", err)
	}
	lease := filepath.Join(stateHome(home, nil), "usagectl", "outbox", ".deliverer")
	if content, err := os.ReadFile(lease); err != nil || !regexp.MustCompile(`\A[1-9]\d*\.\w+\z`).Match(content) {
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
	if out, _, _ := run("", "status", "--json", "mytool"); !strings.Contains(out, `"queued":0,"rejected":0,"dropped":0,"last_sent":"20`) {
		t.Errorf("status: %s", out)
	}
}

// addTool installs a manifest of "mytool", whose event "run" goes to a server on
// this machine.
func addTool(t *testing.T, dataHome, server string) {
	t.Helper()
	file := filepath.Join(dataHome, "usagectl", "tools", "mytool.toml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	text := `schema = 1
tool = {id = "mytool", purpose = "Shows the background deliverer."}
send = {transport = "http", endpoint = "` + server + `/v1"}
event = [{name = "run"}]
field = [{name = "id", from = "event.id", purpose = "To count an event once that arrives twice."}]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
