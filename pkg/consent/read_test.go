package consent_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

const grantFile = `schema = 1
state = "granted"
at = 2026-11-21T10:30:00Z
grant = "3f2a"
level = 1
endpoint = "` + endpoint + `"
events = ["run.start"]
fields = ["threads (int from caller)"]
`

// places are a person's and a machine's directories of their own.
func places(t *testing.T) dirs.Dirs {
	t.Helper()
	return dirs.Dirs{Home: t.TempDir(), ConfigHome: t.TempDir(), System: t.TempDir(), ConfigDirs: []string{t.TempDir()}}
}

// write puts a consent file where the person's stand if base is d.ConfigHome,
// and the machine's if it is one of the others. It returns its path.
func write(t *testing.T, base, name, content string) string {
	t.Helper()
	path := filepath.Join(base, "usagectl", "consent", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func environment(vars map[string]string) consent.Env {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// decide gathers and judges what stands in the directories.
func decide(t *testing.T, m *manifest.Manifest, d dirs.Dirs, vars map[string]string) consent.Verdict {
	t.Helper()
	id := toolID(t, "mytool")
	return consent.Decide(id, m, consent.Gather(id, m, environment(vars), d, ""))
}

// leftovers fails the test if a directory holds more than these files.
func leftovers(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	terms := consent.Offer(m, 2)
	terms.Grant = "3f2a"
	odd := terms
	odd.Events = []string{`a"b`, "a\\b\nc\td", "'''\"\"\"", "ünïcode\u2028", "\x00\x1b[31m", "# no comment", ""}
	berlin := day.In(time.FixedZone("CET", 3600)).Add(123456789)
	for name, want := range map[string]consent.Decision{
		"grant":          consent.NewDecision(consent.Granted, terms, day),
		"notice":         consent.NewDecision(consent.Notified, terms, day),
		"refusal":        consent.NewDecision(consent.Refused, consent.Terms{}, day),
		"short refusal":  {State: consent.Refused},
		"odd strings":    consent.NewDecision(consent.Granted, odd, day),
		"elsewhere time": consent.NewDecision(consent.Granted, terms, berlin),
	} {
		t.Run(name, func(t *testing.T) {
			d, id := places(t), toolID(t, "mytool")
			path := consent.FileIn(d.UserConsent(), id)
			for range 2 { // a directory that is not there yet, and a file that is
				if err := consent.WriteFile(path, want); err != nil {
					t.Fatal(err)
				}
			}
			want.Schema = 1
			got := consent.ReadUser(d, id)
			if got.Problem != "" || got.Path != path || !reflect.DeepEqual(got.Decision, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			leftovers(t, d.UserConsent(), "mytool.toml")
		})
	}
}

func TestNoFileIsNoDecision(t *testing.T) {
	d := places(t)
	for _, id := range []manifest.ID{{}, toolID(t, "mytool")} {
		if r := consent.ReadUser(d, id); r.Decision.State != "" || r.Problem != "" {
			t.Errorf("%+v", r)
		}
		if r := consent.ReadUser(dirs.Dirs{}, id); r.Decision.State != "" || r.Problem == "" {
			t.Errorf("without a home: %+v", r)
		}
	}
	leftovers(t, d.ConfigHome)
}

func TestRead(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(grantFile, old, new, 1) }
	for _, test := range []struct {
		name, content string
		state         consent.State // "" for a problem
	}{
		{"grant", grantFile, consent.Granted},
		{"grant without schema", swap("schema = 1", ""), consent.Granted},
		{"notice", swap("granted", "notified"), consent.Notified},
		{"refusal by hand", `state = "refused"`, consent.Refused},
		{"refusal by hand, other quotes", "state='refused'\r\n", consent.Refused},
		{"refusal with the terms of a grant", swap("granted", "refused"), consent.Refused},
		{"refusal dated by day", "state = \"refused\"\nat = 2026-11-21\n", consent.Refused},

		{"empty", "", ""},
		{"blank", "\n\n# nothing\n", ""},
		{"no state", swap(`state = "granted"`, ""), ""},
		{"empty state", swap("granted", ""), ""},
		{"unknown state", swap("granted", "maybe"), ""},
		{"state in capitals", swap("granted", "GRANTED"), ""},
		{"state is a number", "state = 1", ""},
		{"corrupt", "state = \"gran", ""},
		{"two states", grantFile + "state = \"refused\"\n", ""},
		{"not TOML", "refused", ""},
		{"JSON", `{"state": "granted"}`, ""},
		// Keys are exact in TOML: State is another key than state.
		{"keys in capitals", swap("state", "STATE"), ""},
		{"refused, and State granted", "state = \"refused\"\n" + swap("state", "State"), ""},
		{"NUL bytes", grantFile + "\x00\x00\x00", ""},
		{"NUL bytes only", strings.Repeat("\x00", 512), ""},
		{"not UTF-8", swap("run.start", "run\xff"), ""},
		{"unknown key", grantFile + "colour = \"red\"\n", ""},
		{"unknown key in a refusal", "state = \"refused\"\ncolour = \"red\"\n", ""},
		{"unknown table", grantFile + "[more]\nx = 1\n", ""},
		{"future schema", swap("schema = 1", "schema = 2"), ""},
		{"negative schema", swap("schema = 1", "schema = -1"), ""},
		{"time is text", swap("2026-11-21T10:30:00Z", `"yesterday"`), ""},
		{"level is text", swap("level = 1", `level = "1"`), ""},
		{"level is 0", swap("level = 1", "level = 0"), ""},
		{"level is -1", swap("level = 1", "level = -1"), ""},
		{"grant without level", swap("level = 1", ""), ""},
		{"grant without endpoint", swap("endpoint = \""+endpoint+"\"", ""), ""},
		{"fields are no list", swap(`["threads (int from caller)"]`, `"threads (int from caller)"`), ""},
		{"2 MB", grantFile + "# " + strings.Repeat("x", 2<<20) + "\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := places(t)
			path := write(t, d.ConfigHome, "mytool.toml", test.content)
			r := consent.ReadUser(d, toolID(t, "mytool"))
			if r.Decision.State != test.state || (r.Problem != "") != (test.state == "") || r.Path != path {
				t.Errorf("got %+v, want the state %q", r, test.state)
			}
			checkProblem(t, d, r)
			if got, err := os.ReadFile(path); err != nil || string(got) != test.content {
				t.Errorf("the file has changed: %v", err)
			}
		})
	}
}

// TestReadInUTC holds that a file means the same day in every time zone.
func TestReadInUTC(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-21":                "2026-11-21T00:00:00Z",
		"2026-11-21T23:30:00":       "2026-11-21T23:30:00Z",
		"2026-11-21 23:30:00Z":      "2026-11-21T23:30:00Z",
		"2026-11-22T02:00:00+09:00": "2026-11-21T17:00:00Z",
		"2026-11-21T20:00:00-11:00": "2026-11-22T07:00:00Z",
	} {
		d := places(t)
		write(t, d.ConfigHome, "mytool.toml", "state = \"refused\"\nat = "+text+"\n")
		if got := consent.ReadUser(d, toolID(t, "mytool")).Decision.At.Format(time.RFC3339); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

// checkProblem holds what is true of every file that has one: what it says does
// not count, and it switches off even beside an explicit yes.
func checkProblem(t *testing.T, d dirs.Dirs, r consent.Statement) {
	t.Helper()
	if r.Problem == "" {
		return
	}
	if !reflect.DeepEqual(r.Decision, consent.Decision{}) {
		t.Errorf("a file with the problem %q says %+v", r.Problem, r.Decision)
	}
	m := parse(t, "default = \"opt-out\"\ngrant = [{env = \"MYTOOL_TELEMETRY\", when = \"1\"}]", fields)
	if v := decide(t, m, d, map[string]string{"MYTOOL_TELEMETRY": "1"}); v.On() || v.Reason.Rule != consent.Unreadable {
		t.Errorf("on is %v because of %+v", v.On(), v.Reason)
	}
}

func TestADirectoryIsUnreadable(t *testing.T) {
	d := places(t)
	if err := os.MkdirAll(filepath.Join(d.UserConsent(), "mytool.toml", "more"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := consent.ReadUser(d, toolID(t, "mytool"))
	if r.Problem == "" {
		t.Errorf("%+v", r)
	}
	checkProblem(t, d, r)
}

// Whoever shows a problem says which file has it.
func TestProblemsDoNotNameThePath(t *testing.T) {
	d := places(t)
	path := write(t, d.ConfigHome, "mytool.toml", strings.Repeat("#", 2<<20))
	if err := os.Mkdir(consent.FileIn(d.UserConsent(), toolID(t, "dir")), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mytool", "dir"} {
		if r := consent.ReadUser(d, toolID(t, name)); r.Problem == "" || strings.Contains(r.Problem, filepath.Dir(path)) {
			t.Errorf("the problem is %q", r.Problem)
		}
	}
}

func TestAllCanOnlyBeRefused(t *testing.T) {
	for state, wantProblem := range map[string]bool{"refused": false, "granted": true, "notified": true} {
		d := places(t)
		write(t, d.ConfigHome, "all.toml", strings.Replace(grantFile, "granted", state, 1))
		r := consent.ReadUser(d, manifest.ID{})
		if (r.Problem != "") != wantProblem {
			t.Errorf("%s: %+v", state, r)
		}
		checkProblem(t, d, r)
	}
}

func TestGather(t *testing.T) {
	const refusal = `state = "refused"`
	for _, test := range []struct {
		name  string
		files map[string]string // "user/", "system/" or "config/" and the file's name
		vars  map[string]string
		want  consent.Rule
	}{
		{"nothing", nil, nil, consent.Undecided},
		{"grant", map[string]string{"user/mytool.toml": grantFile}, nil, consent.ByGrant},
		{"grant of another tool", map[string]string{"user/mytool2.toml": grantFile}, nil, consent.Undecided},
		{"grant of all", map[string]string{"user/all.toml": grantFile}, nil, consent.Unreadable},
		{"refusal", map[string]string{"user/mytool.toml": refusal}, nil, consent.User},
		{"refusal of all", map[string]string{"user/all.toml": refusal, "user/mytool.toml": grantFile}, nil, consent.User},
		{"refusal beside a broken file", map[string]string{"user/all.toml": "?", "user/mytool.toml": refusal}, nil, consent.User},

		{"system grants", map[string]string{"system/mytool.toml": grantFile}, nil, consent.Undecided},
		{"config grants", map[string]string{"config/mytool.toml": grantFile}, nil, consent.Undecided},
		{"system notified", map[string]string{"system/mytool.toml": strings.Replace(grantFile, "granted", "notified", 1)}, nil, consent.Undecided},
		{"system grant does not lift", map[string]string{"system/mytool.toml": grantFile, "user/mytool.toml": refusal}, nil, consent.User},
		{"system grant does not disturb", map[string]string{"system/mytool.toml": grantFile, "user/mytool.toml": grantFile}, nil, consent.ByGrant},
		{"system refuses all", map[string]string{"system/all.toml": refusal, "user/mytool.toml": grantFile}, nil, consent.System},
		{"system refuses the tool", map[string]string{"system/mytool.toml": refusal, "user/mytool.toml": grantFile}, nil, consent.System},
		{"system refuses another", map[string]string{"system/mytool2.toml": refusal, "user/mytool.toml": grantFile}, nil, consent.ByGrant},
		{"config refuses all", map[string]string{"config/all.toml": refusal, "user/mytool.toml": grantFile}, nil, consent.System},
		{"config refuses the tool", map[string]string{"config/mytool.toml": refusal, "user/mytool.toml": grantFile}, nil, consent.System},
		{"config grant does not lift", map[string]string{"system/mytool.toml": refusal, "config/mytool.toml": grantFile}, nil, consent.System},
		{"system is broken", map[string]string{"system/mytool.toml": "?", "user/mytool.toml": grantFile}, nil, consent.Unreadable},
		{"config is broken", map[string]string{"config/all.toml": "?", "user/mytool.toml": grantFile}, nil, consent.Unreadable},

		{"DO_NOT_TRACK", map[string]string{"user/mytool.toml": grantFile}, map[string]string{"DO_NOT_TRACK": "1"}, consent.DoNotTrack},
		{"DO_NOT_TRACK is empty", map[string]string{"user/mytool.toml": grantFile}, map[string]string{"DO_NOT_TRACK": ""}, consent.ByGrant},
		{"USAGECTL_TELEMETRY", map[string]string{"user/mytool.toml": grantFile}, map[string]string{"USAGECTL_TELEMETRY": "off"}, consent.UsagectlEnv},
		{"present and empty", map[string]string{"user/mytool.toml": grantFile}, map[string]string{"MYTOOL_NO_TELEMETRY": ""}, consent.ToolEnv},
		{"anything but 1", map[string]string{"user/mytool.toml": grantFile}, map[string]string{"MYTOOL_TELEMETRY": "yes"}, consent.ToolEnv},
		{"empty is not 1", map[string]string{"user/mytool.toml": grantFile}, map[string]string{"MYTOOL_TELEMETRY": ""}, consent.ToolEnv},
		{"grant by variable", nil, map[string]string{"MYTOOL_TELEMETRY": "1"}, consent.ByEnv},
		{"grant and refusal by variables", nil, map[string]string{"MYTOOL_TELEMETRY": "1", "MYTOOL_NO_TELEMETRY": "0"}, consent.ToolEnv},
		{"grant by variable does not lift", map[string]string{"user/mytool.toml": refusal}, map[string]string{"MYTOOL_TELEMETRY": "1"}, consent.User},
		{"CI", nil, map[string]string{"CI": "true"}, consent.CI},
		{"CI and a grant", map[string]string{"user/mytool.toml": grantFile}, map[string]string{"CI": "true"}, consent.ByGrant},
		{"CI and a grant by variable", nil, map[string]string{"CI": "true", "MYTOOL_TELEMETRY": "1"}, consent.ByEnv},
		{"other endpoint", map[string]string{"user/mytool.toml": strings.Replace(grantFile, "/v1/", "/v2/", 1)}, nil, consent.EndpointChanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := places(t)
			for file, content := range test.files {
				place, name, _ := strings.Cut(file, "/")
				write(t, map[string]string{"user": d.ConfigHome, "system": d.System, "config": d.ConfigDirs[0]}[place], name, content)
			}
			m := parse(t, `default = "opt-in"
				refuse = [ {env = "MYTOOL_NO_TELEMETRY", when = "present"}, {env = "MYTOOL_TELEMETRY", unless = "1"} ]
				grant = [ {env = "MYTOOL_TELEMETRY", when = "1"} ]`, fields)
			v := decide(t, m, d, test.vars)
			if on := slices.Contains([]consent.Rule{consent.ByGrant, consent.ByEnv}, test.want); v.Reason.Rule != test.want || v.On() != on {
				t.Errorf("on is %v because of %+v, want %q", v.On(), v.Reason, test.want)
			}
		})
	}
}

// A tool that is not known yet can be refused, and what one has no manifest for is off.
func TestGatherWithoutManifest(t *testing.T) {
	for content, want := range map[string]consent.Rule{`state = "refused"`: consent.User, grantFile: consent.Undecided} {
		d := places(t)
		write(t, d.ConfigHome, "mytool.toml", content)
		if v := decide(t, nil, d, nil); v.On() || v.Reason.Rule != want {
			t.Errorf("on is %v because of %+v, want %q", v.On(), v.Reason, want)
		}
	}
}

func TestGatherCreatesNothing(t *testing.T) {
	d := places(t)
	decide(t, parse(t, `default = "opt-out"`, fields), d, nil)
	for _, dir := range []string{d.Home, d.ConfigHome, d.System, d.ConfigDirs[0]} {
		leftovers(t, dir)
	}
}

func TestFailedWriteLeavesWhatWasThere(t *testing.T) {
	d, id := places(t), toolID(t, "mytool")
	path := consent.FileIn(d.UserConsent(), id)
	if err := os.MkdirAll(filepath.Join(path, "kept"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := consent.WriteFile(path, consent.Decision{State: consent.Refused}); err == nil {
		t.Error("a directory was overwritten")
	}
	leftovers(t, d.UserConsent(), "mytool.toml")
	leftovers(t, path, "kept")
}

func TestReadersNeverSeeHalfAFile(t *testing.T) {
	d, id := places(t), toolID(t, "mytool")
	path := consent.FileIn(d.UserConsent(), id)
	m := parse(t, `default = "opt-in"`, fields)
	terms := consent.Offer(m, 2)
	terms.Grant = "an agreement"
	decisions := []consent.Decision{
		consent.NewDecision(consent.Granted, terms, day),
		consent.NewDecision(consent.Refused, consent.Terms{}, day),
	}
	if err := consent.WriteFile(path, decisions[0]); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 2 {
		go func() {
			for n := range 30 {
				if err := consent.WriteFile(path, decisions[n%2]); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for writers := 2; writers > 0; {
		select {
		case err := <-done:
			if writers--; err != nil {
				t.Error(err)
			}
		default:
			if r := consent.ReadUser(d, id); r.Problem != "" || r.Decision.State == "" {
				t.Fatalf("read %+v", r)
			}
			time.Sleep(time.Millisecond) // where nobody can replace a file that somebody reads, the writers need a moment
		}
	}
	leftovers(t, d.UserConsent(), "mytool.toml")
}
