package sender

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// sentBy are the records of a tool.
func sentBy(t testing.TB, s Sender, tool manifest.ID) []Record {
	t.Helper()
	var list []Record
	sendertest.Must(t, s.SentRecords(tool, nil, func(r Record) error {
		list = append(list, r)
		return nil
	}))
	return list
}

// recordAccepted records that an event was accepted at noon.
func recordAccepted(t testing.TB, s Sender, tool manifest.ID, id uuid.UUID, payload string) {
	t.Helper()
	r := s.journal(tool).Recorder(false)
	r.Settle(r.Begin(noon, sendertest.Nowhere, journal.Origin{}, []journal.Event{{ID: id, Name: "run", Payload: []byte(payload)}}), journal.Result{Outcome: journal.Accepted, Status: 200})
	sendertest.Must(t, r.Flush())
}

// TestAttemptsAreRecorded holds that each request in which something left is recorded
// with what became of it, for every transport that gets an answer, that status tells of
// the last one, and that nothing is recorded if nobody could be reached.
func TestAttemptsAreRecorded(t *testing.T) {
	type answer func(w http.ResponseWriter)
	says := func(status int) answer { return func(w http.ResponseWriter) { w.WriteHeader(status) } }
	page := func(w http.ResponseWriter) { io.WriteString(w, "<!doctype html><title>Log in</title>") }
	hangUp := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, send := range map[string]string{
		"http": `"http"`, "segment": `"segment", write_key = "k"`, "otlp": `"otlp", signal = "logs"`,
	} {
		for _, c := range []struct {
			answer  answer
			outcome AttemptOutcome
			status  int
			note    string
		}{
			{says(202), AttemptAccepted, 202, ""},
			{says(500), AttemptAnswered, 500, "500 Internal Server Error"},
			{says(408), AttemptAnswered, 408, "408 Request Timeout"},
			{says(404), AttemptAnswered, 404, "404 Not Found"},
			{says(410), AttemptRejected, 410, "410 Gone"},
			{page, AttemptAnswered, 200, "200 OK with a web page \"Log in\", as of a network that wants a login, or a proxy"},
			{hangUp, AttemptNoAnswer, 0, "HOST closed the connection before it had answered"},
		} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				c.answer(w)
			}))
			s := newSender(t)
			tool := sendertest.ToolID(t, "mytool")
			e := queueFor(t, s, send, server.URL)
			s.drain(t.Context(), tool, func(int) {})
			server.Close()
			got := sentBy(t, s, tool)
			if len(got) != 1 {
				t.Fatalf("%s, %s: %+v", name, c.note, got)
			}
			want := Attempt{At: noon, Outcome: c.outcome, Status: c.status, Note: strings.Replace(c.note, "HOST", strings.TrimPrefix(server.URL, "http://"), 1)}
			if got[0].Attempt != want || got[0].EventID != e || got[0].Event != "run" || got[0].Again || len(got[0].Payload) < 10 {
				t.Errorf("%s, %s:\n got %+v\nwant %+v", name, c.note, got[0], want)
			}
			if st, err := s.Status(tool); err != nil || st.Last != want || st.Unrecorded != "" {
				t.Errorf("%s, %s: status %+v, %v", name, c.note, st, err)
			}
		}
		s := newSender(t)
		tool := sendertest.ToolID(t, "mytool")
		queueFor(t, s, send, sendertest.Nowhere)
		s.drain(t.Context(), tool, func(int) {})
		if got := sentBy(t, s, tool); len(got) != 0 || s.Keeps(sendertest.ToolID(t, "other")) {
			t.Errorf("%s: nobody was reached: %+v", name, got)
		}
	}
}

// TestAttemptIsRecordedBefore holds that a request is in the journal when the receiver
// gets it, so that a process that is killed then leaves a trace.
func TestAttemptIsRecordedBefore(t *testing.T) {
	s := newSender(t)
	tool := sendertest.ToolID(t, "mytool")
	var seen []Record
	r := sendertest.NewReceiver(t, func() { seen = append(seen, sentBy(t, s, tool)...) })
	id := queueFor(t, s, `"http"`, r.URL)
	s.drain(t.Context(), tool, func(int) {})
	if len(seen) != 1 || seen[0].EventID != id || seen[0].Outcome != AttemptUnknown || string(seen[0].Payload) != r.Requests()[0].Body {
		t.Errorf("%+v", seen)
	}
}

