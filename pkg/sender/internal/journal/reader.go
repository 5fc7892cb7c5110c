package journal

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// Bounds of what a reader keeps in memory, in bytes, however large the journal is.
const (
	maxHeld  = 16 << 20 // requests of which the end is not read yet: more than are under way at once
	maxKnown = 8 << 20  // payloads that may be referred to; twice that at most
)

// maxRead is how much is read of a file of the journal, in bytes: its end. Ours are far
// smaller; reading what somebody else has made of one must come to an end.
const maxRead = 1 << 30

// ErrTooLarge says that the beginning of a journal was not read.
var ErrTooLarge = errors.New("it is larger than 1 GiB, and what comes before its last 1 GiB is not read")

// reader makes records of lines, in the order in which their requests began. A request
// is held back until its end is read, or until too much is held.
type reader struct {
	do func(Record) bool // false if no more are wanted

	held    []*request // the oldest first
	open    map[string]*request
	bytes   int // of what is held
	stopped bool

	known, older map[uuid.UUID]event // of which the payload may be referred to
	knownBytes   int
}

// request is a request whose records are held back.
type request struct {
	name    string // "" in schema 1
	records []Record
	settled bool
	size    int
}

func newReader(do func(Record) bool) *reader {
	return &reader{do: do, open: map[string]*request{}, known: map[uuid.UUID]event{}}
}

