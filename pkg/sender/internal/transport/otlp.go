package sender

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// otlpTransport posts batches over OTLP/HTTP, binary Protocol Buffers in gzip
// (OTLP specification 1.x). A document makes one root span or one log record:
// "name", "start", "end", "status", "resource", "attributes" and "events".
type otlpTransport struct {
	medium
	manifest *manifest.Manifest
}

// maxOTLPAnswer is how much of an answer the OTLP specification lets a client read.
const maxOTLPAnswer = 4 << 20

func (t otlpTransport) limits() (int, int) { return 512, 2 << 20 }

func (t otlpTransport) wire(parcels []parcel) (Wire, error) {
	items, err := t.items(parcels)
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
		URL:    t.manifest.Send.Endpoint,
		Headers: []manifest.Header{
			{Name: "Content-Type", Value: "application/x-protobuf"},
			{Name: "Content-Encoding", Value: "gzip"},
			t.userAgent(),
		},
		Body: zipped.Bytes(),
	}
}

func (t otlpTransport) scope() string { return t.manifest.Tool.ID.String() }
func (t otlpTransport) logs() bool    { return t.manifest.Send.Signal == "logs" }

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

func (t otlpTransport) items(parcels []parcel) ([]otlpItem, error) {
	items := make([]otlpItem, len(parcels))
	for i, p := range parcels {
		var err error
		if items[i], err = newOTLPItem(p); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (t otlpTransport) carry(ctx context.Context, parcels []parcel) []outcome {
	b := bisection{split: t.split, send: func(parcels []parcel) outcome {
		items, err := t.items(parcels)
		if err != nil { // as good as a receiver that calls it bad
			return outcome{result: rejected, status: http.StatusBadRequest, note: err.Error()}
		}
		return t.send(ctx, items, private(parcels))
	}}
	return b.run(parcels)
}

func (t otlpTransport) send(ctx context.Context, items []otlpItem, private []string) outcome {
	a := t.post(ctx, t.request(items), maxOTLPAnswer, private...)
	o := a.outcome()
	if o.result == accepted {
		partial := partialSuccess(a.body, len(items))
		o.result, o.note = partial.result, a.hide.note(partial.note)
	} else if text := statusMessage(a.body); text != "" {
		o.note = a.text(text)
	}
	return o
}

// partialSuccess reads an Export…ServiceResponse. What the receiver rejected is
// lost and must not be sent again; it does not say which ones it was.
func partialSuccess(body []byte, sent int) outcome {
	var lost int64
	var message string
	err := protobufFields(body, func(field int, _ uint64, content []byte) {
		if field != 1 {
			return
		}
		_ = protobufFields(content, func(field int, varint uint64, content []byte) {
			switch field {
			case 1:
				lost = int64(varint)
			case 2:
				message = string(content)
			}
		})
	})
	if err != nil || lost <= 0 && message == "" {
		return outcome{result: accepted} // the status counts; a body that is none says nothing
	}
	note := fmt.Sprintf("the receiver rejected %d of %d: %s", lost, sent, message)
	if lost >= int64(sent) {
		return outcome{result: rejected, note: note}
	}
	return outcome{result: accepted, note: note}
}

// statusMessage reads the message of a google.rpc.Status, which OTLP receivers
// put into answers that are no success.
func statusMessage(body []byte) string {
	message := ""
	err := protobufFields(body, func(field int, _ uint64, content []byte) {
		if field == 2 {
			message = string(content)
		}
	})
	if err != nil {
		return ""
	}
	return message
}
