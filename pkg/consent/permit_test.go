package consent_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

var day = time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)

// granted is the verdict on a tool whose manifest is m now and was old when the
// person agreed to a level.
func granted(t *testing.T, old, m *manifest.Manifest, level int) consent.Verdict {
	t.Helper()
	terms := consent.Offer(old, level)
	terms.Grant = "3f2a"
	v := consent.Decide(m.Tool.ID, m, consent.Facts{
		Tool: consent.Statement{Decision: consent.NewDecision(consent.Granted, terms, day)},
	})
	if !v.On() {
		t.Fatalf("off: %+v", v.Reason)
	}
	return v
}

func TestOfferStopsAtTheLevel(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	for _, test := range []struct {
		level          int
		events, fields []string
	}{
		{0, nil, nil},
		{1, []string{"run.start"}, []string{"threads"}},
		{2, []string{"run.start", "run.trace"}, []string{"threads", "kernel"}},
		{3, []string{"run.start", "run.trace"}, []string{"threads", "kernel"}},
	} {
		terms := consent.Offer(m, test.level)
		if terms.Level != test.level || terms.Endpoint != endpoint {
			t.Errorf("level %d: the terms are %+v", test.level, terms)
		}
		if !slices.Equal(terms.Events, test.events) {
			t.Errorf("level %d: events are %q, want %q", test.level, terms.Events, test.events)
		}
		if got := sent(m, terms); !slices.Equal(got, test.fields) {
			t.Errorf("level %d: fields are %q, want %q", test.level, got, test.fields)
		}
	}
}

// sent lists the names of the fields that are not withheld.
func sent(m *manifest.Manifest, terms consent.Terms) (names []string) {
	for i := range m.Fields {
		if terms.Withheld(&m.Fields[i]) == "" {
			names = append(names, m.Fields[i].Name)
		}
	}
	return names
}

func TestTermsAreForWhatWasAgreed(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(fields, old) {
			t.Fatalf("no %q to change", old)
		}
		return strings.Replace(fields, old, new, 1)
	}
	const (
		version = "[[field]]\nname = \"version\"\ntype = \"string\"\npurpose = \"To know which versions run.\"\n"
		end     = "[[event]]\nname = \"run.end\"\n"
	)
	for _, test := range []struct {
		name                 string
		now                  string // what the manifest declares now
		level                int    // agreed to, when it declared fields
		sent                 []string
		newFields, newEvents []string
	}{
		{"nothing changed", fields, 1, []string{"threads"}, nil, nil},
		{"nothing changed, level 2", fields, 2, []string{"threads", "kernel"}, nil, nil},
		{"new field", fields + version, 1, []string{"threads"}, []string{"version"}, nil},
		{"new field above the level", fields + version + "level = 2\n", 1, []string{"threads"}, nil, nil},
		{"other type", change(`"int"`, `"float"`), 1, nil, []string{"threads"}, nil},
		{"other source", change("host.kernel_release", "host.kernel_version"), 2, []string{"threads"}, []string{"kernel"}, nil},
		{"other name", change(`"threads"`, `"Threads"`), 1, nil, []string{"Threads"}, nil},
		{"other purpose", change("how parallel", "how very parallel"), 1, []string{"threads"}, nil, nil},
		{"field now above the level", change("\"int\"", "\"int\"\nlevel = 3"), 2, []string{"kernel"}, nil, nil},
		// Nobody who agreed to level 1 has agreed to what stood at level 2 then.
		{"field now within the level", strings.ReplaceAll(fields, "level   = 2", ""), 1, []string{"threads"}, []string{"kernel"}, nil},
		{"new event", fields + end, 1, []string{"threads"}, nil, []string{"run.end"}},
		{"new event above the level", fields + end + "level = 2\n", 1, []string{"threads"}, nil, nil},
		{"event now within the level", strings.ReplaceAll(fields, "level = 2", ""), 1, []string{"threads"}, nil, []string{"run.trace"}},
		{"field gone", change("[[field]]\nname    = \"threads\"\ntype    = \"int\"\npurpose = \"To see how parallel runs are.\"\n", ""), 2, []string{"kernel"}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := parse(t, `default = "opt-in"`, test.now)
			v := granted(t, parse(t, `default = "opt-in"`, fields), m, test.level)
			if got := sent(m, v.Terms()); !slices.Equal(got, test.sent) {
				t.Errorf("sent are %q, want %q", got, test.sent)
			}
			if !slices.Equal(v.NewFields, test.newFields) || !slices.Equal(v.NewEvents, test.newEvents) {
				t.Errorf("new are %q and %q, want %q and %q", v.NewFields, v.NewEvents, test.newFields, test.newEvents)
			}
			for _, name := range test.newEvents {
				e, _ := m.Event(name)
				if p, err := v.Permit(e); !errors.Is(err, consent.ErrNoConsent) || p.Event() != "" {
					t.Errorf("the new event %s has the permit %+v, %v", name, p, err)
				}
			}
		})
	}
}

// TestDeletionNeedsNoAgreement holds that nobody is asked to agree to a tool's
// deletion request, and that an agreement does not let one be sent.
func TestDeletionNeedsNoAgreement(t *testing.T) {
	old := parse(t, `default = "opt-in"`, fields)
	m := *old
	m.Events = append(slices.Clone(old.Events), manifest.Event{Name: "forget", Level: 1})
	m.Forget = manifest.Forget{Method: manifest.ForgetEvent, Event: "forget"}
	if events := consent.Offer(&m, 3).Events; slices.Contains(events, "forget") {
		t.Errorf("it is offered: %q", events)
	}
	v := granted(t, old, &m, 3)
	if len(v.NewEvents) > 0 {
		t.Errorf("it counts as new: %q", v.NewEvents)
	}
	if _, err := v.Permit(manifest.Event{Name: "forget", Level: 1}); !errors.Is(err, consent.ErrNoConsent) {
		t.Errorf("a permit was given: %v", err)
	}
}