// read reads lines until their end. Lines that are none, as a crash or a full disk
// leaves them, are passed over.
func (r *reader) read(from io.Reader) error {
	lines := bufio.NewReaderSize(from, 64<<10)
	var data []byte
	for !r.stopped {
		part, err := lines.ReadSlice('\n')
		if len(data) <= maxLine { // what goes beyond is no line
			data = append(data, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(data) <= maxLine {
			if l, ok := parse(data); ok {
				r.take(l, len(data))
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		data = data[:0]
	}
	return nil
}

// take takes in a line of that many bytes.
func (r *reader) take(l line, size int) {
	switch {
	case l.Schema == 1:
		outcome := Sent
		if strings.HasPrefix(l.Endpoint, "https:") || strings.HasPrefix(l.Endpoint, "http:") {
			outcome = Accepted
		}
		e := event{l.EventID, l.Event, l.Payload}
		if isNull(e.Payload) {
			e.Payload = nil
		}
		r.hold(l, []event{e}, &request{settled: true, size: size}, Result{Outcome: outcome, Note: l.Note})
	case l.Outcome == "":
		q := &request{name: l.Request, size: size}
		r.open[l.Request] = q
		r.hold(l, l.Events, q, Result{Outcome: Unknown})
	default:
		r.settle(l)
	}
	for len(r.held) > 0 && (r.held[0].settled || r.bytes > maxHeld) {
		r.release()
	}
}

// hold holds the records of a request back.
func (r *reader) hold(l line, events []event, q *request, result Result) {
	for _, e := range events {
		again := e.Payload == nil
		if again {
			e = r.recall(e)
		} else {
			r.learn(e)
		}
		q.records = append(q.records, Record{At: l.At, Event: e.Name, EventID: e.ID, Endpoint: l.Endpoint, Origin: l.Origin, Result: result, Payload: e.Payload, Again: again && l.Schema > 1})
	}
	q.size += 256 * len(q.records) // about what they take beside the line
	r.bytes += q.size
	r.held = append(r.held, q)
}

// settle ends a request. One that was given up since stays unknown.
func (r *reader) settle(l line) {
	q, ok := r.open[l.Request]
	if !ok {
		return
	}
	delete(r.open, l.Request)
	q.settled = true
	if l.Outcome == nothing {
		q.records = nil
	}
	for i := range q.records {
		q.records[i].Result = Result{l.Outcome.known(), l.Status, l.Note}
	}
}

// known is the outcome, or [Unknown] if it is one of a newer program.
func (o Outcome) known() Outcome {
	switch o {
	case Accepted, Sent, Rejected, Answered, NoAnswer, Interrupted:
		return o
	}
	return Unknown
}

// release hands out the records of the oldest request.
func (r *reader) release() {
	q := r.held[0]
	r.held[0] = nil
	r.held, r.bytes = r.held[1:], r.bytes-q.size
	if r.open[q.name] == q {
		delete(r.open, q.name)
	}
	for _, record := range q.records {
		if r.stopped = r.stopped || !r.do(record); r.stopped {
			return
		}
	}
}

// end hands out what is held when there are no more lines.
func (r *reader) end() {
	for len(r.held) > 0 && !r.stopped {
		r.release()
	}
}

// learn keeps a payload that may be referred to.
func (r *reader) learn(e event) {
	if r.knownBytes > maxKnown {
		r.older, r.known, r.knownBytes = r.known, map[uuid.UUID]event{}, 0
	}
	r.known[e.ID] = e
	r.knownBytes += len(e.Payload) + 128
}

// recall finds the payload of an event that is referred to.
func (r *reader) recall(e event) event {
	if found, ok := r.known[e.ID]; ok {
		return found
	}
	if found, ok := r.older[e.ID]; ok {
		return found
	}
	return e
}

// Each calls do with each record, the oldest first, until it returns false. It keeps a
// bounded part of the journal in memory. progress, unless it is nil, is called now and
// then with how many bytes of all are read. The error is [ErrTooLarge] if there is more
// than it reads.
func (j Journal) Each(progress func(read, total int64), do func(Record) bool) error {
	current, size, err := openPart(j.path)
	if err != nil {
		return err
	}
	defer closePart(current)
	aside, asideSize, err := openPart(j.path + ".1")
	if err != nil {
		return err
	}
	defer closePart(aside)
	if same(current, aside) { // it was set aside in between
		aside, asideSize = nil, 0
	}
	r := newReader(do)
	m := &meter{report: progress, total: size + asideSize}
	for _, f := range []*os.File{aside, current} {
		if f == nil {
			continue
		}
		if err := r.read(m.over(f)); err != nil {
			return err
		}
	}
	r.end()
	if max(size, asideSize) > maxRead {
		return ErrTooLarge
	}
	return nil
}

// openPart opens a file of the journal, at what is read of it; nil if there is none.
func openPart(path string) (*os.File, int64, error) {
	f, info, err := statefile.OpenOwn(path)
	if err != nil {
		return nil, 0, statefile.IgnoreMissing(err)
	}
	if info.Size() <= maxRead {
		return f, info.Size(), nil
	}
	if _, err := f.Seek(-maxRead, io.SeekEnd); err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, maxRead + 1, nil
}

func closePart(f *os.File) {
	if f != nil {
		f.Close() // it was read, and nothing else
	}
}

// same reports whether two open files are one.
func same(a, b *os.File) bool {
	if a == nil || b == nil {
		return false
	}
	first, err := a.Stat()
	second, secondErr := b.Stat()
	return err == nil && secondErr == nil && os.SameFile(first, second)
}

// meter reports how much was read.
type meter struct {
	from        io.Reader
	report      func(read, total int64)
	read, total int64
}

func (m *meter) over(from io.Reader) io.Reader {
	m.from = from
	return m
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	m.read += int64(n)
	if m.report != nil {
		m.report(m.read, m.total)
	}
	return n, err
}

// Last is the last record, and false if there is none. It reads little of a large
// journal: its end, and more only if there is no record in that.
func (j Journal) Last() (Record, bool, error) {
	for _, path := range []string{j.path, j.path + ".1"} {
		for _, tail := range []int64{4 * payload.MaxSize, maxJournal + 2*maxLine} {
			data, err := statefile.ReadTail(path, tail)
			if errors.Is(err, os.ErrNotExist) {
				break
			}
			if err != nil {
				return Record{}, false, err
			}
			if last, ok := lastOf(data); ok {
				return last, true, nil
			}
		}
	}
	return Record{}, false, nil
}

// lastOf is the last record in a part of a journal, which may have the end of a request
// and not its beginning.
func lastOf(data []byte) (last Record, found bool) {
	r := newReader(func(record Record) bool {
		if !record.At.Before(last.At) {
			last, found = record, true
		}
		return true
	})
	for text := range strings.Lines(string(data)) {
		l, ok := parse([]byte(text))
		if !ok {
			continue
		}
		if _, begun := r.open[l.Request]; l.Outcome != "" && l.Outcome != nothing && !begun && !l.At.Before(last.At) {
			last, found = Record{At: l.At, Result: Result{l.Outcome.known(), l.Status, l.Note}}, true
		}
		r.take(l, len(text))
	}
	r.end()
	return last, found
}

// Arrived reports which of the events have arrived, as far as that is recorded.
func (j Journal) Arrived(events ...string) (map[string]bool, error) {
	wanted, arrived := map[string]bool{}, map[string]bool{}
	for _, id := range events {
		wanted[id] = true
	}
	err := j.Each(nil, func(r Record) bool {
		if id := r.EventID.String(); r.Outcome.Arrived() && wanted[id] {
			arrived[id] = true
		}
		return len(arrived) < len(wanted)
	})
	if errors.Is(err, ErrTooLarge) {
		err = nil // what was done now is at its end
	}
	return arrived, err
}
