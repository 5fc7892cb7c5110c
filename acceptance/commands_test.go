package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a test waits for something that must happen. It is long,
// because test machines are slow at times, and nothing waits for it to pass.
const patience = 60 * time.Second

// scriptCommands are the commands that scripts have beside testscript's own.
func scriptCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	commands := map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"wait-file":  waitFile,
		"wait-gone":  waitGone,
		"capture":    captureGroup,
		"json-equal": jsonEqual,
		"address":    address,
		"serve":      serve,
		"recorded":   recorded,
		"go-on":      goOn,
		"mkfifo":     mkfifo,
		"chmod-file": chmodFile,
		"immutable":  immutable,
	}
	maps.Copy(commands, portableCommands())
	return commands
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
	holds := func() bool {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(data), text)
	}
	if !within(patience, holds) {
		ts.Fatalf("%s does not hold %q", args[0], text)
	}
}

// wait-gone FILE waits until the file is not there any more.
func waitGone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: wait-gone FILE")
	}
	gone := func() bool {
		_, err := os.Lstat(ts.MkAbs(args[0]))
		return errors.Is(err, os.ErrNotExist)
	}
	if !within(patience, gone) {
		ts.Fatalf("%s is still there", args[0])
	}
}

// capture NAME PATTERN sets a variable to what the group in the pattern matches in
// the last command's stdout.
func captureGroup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	match := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(match) != 2 {
		ts.Fatalf("no match for %s with one group", args[1])
	}
	ts.Setenv(args[0], match[1])
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

// serve ANSWER... starts a recorder that gives these answers in turn, the last one from then
// on. Its address is in $SERVER; if "address" has taken one, it is that.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serve ANSWER...")
	}
	l := reservedListener(ts)
	if l == nil {
		var err error
		l, err = net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
	}
	dir := ts.MkAbs("recorded")
	ts.Check(os.MkdirAll(dir, 0o755))
	r := &recorder{listener: l, dir: dir, answer: inTurn(args)}
	ts.Defer(r.start())
	ts.Setenv("SERVER", r.url())
	ts.Setenv("RECORDED", dir)
	ts.Value(serving{}).(*serving).recorder = r
}

// serving is the recorder that a story has started last.
type serving struct{ recorder *recorder }

// go-on answers the requests that hang.
func goOn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: go-on")
	}
	r := ts.Value(serving{}).(*serving).recorder
	if r == nil {
		ts.Fatalf("nothing is served")
	}
	r.goOn()
}

// recorded N waits until the server has got N requests, and checks that it has
// not got more.
func recorded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: recorded N")
	}
	var got []string
	within(patience, func() bool {
		got, _ = filepath.Glob(filepath.Join(ts.MkAbs("recorded"), "*.http"))
		return len(got) >= atoi(ts, args[0])
	})
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

// scriptCondition is for conditions beside testscript's own: "immutable" tells
// whether files can be made so, "links" whether there are symbolic links, which wine
// only says that it makes.
func scriptCondition(condition string) (bool, error) {
	switch condition {
	case "immutable":
		return canBeImmutable()
	case "links":
		return canLink()
	}
	return false, fmt.Errorf("unknown condition %q", condition)
}

func canLink() (bool, error) {
	dir, err := os.MkdirTemp("", "links")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		return false, nil
	}
	info, err := os.Lstat(link)
	return err == nil && info.Mode()&os.ModeSymlink != 0, nil
}

func canBeImmutable() (bool, error) {
	f, err := os.CreateTemp("", "immutable")
	if err != nil {
		return false, err
	}
	defer os.Remove(f.Name())
	can := exec.Command("chattr", "+i", f.Name()).Run() == nil && exec.Command("chattr", "-i", f.Name()).Run() == nil
	return can, f.Close()
}

// immutable FILE makes the file one that nobody can change or remove, until
// "! immutable FILE" or the end.
func immutable(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] immutable FILE")
	}
	file := ts.MkAbs(args[0])
	if neg {
		ts.Check(exec.Command("chattr", "-i", file).Run())
		return
	}
	ts.Defer(func() {
		if _, err := os.Lstat(file); err == nil {
			ts.Check(exec.Command("chattr", "-i", file).Run())
		}
	})
	ts.Check(exec.Command("chattr", "+i", file).Run())
}
