// Command receivers is a real receiver for the tests of usagectl: it runs the
// OpenTelemetry Collector's own OTLP receiver (HTTP only) and its UDP log
// receiver in one process, on loopback, and writes down what arrives. The
// protocol code is the collector's, so a test that passes against it does not
// merely agree with itself. It is a module of its own to keep the collector
// out of the dependencies of usagectl.
//
//	receivers -dir DIR [-otlp 127.0.0.1:0] [-udp 127.0.0.1:0] [-reject N [-permanent]]
//
// Once everything listens it prints one line of JSON,
//
//	{"otlp":"http://127.0.0.1:PORT","udp":"127.0.0.1:PORT"}
//
// and stays until its standard input is closed or it gets SIGINT or SIGTERM.
// A parent that wants it to stay therefore has to give it a pipe for standard
// input. Nothing else is written to standard output.
//
// In DIR it appends to three files, each line in a single write:
//
//   - traces.jsonl: one line of OTLP JSON for each batch posted to /v1/traces
//   - logs.jsonl: one line of OTLP JSON for each batch posted to /v1/logs
//   - udp.jsonl: one JSON string for each datagram, the body of its log record
//
// A reader polling a file should all the same take a line only once its
// newline is there: a file system may show a long write page by page.
//
// What the collector's receivers do on the way shows in the files: a batch
// with no span or log record in it is answered with 200 and not passed on; of
// a datagram all trailing bytes below 0x20 (newlines, tabs, NULs) are cut off
// and bytes that are not UTF-8 become U+FFFD; datagrams are passed on every
// 100 ms; those that come faster than they are read, or are still unread in the
// socket at the end, are lost.
//
// The first N OTLP batches, traces and logs counted together, are refused and
// not written: with 503, which asks the sender to retry, or given -permanent
// with 400, which tells it not to.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/udplogreceiver"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// shutdownTimeout bounds how long each receiver may take to stop.
const shutdownTimeout = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "receivers:", err)
		os.Exit(1)
	}
}

// options is the command line.
type options struct {
	dir       string
	otlp      string
	udp       string
	reject    uint
	permanent bool
}

// parseOptions reads the command line. Asked for help, it prints the flags to
// stderr and returns flag.ErrHelp.
func parseOptions(args []string, stderr io.Writer) (options, error) {
	var opts options
	fs := flag.NewFlagSet("receivers", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // an error is printed once, by main
	fs.StringVar(&opts.dir, "dir", "", "existing `folder` to write the files in (required)")
	fs.StringVar(&opts.otlp, "otlp", "127.0.0.1:0", "loopback `address` of the OTLP receiver, HTTP only")
	fs.StringVar(&opts.udp, "udp", "127.0.0.1:0", "loopback `address` of the UDP log receiver")
	fs.UintVar(&opts.reject, "reject", 0, "refuse the first `N` OTLP batches with a retryable error")
	fs.BoolVar(&opts.permanent, "permanent", false, "refuse them with a permanent error instead")

	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(stderr)
		fs.PrintDefaults()
		return opts, err
	case err != nil:
		return opts, err
	case fs.NArg() > 0:
		return opts, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case opts.dir == "":
		return opts, errors.New("-dir is required")
	}
	return opts, nil
}

// run does everything main does but exit. It returns once stdin ends or ctx is
// done and the receivers have stopped.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	opts, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	otlpAddr, err := listenAddress("tcp", opts.otlp)
	if err != nil {
		return fmt.Errorf("-otlp: %w", err)
	}
	udpAddr, err := listenAddress("udp", opts.udp)
	if err != nil {
		return fmt.Errorf("-udp: %w", err)
	}

	rec, err := newRecorder(opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rec.close()) }()

	components, err := newReceivers(ctx, otlpAddr, udpAddr, rec)
	if err != nil {
		return err
	}
	for _, c := range components {
		if err := c.Start(ctx, host{}); err != nil {
			return err
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
			defer cancel()
			err = errors.Join(err, c.Shutdown(ctx))
		}()
	}

	ready := struct {
		OTLP string `json:"otlp"`
		UDP  string `json:"udp"`
	}{"http://" + otlpAddr, udpAddr}
	if err := json.NewEncoder(stdout).Encode(ready); err != nil {
		return err
	}

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, stdin) // an error ends it as well
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return nil
}

