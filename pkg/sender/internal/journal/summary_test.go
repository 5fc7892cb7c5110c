package journal

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestSummary holds that the journal tells where events went and came from, what was last first.
func TestSummary(t *testing.T) {
	j := Open(t.TempDir(), sendertest.ToolID(t, "mytool"))
	r := j.Recorder(false)
	for i := range 12 {
		from := Origin{SourcePath: "/home/me/.mytool/source", Manifest: fmt.Sprint("/m", i%10)}
		r.Begin(noon, fmt.Sprint("https://t.example/", i%2), from, []Event{{uuid.New(), "run", []byte(`{}`)}})
	}
	sendertest.Must(t, r.Flush())
	got, err := j.Summary(nil)
	want := Summary{
		[]string{"https://t.example/1", "https://t.example/0"},
		[]string{"/home/me/.mytool/source"},
		[]string{"/m1", "/m0", "/m9", "/m8", "/m7", "/m6", "/m5", "/m4"},
	}
	if err != nil || !slices.Equal(got.Endpoints, want.Endpoints) || !slices.Equal(got.SourcePaths, want.SourcePaths) || !slices.Equal(got.Manifests, want.Manifests) {
		t.Errorf("%+v, %v", got, err)
	}
}
