package acceptance

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// portableCommands do in scripts what a shell and its companions do elsewhere: a
// story that needs none of these runs on every system.
func portableCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"exits":         exits,
		"sed":           sed,
		"cat":           cat,
		"found":         found,
		"listing":       listTree,
		"copy-tree":     copyTree,
		"repeat":        repeat,
		"sha256":        sha256Of,
		"lines":         lines,
		"json-member":   jsonMember,
		"json-same-but": jsonSameBut,
	}
}

// without is a program that starts another one without some variables:
// without NAME,NAME PROGRAM ARG...
func without() {
	for name := range strings.SplitSeq(os.Args[1], ",") {
		if err := os.Unsetenv(name); err != nil {
			panic(err)
		}
	}
	become(os.Args[2:])
}

// ordinary is a program that starts another one without root's power over files:
// ordinary PROGRAM ARG...
func ordinary() {
	argv := os.Args[1:]
	if os.Geteuid() == 0 {
		argv = append([]string{"setpriv", "--bounding-set=-all"}, argv...)
	}
	become(argv)
}

// become runs a program, and ends as it does.
func become(argv []string) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		panic(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// exits CODE PROGRAM ARG... runs a program that has to exit with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != atoi(ts, args[0]) {
		ts.Fatalf("it exits with %d, not %s", code, args[0])
	}
}

// sed [-i] [-e] s,REGEXP,TEXT,[g]... FILE... prints the files with each first match
// in a line replaced, every one with "g", or with -i writes them. "/REGEXP/d" leaves lines
// out. The expressions are Go's; "\n" in the text is a new line.
func sed(ts *testscript.TestScript, neg bool, args []string) {
	var edits []func(line string) (string, bool)
	inPlace := len(args) > 0 && args[0] == "-i"
	if inPlace {
		args = args[1:]
	}
	for len(args) > 2 && args[0] == "-e" {
		edits, args = append(edits, edit(ts, args[1])), args[2:]
	}
	if len(edits) == 0 && len(args) > 1 {
		edits, args = append(edits, edit(ts, args[0])), args[1:]
	}
	if neg || len(edits) == 0 || len(args) == 0 {
		ts.Fatalf("usage: sed [-i] [-e] s,REGEXP,TEXT,[g]... FILE...")
	}
	for _, file := range globbed(ts, args) {
		text := edited(ts.ReadFile(file), edits)
		if inPlace {
			ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
		} else {
			fmt.Fprint(ts.Stdout(), text)
		}
	}
}

func edited(text string, edits []func(string) (string, bool)) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line, keep := strings.TrimSuffix(line, "\n"), true
		for _, e := range edits {
			if keep {
				line, keep = e(line)
			}
		}
		if keep {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

// edit reads one of sed's commands.
func edit(ts *testscript.TestScript, command string) func(line string) (string, bool) {
	if pattern, ok := strings.CutSuffix(strings.TrimPrefix(command, "/"), "/d"); ok {
		re := regexp.MustCompile(pattern)
		return func(line string) (string, bool) { return line, !re.MatchString(line) }
	}
	parts := []string{}
	if len(command) > 1 {
		parts = strings.Split(command, command[1:2])
	}
	if len(parts) != 4 || parts[0] != "s" {
		ts.Fatalf("sed: %q is no command that is known here", command)
	}
	re := regexp.MustCompile(parts[1])
	text := strings.ReplaceAll(parts[2], `\n`, "\n")
	return func(line string) (string, bool) {
		if parts[3] == "g" {
			return re.ReplaceAllString(line, text), true
		}
		m := re.FindStringSubmatchIndex(line)
		if m == nil {
			return line, true
		}
		return line[:m[0]] + string(re.ExpandString(nil, text, line, m)) + line[m[1]:], true
	}
}

// cat FILE... prints files.
func cat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: cat FILE...")
	}
	for _, file := range globbed(ts, args) {
		fmt.Fprint(ts.Stdout(), ts.ReadFile(file))
	}
}

// found TEXT PATH... prints which files there hold the text, and fails if none does.
func found(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: [!] found TEXT PATH...")
	}
	n := 0
	walk(ts, args[1:], func(path string, d fs.DirEntry) {
		if d.Type().IsRegular() && strings.Contains(ts.ReadFile(path), args[0]) {
			fmt.Fprintln(ts.Stdout(), path)
			n++
		}
	})
	if (n > 0) == neg {
		ts.Fatalf("%q is in %d files", args[0], n)
	}
}