// listenAddress returns the address a receiver is to listen on. It refuses all
// but literal loopback addresses and replaces port 0 by a free port, because
// the receivers do not tell which port they got.
func listenAddress(network, addr string) (string, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return "", err
	}
	if !ap.Addr().IsLoopback() {
		return "", fmt.Errorf("%s is not a loopback address", addr)
	}
	if ap.Port() != 0 {
		return addr, nil
	}
	if network == "udp" {
		conn, err := net.ListenPacket(network, addr)
		if err != nil {
			return "", err
		}
		return conn.LocalAddr().String(), conn.Close()
	}
	ln, err := net.Listen(network, addr)
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// newReceivers returns the collector's receivers, configured to listen on the
// given addresses and to hand what they receive to rec.
func newReceivers(ctx context.Context, otlpAddr, udpAddr string, rec *recorder) ([]component.Component, error) {
	nextTraces, err := consumer.NewTraces(rec.consumeTraces)
	if err != nil {
		return nil, err
	}
	nextLogs, err := consumer.NewLogs(rec.consumeLogs)
	if err != nil {
		return nil, err
	}
	nextDatagrams, err := consumer.NewLogs(rec.consumeDatagrams)
	if err != nil {
		return nil, err
	}

	// The OTLP factory returns one shared receiver for the same configuration.
	otlp := otlpreceiver.NewFactory()
	otlpConfig := otlp.CreateDefaultConfig().(*otlpreceiver.Config)
	otlpConfig.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = otlpAddr
	traces, err := otlp.CreateTraces(ctx, settings(otlp), otlpConfig, nextTraces)
	if err != nil {
		return nil, err
	}
	logs, err := otlp.CreateLogs(ctx, settings(otlp), otlpConfig, nextLogs)
	if err != nil {
		return nil, err
	}

	udp := udplogreceiver.NewFactory()
	udpConfig := udp.CreateDefaultConfig().(*udplogreceiver.UDPLogConfig)
	udpConfig.InputConfig.ListenAddress = udpAddr
	udpConfig.InputConfig.Encoding = "utf-8"
	udpConfig.InputConfig.OneLogPerPacket = true // keeps a datagram with newlines whole
	datagrams, err := udp.CreateLogs(ctx, settings(udp), udpConfig, nextDatagrams)
	if err != nil {
		return nil, err
	}
	return []component.Component{traces, logs, datagrams}, nil
}

// settings returns what the collector would give a receiver, with all its
// telemetry about itself switched off.
func settings(f receiver.Factory) receiver.Settings {
	return receiver.Settings{
		ID: component.NewID(f.Type()),
		TelemetrySettings: component.TelemetrySettings{
			Logger:         zap.NewNop(),
			TracerProvider: tracenoop.NewTracerProvider(),
			MeterProvider:  metricnoop.NewMeterProvider(),
			Resource:       pcommon.NewResource(),
		},
		BuildInfo: component.NewDefaultBuildInfo(),
	}
}

// host is a component.Host without extensions.
type host struct{}

// GetExtensions implements component.Host.
func (host) GetExtensions() map[component.ID]component.Component { return nil }

// recorder writes what the receivers hand it to the files.
type recorder struct {
	traces, logs, udp *os.File
	refusal           error // the answer to a refused batch

	mu     sync.Mutex // guards the fields below and all writing to the files
	reject uint       // number of OTLP batches still to refuse
	failed error      // first failure to write
}

// newRecorder opens the files.
func newRecorder(opts options) (*recorder, error) {
	rec := &recorder{reject: opts.reject}
	// The receiver answers 503 to a plain error. To a permanent one it answers
	// 500, unless it carries a status that says whose fault it was.
	rec.refusal = errors.New("refused, as asked by -reject")
	if opts.permanent {
		rec.refusal = consumererror.NewPermanent(status.Error(codes.InvalidArgument, rec.refusal.Error()))
	}
	for _, f := range []struct {
		file **os.File
		name string
	}{
		{&rec.traces, "traces.jsonl"},
		{&rec.logs, "logs.jsonl"},
		{&rec.udp, "udp.jsonl"},
	} {
		file, err := os.OpenFile(filepath.Join(opts.dir, f.name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, errors.Join(err, rec.close())
		}
		*f.file = file
	}
	return rec, nil
}

// close closes the files that are open. It also returns the first failure to
// write, which the receivers may have kept to themselves.
func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.failed
	for _, f := range []*os.File{r.traces, r.logs, r.udp} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// consumeTraces takes a batch of traces from the OTLP receiver.
func (r *recorder) consumeTraces(_ context.Context, td ptrace.Traces) error {
	var marshaler ptrace.JSONMarshaler
	line, err := marshaler.MarshalTraces(td)
	if err != nil {
		return err
	}
	return r.appendBatch(r.traces, line)
}

// consumeLogs takes a batch of logs from the OTLP receiver.
func (r *recorder) consumeLogs(_ context.Context, ld plog.Logs) error {
	var marshaler plog.JSONMarshaler
	line, err := marshaler.MarshalLogs(ld)
	if err != nil {
		return err
	}
	return r.appendBatch(r.logs, line)
}

// consumeDatagrams takes log records from the UDP receiver, which makes one of
// each datagram but hands over several at a time.
func (r *recorder) consumeDatagrams(_ context.Context, ld plog.Logs) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				if err := enc.Encode(record.Body().AsString()); err != nil {
					return err
				}
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.write(r.udp, lines.Bytes())
}

// appendBatch appends one line to file, unless the batch is to be refused.
func (r *recorder) appendBatch(file *os.File, line []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reject > 0 {
		r.reject--
		return r.refusal
	}
	return r.write(file, append(line, '\n'))
}

// write appends whole lines in a single write. The caller holds r.mu.
func (r *recorder) write(file *os.File, lines []byte) error {
	_, err := file.Write(lines)
	if r.failed == nil {
		r.failed = err
	}
	return err
}
