package transport

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// Transport sends messages to one receiver. It is safe for concurrent use.
type Transport interface {
	// Limits says how many messages, and bytes of their documents, go together at most.
	Limits() (messages, bytes int)
	// Wire is what the messages, of which there is at least one, look like on their way.
	// Nothing is sent. Where each is sent for itself it is the first one alone.
	Wire(messages []Message) (Wire, error)
	// Send sends the messages and returns one outcome for each, in their order. A batch
	// that a receiver refuses may be sent again in parts. Messages of one run are sent in
	// their order, and none behind one that has to wait. Send returns soon after ctx ends,
	// and nothing goes on then.
	Send(ctx context.Context, messages []Message) []Outcome
}

// Target is a receiver, and how it is reached.
type Target struct {
	Send  manifest.Send // the transport, the endpoint and its settings; its headers are in each [Message]
	Scope string        // otlp: the name of the instrumentation scope, which is the tool's ID
}

// Config is what transports need of their surroundings.
type Config struct {
	Client  *http.Client                              // one of [NewClient]
	Env     func(name string) (value string, ok bool) // of the process, for the write key of segment
	Home    string                                    // what "~/" in the path of a file stands for; "" if it is not known
	Version string                                    // the program's, for its User-Agent; "" tells none
	Now     func() time.Time
	// Stop reports that no further request is to begin: what was not tried by then is
	// [Untried]. What is under way is finished. nil stops nothing. It is called from
	// several goroutines at once.
	Stop func() bool
	// Pace is how many requests are under way at once, for those that go over HTTP one
	// by one; nil begins anew.
	Pace *Pace
	// Split has a batch that failed sent again in halves, if the failure may be about
	// single messages. It is for when the last attempts failed too.
	Split bool
	// Strict takes no short text that is called HTML for an acceptance.
	Strict bool
	// Allow is asked for consent before each request, datagram or line, and again while
	// a request is under way; nil asks nobody. An error says why not. It is called from
	// several goroutines at once.
	Allow func(context.Context) error
	// Record is called with the messages of each request, datagram or line, before its
	// first byte leaves and once consent was asked for it. It returns a function that is
	// called with what became of that one request. nil records nothing. It is called from
	// several goroutines at once.
	Record func([]Message) (settle func(Outcome))
}

// New is the transport that a target asks for. One that it does not know appends to a
// file.
func New(c Config, t Target) Transport {
	switch t.Send.Transport {
	case manifest.HTTP:
		return httpTransport{c, t.Send.Endpoint}
	case manifest.UDP:
		return udpTransport{c, t.Send}
	case manifest.OTLP:
		return otlpTransport{c, t}
	case manifest.Segment:
		return segmentTransport{c, t.Send}
	}
	return fileTransport{c, c.expand(t.Send.Endpoint)}
}

// Usable is why this process cannot send to a target, though another one may: its
// environment has no write key. It is nil if it can.
func Usable(c Config, t Target) error {
	if t.Send.Transport != manifest.Segment {
		return nil
	}
	_, err := segmentTransport{c, t.Send}.key()
	return err
}

// allowed asks for consent.
func (c Config) allowed(ctx context.Context) error {
	if c.Allow == nil {
		return nil
	}
	return c.Allow(ctx)
}

// stopped reports whether no further request is to begin.
func (c Config) stopped() bool { return c.Stop != nil && c.Stop() }

// expand puts the home in the place of a leading "~/"; "" if it is not known.
func (c Config) expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	switch {
	case !ok:
		return filepath.FromSlash(path)
	case c.Home == "":
		return ""
	}
	return filepath.Join(c.Home, filepath.FromSlash(rest))
}

// recorded makes one request of messages by send, and has it recorded. send calls begun,
// once at most, before the first byte leaves, and not if none does.
func (c Config) recorded(messages []Message, send func(begun func()) Outcome) Outcome {
	settle := func(Outcome) {}
	o := send(func() {
		if c.Record != nil {
			settle = c.Record(messages)
		}
	})
	settle(o)
	return o
}

// each sends messages one after the other, as long as ctx goes on and consent holds. One
// that has to wait has the rest of its run wait.
func (c Config) each(ctx context.Context, messages []Message, send func(Message) Outcome) []Outcome {
	outcomes := make([]Outcome, 0, len(messages))
	waiting := runs{}
	for i, m := range messages {
		if c.stopped() {
			return append(outcomes, all(messages[i:], Outcome{Result: Untried})...)
		}
		if waiting[m.RunID] {
			outcomes = append(outcomes, Outcome{Result: Untried})
			continue
		}
		if err := ctx.Err(); err != nil {
			return append(outcomes, all(messages[i:], Outcome{Result: Retry, Note: explain(err, "the receiver")})...)
		}
		if err := c.allowed(ctx); err != nil {
			return append(outcomes, all(messages[i:], Outcome{Result: Withheld, Note: err.Error()})...)
		}
		o := c.recorded(messages[i:i+1], func(begun func()) Outcome {
			begun()
			return send(m)
		})
		waiting.note(m, o)
		outcomes = append(outcomes, o)
	}
	return outcomes
}
