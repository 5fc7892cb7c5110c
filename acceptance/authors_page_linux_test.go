package acceptance

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// authorsBlock is the one block of a language in docs/authors.md that holds a text.
func authorsBlock(t testing.TB, language, text string) string {
	t.Helper()
	page := string(mustRead(t, repository("docs", "authors.md")))
	list := slices.DeleteFunc(blocks(page, language), func(b string) bool { return !strings.Contains(b, text) })
	if len(list) != 1 {
		t.Fatalf("the page has %d blocks of %s with %q, not 1", len(list), language, text)
	}
	return list[0]
}

// TestAuthorsBlocks holds that every block of docs/authors.md is one that a test runs or reads:
// those of packages, CMake and Snakemake are in the long tests.
func TestAuthorsBlocks(t *testing.T) {
	run := [][2]string{
		{"toml", "schema = 1"},
		{"toml", "telemetry-id"},
		{"toml", "grant   ="},
		{"spec", "Name: mytool"},
		{"cmake", "project(mytool"},
		{"snakemake", "onsuccess"},
		{"python", "http.server"},
		{"python", "SOCK_DGRAM"},
		{"go", "func main()"},
		{"go", "func TestReport("},
		{"sh", "trap 'finish"},
		{"sh", "python3 recorder.py 8765 1"},
		{"sh", "cat >bin/usagectl"},
		{"sh", "recorder-udp.py"},
		{"sh", "tools init"},
		{"sh", "tools diff"},
		{"sh", "exec usagectl exec"},
		{"sh", "usagectl ask"},
		{"sh", "--stream"},
		{"sh", "dpkg-deb"},
		{"sh", "rpmbuild"},
		{"sh", "settings.ini"},
		{"sh", "./old-module"},
		{"sh", "--wire"},
	}
	for _, b := range run {
		authorsBlock(t, b[0], b[1])
	}
	if n := len(fence.FindAllString(string(mustRead(t, repository("docs", "authors.md"))), -1)); n != len(run) {
		t.Errorf("the page has %d blocks, and %d are run", n, len(run))
	}
}

// authorsManifest is the page's manifest, which sends to an address.
func authorsManifest(t testing.TB, address string) string {
	t.Helper()
	const host = "https://telemetry.mytool.example"
	text := authorsBlock(t, "toml", "schema = 1")
	if strings.Count(text, host) != 1 {
		t.Fatalf("the manifest does not send to %s", host)
	}
	return strings.Replace(text, host, address, 1)
}

// author is somebody with the tool of docs/authors.md, in a directory with its files.
func author(t testing.TB, address string, variables ...string) *person {
	t.Helper()
	p := newPersonIn(t, t.TempDir(), variables...)
	p.declare("mytool", authorsManifest(t, address))
	p.dir = t.TempDir()
	for name, text := range map[string]string{
		"mytool.toml":     authorsBlock(t, "toml", "schema = 1"),
		"mytool.sh":       authorsBlock(t, "sh", "trap 'finish"),
		"recorder.py":     authorsBlock(t, "python", "http.server"),
		"recorder-udp.py": authorsBlock(t, "python", "SOCK_DGRAM"),
		"mytool-udp.toml": strings.NewReplacer(`"http"`, `"udp"`, "https://telemetry.mytool.example/v1/event", "telemetry.mytool.example:50077").Replace(authorsBlock(t, "toml", "schema = 1")),
	} {
		mustWrite(t, filepath.Join(p.dir, name), text)
	}
	// "python3" itself can be a script that takes a PATH.
	if python, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output(); err == nil {
		must(t, os.Mkdir(filepath.Join(p.dir, ".programs"), 0o755))
		must(t, os.Symlink(strings.TrimSpace(string(python)), filepath.Join(p.dir, ".programs", "python3")))
	}
	return p
}

