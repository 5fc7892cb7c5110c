package transport

import (
	"context"
	"strings"
	"sync"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// ParallelPosts is how many messages are under way at once to one HTTP endpoint at most;
// see [Pace].
const ParallelPosts = 8

// httpTransport posts one document a request, as Flower's telemetry does.
type httpTransport struct {
	Config
	endpoint string
}

func (t httpTransport) Limits() (int, int) { return ParallelPosts, ParallelPosts * payload.MaxSize }

func (t httpTransport) Wire(messages []Message) (Wire, error) {
	return t.request(messages[0])
}

func (t httpTransport) request(m Message) (Wire, error) {
	body, err := jsondoc.Append(nil, m.Document)
	headers := []manifest.Header{{Name: "Content-Type", Value: "application/json"}, t.userAgent()}
	for _, h := range m.Headers {
		headers = setHeader(headers, h.Name, h.Value)
	}
	return Wire{Method: "POST", URL: t.endpoint, Headers: headers, Body: body, Text: string(body)}, err
}

func setHeader(list []manifest.Header, name, value string) []manifest.Header {
	for i := range list {
		if strings.EqualFold(list[i].Name, name) {
			list[i].Value = value
			return list
		}
	}
	return append(list, manifest.Header{Name: name, Value: value})
}

// Send sends runs side by side, and the messages of each one after the other.
func (t httpTransport) Send(ctx context.Context, messages []Message) []Outcome {
	if t.Pace == nil {
		t.Pace = NewPace()
	}
	outcomes := make([]Outcome, len(messages))
	var wg sync.WaitGroup
	for _, run := range inRuns(messages) {
		wg.Go(func() {
			for n, i := range run {
				if n > 0 && outcomes[run[n-1]].waits() {
					outcomes[i] = Outcome{Result: Untried}
					continue
				}
				outcomes[i] = t.sendOne(ctx, messages[i])
			}
		})
	}
	wg.Wait()
	return outcomes
}

func (t httpTransport) sendOne(ctx context.Context, m Message) Outcome {
	t.Pace.begin()
	defer t.Pace.end()
	if t.stopped() {
		return Outcome{Result: Untried}
	}
	w, err := t.request(m)
	if err != nil {
		return Outcome{Result: Rejected, Note: err.Error()}
	}
	return t.recorded([]Message{m}, func(begun func()) Outcome {
		o, _ := t.post(ctx, w, maxAnswer, hiddenOf(w, m.Private), begun)
		return o
	})
}
