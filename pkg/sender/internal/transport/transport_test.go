package transport

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

const (
	nowhere  = "http://127.0.0.1:9"
	sampleID = "3f2b8c1e-9d4a-4f6b-8a27-0c5d1e9b7f60"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// config is that of a process in an empty home. Its clock shows noon.
func config(t testing.TB) Config {
	t.Helper()
	return Config{
		Client: NewClient(), Env: func(string) (string, bool) { return "", false }, Home: t.TempDir(),
		Version: "1.2.3", Now: func() time.Time { return noon },
	}
}

// roundTrip answers requests where no server listens, so that time need not pass.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// target is where a tool sends that declares this of it.
func target(t testing.TB, send, address string) Target {
	t.Helper()
	if address != "" {
		send += `, endpoint = "` + address + `/v1"`
	}
	key := "source"
	switch {
	case strings.Contains(send, `"otlp"`):
		key = "/attributes/source"
	case strings.Contains(send, `"segment"`):
		key = "/properties/source"
	}
	m, err := manifest.Parse("test.toml", []byte(`schema = 1
tool = {id = "mytool", purpose = "A test."}
send = {`+send+`}
event = [{name = "run"}]
field = [{name = "source", key = "`+key+`", from = "identity.source", purpose = "p"}]
forget = {method = "none"}
`))
	if err != nil {
		t.Fatal(err)
	}
	return Target{Send: m.Send, Scope: m.Tool.ID.String()}
}

// message is one with a number in it.
func message(n int64) Message {
	id := uuid.UUID{byte(n)}
	return Message{Event: "run", EventID: id, RunID: id, TakenAt: noon, Document: jsondoc.NewObject("name", "run", "n", jsondoc.Int(n)), Private: []string{sampleID}}
}

// users are those who make requests. Each makes one at an address.
func users(t testing.TB) map[string]func(ctx context.Context, client *http.Client, address string) Outcome {
	t.Helper()
	by := func(send string, strict bool) func(context.Context, *http.Client, string) Outcome {
		return func(ctx context.Context, client *http.Client, address string) Outcome {
			c := config(t)
			c.Client, c.Strict = client, strict
			return New(c, target(t, send, address)).Send(ctx, []Message{message(1)})[0]
		}
	}
	return map[string]func(context.Context, *http.Client, string) Outcome{
		"http":        by(`transport = "http"`, false),
		"segment":     by(`transport = "segment", write_key = "k"`, false),
		"otlp":        by(`transport = "otlp", signal = "logs"`, false),
		"strict http": by(`transport = "http"`, true),
		"strict otlp": by(`transport = "otlp", signal = "traces"`, true),
	}
}

// TestExpand holds where a file is that a manifest names below the home.
func TestExpand(t *testing.T) {
	for _, c := range []struct{ home, path, want string }{
		{"/home/me", "~/usage.log", "/home/me/usage.log"},
		{"", "~/usage.log", ""},
		{"", "/var/usage.log", "/var/usage.log"},
	} {
		if got := (Config{Home: c.home}).expand(c.path); filepath.ToSlash(got) != c.want {
			t.Errorf("%q in %q: %q, want %q", c.path, c.home, got, c.want)
		}
	}
}
