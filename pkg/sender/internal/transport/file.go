package sender

import (
	"context"
	"os"
	"path/filepath"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/statefile"
)

// fileTransport appends each document as a line to a file.
type fileTransport struct {
	medium
	path string
}

func (t fileTransport) limits() (int, int) { return 256, 256 * MaxPayload }

func (t fileTransport) wire(parcels []parcel) (Wire, error) {
	body, err := jsondoc.Append(nil, parcels[0].document())
	return Wire{Method: "APPEND", URL: t.path, Body: append(body, '\n'), Text: string(body)}, err
}

func (t fileTransport) carry(ctx context.Context, parcels []parcel) []outcome {
	return t.each(ctx, parcels, func(p parcel) outcome {
		if err := t.add(ctx, p); err != nil {
			return outcome{result: retry, note: err.Error()}
		}
		return outcome{result: accepted, wrote: true}
	})
}

func (t fileTransport) add(ctx context.Context, p parcel) error {
	if t.path == "" {
		return os.ErrNotExist // no home, nowhere to put it
	}
	line, err := jsondoc.Append(nil, p.document())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(t.path), 0o700); err != nil {
		return err
	}
	return statefile.Append(ctx, t.path, append(line, '\n'), 0)
}
