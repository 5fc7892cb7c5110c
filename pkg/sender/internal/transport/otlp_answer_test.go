package transport

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/sender/internal/note"
)

func TestPartialSuccess(t *testing.T) {
	message := func(lost uint64, text string) []byte {
		partial := appendVarint(nil, 1, lost)
		return appendBytes(nil, 1, appendBytes(partial, 2, text))
	}
	for _, c := range []struct {
		name string
		body []byte
		want Result
		note bool
	}{
		{"empty", nil, Accepted, false},
		{"rubbish", []byte("\xff\xff\xff"), Accepted, false},
		{"a warning", message(0, "old schema"), Accepted, true},
		{"some lost", message(2, "too old"), Accepted, true},
		{"all lost", message(3, "too old"), Rejected, true},
		{"more lost than sent", message(math.MaxInt64, ""), Rejected, true},
	} {
		if got := partialSuccess(c.body, 3); got.Result != c.want || (got.Note != "") != c.note {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestPartialSuccessIsShort holds that what a collector says of a batch is kept short.
func TestPartialSuccessIsShort(t *testing.T) {
	partial := appendBytes(nil, 1, appendBytes(appendVarint(nil, 1, 1), 2, strings.Repeat("no ", 1<<20)+sampleID))
	client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(partial))}, nil
	})}
	out := users(t)["otlp"](t.Context(), client, nowhere)
	if out.Result != Rejected || len([]rune(out.Note)) != note.Max || !strings.HasPrefix(out.Note, "the receiver rejected 1 of 1: no") {
		t.Errorf("%v", fmt.Sprint(out))
	}
}
