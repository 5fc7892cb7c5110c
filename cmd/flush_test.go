package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/sender"
)

func TestFlush(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"flush", exitOK, []string{"nothing is queued\n"}, nil},
		said{"flush demo", exitOK, []string{"demo: nothing waits\n"}, nil},
		said{"flush Demo", exitData, nil, []string{`tool ID "Demo" is not valid`}},
		said{"enable demo -q", exitOK, nil, nil},
		said{"send demo run.start", exitOK, nil, nil},
		said{"send demo run.end", exitOK, nil, nil},
		said{"flush", exitOK, []string{"demo: 2 sent, nothing waits\n"}, nil},
		said{"flush -q", exitOK, nil, nil},
	)
	p.must("flush demo --json")
	if f := p.tool(); f["tool"] != "demo" || f["sent"] != 0.0 || f["queued"] != 0.0 || f["detail"] != "" {
		t.Errorf("%v", f)
	}
}

// TestFlushWaits holds what is said of what could not be delivered in time.
func TestFlushWaits(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/acme.toml", acme)
	file := filepath.Join(p.home, "acme.jsonl")
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	p.must("enable acme -q")
	p.must("send acme run --set part=left")
	p.expect(said{"flush --timeout 5s", exitTempFail, []string{"acme: 1 still waiting: ", " " + file}, nil})
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p.atTerminal(80)
	p.expect(said{"flush --rejected", exitOK, []string{"acme: 1 sent, nothing waits\n"}, []string{"\rdelivering: 1 of 1\r"}})
}

// TestFlushNothingKept holds what is said of a state directory that is not used.
func TestFlushNothingKept(t *testing.T) {
	p := newPerson(t)
	p.world.Dirs.StateFlaw = "others can write it"
	p.expect(said{"flush demo", exitIO, []string{"demo: it is not known what still waits: others can write it\n"}, []string{"nothing was delivered: ", " is not used: others can write it"}})
	p.world.Dirs.StateFlaw, p.world.Dirs.StateHome = "", ""
	p.expect(said{"flush demo", exitIO, []string{"demo: it is not known what still waits: the state directory is not known: "}, []string{"warning: the state directory is not known: ", "hint: set HOME ", "error: nothing was delivered: the state directory is not known: "}})
}

// TestFlushed holds the line and the exit code of each result.
func TestFlushed(t *testing.T) {
	id := uuid.MustParse("6ba7b810-9dad-41d1-80b4-00c04fd430c8")
	in := func(s sender.DeletionState) requests {
		return requests{list: []deletion{{sender.DeletionRequest{RequestID: id, State: s, To: "there", Answer: "an answer"}}}}
	}
	locked := requests{unknown: errors.New("one\nlocked")}
	unerased := []string{"it is being worked at"}
	for _, c := range []struct {
		result flushed
		line   string
		code   int
	}{
		{flushed{Sent: 2}, "2 sent, nothing waits", exitOK},
		{flushed{Rejected: 1}, "1 rejected, nothing waits", exitRejected},
		{flushed{Dropped: 1}, "1 dropped because consent was withdrawn, or the source ID forgotten, nothing waits", exitOK},
		{flushed{Sent: 10000, Dropped: 2010, OverBounds: 2010}, "10000 sent, 2010 dropped because the queue was full, or they were too old, nothing waits", exitOK},
		{flushed{Dropped: 5, OverBounds: 2}, "2 dropped because the queue was full, or they were too old, 3 dropped because consent was withdrawn, or the source ID forgotten, nothing waits", exitOK},
		{flushed{Sent: 10000, Earlier: 2002}, "10000 sent, 2002 dropped earlier because the queue was full, or they were too old, nothing waits", exitOK},
		{flushed{Queued: 3}, "3 still waiting", exitTempFail},
		{flushed{Queued: 3, Detail: "no route"}, "3 still waiting: no route", exitTempFail},
		{flushed{Unrecorded: "the journal is full"}, "nothing waits, the journal is full", exitIO},
		{flushed{unerased: unerased}, "not all that is to be forgotten could be removed: it is being worked at", exitTempFail},
		{flushed{Deletions: locked}, "it is not known which deletion requests there are: one; locked", exitIO},
		{flushed{Sent: 2, Deletions: locked}, "2 sent, it is not known which deletion requests there are: one; locked", exitIO},
		{flushed{Queued: 3, Detail: "no route", Deletions: locked}, "it is not known which deletion requests there are: one; locked, 3 still waiting: no route", exitIO},
		{flushed{Deletions: in(sender.Accepted)}, "there accepted the deletion request " + id.String() + ", nothing waits", exitOK},
		{flushed{Deletions: in(sender.Failed)}, "there refused the deletion request " + id.String() + ": an answer, nothing waits", exitRejected},
		{flushed{Deletions: in(sender.Pending)}, "there has not acknowledged the deletion request " + id.String() + " yet (an answer); it is tried again by itself until it does, no event waits", exitTempFail},
	} {
		if got := c.result.line(); got != c.line {
			t.Errorf("%q, want %q", got, c.line)
		}
		var f *failure
		code := exitOK
		if errors.As(verdictOf([]flushed{c.result}), &f) {
			code = f.code
		}
		if code != c.code {
			t.Errorf("%s: it ends with %d, want %d", c.line, code, c.code)
		}
	}
}
