package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a test waits for something that must happen. It is long,
// because test machines are slow at times, and nothing waits for it to pass.
const patience = 60 * time.Second

// scriptCommands are the commands that scripts have beside testscript's own.
func scriptCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"wait-file":  waitFile,
		"json-equal": jsonEqual,
		"serve":      serve,
		"recorded":   recorded,
		"mkfifo":     mkfifo,
		"chmod-file": chmodFile,
	}
}

// wait-file FILE [TEXT] waits until the file is there and holds the text.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: wait-file FILE [TEXT]")
	}
	text := ""
	if len(args) == 2 {
		text = args[1]
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && strings.Contains(string(data), text) {
			return
		}
	}
	ts.Fatalf("%s does not hold %q", args[0], text)
}

// json-equal FILE FILE compares two JSON documents by what they mean.
func jsonEqual(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json-equal FILE FILE")
	}
	var docs [2]any
	for i, name := range args {
		d := json.NewDecoder(strings.NewReader(ts.ReadFile(name)))
		d.UseNumber()
		ts.Check(d.Decode(&docs[i]))
	}
	if reflect.DeepEqual(docs[0], docs[1]) == neg {
		ts.Fatalf("%s: %v\n%s: %v", args[0], docs[0], args[1], docs[1])
	}
}

// serve ANSWER... starts an HTTP server on loopback that records requests and
// gives the answers in turn, the last one for good: a status, or "503:7" for one
// with Retry-After, "hang", "close", "rubbish". Its address is in $SERVER.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serve ANSWER...")
	}
	r := newRecorder(args)
	ts.Defer(r.close)
	ts.Setenv("SERVER", r.url())
	ts.Setenv("RECORDED", ts.MkAbs("recorded"))
	r.dir = ts.MkAbs("recorded")
	ts.Check(os.MkdirAll(r.dir, 0o755))
}

// recorded N waits until the server has got N requests, and checks that it has
// not got more.
func recorded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: recorded N")
	}
	var got []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		got, _ = filepath.Glob(filepath.Join(ts.MkAbs("recorded"), "*.http"))
		if len(got) >= atoi(ts, args[0]) {
			break
		}
	}
	if len(got) != atoi(ts, args[0]) {
		ts.Fatalf("the server got %d requests, not %s", len(got), args[0])
	}
}

func atoi(ts *testscript.TestScript, s string) int {
	var n int
	ts.Check(json.NewDecoder(bytes.NewBufferString(s)).Decode(&n))
	return n
}

// chmod-file MODE FILE sets the permission bits, given in octal.
func chmodFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: chmod-file MODE FILE")
	}
	mode := os.FileMode(0)
	for _, c := range args[0] {
		mode = mode*8 + os.FileMode(c-'0')
	}
	ts.Check(os.Chmod(ts.MkAbs(args[1]), mode))
}
