//go:build long

package acceptance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// connectCollector is for a tool that sends spans.
func connectCollector(t testing.TB, s system) *installed {
	t.Helper()
	c := startCollector(t)
	i := install(t, s, c.OTLP)
	i.documents = func() []any { return c.items(t, "traces.jsonl") }
	return i
}

// connectUDP is for a tool that sends datagrams.
func connectUDP(read func(t testing.TB, datagram []byte) any) func(t testing.TB, s system) *installed {
	return func(t testing.TB, s system) *installed {
		t.Helper()
		c := startCollector(t)
		i := install(t, s, c.UDP)
		i.documents = func() []any {
			var list []any
			for _, datagram := range c.datagrams(t) {
				list = append(list, read(t, []byte(datagram)))
			}
			return list
		}
		return i
	}
}

// buildReceivers builds the OpenTelemetry Collector's receivers once a test run.
// They go beside the program in the directory that testscript.Main makes, which
// lives as long as the run; no test's own directory does.
var buildReceivers = sync.OnceValues(func() (string, error) {
	self, err := exec.LookPath("usagectl")
	if err != nil {
		return "", err
	}
	program := filepath.Join(filepath.Dir(self), "receivers")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	out, err := exec.Command("go", "build", "-C", "receivers", "-o", program, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return program, nil
})

// collector is a running OpenTelemetry Collector, as far as receivers has it.
type collector struct {
	OTLP, UDP string // addresses
	dir       string
}

// startCollector starts the receivers; they stop when the test ends.
func startCollector(t testing.TB, args ...string) *collector {
	t.Helper()
	needProgram(t, "go")
	program, err := buildReceivers()
	if err != nil {
		t.Fatalf("receivers: %v", err)
	}
	c := &collector{dir: t.TempDir()}
	cmd := exec.Command(program, append([]string{"-dir", c.dir}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		defer timer.Stop()
		io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil {
			t.Errorf("receivers: %v: %s", err, stderr.String())
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, c) != nil {
		t.Fatalf("receivers said %q: %v", line, err)
	}
	return c
}

// lines are what the collector has written to one of its files, whole lines only.
func (c *collector) lines(t testing.TB, name string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.Split(data, []byte("\n"))
	return whole[:len(whole)-1]
}

// items are the spans or log records received so far, as otlpItems has them.
func (c *collector) items(t testing.TB, name string) []any {
	t.Helper()
	var items []any
	for _, line := range c.lines(t, name) {
		items = append(items, otlpItems(t, line)...)
	}
	return items
}

// datagrams are the datagrams received so far.
func (c *collector) datagrams(t testing.TB) []string {
	t.Helper()
	var list []string
	for _, line := range c.lines(t, "udp.jsonl") {
		var text string
		if err := json.Unmarshal(line, &text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	return list
}

// front stands before a collector's OTLP receiver. It shows what a client sends
// beside the body and what it is answered, and can be down while the other is not.
type front struct {
	*httptest.Server
	down atomic.Bool

	mu      sync.Mutex
	headers []http.Header
	answers []int
}

func startFront(t testing.TB, c *collector) *front {
	t.Helper()
	target, err := url.Parse(c.OTLP)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.answers = append(f.answers, r.StatusCode)
		return nil
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.headers = append(f.headers, r.Header.Clone())
		f.mu.Unlock()
		if f.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

// answered are the statuses that the collector answered with, in order.
func (f *front) answered() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.answers)
}

// asked are the headers of the requests so far.
func (f *front) asked() []http.Header {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.headers)
}
