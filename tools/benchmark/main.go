// Command benchmark measures what "usagectl send" costs the script that calls it,
// and "usagectl env" a shell that starts. Run it from the root of the repository:
//
//	go run ./tools/benchmark            # two minutes
//	go run ./tools/benchmark -check     # exit 1 if a target is missed
//
// It builds the program as a release does and an empty Go program beside it,
// starts a server on loopback, and runs everything in temporary homes that it
// removes again. Nothing leaves the machine.
//
// # How to read it
//
// Milliseconds are those of one machine on one day; what counts is the ratios. In
// each round every contestant runs once, in a random order, so that whatever else
// the machine does falls on all of them alike. A ratio is that of two medians over
// all rounds, and no run is left out. A time is that of the whole process as its
// parent sees it, with all of its streams at the null device. What has to be put
// right before and after a run is not part of it.
//
// The empty Go program is the unit: no Go program starts in less. curl is what a
// careful script would use instead; here its server is on the same machine and
// answers at once, which no real one does. Python's urllib is what many tools do
// inside. The rest is "usagectl send":
//
//   - deliverer at work: within a burst of events; one small file is written,
//     which the deliverer that an earlier event started will find
//   - deliverer started: the first event after a while; another process is
//     started too, and not waited for
//   - black hole: likewise, with an endpoint that never answers a connection
//   - off: nobody has agreed, so nothing is written
//   - 1,000 waiting: as at work, with an outbox that is not empty
//
// "usagectl exec" of the empty program is to take no longer than that program and one send do.
//
// Beside it "usagectl version", which does nothing but start, and "usagectl env", which a shell's start file runs, with nothing decided and
// with every tool refused; "usagectl status"; and what a shell asks when somebody
// presses TAB, where the answer is longest: every tool that is known.
//
// Starting a deliverer takes a second CPU for a while, and queueing takes the
// disk: on a machine that is busy with others those lines suffer more than the
// empty program does. Run it again when it is quiet, and look at the distance from
// the median to the 90th percentile before believing a small difference.
// TMPDIR=/dev/shm leaves the disk out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the flags. Nothing else can be set.
type options struct {
	rounds, deliver int
	stream          int
	timeout         time.Duration
	check           bool
}

func run(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("benchmark", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 300, "run every contestant `N` times")
	flags.IntVar(&o.deliver, "deliver", 10_000, "deliver `N` events at the end, which is all that an outbox holds; 0 for none")
	flags.IntVar(&o.stream, "stream", 100_000, "take `N` events through one process at the end; 0 for none")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "begin no other round after this `TIME`")
	flags.BoolVar(&o.check, "check", false, "exit 1 if a target is missed")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err == nil && (flags.NArg() > 0 || min(o.rounds-1, o.deliver, o.stream) < 0 || max(o.rounds, o.deliver) > 10_000):
		fmt.Fprintln(stderr, "benchmark: it takes no arguments, 1 to 10000 rounds, 0 to 10000 events to deliver, and 0 or more to stream")
		return 2
	case err != nil:
		return 2
	}
	missed, err := benchmark(o, stdout)
	if err == nil && o.check && missed > 0 {
		err = fmt.Errorf("targets missed: %d", missed)
	}
	if err != nil {
		fmt.Fprintln(stderr, "benchmark:", err)
		return 1
	}
	return 0
}

// benchmark does everything, and returns how many targets were missed.
func benchmark(o options, out io.Writer) (missed int, err error) {
	deadline := time.Now().Add(o.timeout)
	dir, err := os.MkdirTemp("", "usagectl-benchmark-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(out, "usagectl benchmark, %s, %s %s/%s, %d CPUs\n\n",
		time.Now().UTC().Format(time.RFC3339), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())

	b, err := newBench(dir)
	if err != nil {
		return 0, err
	}
	defer b.close()
	info, err := os.Stat(b.product)
	if err != nil {
		return 0, err
	}
	text, missed := target{limit: 12}.verdict(float64(info.Size()) / (1 << 20))
	fmt.Fprintf(out, "size of the program in MiB: %s\n\n", text)

	contestants, notes, err := b.contestants()
	if err != nil {
		return missed, err
	}
	times, err := measure(contestants, o.rounds, deadline)
	if err != nil {
		return missed, err
	}
	missed += printTable(out, contestants, times)
	for _, note := range notes {
		fmt.Fprintln(out, "note:", note)
	}
	if o.deliver > 0 {
		err = b.deliveries(out, o.deliver)
	}
	if err == nil && o.stream > 0 {
		err = b.stream(out, o.stream)
	}
	return missed, err
}
