package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/process"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// Event is what a program says about an event that it wants to send. Only Tool and Name
// are needed.
type Event struct {
	Tool string // the tool's ID
	Name string // one of the manifest's events

	// Values are the caller's, by field name: strings, booleans, integers, floats, lists
	// and maps of those, as encoding/json writes them. A value that does not fit its
	// field is left out and reported as a [Problem].
	Values map[string]any
	// Data is a JSON object of values by field name, which keeps order and digits. Values
	// win over it, and Set over both.
	Data []byte
	// Set are values as text, in order: the last one of a name wins, and lists grow.
	Set []Setting

	ToolVersion string    // "" if it is not told
	RunID       uuid.UUID // names the run in which the event is taken; the zero value makes a new one
	// EventID names the event, and no other one; the zero value makes a new one. It is for
	// callers who have to know it before.
	EventID uuid.UUID

	// Level is the highest level of which something is sent of this event, whatever the
	// person agreed to beyond it; 0 leaves it at what they agreed to. It never raises that.
	Level int

	// Manifest is the tool's manifest; nil has it found by the tool's ID, in the
	// directories of manifests and then among those that come with this package.
	Manifest *manifest.Manifest
	// ManifestFile is the absolute path of a file that is in none of those directories,
	// which deliverers read too; else "". A name of what is open, such as /dev/stdin, is
	// replaced by the file's own.
	ManifestFile string

	// Wait is how long [Sender.Take] may wait for the delivery; 0 leaves it to a
	// deliverer.
	Wait time.Duration
	// Strict drops the event if a value does not fit, instead of leaving that out.
	Strict bool
	// Flawed says that the caller has left something out already; it counts as a value
	// that does not fit.
	Flawed bool
	// DryRun has [Sender.Take] do everything but keep or send the event, and make an ID:
	// [NotMade] stands for one that would be made.
	DryRun bool
	// Queued is called as soon as the event is kept, with the result so far, if it is
	// not nil. It is for callers who do not wait for a machine that hangs.
	Queued func(Result)
}

// Setting is one value given as text.
type Setting struct{ Name, Text string }

// Outcome is what became of an event.
type Outcome string

// The outcomes.
const (
	Queued   Outcome = "queued"   // it is kept, or a deliverer has it, and nobody has sent it yet
	Sent     Outcome = "sent"     // the receiver has accepted it
	Off      Outcome = "off"      // telemetry is off: nothing was kept or sent
	Rejected Outcome = "rejected" // the receiver will never take it
	Dropped  Outcome = "dropped"  // it is not kept and was not delivered
	DryRun   Outcome = "dry-run"  // telemetry is on; nothing was kept or sent, as the caller wanted
	Tested   Outcome = "tested"   // it was sent to a [Loopback], and nowhere else
	Unknown  Outcome = "unknown"  // nobody knows
)

// The rules of a [Result.Reason] beside those of pkg/consent.
const (
	RuleData     consent.Rule = "data"     // what the caller says does not fit
	RuleManifest consent.Rule = "manifest" // the manifest cannot be used
	RuleEvent    consent.Rule = "event"    // telemetry is on, but not for this event
	RuleState    consent.Rule = "state"    // the event could not be kept
	RuleNetwork  consent.Rule = "network"  // it was not delivered in time
	RuleServer   consent.Rule = "server"   // what the server said
	RuleDryRun   consent.Rule = "dry-run"  // the caller wanted to see it only
	RuleTest     consent.Rule = "test"     // the receiver of a test took it; see [Sender.ForTest]
)

// Result is what became of an event that was taken.
type Result struct {
	Outcome  Outcome
	Reason   consent.Reason  // why
	EventID  uuid.UUID       // the zero value if it was not taken
	Problems []Problem       // what did not fit, and was left out
	Document json.RawMessage // of a dry run: what would be sent; of a test: what was
	// Unrecorded says why something that was sent for a caller who waits is not in the journal;
	// nil if all is.
	Unrecorded error
	// Err is the error behind an event that was dropped, for callers who tell an unknown
	// tool ([manifest.ErrUnknownTool]), a bad manifest ([manifest.Errors]) and an event
	// that there is not ([*EventError]) apart; or why no deliverer could be started for
	// one that is queued. Else it is nil.
	Err error
}

// ErrTooLarge says that the payload of an event is larger than 32 KiB, which is what
// Segment allows for one message, and fits into one UDP datagram.
var ErrTooLarge = payload.ErrTooLarge

// ErrPath says that a path is not valid UTF-8. What is kept for a deliverer is JSON, which
// would hold another path then.
var ErrPath = errors.New("the path is not valid UTF-8, and cannot be kept for the delivery")

// ErrFleeting says that a path names what the calling process alone has open, such as
// /dev/stdin, and that the file has no other name by which others find it.
var ErrFleeting = errors.New("it is open here only, and cannot be found again by others; give a path that lasts")

// lasting is a path by which a deliverer finds the same file or directory. The error wraps [ErrFleeting].
func lasting(what, path string) (string, error) {
	named, ok := process.Lasting(path)
	if !ok {
		return "", fmt.Errorf("%s %s: %w", what, manifest.Quote(path), ErrFleeting)
	}
	return named, nil
}

// keepable is [ErrPath] if a path cannot be kept.
func keepable(what, path string) error {
	if utf8.ValidString(path) {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, manifest.Quote(path), ErrPath)
}

// Problem is a mistake in what a caller says: what is wrong, and what is allowed instead.
type Problem struct {
	Name    string   // the field
	Msg     string   // a sentence without a full stop
	Known   []string // the names that exist, where an unknown one was given
	Missing bool     // nothing is wrong but that a required field has no value
}

// EventError says that a manifest has no such event for a caller to send.
type EventError struct {
	Tool     manifest.ID
	Name     string
	Known    []string // the events that there are
	Deletion bool     // it is the event that is a deletion request
}

func (e *EventError) Error() string {
	if e.Deletion {
		return fmt.Sprintf("the event %q is %s's deletion request, which \"usagectl forget %s\" sends", e.Name, e.Tool, e.Tool)
	}
	return fmt.Sprintf("%s has no event %s", e.Tool, manifest.Quote(e.Name))
}
