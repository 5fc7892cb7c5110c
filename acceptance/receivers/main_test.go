package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ceiling is how long a test waits for something before it fails.
const ceiling = 60 * time.Second

const (
	traceBatch = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",` +
		`"spanId":"0102030405060708","name":"a span\nof two lines"}]}]}]}`
	logBatch = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a log record"}}]}]}]}`
)

// started is a running receiver.
type started struct {
	OTLP string `json:"otlp"`
	UDP  string `json:"udp"`

	dir  string
	stop func() // closes stdin and waits for run to return nil
}

// start runs the receivers with further arguments until the test ends.
func start(t *testing.T, args ...string) started {
	t.Helper()
	s := started{dir: t.TempDir()}
	stdin, stdinWriter := io.Pipe()
	stdoutReader, stdout := io.Pipe()
	result := make(chan error, 1)
	go func() {
		err := run(t.Context(), append([]string{"-dir", s.dir}, args...), stdin, stdout, io.Discard)
		stdout.CloseWithError(io.EOF)
		result <- err
	}()

	line, readErr := bufio.NewReader(stdoutReader).ReadBytes('\n')
	stopped := false
	s.stop = func() {
		t.Helper()
		if stopped {
			return
		}
		stopped = true
		stdinWriter.Close()
		select {
		case err := <-result:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(ceiling):
			t.Error("run did not return")
		}
	}
	t.Cleanup(s.stop)
	if readErr != nil {
		t.Fatalf("no line on stdout: %v", readErr)
	}
	if err := json.Unmarshal(line, &s); err != nil {
		t.Fatalf("line on stdout %q: %v", line, err)
	}
	return s
}

// post sends a batch and returns the status code of the answer.
func (s started) post(t *testing.T, path, batch string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: ceiling}
	resp, err := client.Post(s.OTLP+path, "application/json", strings.NewReader(batch))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %s %s", path, resp.Status, body)
	return resp.StatusCode
}

// lines polls a file until it has at least n lines and returns all it has.
func (s started) lines(t *testing.T, name string, n int) [][]byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		data, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(data, []byte("\n")) >= n {
			return bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s has not got %d lines: %q", name, n, data)
		}
	}
}

func TestOTLP(t *testing.T) {
	s := start(t)
	for _, batch := range []struct{ path, body string }{
		{"/v1/traces", traceBatch},
		{"/v1/logs", logBatch},
	} {
		if got := s.post(t, batch.path, batch.body); got != http.StatusOK {
			t.Errorf("%s answered %d", batch.path, got)
		}
	}

	traces := s.lines(t, "traces.jsonl", 1)
	var td struct {
		ResourceSpans []struct {
			ScopeSpans []struct {
				Spans []struct{ TraceID, Name string }
			}
		}
	}
	if err := json.Unmarshal(traces[0], &td); err != nil {
		t.Fatal(err)
	}
	span := td.ResourceSpans[0].ScopeSpans[0].Spans[0]
	if span.TraceID != "0102030405060708090a0b0c0d0e0f10" || span.Name != "a span\nof two lines" {
		t.Errorf("span %+v", span)
	}

	logs := s.lines(t, "logs.jsonl", 1)
	if !bytes.Contains(logs[0], []byte(`{"stringValue":"a log record"}`)) {
		t.Errorf("log %s", logs[0])
	}
	if len(traces) != 1 || len(logs) != 1 {
		t.Errorf("%d lines of traces, %d of logs", len(traces), len(logs))
	}
}

func TestUDP(t *testing.T) {
	s := start(t)
	conn, err := net.Dial("udp", s.UDP)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Of the trailing newlines the receiver keeps none.
	for _, datagram := range []string{"one <line>", "two\nlines\twith \"quotes\" and ü\n\n", strings.Repeat("x", 60000)} {
		if _, err := io.WriteString(conn, datagram); err != nil {
			t.Fatal(err)
		}
	}

	want := []string{"one <line>", "two\nlines\twith \"quotes\" and ü", strings.Repeat("x", 60000)}
	got := s.lines(t, "udp.jsonl", len(want))
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i, line := range got {
		var body string
		if err := json.Unmarshal(line, &body); err != nil {
			t.Fatal(err)
		}
		if body != want[i] {
			t.Errorf("datagram %d is %q, want %q", i, body, want[i])
		}
	}
}

func TestReject(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		code int
	}{
		{"retryable", []string{"-reject", "2"}, http.StatusServiceUnavailable},
		{"permanent", []string{"-reject", "2", "-permanent"}, http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, test.args...)
			if got := s.post(t, "/v1/traces", traceBatch); got != test.code {
				t.Errorf("first batch answered %d, want %d", got, test.code)
			}
			if got := s.post(t, "/v1/logs", logBatch); got != test.code {
				t.Errorf("second batch answered %d, want %d", got, test.code)
			}
			if got := s.post(t, "/v1/traces", traceBatch); got != http.StatusOK {
				t.Errorf("third batch answered %d", got)
			}
			s.stop()
			if got := s.lines(t, "traces.jsonl", 1); len(got) != 1 {
				t.Errorf("%d lines of traces, want 1", len(got))
			}
			if logs, err := os.ReadFile(filepath.Join(s.dir, "logs.jsonl")); err != nil || len(logs) != 0 {
				t.Errorf("logs %q, %v", logs, err)
			}
		})
	}
}

func TestEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stdin, stdinWriter := io.Pipe()
	defer stdinWriter.Close()
	var stdout bytes.Buffer
	if err := run(ctx, []string{"-dir", t.TempDir()}, stdin, &stdout, io.Discard); err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestRefusedCommandLines(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{},
		{"-dir", dir, "extra"},
		{"-dir", filepath.Join(dir, "missing")},
		{"-dir", dir, "-reject", "-1"},
		{"-dir", dir, "-otlp", "0.0.0.0:0"},
		{"-dir", dir, "-otlp", ":0"},
		{"-dir", dir, "-otlp", "localhost:0"},
		{"-dir", dir, "-udp", "192.0.2.1:0"},
		{"-dir", dir, "-udp", "[::]:0"},
	} {
		var stdout bytes.Buffer
		if err := run(t.Context(), args, strings.NewReader(""), &stdout, io.Discard); err == nil {
			t.Errorf("%q was accepted: %s", args, &stdout)
		}
	}
}
