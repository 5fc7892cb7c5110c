// Package journal keeps what was sent for each tool, to the letter, and what became of
// it: lines of JSON in a file that grows to a bound and is then set aside.
//
// Each request, datagram or line of a file is recorded twice: before its first byte
// leaves, with its events, and when it has ended, with its outcome. So a process that is
// killed in between leaves a trace of what it may have sent. The payload of an event
// that is sent again is not repeated as long as it is the same and the file still has it;
// a server that fails for a month does not fill the journal with copies.
//
//	{"schema":2,"request":"9f86d081884c7d65","at":"…","endpoint":"…","events":[{"id":"…","name":"run","payload":{…}}]}
//	{"schema":2,"request":"9f86d081884c7d65","at":"…","outcome":"answered","status":500,"note":"500 Internal Server Error"}
//
// A line of schema 1 is one payload that was accepted.
package journal

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// maxJournal is the size, in bytes, at which a journal is set aside as
// TOOL.jsonl.1, replacing the one set aside before.
const maxJournal = 4 << 20

// Outcome is what became of a request in which something left this machine.
type Outcome string

// The outcomes.
const (
	Accepted    Outcome = "accepted"    // the receiver said that it has it
	Sent        Outcome = "sent"        // nobody answers there: by UDP, or to a file
	Rejected    Outcome = "rejected"    // the receiver answered that it will never take it
	Answered    Outcome = "answered"    // the receiver answered, and did not accept it
	NoAnswer    Outcome = "no-answer"   // no answer came
	Interrupted Outcome = "interrupted" // consent was withdrawn while it was being sent
	Unknown     Outcome = "unknown"     // not recorded: it is under way, or its process was killed

	// nothing is written where nothing left after all; there is no record of it.
	nothing Outcome = "nothing"
)

// Arrived reports whether all that is known says that the receiver has it.
func (o Outcome) Arrived() bool { return o == Accepted || o == Sent }

// Result is what became of a request.
type Result struct {
	Outcome Outcome // "" if nothing left
	Status  int     // of HTTP; 0 if there was none
	Note    string  // what the receiver had to say, or what went wrong
}

// Record is one attempt at sending one event.
type Record struct {
	At       time.Time // when it began
	Event    string    // "" if that is not recorded any more
	EventID  uuid.UUID
	Endpoint string
	Origin
	Result
	Payload json.RawMessage // an object; nil if it is not recorded any more
	Again   bool            // the event was recorded before, with the same payload
}

// Journal is the record of what was sent for one tool. It is a path, and safe for
// concurrent use, by several processes too.
type Journal struct {
	path  string
	spare string // its mark where there can be none beside it
}

// Open names the journal of a tool below usagectl's state directory and
// touches nothing.
func Open(state string, tool manifest.ID) Journal {
	return Journal{filepath.Join(Dir(state), tool.String()+Ending), filepath.Join(MarkDir(state), tool.String())}
}

// Erase removes the journal, durably, and then its marks: of what is left of a journal they say
// that it lacks something.
func (j Journal) Erase() error {
	err := errors.Join(remove(j.path), remove(j.path+".1"), statefile.Settle(filepath.Dir(j.path)))
	for _, mark := range j.marks() {
		if statefile.Done(err) {
			err = errors.Join(err, remove(mark), statefile.Settle(filepath.Dir(mark)))
		}
	}
	return err
}

func remove(path string) error { return statefile.IgnoreMissing(statefile.Remove(path)) }

// marks are two places for an empty file that says that something was sent and is not recorded;
// it was then when it was changed last. The first is beside the journal: where there is no room
// for a record there may be for its name. The other is for a directory that cannot be used.
func (j Journal) marks() []string { return []string{j.path + ".incomplete", j.spare} }

// Mark notes that something was sent at a time and is not recorded. An error says that no place
// takes the mark, as on a disk that takes no file at all: once the journal can be used again
// nothing tells then that it lacks something.
func (j Journal) Mark(at time.Time) error {
	var errs []error
	for _, path := range j.marks() {
		err := mark(path, at)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func mark(path string, at time.Time) error {
	if err := statefile.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := statefile.Append(context.Background(), path, nil, 0); err != nil {
		return err
	}
	return os.Chtimes(path, at, at)
}

// Gap says why something may have been sent that is not recorded: an error about the
// journal or its marks, which cannot be read or written, or the time at which something was sent
// last that could not be recorded; neither if nothing is known of it.
func (j Journal) Gap() (at time.Time, err error) {
	for _, path := range j.marks() {
		info, err := statefile.Stat(path)
		if statefile.IgnoreMissing(err) != nil {
			return at, err
		}
		if err == nil && info.ModTime().After(at) {
			at = info.ModTime()
		}
	}
	for _, path := range []string{j.path + ".1", j.path} {
		if _, err := statefile.Stat(path); statefile.IgnoreMissing(err) != nil {
			return at, err
		}
	}
	return at, statefile.CheckWritable(j.path)
}
