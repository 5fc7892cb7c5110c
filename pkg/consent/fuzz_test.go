package consent

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// FuzzDecision holds that whatever is in a consent file is a decision or a problem, that
// only a complete one says yes, and that a decision comes back from the disk as it was.
func FuzzDecision(f *testing.F) {
	for _, text := range []string{
		"", "state = \"refused\"\n", "schema = 1\nstate = \"granted\"\n", "state = \"refused\"\nstate = \"granted\"\n", "State = \"granted\"\n",
		"schema = 1\nstate = \"granted\"\nat = 2026-11-28T12:00:00Z\ngrant = \"a\"\nlevel = 2\nendpoint = \"https://a.example\"\nevents = [\"run\"]\nfields = [\n\"a\", 'b\\n',\n]\n",
		"state = \"notified\"\nat = 2026-11-28T12:00:00.123456789+05:45\ngrant = \"\\u0000\\\"\"\nlevel = 9\nendpoint = \"udp://a:1\"\n",
		"state = \"granted\"\nat = 2026-11-28\ngrant = \"'''\"\nlevel = 0x1\nendpoint = \"~/a.log\"\nevents = []\n",
		"schema = 2\nstate = \"refused\"\n", "schema = -1\n", "level = 99999999999999999999\n", "state = [\"granted\"]\n", "[state]\n",
	} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parse(data)
		if err != nil {
			return
		}
		if d.State != Refused && (d.Grant == "" || d.Grant == GrantEnv || d.Endpoint == "" || d.Level < 1 || d.Level > 9) {
			t.Errorf("a yes that is incomplete: %+v", d)
		}
		path := filepath.Join(dir, "t.toml")
		if err := write(path, d); err != nil {
			t.Fatalf("%v: %+v", err, d)
		}
		r := readFile(path, false, func(os.FileInfo) error { return nil })
		if r.Problem != "" {
			t.Fatalf("%s: %+v", r.Problem, d)
		}
		d.Schema = schema
		if got, want := plainly(r.Decision), plainly(d); !reflect.DeepEqual(got, want) {
			t.Errorf("\ngot  %+v\nwant %+v", got, want)
		}
		if all := readFile(path, true, func(os.FileInfo) error { return nil }); (all.Problem == "") != (d.State == Refused) {
			t.Errorf("for all tools %q is %q", d.State, all.Problem)
		}
	})
}

// plainly is a decision that compares by what it says.
func plainly(d Decision) Decision {
	d.At = d.At.Round(0).In(time.UTC)
	if len(d.Events) == 0 {
		d.Events = nil
	}
	if len(d.Fields) == 0 {
		d.Fields = nil
	}
	return d
}
