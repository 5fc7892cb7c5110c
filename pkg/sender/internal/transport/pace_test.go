package transport

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

func TestPace(t *testing.T) {
	kept, closed, lost := exchange{answered: true, took: time.Millisecond}, exchange{answered: true, closed: true, fresh: true, took: time.Millisecond}, exchange{}
	late, slow := closed, kept
	late.took, slow.took = time.Second, time.Second
	for _, c := range []struct {
		name  string
		notes []exchange
		most  int
	}{
		{"at first", nil, 1},
		{"it answers", []exchange{kept}, 2},
		{"it answers again and again", []exchange{kept, kept, kept, kept, kept, kept, kept, kept, kept, kept}, ParallelPosts},
		{"it closes each connection", []exchange{closed, closed, closed, closed, closed, closed}, mostClosed},
		{"it begins to", []exchange{kept, kept, kept, kept, kept, kept, closed}, mostClosed},
		{"it does not answer", []exchange{kept, kept, kept, lost}, 2},
		{"it never answers", []exchange{lost, lost, lost}, 1},
		{"a packet was dropped", []exchange{closed, closed, closed, late}, 2},
		{"it is slow", []exchange{kept, kept, kept, slow}, 5},
	} {
		p := NewPace()
		for _, x := range c.notes {
			p.note(x)
		}
		if p.most != c.most {
			t.Errorf("%s: %d at once, want %d", c.name, p.most, c.most)
		}
	}
}

// TestParallelPosts counts how many requests a server has to bear at once: more and more, but
// few if it closes each connection, and one of a run.
func TestParallelPosts(t *testing.T) {
	for name, c := range map[string]struct {
		keepAlive bool
		runs      int
		want      int
	}{
		"a connection is kept":      {true, 32, ParallelPosts},
		"each connection is closed": {false, 32, mostClosed},
		"of one run":                {true, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			now, most := 0, 0
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				mu.Lock()
				now++
				most = max(most, now)
				full := now >= c.want
				mu.Unlock()
				if !full { // so that those that may come do
					time.Sleep(20 * time.Millisecond)
				}
				mu.Lock()
				now--
				mu.Unlock()
			}))
			server.Config.SetKeepAlivesEnabled(c.keepAlive)
			server.Start()
			defer server.Close()
			var messages []Message
			for i := range 32 {
				messages = append(messages, Message{Event: "run", EventID: uuid.New(), RunID: uuid.UUID{15: byte(1 + i%c.runs)}, Document: jsondoc.NewObject()})
			}
			config := Config{Client: NewClient(), Now: time.Now}
			for _, o := range (httpTransport{config, server.URL}).Send(t.Context(), messages) {
				if o.Result != Accepted {
					t.Errorf("%+v", o)
				}
			}
			if most != c.want {
				t.Errorf("%d at once, want %d", most, c.want)
			}
		})
	}
}

// TestOrderInRuns holds that behind a message that has to wait none of its run is tried, by
// whatever transport, and those of other runs are.
func TestOrderInRuns(t *testing.T) {
	first, second := uuid.UUID{1}, uuid.UUID{2}
	messages := []Message{{RunID: first}, {RunID: second}, {RunID: first}, {RunID: second}, {RunID: uuid.Nil}, {RunID: uuid.Nil}}
	fails := func(m Message) Outcome {
		if m.RunID == first || m.RunID == uuid.Nil {
			return Outcome{Result: Retry, Status: 503}
		}
		return Outcome{}
	}
	want := []Result{Retry, Accepted, Untried, Accepted, Retry, Retry}
	same := func(how string, got []Outcome, want []Result) {
		t.Helper()
		for i, o := range got {
			if o.Result != want[i] {
				t.Errorf("%s: %d is %v, want %v", how, i, o.Result, want[i])
			}
		}
	}
	same("one by one", Config{}.each(t.Context(), messages, fails), want)
	stop := Config{Stop: func() bool { return true }}
	same("late", stop.each(t.Context(), messages, fails), []Result{Untried, Untried, Untried, Untried, Untried, Untried})
	batch := func(messages []Message) Outcome {
		for _, m := range messages {
			if o := fails(m); o.Result != Accepted {
				return o
			}
		}
		return Outcome{}
	}
	b := bisection{split: true, send: batch}
	same("in halves", b.run(messages), want)
	b = bisection{split: true, send: batch, stop: func() bool { return true }}
	same("in halves, late", b.run(messages), []Result{Untried, Untried, Untried, Untried, Untried, Untried})
}
