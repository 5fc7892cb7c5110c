package sender

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// TestTheQueueGoesRound has a server that never takes the oldest events. The others are
// delivered all the same, after an attempt or two, whether or not they go in batches.
func TestTheQueueGoesRound(t *testing.T) {
	const bad, good = transport.ParallelPosts, 20
	const http1, segment = `"http"`, `"segment", write_key = "k", auth = "body"`
	fails := func(status int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(status) }
	}
	asks := func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	page := func(w http.ResponseWriter) { io.WriteString(w, "<!doctype html><title>Log in</title>") }
	for name, c := range map[string]struct {
		transport string
		answer    func(http.ResponseWriter)
		failing   int // attempts at which nothing is delivered
	}{
		"http, 503":                {http1, fails(503), 1},
		"http, 403":                {http1, fails(403), 1},
		"http, a page":             {http1, page, 1},
		"http, closed":             {http1, nil, 1},
		"http, Retry-After":        {http1, asks, 2},
		"segment, 503":             {segment, fails(503), 2},
		"segment, 403":             {segment, fails(403), 2},
		"segment, a page":          {segment, page, 2},
		"segment, closed":          {segment, nil, 2},
		"segment, and Retry-After": {segment, asks, 2 + bad},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			var mu sync.Mutex
			refuse, got := map[string]bool{}, map[string]bool{}
			id := regexp.MustCompile(`"source": *"([^"]*)"`)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				body, _ := io.ReadAll(req.Body)
				mu.Lock()
				defer mu.Unlock()
				list := id.FindAllStringSubmatch(string(body), -1)
				if slices.ContainsFunc(list, func(m []string) bool { return refuse[m[1]] }) {
					if c.answer == nil {
						panic(http.ErrAbortHandler)
					}
					c.answer(w)
					return
				}
				for _, m := range list {
					got[m[1]] = true
				}
			}))
			defer server.Close()
			_, terms := agreedTool(t, s, server.URL)
			file := filepath.Join(s.dirs().DataHome, "usagectl", "tools", "mytool.toml")
			data, err := os.ReadFile(file)
			sendertest.Must(t, err)
			text := strings.Replace(string(data), `"http"`, c.transport, 1)
			sendertest.Write(t, file, strings.Replace(text, `name = "source",`, `name = "source", key = "/properties/source",`, 1))
			for i := range bad + good {
				e := queue(t, s, terms, noon.Add(time.Duration(i)*time.Second))
				if source, _ := e.Values.Get("source"); i < bad {
					refuse[fmt.Sprint(source)] = true
				}
			}
			tool := sendertest.ToolID(t, "mytool")
			for range c.failing {
				if sum := s.drain(t.Context(), tool, func(int) {}); sum.Sent != 0 || sum.Failed == nil {
					t.Errorf("failing: %+v", sum)
				}
			}
			sum := s.drain(t.Context(), tool, func(int) {})
			if sum.Sent != good || sum.Failed == nil || len(got) != good || len(waiting(t, s.outbox(tool))) != bad {
				t.Errorf("then: %+v, got %d", sum, len(got))
			}
		})
	}
}

func TestStartAfter(t *testing.T) {
	for _, c := range []struct{ last, want string }{
		{"", "a c e"}, {"a", "c e a"}, {"b", "c e a"}, {"c", "e a c"}, {"e", "a c e"}, {"f", "a c e"},
	} {
		if got := startAfter(c.last, []string{"a", "c", "e"}); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("after %q: %q, want %q", c.last, got, c.want)
		}
	}
	if got := startAfter("x", nil); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// TestQuarantine has what is no event among those that wait. It does not stay there, and
// keeps nothing else from being delivered.
func TestQuarantine(t *testing.T) {
	s := newSender(t)
	o := s.outbox(sendertest.ToolID(t, "mytool"))
	if err := o.Create(); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("0", 250)
	for _, file := range []string{filepath.Join("new", long), "new/001/x", "rejected/001/y"} {
		if err := os.MkdirAll(filepath.Dir(o.Path(file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(o.Path(file), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum := s.drain(t.Context(), sendertest.ToolID(t, "mytool"), func(int) {})
	if sum.Rejected != 1 || sum.Dropped != 1 || sum.Failed != nil || sum.Held != nil || len(waiting(t, o)) != 0 {
		t.Errorf("%+v, %d wait", sum, len(waiting(t, o)))
	}
	if _, err := os.Stat(o.Path("rejected", long)); err != nil {
		t.Error(err)
	}
	if count, err := o.Count(); err != nil || count.Queued != 0 || count.Rejected != 2 || count.Dropped != 1 {
		t.Errorf("%+v, %v", count, err)
	}
}
