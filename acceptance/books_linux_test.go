package acceptance

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBooksBalanceOnAFullDisk empties an outbox where the record of losses cannot be
// written. What was queued goes, and counts.
func TestBooksBalanceOnAFullDisk(t *testing.T) {
	t.Parallel()
	private(t, unix.CLONE_NEWNS)
	p := newPerson(t, 0, "http://"+closedPort(t))
	mountTmpfs(t, p.state(), "size=256k")
	p.enable()
	p.holdBack()
	for range 3 {
		p.send()
	}
	fillSpace(t, p.state())
	p.run("", "disable", "harm")
	for _, part := range []string{"new", "claimed", "tmp", "discarded"} {
		for file, data := range contents(t, p.outbox(part)) {
			if len(data) > 0 {
				t.Errorf("%s%s still holds %s", part, file, data)
			}
		}
	}
	if got := p.status(); got != (counts{Dropped: 3}) {
		t.Errorf("%+v", got)
	}
	if _, err := os.Lstat(p.outbox("dropped")); err == nil {
		for line := range strings.Lines(string(mustRead(t, p.outbox("dropped")))) {
			if !json.Valid([]byte(line)) {
				t.Errorf("half a line: %q", line)
			}
		}
	}
}

// TestBooksFullJournal delivers where the journal cannot be written. Flush says so, and
// does not end as if all were well.
func TestBooksFullJournal(t *testing.T) {
	t.Parallel()
	p := newPerson(t, 0, "")
	p.enable()
	p.holdBack()
	p.send()
	must(t, os.MkdirAll(p.state("journal", "harm.jsonl"), 0o700))
	p.letGo()
	out, _, code := p.run("", "flush")
	if code != 74 || !strings.Contains(out, "1 sent, nothing waits, what was sent is not in the journal: ") {
		t.Errorf("exit code %d, %q", code, out)
	}
	if _, msg, code := p.run("", "inspect", "harm", "--sent"); code != 74 || !strings.Contains(msg, "journal") {
		t.Errorf("exit code %d, %q", code, msg)
	}
	out, _, _ = p.run("", "status", "harm")
	if !strings.Contains(out, "Last sent    unknown; the journal cannot be read or written: not a regular file") {
		t.Errorf("%q", out)
	}
	must(t, os.Remove(p.state("journal", "harm.jsonl")))
	out, msg, _ := p.run("", "inspect", "harm", "--sent")
	if !strings.Contains(out, "Nothing is recorded as sent for harm.") || !strings.Contains(msg, "something that was sent at 20") {
		t.Errorf("%q, %q", out, msg)
	}
}