// TestRetryIsRecordedAgain holds that a second attempt is recorded too, refers to the
// payload of the first, and that both are shown with it.
func TestRetryIsRecordedAgain(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	status := 500
	r.Answer = func(w http.ResponseWriter) { w.WriteHeader(status) }
	s := newSender(t)
	tool := sendertest.ToolID(t, "mytool")
	queueFor(t, s, `"http"`, r.URL)
	s.drain(t.Context(), tool, func(int) {})
	s.now = func() time.Time { return noon.Add(time.Hour) }
	s.drain(t.Context(), tool, func(int) {})
	status = 202
	s.drain(t.Context(), tool, func(int) {})
	got := sentBy(t, s, tool)
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []AttemptOutcome{AttemptAnswered, AttemptAnswered, AttemptAccepted} {
		if got[i].Outcome != want || got[i].Again != (i > 0) || string(got[i].Payload) != r.Requests()[i].Body {
			t.Errorf("%d: %+v", i, got[i])
		}
	}
}

// TestUnrecorded holds that a journal that cannot be written is told of, also once it can
// be again, and that nobody is said to have sent nothing.
func TestUnrecorded(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	s := newSender(t)
	tool := sendertest.ToolID(t, "mytool")
	queueFor(t, s, `"http"`, r.URL)
	if why := s.Unrecorded(tool); why != "" {
		t.Errorf("before: %s", why)
	}
	sendertest.Block(t, journalFile(s, tool))
	if sum := s.drain(t.Context(), tool, func(int) {}); sum.Sent != 1 || sum.Unrecorded == nil {
		t.Errorf("%+v", sum)
	}
	if st, _ := s.Status(tool); st.Last != (Attempt{}) || st.Unrecorded == "" || !s.Keeps(tool) {
		t.Errorf("%+v", st)
	}
	sendertest.Must(t, os.RemoveAll(journalFile(s, tool)))
	if st, err := s.Status(tool); err != nil || st.Last != (Attempt{}) || !strings.Contains(st.Unrecorded, "2026-11-21T12:00:00Z") {
		t.Errorf("once it can be written: %+v, %v", st, err)
	}
	sendertest.Must(t, s.journal(tool).Erase())
	if why := s.Unrecorded(tool); why != "" {
		t.Errorf("forgotten: %s", why)
	}
}

// queueFor queues an event of a tool that sends to an address like this, and returns its ID.
func queueFor(t testing.TB, s Sender, send, address string) uuid.UUID {
	t.Helper()
	_, terms := agreedTool(t, s, address)
	file := filepath.Join(s.dirs().DataHome, "usagectl", "tools", "mytool.toml")
	data, err := os.ReadFile(file)
	sendertest.Must(t, err)
	text := strings.Replace(string(data), `"http"`, send, 1)
	key := map[bool]string{true: "/attributes/source", false: "/properties/source"}[strings.Contains(send, "otlp")]
	sendertest.Write(t, file, strings.Replace(text, `name = "source",`, `name = "source", key = "`+key+`",`, 1))
	return queue(t, s, terms, noon).EventID
}

// TestResultIn holds what the journal says of every outcome of every transport.
func TestResultIn(t *testing.T) {
	for _, transported := range []manifest.Transport{manifest.HTTP, manifest.OTLP, manifest.Segment, manifest.UDP, manifest.File} {
		for _, wrote := range []bool{true, false} {
			for _, status := range []int{0, 200, 400, 503} {
				for result, want := range map[transport.Result]journal.Outcome{
					transport.Accepted: journal.Accepted, transport.Rejected: journal.Rejected, transport.Retry: journal.NoAnswer,
					transport.Withheld: "", transport.Interrupted: journal.Interrupted,
				} {
					switch {
					case !wrote && result != transport.Interrupted:
						want = ""
					case result == transport.Accepted && (transported == manifest.UDP || transported == manifest.File):
						want = journal.Sent
					case result == transport.Retry && status != 0:
						want = journal.Answered
					}
					got := resultIn(transported, transport.Outcome{Result: result, Status: status, Wrote: wrote, Note: "said"})
					if got.Outcome != want || want != "" && (got.Status != status || got.Note != "said") {
						t.Errorf("%s, %v, %d, wrote %v: %+v, want %q", transported, result, status, wrote, got, want)
					}
				}
			}
		}
	}
}