// listing PATH... prints what is there, and below, with all that tells whether it
// has been changed; not the directories that are named.
func listTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: listing PATH...")
	}
	walk(ts, args, func(path string, d fs.DirEntry) {
		info, err := d.Info()
		ts.Check(err)
		if info.Mode().IsRegular() {
			fmt.Fprintf(ts.Stdout(), "%s %v %v %x\n", path, info.Mode(), info.ModTime(), sha256.Sum256([]byte(ts.ReadFile(path))))
		} else if path != ts.MkAbs(args[0]) {
			fmt.Fprintf(ts.Stdout(), "%s %v %v\n", path, info.Mode(), info.ModTime())
		}
	})
}

// walk visits what is at these paths and below.
func walk(ts *testscript.TestScript, paths []string, visit func(path string, d fs.DirEntry)) {
	for _, path := range globbed(ts, paths) {
		ts.Check(filepath.WalkDir(ts.MkAbs(path), func(full string, d fs.DirEntry, err error) error {
			if err == nil {
				visit(full, d)
			}
			return err
		}))
	}
}

// globbed are the paths that these patterns stand for; one that stands for none
// is an error, but if it is a plain name.
func globbed(ts *testscript.TestScript, patterns []string) []string {
	var list []string
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, "*?") {
			list = append(list, pattern)
			continue
		}
		paths, err := filepath.Glob(ts.MkAbs(pattern))
		ts.Check(err)
		if len(paths) == 0 {
			ts.Fatalf("nothing is named %s", pattern)
		}
		list = append(list, paths...)
	}
	return list
}

// copy-tree FROM TO copies a directory, into one that may be there.
func copyTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copy-tree FROM TO")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// repeat COUNT TEXT FILE writes a text, in which Go's escapes stand for what they
// do, that many times.
func repeat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repeat COUNT TEXT FILE")
	}
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Repeat(text, atoi(ts, args[0]))), 0o600))
}

// sha256 TEXT prints its SHA-256.
func sha256Of(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sha256 TEXT")
	}
	fmt.Fprintf(ts.Stdout(), "%x\n", sha256.Sum256([]byte(args[0])))
}

// lines sorted|distinct FILE checks that of a file's lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || args[0] != "sorted" && args[0] != "distinct" {
		ts.Fatalf("usage: lines sorted|distinct FILE")
	}
	list := slices.Collect(strings.Lines(ts.ReadFile(args[1])))
	if args[0] == "distinct" {
		slices.Sort(list)
		if n := len(list); len(slices.Compact(list)) != n {
			ts.Fatalf("a line of %s is there twice", args[1])
		}
	} else if !slices.IsSorted(list) {
		ts.Fatalf("the lines of %s are not sorted", args[1])
	}
}

// json-member FILE NAME prints one member of a JSON object.
func jsonMember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: json-member FILE NAME")
	}
	value, ok := jsonObject(ts, args[0]).Get(args[1])
	if !ok {
		ts.Fatalf("%s has no member %s", args[0], args[1])
	}
	text, err := jsondoc.Append(nil, value)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n", text)
}

// json-same-but NAME,NAME FILE FILE checks that two JSON objects are the same,
// their order included, but for members of which only the length has to be.
func jsonSameBut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: json-same-but NAME,NAME FILE FILE")
	}
	var texts [2]string
	for i, file := range args[1:] {
		o := jsonObject(ts, file)
		for name := range strings.SplitSeq(args[0], ",") {
			value, ok := o.Get(name)
			text, isText := value.(string)
			if !ok || !isText {
				ts.Fatalf("%s has no text %s", file, name)
			}
			o.Set(name, strings.Repeat("x", len(text)))
		}
		text, err := jsondoc.Append(nil, o)
		ts.Check(err)
		texts[i] = string(text)
	}
	if texts[0] != texts[1] {
		ts.Fatalf("%s\n%s", texts[0], texts[1])
	}
}

func jsonObject(ts *testscript.TestScript, file string) *jsondoc.Object {
	o, err := jsondoc.ParseObject([]byte(ts.ReadFile(file)))
	ts.Check(err)
	return o
}
