package transport

import (
	"context"
	"os"
	"path/filepath"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
)

// fileTransport appends each document as a line to a file.
type fileTransport struct {
	Config
	path string
}

func (t fileTransport) Limits() (int, int) { return 256, 256 * payload.MaxSize }

func (t fileTransport) Wire(messages []Message) (Wire, error) {
	body, err := jsondoc.Append(nil, messages[0].Document)
	return Wire{Method: "APPEND", URL: t.path, Body: append(body, '\n'), Text: string(body)}, err
}

func (t fileTransport) Send(ctx context.Context, messages []Message) []Outcome {
	return t.each(ctx, messages, func(m Message) Outcome {
		if err := t.add(ctx, m); err != nil {
			return Outcome{Result: Retry, Note: err.Error()}
		}
		return Outcome{Result: Accepted, Wrote: true}
	})
}

func (t fileTransport) add(ctx context.Context, m Message) error {
	if t.path == "" {
		return os.ErrNotExist // no home, nowhere to put it
	}
	line, err := jsondoc.Append(nil, m.Document)
	if err != nil {
		return err
	}
	if err := statefile.MkdirAll(filepath.Dir(t.path), 0o700); err != nil {
		return err
	}
	return statefile.Append(ctx, t.path, append(line, '\n'), 0)
}
