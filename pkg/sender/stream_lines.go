package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// streamLine is a line without its end.
type streamLine struct {
	text    []byte
	tooLong bool // the text is a part of it
}

// streamRead is what was read at once.
type streamRead struct {
	lines []streamLine
	from  int       // how many lines came before
	after time.Time // when the read before had emptied the pipe: the lines ended after that; zero for the first
}

// readLines reads lines until the end, and gives those that are there at once to each. The last
// one needs no end. It stops if each returns false.
func readLines(r io.Reader, each func(streamRead) bool) error {
	var begun []byte // of a line that has not ended
	tooLong := false // it is, and begun is not all of it
	buf := make([]byte, readSize)
	var after, read time.Time
	from := 0
	for {
		n, err := r.Read(buf)
		after, read = read, time.Now()
		if n > 0 {
			var lines []streamLine
			data := slices.Clone(buf[:n])
			for {
				text, rest, ended := bytes.Cut(data, []byte("\n"))
				if !ended {
					break
				}
				if len(begun) > 0 {
					text = append(begun, text...)
				}
				lines = append(lines, streamLine{text, tooLong || len(text) > maxLine})
				begun, tooLong, data = nil, false, rest
			}
			if tooLong = tooLong || len(begun)+len(data) > maxLine; !tooLong {
				begun = append(begun, data...)
			}
			if len(lines) > 0 && !each(streamRead{lines, from, after}) {
				return nil
			}
			from += len(lines)
		}
		switch {
		case err == nil:
		case len(begun) > 0 && !each(streamRead{[]streamLine{{begun, tooLong}}, from, after}), errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
}

// streamEvent is what a line says of an event.
type streamEvent struct {
	name    string
	set     *jsondoc.Object
	run     uuid.UUID
	version string
	level   int
}

// parse reads a line. What is wrong with the run or the version is left out, and bad says so; an
// error is of what is no event. A member that is not known may be to keep something back, so there
// is no event then.
func (t *streamTaker) parse(line []byte) (e streamEvent, bad BadLine, err error) {
	e = streamEvent{run: t.RunID, version: t.ToolVersion, level: t.Level}
	o, err := jsondoc.ParseObject(line)
	if err != nil {
		return e, bad, fmt.Errorf("it is no JSON object: %w", err)
	}
	for _, member := range o.Members() {
		if member.Value == nil {
			continue
		}
		text, isText := member.Value.(string)
		var fits bool
		switch member.Name {
		case "event":
			e.name, fits = text, isText
		case "set":
			e.set, fits = member.Value.(*jsondoc.Object)
		case "level":
			n, isNumber := member.Value.(json.Number)
			level, err := n.Int64()
			if fits = isNumber && err == nil && level > 0; fits && (e.level == 0 || level < int64(e.level)) {
				e.level = int(min(level, 1<<20))
			}
		case "run":
			run, err := uuid.Parse(text)
			if fits = isText; fits && (err != nil || run == uuid.Nil) {
				bad.Err = errors.Join(bad.Err, fmt.Errorf("the run ID %s is left out: a UUID is needed", manifest.Quote(text)))
			} else {
				e.run = run
			}
		case "tool_version":
			if fits = isText; fits && !IsToolVersion(text) {
				bad.Err = errors.Join(bad.Err, fmt.Errorf("the version %s is left out: up to 64 printable characters are needed", manifest.Quote(text)))
			} else {
				e.version = text
			}
		default:
			return e, bad, fmt.Errorf("the member %s is not known: event, set, run, tool_version and level are", manifest.Quote(member.Name))
		}
		if !fits {
			return e, bad, fmt.Errorf("its %s does not fit", member.Name)
		}
	}
	if e.name == "" {
		return e, bad, errors.New("it names no event")
	}
	if e.run == uuid.Nil {
		e.run = uuid.New()
	}
	return e, bad, nil
}

// IsToolVersion reports whether a text can be sent as a tool's version: up to 64 characters of
// ASCII that are printed, without spaces.
func IsToolVersion(text string) bool {
	return len(text) <= 64 && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