// shell is a script that this person runs in their directory; with says whether usagectl is installed.
func (p *person) shell(with bool, argv ...string) *exec.Cmd {
	path := filepath.Join(p.dir, ".programs") + ":/usr/bin:/bin"
	if with {
		path = filepath.Dir(p.exe) + ":" + path
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Dir = append(slices.Clone(p.env), "PATH="+path), p.dir
	return cmd
}

// TestAuthorsShell holds that the script of docs/authors.md ends as its work does, by a signal too,
// reports the exit code that a shell would, and works where usagectl is missing.
func TestAuthorsShell(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"dash", "bash", "bash --posix", "busybox sh"} {
		argv := strings.Fields(shell)
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			needProgram(t, argv[0])
			r := newRecorder(t, "200")
			p := author(t, r.url())
			p.must("", "enable", "-q", "mytool")
			for _, c := range []struct {
				work   []string
				code   int
				signal syscall.Signal
			}{
				{[]string{"true"}, 0, 0},
				{[]string{"sh", "-c", "exit 3"}, 3, 0},
				{[]string{"nosuchprogram"}, 127, 0},
				{[]string{"sh", "-c", "kill -INT $PPID"}, 130, syscall.SIGINT},
				{[]string{"sh", "-c", "kill -TERM $PPID"}, 143, syscall.SIGTERM},
				{[]string{"sh", "-c", "kill -HUP $PPID"}, 129, syscall.SIGHUP},
				{[]string{"sh", "-c", "kill -INT 0; sleep 60"}, 130, syscall.SIGINT}, // to all of them, as a terminal's Ctrl-C
				{[]string{"sh", "-c", "kill -TERM 0; sleep 60"}, 143, syscall.SIGTERM},
				{[]string{"sh", "-c", "trap 'exit 7' INT; kill -INT 0; sleep 60"}, 130, syscall.SIGINT}, // handled by the work
			} {
				seen := len(r.bodies())
				for _, with := range []bool{true, false} {
					cmd := p.shell(with, slices.Concat(argv, []string{"mytool.sh"}, c.work)...)
					cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
					out, err := cmd.CombinedOutput()
					var exit *exec.ExitError
					if err != nil && !errors.As(err, &exit) {
						t.Fatal(err)
					}
					status := cmd.ProcessState.Sys().(syscall.WaitStatus)
					if c.signal != 0 && status.Signal() != c.signal || c.signal == 0 && status.ExitStatus() != c.code {
						t.Errorf("%q, with usagectl: %v: it ends with %v", c.work, with, cmd.ProcessState)
					}
					if strings.Contains(string(out), "usagectl") {
						t.Errorf("%q, with usagectl: %v: it says %s", c.work, with, out)
					}
				}
				within(patience, func() bool { return len(r.bodies()) >= seen+2 })
				type event struct {
					Event, Run string
					ExitCode   *int `json:"exit_code"`
					Duration   *int
				}
				var got [2]event
				bodies := r.bodies()[seen:]
				if len(bodies) != 2 {
					t.Fatalf("%q: %q", c.work, bodies)
				}
				for i, body := range bodies {
					must(t, json.Unmarshal([]byte(body), &got[i]))
				}
				start, end := got[0], got[1]
				if start.Event != "run.start" || end.Event != "run.end" || start.Run != end.Run || end.ExitCode == nil || *end.ExitCode != c.code || end.Duration == nil {
					t.Errorf("%q: %q", c.work, bodies)
				}
			}
		})
	}
}

