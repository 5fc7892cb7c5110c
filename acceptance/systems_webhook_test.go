package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// webhook is a receiver that was not made for these tests: the program of that
// name, which Debian packages, answers POSTs by rules about headers and the JSON
// in the body, and hands the body to a command.
type webhook struct {
	url  string
	file string // the bodies, a line each
}

// hook is one of webhook's rules, as its documentation names the members.
type hook map[string]any

// match is a condition: the value, or the regular expression, of a header, or of
// the body ("payload") at a path with dots.
func match(kind, value, source, name string) hook {
	member := map[string]string{"value": "value", "regex": "regex"}[kind]
	return hook{"match": hook{"type": kind, member: value, "parameter": hook{"source": source, "name": name}}}
}

// newHook answers a POST to a path with status and body if all conditions hold,
// and with 401 if not. It answers once the command has ended.
func newHook(path string, status int, body string, conditions ...hook) hook {
	return hook{
		"id": path, "http-methods": []string{"POST"}, "trigger-rule": hook{"and": conditions},
		"trigger-rule-mismatch-http-response-code": 401,
		"success-http-response-code":               status,
		"response-message":                         body,
		"include-command-output-in-response":       true,
		"pass-arguments-to-command":                []hook{{"source": "raw-request-body"}},
	}
}

// startWebhook starts it on loopback, with an HTTP path a hook.
func startWebhook(t testing.TB, hooks ...hook) webhook {
	t.Helper()
	program, err := exec.LookPath("webhook")
	if err != nil {
		t.Skip("webhook is not installed")
	}
	dir := t.TempDir()
	w := webhook{file: filepath.Join(dir, "bodies")}
	command := filepath.Join(dir, "keep")
	script := fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"$1\" >>'%s'\n", w.file)
	for _, h := range hooks {
		h["execute-command"] = command
	}
	rules, err := json.Marshal(hooks)
	file := filepath.Join(dir, "hooks.json")
	if err := errors.Join(err, os.WriteFile(command, []byte(script), 0o700), os.WriteFile(file, rules, 0o600)); err != nil {
		t.Fatal(err)
	}
	// It has to be told a port, which somebody else may take in between.
	for range 5 {
		port := freePort(t)
		w.url = "http://127.0.0.1:" + port
		if serveWebhook(t, program, "-ip", "127.0.0.1", "-port", port, "-urlprefix", "", "-hooks", file, "-verbose") {
			return w
		}
	}
	t.Fatal("webhook did not start")
	return w
}

// serveWebhook starts webhook and waits until it listens at the port; false if it
// ended before.
func serveWebhook(t testing.TB, program string, args ...string) bool {
	t.Helper()
	cmd := exec.Command(program, args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("webhook: %s", log.String())
		}
	})
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		select {
		case <-ended:
			t.Logf("webhook ended: %s", log.String())
			return false
		default:
		}
		if conn, err := net.Dial("tcp", "127.0.0.1:"+args[3]); err == nil {
			conn.Close()
			return true
		}
	}
	return false
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// bodies are what the command was given, and so what fitted a rule.
func (w webhook) bodies(t testing.TB) []any {
	t.Helper()
	data, err := os.ReadFile(w.file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var list []any
	for line := range bytes.Lines(data) {
		list = append(list, decodeJSON(t, line))
	}
	return list
}

// TestSystemsWebhook sends to webhook what Flower's and Segment's rules describe.
func TestSystemsWebhook(t *testing.T) {
	t.Parallel()
	w := startWebhook(t,
		newHook("api/v1/event", 201, `{"status": "created"}`, // as Flower's server answers
			match("value", "application/json", "header", "Content-Type"),
			match("value", "flwr/1.28.0", "header", "User-Agent"),
			match("value", "START_SERVER_LEAVE", "payload", "event_type"),
			match("value", "false", "payload", "event_details.success"),
			match("value", "-3", "payload", "event_details.exit_code"),
			match("value", runID, "payload", "context.cluster"),
			match("regex", "^"+anyUUID+"$", "payload", "context.source"),
			match("value", "1.28.0", "payload", "context.flower.package_version"),
			match("value", "ELF", "payload", "context.platform.architecture.1"),
		),
		newHook("v1/batch", 200, `{"success": true}`,
			match("value", "application/json", "header", "Content-Type"),
			match("value", writeKey, "payload", "writeKey"),
			match("value", "track", "payload", "batch.0.type"),
			match("value", "CBPE estimator run", "payload", "batch.0.event"),
			match("value", "f1", "payload", "batch.0.properties.metrics.1"),
			match("regex", "^"+anyUUID+"$", "payload", "batch.0.userId"),
			match("regex", "^"+anyUUID+"$", "payload", "batch.0.messageId"),
			match("regex", "^"+utcMicros+"$", "payload", "sentAt"),
		),
	)
	checkWebhook(t, w, flwr, "START_SERVER_LEAVE", "")
	checkWebhook(t, w, nannyml, "CBPE estimator run", "/batch/0")

	other := nannyml
	other.env = []string{"NANNYML_WRITE_KEY=another"}
	const kept = 75 // the key can be mended: a 401 is tried again
	if out := install(t, other, w.url).send(messageOf(t, nannyml, "CBPE estimator run"), "--wait=1s"); out.code != kept || out.Outcome != "queued" {
		t.Errorf("with another key: %+v", out)
	}
	if n := len(w.bodies(t)); n != 2 {
		t.Errorf("%d bodies fitted the rules", n)
	}
}

// checkWebhook sends one event, which has to arrive as everywhere else; at is
// where in the body its document stands.
func checkWebhook(t testing.TB, w webhook, s system, event, at string) {
	t.Helper()
	before := len(w.bodies(t))
	i, m := install(t, s, w.url), messageOf(t, s, event)
	out := i.send(m, "--wait=30s")
	bodies := w.bodies(t)
	if out.code != 0 || out.Outcome != "sent" || len(bodies) != before+1 {
		t.Fatalf("%s: %+v, %d bodies", event, out, len(bodies)-before)
	}
	document := bodies[before]
	if at != "" {
		document = part(document, at)
	}
	c := comparison{allow: s.differ, vars: i.vars(out.EventID)}
	for _, d := range c.differences(m.want, document) {
		t.Errorf("%s: %s", event, d)
	}
}

// messageOf is a system's message of an event.
func messageOf(t testing.TB, s system, event string) message {
	t.Helper()
	for _, m := range s.messages(t) {
		if m.event == event {
			return m
		}
	}
	t.Fatalf("%s has no message %q", s.tool, event)
	return message{}
}
