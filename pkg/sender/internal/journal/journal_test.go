package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

var noon = sendertest.Noon()

func TestJournal(t *testing.T) {
	id, err := manifest.ParseID("mytool")
	if err != nil {
		t.Fatal(err)
	}
	j := Open(t.TempDir(), id)
	if !j.Last().IsZero() {
		t.Error("an empty journal has a last record")
	}
	big := strings.Repeat("x", 1<<20)
	for i := range 7 {
		r := Record{Schema: 1, At: noon.Add(time.Duration(i) * time.Hour), Event: fmt.Sprint(i), EventID: uuid.New(), Note: big}
		if err := j.Add([]Record{r}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	// A process that is killed can leave half a line.
	_, err = f.WriteString(`{"schema":1,"at":"2026-`)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := j.Add([]Record{{Schema: 1, At: noon.Add(9 * time.Hour), Event: "9", EventID: uuid.New()}}); err != nil {
		t.Fatal(err)
	}
	records, err := j.Records()
	if err != nil {
		t.Fatal(err)
	}
	if last := records[len(records)-1]; last.Event != "9" || !j.Last().Equal(last.At) {
		t.Errorf("the last record is %s", last.Event)
	}
	info, err := os.Stat(j.path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxJournal+2<<20 {
		t.Errorf("the journal has %d bytes", info.Size())
	}
}

// FuzzJournal holds that whatever lines are in a journal it is read, and that what
// is recorded behind them can be read too.
func FuzzJournal(f *testing.F) {
	r := Record{Schema: 1, At: noon, Event: "run", EventID: uuid.MustParse("6282ac78-ba9e-4c6f-a849-732aae44989d"), Endpoint: "https://t.example", Payload: jsondoc.NewObject("a", "b")}
	line, err := json.Marshal(r)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"", "\n", "{}\n", "null\n[]\n", string(line) + "\n" + string(line[:20]) + "\n", `{"at":"9999-12-31T23:59:59Z"}`, `{"payload":{"a":{"b":[1e400]}}}`, "\x00\xff\n", `{"payload":[]}`} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	j := Open(dir, sendertest.ToolID(f, "t"))
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 0 && data[len(data)-1] != '\n' {
			data = append(data, '\n')
		}
		if err := os.WriteFile(j.path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := j.Records()
		if err != nil {
			t.Fatal(err)
		}
		if len(before) > bytes.Count(data, []byte("\n")) {
			t.Errorf("%d records in %q", len(before), data)
		}
		last := time.Time{}
		for _, r := range before {
			if !r.At.IsZero() {
				last = r.At
			}
		}
		if got := j.Last(); !got.Equal(last) {
			t.Errorf("the last of %q is of %v, not of %v", data, got, last)
		}
		if err := j.Add([]Record{r}); err != nil {
			t.Fatal(err)
		}
		after, err := j.Records()
		if err != nil || len(after) != len(before)+1 {
			t.Fatalf("%d records, and then %d: %v", len(before), len(after), err)
		}
		if got, err := json.Marshal(after[len(before)]); err != nil || !bytes.Equal(got, line) {
			t.Errorf("got %s, want %s: %v", got, line, err)
		}
	})
}