// TestAuthorsTest runs the tests of docs/authors.md in a CI system whose user has refused all,
// and holds that each fails where something is wrong, and leaves nothing in the home.
func TestAuthorsTest(t *testing.T) {
	t.Parallel()
	needProgram(t, "python3")
	ci := authorsBlock(t, "sh", "python3 recorder.py 8765 1")
	other := newRecorder(t, "200")
	_, taken, _ := strings.Cut(other.address(), ":")
	for _, c := range []struct {
		name     string
		script   string
		old, new string // replaced in it
		port     string // "" for a free one
		without  bool   // usagectl is missing
		passes   bool
	}{
		{name: "as it is", script: ci, passes: true},
		{name: "through a program of that name", script: authorsBlock(t, "sh", "cat >bin/usagectl"), passes: true},
		{name: "by UDP", script: authorsBlock(t, "sh", "recorder-udp.py"), passes: true},
		{name: "usagectl is missing", script: ci, without: true},
		{name: "another value", script: ci, old: "exit_code=3 ", new: "exit_code=4 "},
		{name: "an unknown field", script: ci, old: "exit_code=3 ", new: "exitcode=3 "},
		{name: "an unknown event", script: ci, old: "run.end", new: "run.over"},
		{name: "a version that does not know the flag", script: ci, old: "--endpoint-for-test", new: "--flag-of-tomorrow"},
		{name: "no address", script: ci, old: "http://127.0.0.1:8765", new: `"$NOWHERE"`},
		{name: "an address elsewhere", script: ci, old: "http://127.0.0.1:8765", new: "http://telemetry.invalid:8765"},
		{name: "another server has the port", script: ci, port: taken},
		{name: "by UDP, and the recorder cannot start", script: authorsBlock(t, "sh", "recorder-udp.py"), old: "python3 recorder-udp.py", new: "python3 nosuch.py"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := author(t, "https://telemetry.mytool.example", "CI=true", "DO_NOT_TRACK=1", "NOWHERE=")
			p.must("", "disable", "--all", "-q")
			before := listing(t, p.home)
			port := c.port
			if port == "" {
				port = freePort(t)
			}
			script := strings.ReplaceAll(c.script, "8765", port)
			if old := strings.ReplaceAll(c.old, "8765", port); old != "" {
				if !strings.Contains(script, old) {
					t.Fatalf("the page's script has no %q", old)
				}
				script = strings.ReplaceAll(script, old, strings.ReplaceAll(c.new, "8765", port))
			}
			script = strings.ReplaceAll(script, "--wait=20s", "--wait=60s")
			if recorder := filepath.Join(p.dir, "recorder.py"); !c.passes { // and mostly gets nothing
				mustWrite(t, recorder, strings.Replace(string(mustRead(t, recorder)), "= 30,", "= 3,", 1))
			}
			cmd := p.shell(!c.without, "sh", "-c", script)
			cmd.WaitDelay = patience
			out, err := cmd.CombinedOutput()
			if (err == nil) != c.passes {
				t.Errorf("%v: %s", err, out)
			}
			if after := listing(t, p.home); after != before {
				t.Errorf("in the home there is\n%s\nand there was\n%s", after, before)
			}
		})
	}
}