func TestEnvironmentGrantIsLevelOne(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	notice := consent.Offer(m, 2) // of a tool that was opt-out once: no consent, so that it adds nothing
	notice.Grant = "3f2a"
	for _, d := range []consent.Decision{{}, consent.NewDecision(consent.Notified, notice, day)} {
		v := consent.Decide(m.Tool.ID, m, consent.Facts{
			EnvGrant: "MYTOOL_TELEMETRY is set",
			Tool:     consent.Statement{Decision: d},
		})
		terms := v.Terms()
		if v.Reason.Rule != consent.ByEnv || terms.Level != 1 || terms.Grant != consent.GrantEnv || !slices.Equal(sent(m, terms), []string{"threads"}) {
			t.Errorf("after %q: by %q for %+v", d.State, v.Reason.Rule, terms)
		}
	}
}

func TestRecordedGrantKeepsItsLevelBesideAnEnvironmentGrant(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	terms := consent.Offer(m, 2)
	terms.Grant = "3f2a"
	v := consent.Decide(m.Tool.ID, m, consent.Facts{
		EnvGrant: "MYTOOL_TELEMETRY is set",
		Tool:     consent.Statement{Decision: consent.NewDecision(consent.Granted, terms, day)},
	})
	if got := v.Terms(); v.Reason.Rule != consent.ByGrant || got.Level != 2 || got.Grant != "3f2a" {
		t.Errorf("by %q for %+v", v.Reason.Rule, got)
	}
}

func TestPermit(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	start, _ := m.Event("run.start")
	trace, _ := m.Event("run.trace")
	on := granted(t, m, m, 1)
	for _, test := range []struct {
		name    string
		verdict consent.Verdict
		event   manifest.Event
		ok      bool
	}{
		{"agreed", on, start, true},
		{"above the level", on, trace, false},
		{"above the level, and said not to be", on, manifest.Event{Name: "run.trace", Level: 1}, false},
		{"agreed to level 2", granted(t, m, m, 2), trace, true},
		{"not declared", on, manifest.Event{Name: "run.end", Level: 1}, false},
		{"no event", on, manifest.Event{}, false},
		{"off", consent.Decide(m.Tool.ID, m, consent.Facts{}), start, false},
		{"nobody decided", consent.Verdict{}, start, false},
		{"a verdict made by hand", consent.Verdict{Reason: on.Reason, Layers: on.Layers}, start, false},
		{"no manifest", consent.Decide(m.Tool.ID, nil, consent.Facts{EnvGrant: "yes"}), start, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := test.verdict.Permit(test.event)
			if test.ok != (err == nil) || !test.ok && !errors.Is(err, consent.ErrNoConsent) {
				t.Fatalf("error is %v", err)
			}
			if covers := p.Covers(m.Tool.ID, test.event.Name, endpoint, "3f2a"); covers != test.ok {
				t.Errorf("it covers the event: %v, want %v", covers, test.ok)
			}
			if test.ok != (p.Tool() == m.Tool.ID && p.Event() == test.event.Name && p.Terms().Level > 0) {
				t.Errorf("the permit is %+v", p)
			}
		})
	}
}

func TestCoversIsExact(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	start, _ := m.Event("run.start")
	p, err := granted(t, m, m, 2).Permit(start)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		tool, event, endpoint, grant string
		want                         bool
	}{
		{"mytool", "run.start", endpoint, "3f2a", true},
		{"mytool2", "run.start", endpoint, "3f2a", false},
		{"mytool", "run.trace", endpoint, "3f2a", false}, // agreed to, but this permit is for another
		{"mytool", "", endpoint, "3f2a", false},
		{"mytool", "run.start", endpoint + "/", "3f2a", false},
		{"mytool", "run.start", "", "3f2a", false},
		{"mytool", "run.start", endpoint, "3f2b", false},
		{"mytool", "run.start", endpoint, "", false},
		{"mytool", "run.start", endpoint, consent.GrantEnv, false},
	} {
		if got := p.Covers(toolID(t, test.tool), test.event, test.endpoint, test.grant); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
	if p.Covers(manifest.ID{}, "run.start", endpoint, "3f2a") {
		t.Error("it covers no tool")
	}
}

func TestZeroPermitCoversNothing(t *testing.T) {
	var p consent.Permit
	for _, id := range []manifest.ID{{}, toolID(t, "mytool")} {
		for _, s := range []string{"", "run.start", consent.GrantEnv} {
			if p.Covers(id, s, s, s) || p.Covers(id, "", "", "") || p.Covers(id, s, endpoint, s) {
				t.Errorf("it covers %v %q", id, s)
			}
		}
	}
	if !p.Tool().IsZero() || p.Event() != "" || p.Terms().Level != 0 {
		t.Errorf("the zero permit is %+v", p)
	}
}

// What a caller does to a permit's terms must not give it more.
func TestTermsCannotBeWidened(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	v := granted(t, m, m, 1)
	terms := v.Terms()
	terms.Events[0], terms.Fields[0] = "run.trace", m.Fields[1].Terms()
	if _, err := v.Permit(manifest.Event{Name: "run.trace", Level: 1}); !errors.Is(err, consent.ErrNoConsent) {
		t.Errorf("a changed copy of the terms gives a permit: %v", err)
	}
}
