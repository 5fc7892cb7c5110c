package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
)

// Recorder records the requests of one delivery. It is safe for concurrent use; other
// processes may record in the same journal meanwhile.
//
// A beginning is written at once. An end is written with the next beginning, or by
// [Recorder.Flush]: if the process is killed before that, the outcome is unknown.
type Recorder struct {
	journal Journal
	again   bool // events may have been recorded by others before

	mu      sync.Mutex
	waiting []line
	known   map[uuid.UUID]digest // payloads that are in the file
	file    os.FileInfo          // as it was when that was found out; nil if there was none
}

// digest tells whether a payload that is sent again is the same.
type digest [sha256.Size]byte

// Event is an event in a request that begins.
type Event struct {
	ID      uuid.UUID
	Name    string
	Payload []byte // as it is sent, a JSON object
}

// Request is a request that has begun.
type Request struct {
	name string
	at   time.Time
}

// Recorder returns a recorder. again tells that events may have been sent before, by this
// process or another: then the journal is looked through for them.
func (j Journal) Recorder(again bool) *Recorder { return &Recorder{journal: j, again: again} }

// Begin records that a request begins. If that fails it is tried again with what is
// recorded next, and [Recorder.Flush] has the error.
func (r *Recorder) Begin(at time.Time, endpoint string, from Origin, events []Event) Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.look()
	var name [8]byte
	_, _ = rand.Read(name[:]) // which does not fail
	q := Request{hex.EncodeToString(name[:]), at.UTC()}
	l := line{Schema: 2, Request: q.name, At: q.at, Endpoint: endpoint, Origin: from}
	for _, e := range events {
		d := digestOf(e.Name, e.Payload)
		if r.known[e.ID] == d {
			l.Events = append(l.Events, event{ID: e.ID})
			continue
		}
		r.known[e.ID] = d
		l.Events = append(l.Events, event{e.ID, e.Name, e.Payload})
	}
	r.waiting = append(r.waiting, l)
	_ = r.write() // Flush tells
	return q
}

// Settle records what became of a request.
func (r *Recorder) Settle(q Request, result Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if result.Outcome == "" {
		result.Outcome = nothing
	}
	r.waiting = append(r.waiting, line{Schema: 2, Request: q.name, At: q.at, Outcome: result.Outcome, Status: result.Status, Note: result.Note})
}

// Flush writes what is not written yet. What cannot be written stays, for the next try.
func (r *Recorder) Flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.write()
}

// Discard gives up what is not written yet.
func (r *Recorder) Discard() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting, r.known, r.file = nil, nil, nil
}

// look finds out which payloads the file has, if that is not known: others may have set
// it aside or erased it since.
func (r *Recorder) look() {
	info, err := os.Lstat(r.journal.path)
	if err != nil {
		info = nil
	}
	if r.known != nil && sameFile(info, r.file) {
		return
	}
	r.known, r.file = map[uuid.UUID]digest{}, info
	if !r.again || info == nil {
		return
	}
	data, _ := statefile.ReadTail(r.journal.path, maxJournal+2*maxLine) // what cannot be read is written again
	for text := range bytes.Lines(data) {
		l, ok := parse(text)
		if !ok || l.Schema < 2 {
			continue
		}
		for _, e := range l.Events {
			if e.Payload != nil {
				r.known[e.ID] = digestOf(e.Name, e.Payload)
			}
		}
	}
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b)
}

func digestOf(name string, payload []byte) digest {
	return sha256.Sum256(append([]byte(name+"\x00"), payload...))
}

// write appends what is waiting, all of it or nothing.
func (r *Recorder) write() error {
	if len(r.waiting) == 0 {
		return nil
	}
	var lines bytes.Buffer
	to := json.NewEncoder(&lines)
	to.SetEscapeHTML(false)
	for _, l := range r.waiting {
		if err := to.Encode(l); err != nil {
			return err
		}
	}
	if err := statefile.MkdirAll(filepath.Dir(r.journal.path), 0o700); err != nil {
		return err
	}
	// What has left is recorded even if the process is to end.
	if err := statefile.Append(context.Background(), r.journal.path, lines.Bytes(), maxJournal); err != nil {
		return err
	}
	r.waiting = nil
	info, err := os.Lstat(r.journal.path)
	switch {
	case err != nil: // it was set aside
		r.known = nil
	case r.file == nil: // it was made
		r.file = info
	}
	return nil
}