// TestAuthorsRecorderShowsOTLP holds that the texts of OTLP can be read in what the recorder of
// docs/authors.md prints, and that --json shows the document.
func TestAuthorsRecorderShowsOTLP(t *testing.T) {
	t.Parallel()
	needProgram(t, "python3")
	p := author(t, "https://telemetry.mytool.example")
	mustWrite(t, filepath.Join(p.dir, "mytool.toml"), `schema = 1
tool = {id = "mytool", purpose = "A test."}
send = {transport = "otlp", endpoint = "https://telemetry.mytool.example/v1/traces"}
event = [{name = "run.end"}]
field = [{name = "feature", key = "/attributes/feature", type = "string", purpose = "A test."}]
`)
	script := strings.NewReplacer("exit_code=3", "feature=undo --json", "8765", freePort(t), "20s", "60s", `^/v1/event .*"exit_code":3`, "undo").Replace(authorsBlock(t, "sh", "python3 recorder.py 8765 1"))
	out, err := p.shell(true, "sh", "-c", script).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"payload":{"attributes":{"feature":"undo"}}`) {
		t.Errorf("%v: %s", err, out)
	}
}

// TestAuthorsGo builds and tests the program of docs/authors.md, in a module of its own, and runs
// it as a person who has decided nothing, and who agreed.
func TestAuthorsGo(t *testing.T) {
	t.Parallel()
	needProgram(t, "go")
	r := newRecorder(t, "200")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                           strings.Replace(string(mustRead(t, "testdata/library/go.mod")), "example.org/tidewatch", "example.org/mytool", 1),
		"go.sum":                           string(mustRead(t, repository("go.sum"))),
		"main.go":                          authorsBlock(t, "go", "func main()"),
		"main_test.go":                     authorsBlock(t, "go", "func TestReport("),
		"share/usagectl/tools/mytool.toml": authorsBlock(t, "toml", "schema = 1"),
	} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		mustWrite(t, filepath.Join(dir, name), text)
	}
	here, err := filepath.Abs(repository("."))
	must(t, err)
	for _, args := range [][]string{
		{"mod", "edit", "-replace=github.com/usagectl/usagectl=" + here},
		{"vet", "-mod=mod", "."},
		{"test", "-mod=mod", "."},
		{"build", "-mod=mod", "-o", "mytool", "."},
	} {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "CI=true", "DO_NOT_TRACK=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %q: %v\n%s", args, err, out)
		}
	}
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %v: %s", err, out)
	}
	p := author(t, r.url())
	mytool := func() {
		cmd := exec.Command(filepath.Join(dir, "mytool"), "sh", "-c", "exit 3")
		cmd.Env, cmd.Dir = p.env, p.dir
		if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 1 || len(out) > 0 {
			t.Errorf("%v: %s", err, out)
		}
	}
	mytool()
	p.must("", "enable", "-q", "mytool")
	mytool() // whose own deliverer sends the event
	if !within(patience, func() bool { return len(r.bodies()) > 0 }) || len(r.bodies()) != 1 || !strings.Contains(r.bodies()[0], `"exit_code":1`) {
		t.Errorf("%q", r.bodies())
	}
}

// TestAuthorsMigration holds what docs/authors.md says of an ID file, variables and settings of
// before, and runs its commands.
func TestAuthorsMigration(t *testing.T) {
	t.Parallel()
	const id = "6F2C5D0A-3C1B-4B6E-9A57-0F5C5B6B1F11"
	r := newRecorder(t, "200")
	text := authorsManifest(t, r.url())
	_, consent, _ := strings.Cut(text, "[consent]\n")
	consent, _, _ = strings.Cut(consent, "\n[send]")
	text = strings.Replace(text, "[consent]\n"+consent, authorsBlock(t, "toml", "grant   ="), 1) + authorsBlock(t, "toml", "telemetry-id")
	migrated := func(variables ...string) *person {
		p := author(t, r.url(), variables...)
		p.declare("mytool", text)
		mustWrite(t, filepath.Join(p.dir, "mytool.toml"), text)
		return p
	}
	files := func(p *person) (kept, moved string) {
		kept, moved = filepath.Join(p.home, ".mytool", "telemetry-id"), filepath.Join(p.home, "elsewhere", "telemetry-id")
		for path, text := range map[string]string{kept: id + "\n", moved: "not a UUID"} {
			must(t, os.MkdirAll(filepath.Dir(path), 0o700))
			mustWrite(t, path, text)
		}
		return kept, moved
	}
	last := func() string { return r.bodies()[len(r.bodies())-1] }

	p := migrated()
	kept, moved := files(p)
	p.must("", "enable", "-q", "mytool")
	p.must("", "send", "mytool", "run.end", "--wait=60s", "--fail")
	if got := string(mustRead(t, kept)); got != id+"\n" || !strings.Contains(last(), `"source":"`+id+`"`) {
		t.Errorf("the file has %q, and what was sent is %s", got, last())
	}
	usual := p.env
	p.env = append(slices.Clone(usual), "MYTOOL_HOME="+filepath.Dir(moved))
	p.must("", "send", "mytool", "run.end", "--wait=60s", "--fail")
	p.env = usual
	if got := string(mustRead(t, moved)); got != "not a UUID" || !strings.Contains(last(), `"source":"invalid"`) {
		t.Errorf("the file has %q, and what was sent is %s", got, last())
	}
	for _, c := range []struct {
		variable string
		code     int
	}{{"MYTOOL_NO_TELEMETRY=", 1}, {"MYTOOL_TELEMETRY=0", 1}, {"MYTOOL_TELEMETRY=yes", 1}, {"MYTOOL_TELEMETRY=1", 0}} {
		undecided := migrated(c.variable)
		if _, _, code := undecided.run("", "status", "-q", "mytool"); code != c.code {
			t.Errorf("%s: status -q ends with %d", c.variable, code)
		}
	}

	// A no of before is recorded once, where usagectl is there to record it.
	settings := filepath.Join(p.home, ".mytool", "settings.ini")
	script := authorsBlock(t, "sh", "settings.ini")
	for _, c := range []struct {
		settings string
		with     bool
		on       int // the exit code of status -q
		left     string
	}{
		{"colour = red\ntelemetry = true\n", true, 0, "colour = red\ntelemetry = true\n"},
		{"colour = red\ntelemetry = false\n", false, 0, "colour = red\ntelemetry = false\n"},
		{"colour = red\ntelemetry = false\n", true, 1, "colour = red\n"},
	} {
		mustWrite(t, settings, c.settings)
		out, err := p.shell(c.with, "sh", "-euc", script).CombinedOutput()
		_, _, code := p.run("", "status", "-q", "mytool")
		if left := string(mustRead(t, settings)); err != nil || code != c.on || left != c.left {
			t.Errorf("with %q and usagectl %v: %v, status -q ends with %d, %q is left: %s", c.settings, c.with, err, code, left, out)
		}
	}

	// Where it cannot be recorded the setting stays, which is then all that says no.
	unwritable := migrated()
	settings = filepath.Join(unwritable.home, ".mytool", "settings.ini")
	must(t, os.MkdirAll(filepath.Dir(settings), 0o700))
	mustWrite(t, settings, "telemetry = false\n")
	config := filepath.Join(unwritable.home, ".config")
	must(t, os.RemoveAll(config))
	mustWrite(t, config, "a file")
	out, err := unwritable.shell(true, "sh", "-euc", script).CombinedOutput()
	if left := string(mustRead(t, settings)); err != nil || left != "telemetry = false\n" || !strings.Contains(string(out), "usagectl: error: ") {
		t.Errorf("where nothing can be recorded: %v, %q is left: %s", err, left, out)
	}
	must(t, os.Remove(config))
	if out, err := unwritable.shell(true, "sh", "-euc", script).CombinedOutput(); err != nil || string(mustRead(t, settings)) != "" {
		t.Errorf("a setting that is alone in its file: %v: %s", err, out)
	}

	// The old module and usagectl never both send; here the person has refused.
	sent := len(r.bodies())
	mustWrite(t, filepath.Join(p.dir, "old-module"), "#!/bin/sh\necho \"$@\" >>old.txt\n")
	must(t, os.Chmod(filepath.Join(p.dir, "old-module"), 0o755))
	for _, with := range []bool{true, false} {
		if out, err := p.shell(with, "sh", "-euc", authorsBlock(t, "sh", "./old-module")).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	if old := string(mustRead(t, filepath.Join(p.dir, "old.txt"))); old != "run.end\n" || len(r.bodies()) != sent {
		t.Errorf("the old module has sent %q, usagectl %q", old, r.bodies()[sent:])
	}

	out, err = p.shell(true, "sh", "-euc", authorsBlock(t, "sh", "--wire")).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "POST "+r.url()+"/v1/event") || !strings.Contains(string(out), "User-Agent: usagectl") || !strings.Contains(string(out), id) {
		t.Errorf("%v: %s", err, out)
	}
}
