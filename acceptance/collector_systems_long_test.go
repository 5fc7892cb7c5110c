//go:build long

package acceptance

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"testing"
)

// TestSystemsParslLevels holds what Parsl leaves out below its highest level
// (wire.md, "Parsl").
func TestSystemsParslLevels(t *testing.T) {
	for level, without := range map[string][]string{
		"1": {"/components", "/start"},
		"2": {"/start"},
		"3": {},
	} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			s := parslNow
			s.level = level
			i := s.connect(t, s)
			list := s.messages(t)
			end := i.send(list[1])
			if level != "3" && (end.Outcome != "off" || end.Reason.Rule != "event") {
				t.Errorf("the end: %+v", end)
			}
			i.send(list[0])
			i.must("", "flush")
			expected := map[string]int{"1": 1, "2": 1, "3": 2}[level]
			eventually(t, "the datagrams", func() bool { return len(i.documents()) >= expected })
			documents := i.documents()
			if len(documents) != expected {
				t.Errorf("%d datagrams arrived, not %d", len(documents), expected)
			}
			want := list[0].want.(map[string]any)
			for _, path := range without {
				remove(want, path)
			}
			want["tracking_level"] = json.Number(level)
			starts := slices.DeleteFunc(documents, func(d any) bool { return i.eventOf(d) != "start" })
			c := comparison{allow: s.differ, vars: i.vars(end.EventID)}
			for _, d := range c.differences(want, starts[0]) {
				t.Error(d)
			}
		})
	}
}

// TestSystemsParslHashes holds that the hashes in the place of Parsl's own, which
// can be reversed by guessing, are not those, and differ from install to install.
func TestSystemsParslHashes(t *testing.T) {
	t.Parallel()
	var plain []string
	if host, err := os.Hostname(); err == nil {
		plain = append(plain, host, strings.Split(host, ".")[0])
	}
	if me, err := user.Current(); err == nil {
		plain = append(plain, me.Username)
	}
	seen := map[any]bool{}
	for _, name := range plain {
		seen[fmt.Sprintf("%x", sha256.Sum256([]byte(name)))[:10]] = true
	}
	for range 2 {
		i := parslLegacy.connect(t, parslLegacy)
		_, documents := i.deliver(parslLegacy.messages(t)[:1])
		for _, path := range []string{"/uname", "/hname"} {
			hash := part(documents["start"], path)
			if seen[hash] {
				t.Errorf("%s is %v, as elsewhere or as a plain hash", path, hash)
			}
			seen[hash] = true
		}
	}
}

// TestSystemsOTLPHeaders looks at what goes with a span over HTTP.
func TestSystemsOTLPHeaders(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	f := startFront(t, c)
	i := install(t, stripepy, f.URL)
	i.documents = func() []any { return c.items(t, "traces.jsonl") }
	i.deliver(stripepy.messages(t))
	for _, header := range f.asked() {
		for name, want := range map[string]string{
			"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", "Authorization": "",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s is %q, not %q", name, got, want)
			}
		}
		if got := header.Get("User-Agent"); !strings.HasPrefix(got, "usagectl/") {
			t.Errorf("User-Agent is %q", got)
		}
	}
}

// collected are the tools that send what the OpenTelemetry Collector receives.
func collected() []system { return []system{parslNow, parsl2023, parsl2024, parslLegacy, stripepy} }

// TestCollectorSystems does what TestSystems does, with the real Collector.
func TestCollectorSystems(t *testing.T) { checkSystems(t, collected()) }

// TestCollectorInspectEqualsSend does what TestInspectEqualsSend does, with the real Collector.
func TestCollectorInspectEqualsSend(t *testing.T) { checkInspect(t, collected()) }

// TestCollectorLeavesOutWhatIsNotSet does what TestSystemsLeaveOutWhatIsNotSet does, with the
// real Collector.
func TestCollectorLeavesOutWhatIsNotSet(t *testing.T) {
	checkLeftOut(t, []bareEvent{
		{parslNow, "start", "correlator parsl_v platform.system start tracking_level"},
		{parslNow, "end", "correlator end"},
		{parslLegacy, "start", "hname os os_v parsl_v start test uname uuid"},
		{stripepy, "call", "item resource scope"},
	})
}
