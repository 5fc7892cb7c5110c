package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// contestant is one program to run. What is done before and after each run is not
// part of its time.
type contestant struct {
	name          string
	argv, env     []string
	before, after func() error // or nil
}

// measure runs every contestant once a round and returns the times by name. A
// first round, which is not counted, fills the caches. After the deadline no
// other begins.
func measure(contestants []contestant, rounds int, deadline time.Time) (map[string][]time.Duration, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	times := map[string][]time.Duration{}
	for round := 0; round <= rounds && (round < 2 || time.Now().Before(deadline)); round++ {
		for _, i := range rand.Perm(len(contestants)) {
			c := contestants[i]
			took, err := c.run(null)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if round > 0 {
				times[c.name] = append(times[c.name], took)
			}
		}
	}
	return times, nil
}

func (c contestant) run(null *os.File) (took time.Duration, err error) {
	if c.before != nil {
		err = c.before()
	}
	if err == nil {
		took, err = timed(c.argv, c.env, null)
	}
	if err == nil && c.after != nil {
		err = c.after()
	}
	return took, err
}

// timed starts a program, waits for its end and tells how long that took. One
// that hangs is ended.
func timed(argv, env []string, null *os.File) (time.Duration, error) {
	begin := time.Now()
	p, err := os.StartProcess(argv[0], argv, &os.ProcAttr{Env: env, Files: []*os.File{null, null, null}})
	if err != nil {
		return 0, err
	}
	limit := time.AfterFunc(10*time.Second, func() { _ = p.Kill() })
	state, err := p.Wait()
	took := time.Since(begin)
	limit.Stop()
	if err == nil && !state.Success() {
		err = errors.New(state.String())
	}
	return took, err
}

// The contestants.
const (
	empty     = "empty Go program"
	version   = "version"
	off       = "send, off"
	atWork    = "send, deliverer at work"
	waiting   = "send, 1,000 waiting"
	started   = "send, deliverer started"
	blackHole = "send, deliverer started, black hole"
	execOff   = "exec of the empty program, off"
	execOn    = "exec of it, deliverer started"
	curl      = "curl"
	python    = "Python urllib"
	envNone   = "env, nothing decided"
	envAll    = "env, all refused"
	table     = "status"
	complete  = "completion of all tools' names"
)

// target is what the ratio of two contestants must not exceed, or must reach.
type target struct {
	what, to string
	besides  string // a contestant whose time is added to that of to, or ""
	limit    float64
	reach    bool
}

func targets() []target {
	return []target{
		{what: version, to: empty, limit: 2.3},
		{what: off, to: empty, limit: 2.7},
		{what: atWork, to: empty, limit: 3},
		{what: atWork, to: curl, limit: 0.6},
		{what: waiting, to: atWork, limit: 1.3},
		{what: started, to: empty, limit: 3.7},
		{what: started, to: curl, limit: 0.8},
		{what: blackHole, to: started, limit: 1.2},
		{what: execOff, to: off, besides: empty, limit: 1},
		{what: execOn, to: started, besides: empty, limit: 1},
		{what: python, to: atWork, limit: 15, reach: true},
		{what: envNone, to: empty, limit: 3},
		{what: envAll, to: empty, limit: 3},
		{what: complete, to: table, limit: 1.5},
	}
}

func (t target) verdict(value float64) (text string, missed int) {
	sign, word := "<=", "ok"
	if t.reach {
		sign = ">="
	}
	if value > t.limit && !t.reach || value < t.limit && t.reach {
		word, missed = "MISSED", 1
	}
	return fmt.Sprintf("%.2f (%s %g: %s)", value, sign, t.limit, word), missed
}

// printTable prints a line a contestant, and a line more for each further ratio.
func printTable(out io.Writer, contestants []contestant, times map[string][]time.Duration) (missed int) {
	const columns = "%-36s %7.2f %7.2f   "
	fmt.Fprintf(out, "%-36s %7s %7s   ratio of the medians\n", fmt.Sprintf("ms, %d rounds", len(times[empty])), "median", "p90")
	for _, c := range contestants {
		line := fmt.Sprintf(columns, c.name, quantile(times[c.name], 0.5), quantile(times[c.name], 0.9))
		indent := len(line)
		for _, t := range targets() {
			if t.what != c.name || times[t.to] == nil {
				continue
			}
			by, of := quantile(times[t.to], 0.5), t.to
			if t.besides != "" {
				by, of = by+quantile(times[t.besides], 0.5), of+" and "+t.besides
			}
			text, n := t.verdict(quantile(times[t.what], 0.5) / by)
			fmt.Fprintf(out, "%-*s%s of %s\n", indent, line, text, of)
			line, missed = "", missed+n
		}
		if line != "" {
			fmt.Fprintln(out, line)
		}
	}
	return missed
}

// quantile is the time, in milliseconds, below which a part of the times lies.
func quantile(times []time.Duration, part float64) float64 {
	sorted := slices.SortedFunc(slices.Values(times), cmp.Compare)
	return float64(sorted[int(part*float64(len(sorted)-1))]) / float64(time.Millisecond)
}
