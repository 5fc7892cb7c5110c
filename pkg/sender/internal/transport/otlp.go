package transport

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// otlpTransport posts batches over OTLP/HTTP, binary Protocol Buffers in gzip
// (OTLP specification 1.x). A document makes one root span or one log record:
// "name", "start", "end", "status", "resource", "attributes" and "events".
type otlpTransport struct {
	Config
	target Target
}

// maxOTLPAnswer is how much of an answer the OTLP specification lets a client read.
const maxOTLPAnswer = 4 << 20

func (t otlpTransport) Limits() (int, int) { return 512, 2 << 20 }

func (t otlpTransport) Wire(messages []Message) (Wire, error) {
	items, err := t.items(messages)
	if err != nil {
		return Wire{}, err
	}
	w := t.request(items)
	text, err := jsondoc.Append(nil, t.decoded(items))
	w.Text = string(text)
	return w, err
}

func (t otlpTransport) request(items []otlpItem) Wire {
	var data, zipped bytes.Buffer
	for _, it := range items {
		data.Write(appendBytes(nil, 1, it.proto(t.scope(), t.logs())))
	}
	z := gzip.NewWriter(&zipped)
	z.Write(data.Bytes()) // a buffer takes everything
	z.Close()
	return Wire{
		Method: "POST",
		URL:    t.target.Send.Endpoint,
		Headers: []manifest.Header{
			{Name: "Content-Type", Value: "application/x-protobuf"},
			{Name: "Content-Encoding", Value: "gzip"},
			t.userAgent(),
		},
		Body: zipped.Bytes(),
	}
}

func (t otlpTransport) scope() string { return t.target.Scope }
func (t otlpTransport) logs() bool    { return t.target.Send.Signal == "logs" }

// decoded is the request in OTLP's JSON encoding.
func (t otlpTransport) decoded(items []otlpItem) *jsondoc.Object {
	list := []any{}
	for _, it := range items {
		list = append(list, it.json(t.scope(), t.logs()))
	}
	o := &jsondoc.Object{}
	if t.logs() {
		o.Set("resourceLogs", list)
	} else {
		o.Set("resourceSpans", list)
	}
	return o
}

func (t otlpTransport) items(messages []Message) ([]otlpItem, error) {
	items := make([]otlpItem, len(messages))
	for i, m := range messages {
		var err error
		if items[i], err = newOTLPItem(m); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (t otlpTransport) Send(ctx context.Context, messages []Message) []Outcome {
	b := bisection{split: t.Split, stop: t.Stop, send: func(messages []Message) Outcome {
		items, err := t.items(messages)
		if err != nil { // as good as a receiver that calls it bad
			return Outcome{Result: Rejected, Status: http.StatusBadRequest, Note: err.Error()}
		}
		return t.recorded(messages, func(begun func()) Outcome {
			return t.sendItems(ctx, items, privateOf(messages), begun)
		})
	}}
	return b.run(messages)
}

func (t otlpTransport) sendItems(ctx context.Context, items []otlpItem, private []string, begun func()) Outcome {
	w := t.request(items)
	hide := hiddenOf(w, private)
	o, body := t.post(ctx, w, maxOTLPAnswer, hide, begun)
	if o.Result == Accepted {
		partial := partialSuccess(body, len(items))
		o.Result, o.Note = partial.Result, hide.Note(partial.Note)
	} else if text := statusMessage(body); text != "" {
		o.Note = hide.Note(statusText(o.Status, text))
	}
	return o
}
