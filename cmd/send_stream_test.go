package cmd

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestStreamIsRead holds that stdin is read to its end whatever the command line, for a program that
// writes to a pipe which nobody reads is ended by that.
func TestStreamIsRead(t *testing.T) {
	for _, line := range []string{
		"send demo --stream", "send nosuchtool --stream", "send demo --stream --fail", "send demo run.end --stream",
		"send demo --stream --set a=b", "send demo --stream --weight 2", "send --weight 2 demo --stream --fail --json",
		"send --stream", "send --stream=yes demo", "send demo --stream --manifest nosuch.toml", "send demo --stream --level 0",
	} {
		t.Run(line, func(t *testing.T) {
			p := newPerson(t)
			stdin := strings.NewReader(strings.Repeat(`{"event":"run.end"}`+"\n", 10_000))
			p.world.Stdin = stdin
			p.run(line)
			if stdin.Len() > 0 {
				t.Errorf("%d bytes are not read", stdin.Len())
			}
		})
	}
}

// TestStreamExitCodes holds how a stream ends with --fail.
func TestStreamExitCodes(t *testing.T) {
	p := newPerson(t)
	p.world.Stdin = strings.NewReader(`{"event":"run.end"}`)
	p.expect(said{"send demo --stream --fail --json", exitNo, []string{`"taken":0,"flawed":0,"skipped":0,"off":1,"dropped":0,"reason":{"rule":"undecided",`}, nil})
	p.expect(said{"enable demo -q", exitOK, nil, nil})
	p.world.Stdin = strings.NewReader(`{"event":"run.end","set":{"exit_code":1}}` + "\n\n")
	p.expect(said{"send demo --stream --fail --json", exitOK, []string{`{"schema":1,"tool":"demo","taken":1,"flawed":0,"skipped":0,"off":0,"dropped":0}` + "\n"}, nil})
	p.world.Stdin = strings.NewReader(`{"event":"run.end","set":{"exit_code":1}}` + "\n{}")
	p.expect(said{"send demo --stream --fail -q", exitData, nil, []string{"usagectl: send demo --stream: line 2 is skipped: it names no event\n"}})
	good := strings.Repeat(`{"event":"run.end","set":{"exit_code":1}}`+"\n", 2)
	for _, flag := range []string{"--run zzz", "--tool-version " + strings.Repeat("x", 65)} { // is about each line
		p.world.Stdin = strings.NewReader(good)
		p.expect(said{"send demo --stream --fail --json " + flag, exitData, []string{`"taken":0,"flawed":0,"skipped":0,"off":0,"dropped":2,"reason":{"rule":"data","detail":"`}, []string{"is left out", "0 taken, 0 skipped, 0 off, 2 dropped: "}})
		p.world.Stdin = strings.NewReader(good)
		p.expect(said{"send demo --stream --json " + flag, exitOK, []string{`"taken":2,"flawed":0,"skipped":0,"off":0,"dropped":0}`}, []string{"is left out"}})
	}
	p.world.Stdin = strings.NewReader("x\ny\n")
	p.expect(said{"send demo --stream --weight 1 --json", exitOK, []string{`{"schema":1,"tool":"demo","taken":0,"flawed":0,"skipped":0,"off":0,"dropped":2,"reason":{"rule":"usage",`}, []string{"*"}})
}

// TestStreamShowsNotice holds that the first stream of a tool that is on by default shows the notice
// on a terminal, and sends nothing, and that the next one does.
func TestStreamShowsNotice(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/mytool.toml", `schema = 1
tool = {id = "mytool", purpose = "Counts runs."}
consent = {default = "opt-out"}
identity = {kind = "none"}
send = {transport = "http", endpoint = "http://127.0.0.1:9/v1"}
event = [{name = "run"}]
field = [{name = "id", from = "event.id", purpose = "p"}]
`)
	stream := func() { p.world.Stdin = strings.NewReader(strings.Repeat(`{"event":"run"}`+"\n", 3)) }
	stream()
	p.expect(said{"send mytool --stream --json", exitOK, []string{`"taken":0,"flawed":0,"skipped":0,"off":3,"dropped":0,"reason":{"rule":"notice",`}, nil})
	p.atTerminal(80)
	stream()
	p.expect(said{"send mytool --stream --json", exitOK, []string{`"off":3,`}, []string{"mytool collects usage data: Counts runs.", "Nothing was sent. From the next time on it will be"}})
	p.atPipe()
	stream()
	p.expect(said{"send mytool --stream --json", exitOK, []string{`"taken":3,"flawed":0,"skipped":0,"off":0,"dropped":0}`}, nil})
}

// TestStreamSaysLittle checks that the messages about bad lines fit into a pipe, whatever the lines hold: the
// program that writes them may read the messages only at the end.
func TestStreamSaysLittle(t *testing.T) {
	p := newPerson(t)
	p.expect(said{"enable demo -q", exitOK, nil, nil})
	var fields []string
	for i := range 2000 {
		fields = append(fields, fmt.Sprintf(`"%s%d":1`, strings.Repeat("ä", 100), i))
	}
	var lines strings.Builder
	for range 2 * mostBadLines {
		fmt.Fprintf(&lines, `{"event":"run.end","set":{%s}}`+"\n", strings.Join(fields, ","))
	}
	p.world.Stdin = strings.NewReader(lines.String())
	p.must("send demo --stream")
	msg := p.errout.String()
	if n := strings.Count(msg, "; and 1995 more\n"); n != mostBadLines || len(msg) > 32<<10 || !utf8.ValidString(msg) {
		t.Errorf("%d messages, %d bytes: %.2000s", n, len(msg), msg)
	}
}

// TestStreamTyped holds that a person who types the lines can end that with Ctrl-C.
func TestStreamTyped(t *testing.T) {
	terminal, keys := io.Pipe()
	ctx, end := context.WithCancel(t.Context())
	w := World{Stdin: terminal, Interactive: true}
	stdin := w.stdinUntil(ctx)
	go keys.Write([]byte("typed"))
	text := make([]byte, 5)
	if _, err := io.ReadFull(stdin, text); err != nil || string(text) != "typed" {
		t.Fatalf("read %q, %v", text, err)
	}
	end()
	if n, err := stdin.Read(text); err != io.EOF {
		t.Errorf("read %d bytes, %v", n, err)
	}
	keys.Close()
}

// TestLineNumbers checks that lines with mistakes are named in ranges, and that a stream without an end
// does not fill the memory with them.
func TestLineNumbers(t *testing.T) {
	var l lineNumbers
	for _, n := range []int{3, 7, 8, 9, 11} {
		l.add(n)
	}
	if l.String() != "3, 7-9, 11" {
		t.Error(l.String())
	}
	for n := range 2 * mostRanges {
		l.add(100 + 2*n)
	}
	if text := l.String(); len(l.ranges) != mostRanges || !strings.HasPrefix(text, "3, 7-9, 11, 100, 102, ") || !strings.HasSuffix(text, fmt.Sprintf(", and %d after that", mostRanges+3)) {
		t.Errorf("%d ranges: %s ... %s", len(l.ranges), text[:30], text[len(text)-30:])
	}
}
