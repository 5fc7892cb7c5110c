package consent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// State is what a decision says.
type State string

// The states. Notified is for opt-out tools: a person has seen the notice.
const (
	Granted  State = "granted"
	Refused  State = "refused"
	Notified State = "notified"
)

// Decision is what was decided about one tool, or about all of them, as it
// stands in a consent file. A refusal needs no more than its State.
type Decision struct {
	Schema   int       `toml:"schema,omitempty"`
	State    State     `toml:"state"`
	At       time.Time `toml:"at,omitempty"`       // in UTC, also when it is read from a file with another zone or none
	Grant    string    `toml:"grant,omitempty"`    // names this agreement; a new one after every refusal
	Level    int       `toml:"level,omitempty"`    // 1 or more for a grant
	Endpoint string    `toml:"endpoint,omitempty"` // where the person agreed to send to
	Events   []string  `toml:"events,omitempty,multiline"`
	Fields   []string  `toml:"fields,omitempty,multiline"` // as [manifest.Field.Terms] spells them

	Refusal string   `toml:"refusal,omitempty"` // names a refusal of all tools; a new one each time
	Except  []string `toml:"except,omitempty"`  // the tools that a refusal of all is not about
	Despite string   `toml:"despite,omitempty"` // the refusal of all after which the person agreed, as [Decision.name] says
}

// keys are those that a consent file can hold.
func keys() []string {
	return []string{"schema", "state", "at", "grant", "level", "endpoint", "events", "fields", "refusal", "except", "despite"}
}

// schema is the version of the consent file's format.
const schema = 1

// maxSize is the size, in bytes, of the largest consent file that is read.
const maxSize = 1 << 20

// Statement is what a consent file says, or that there is none, or why it cannot
// be trusted.
type Statement struct {
	Path     string
	Decision Decision // its State is "" if there is no file
	Problem  string   // not empty: the file exists and cannot be relied on
	Usual    bool     // it is in the usual place, from which a variable moved the decisions: see [dirs.Dirs.Usual]
}

// fileIn is the path of the consent file of a tool in a consent directory; the
// zero ID stands for all tools.
func fileIn(dir string, id manifest.ID) string {
	name := "all"
	if !id.IsZero() {
		name = id.String()
	}
	return filepath.Join(dir, name+".toml")
}

// readFile reads a consent file. forAll says that it stands for all tools, which
// can only be refused: nobody can consent to what they have not seen. trusted
// decides by the file's owner and mode whether what it says counts.
func readFile(path string, forAll bool, trusted func(os.FileInfo) error) Statement {
	r := Statement{Path: path}
	data, info, err := statefile.ReadRegular(path, maxSize, false)
	if errors.Is(err, os.ErrNotExist) {
		if err = statefile.Absent(filepath.Dir(path)); err == nil {
			return r
		}
	}
	if err == nil {
		err = trusted(info)
	}
	if err == nil {
		r.Decision, err = parse(data)
	}
	switch {
	case err != nil:
	case forAll && r.Decision.State != Refused:
		err = fmt.Errorf("state is %q, but all tools at once can only be %q", r.Decision.State, Refused)
	case !forAll && len(r.Decision.Except) > 0:
		err = errors.New("it makes exceptions, which only a refusal of all tools has")
	}
	if err != nil {
		r.Decision, r.Problem = Decision{}, problem(err)
	}
	return r
}

// problem leaves out the path, which whoever shows the problem knows.
func problem(err error) string { return statefile.Reason(err) }

func parse(data []byte) (Decision, error) {
	var d Decision
	var said map[string]any
	if err := toml.Unmarshal(data, &said); err != nil {
		return d, err
	}
	for key := range said {
		// The library would take "State" for "state" too, and so let a second
		// line overrule a refusal.
		if !slices.Contains(keys(), key) {
			return d, fmt.Errorf("it holds the unknown key %s", manifest.Quote(key))
		}
	}
	if err := toml.Unmarshal(data, &d); err != nil {
		return d, err
	}
	d.At = inUTC(d.At)
	return d, d.check()
}

// inUTC is a time from a file in UTC. The library takes one that is written without a
// zone for the zone of the machine, and so the file would mean another day on another one.
func inUTC(at time.Time) time.Time {
	if at.Location() == time.Local {
		return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
	}
	return at.UTC()
}

func (d Decision) check() error {
	switch {
	case d.Schema != 0 && d.Schema != schema:
		return fmt.Errorf("its schema is %d; this program reads schema %d", d.Schema, schema)
	case !slices.Contains([]State{Granted, Refused, Notified}, d.State):
		return fmt.Errorf("its state is %s, not one of %q, %q and %q", manifest.Quote(string(d.State)), Granted, Refused, Notified)
	case d.State == Refused:
		return checkExceptions(d.Except)
	case len(d.Except) > 0:
		return errors.New("it makes exceptions, which only a refusal has")
	case d.Level < 1 || d.Level > 9:
		return fmt.Errorf("its level is %d, not from 1 to 9", d.Level)
	case d.Grant == "" || d.Grant == GrantEnv:
		return errors.New("it does not name the agreement")
	case d.Endpoint == "":
		return errors.New("it does not say which endpoint was agreed to")
	}
	return nil
}

// write records a decision durably; a reader sees the old file or the new. One
// that [readFile] would not accept is not written. On an error nothing is recorded,
// unless it is [ErrNotDurable].
func write(path string, d Decision) error {
	text, err := d.text()
	if err != nil {
		return err
	}
	err = statefile.Write(path, text, 0o600, 0o700)
	_ = statefile.Sweep(filepath.Dir(path)) // what is left there has no say, and the next decision sweeps it up
	return err
}

// text is the decision as it stands in its file.
func (d Decision) text() ([]byte, error) {
	d.Schema = schema
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("the decision is not complete: %w", err)
	}
	body, err := toml.Marshal(d)
	header := "# Written by usagectl. Change it with \"usagectl enable\" and \"usagectl disable\".\n"
	return append([]byte(header), body...), err
}
