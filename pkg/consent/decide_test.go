package consent_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// A situation is one combination of everything that the rules look at.
type situation struct {
	doNotTrack  string // one of doNotTracks
	usagectlEnv string // one of usagectlEnvs
	toolRefuses bool
	toolGrants  bool // by a variable
	dotenv      bool
	system      string // "none", "all refused", "others refused" (all but this tool), "tool refused" or "unreadable"
	all         string // the person's: "none", "refused", "refused elsewhere" (where a variable does not lead), "others refused" or "unreadable"
	tool        string // "none", "refused", "granted", "granted since" (after all were refused), "notified" or "unreadable"
	moved       bool   // the endpoint is not the one in the person's decision
	foreignHome bool
	ci          bool
	kind        string // "opt-in", "opt-out" or "no manifest"
}

var (
	doNotTracks  = []string{"", "0", " FALSE ", "1"}
	usagectlEnvs = []string{"", "1", "0", " Off "}
	bools        = []bool{false, true}
)

// agreed reports whether the person has agreed, before or after they refused all.
func (s situation) agreed() bool { return s.tool == "granted" || s.tool == "granted since" }

// nth is the n-th situation, false past the last one.
func nth(n int) (situation, bool) {
	s := situation{
		kind:        digit(&n, "opt-in", "opt-out", "no manifest"),
		tool:        digit(&n, "none", "refused", "granted", "granted since", "notified", "unreadable"),
		moved:       digit(&n, bools...),
		ci:          digit(&n, bools...),
		toolGrants:  digit(&n, bools...),
		all:         digit(&n, "none", "refused", "refused elsewhere", "others refused", "unreadable"),
		foreignHome: digit(&n, bools...),
		system:      digit(&n, "none", "all refused", "others refused", "tool refused", "unreadable"),
		dotenv:      digit(&n, bools...),
		toolRefuses: digit(&n, bools...),
		usagectlEnv: digit(&n, usagectlEnvs...),
		doNotTrack:  digit(&n, doNotTracks...),
	}
	return s, n == 0
}

func digit[T any](n *int, values ...T) T {
	v := values[*n%len(values)]
	*n /= len(values)
	return v
}

// A clause is one of the sentences of the design's section "Consent", written
// down from that page alone and not from decide.go: if they disagree, one of
// the two is wrong.
type clause struct {
	rule  consent.Rule
	kinds string // of tools, to which the clause applies
	holds func(situation) bool
}

const every = "opt-in opt-out no manifest"

var offClauses = []clause{
	{"do-not-track", every, func(s situation) bool { return s.doNotTrack == "1" }},
	{"usagectl-env", every, func(s situation) bool { return s.usagectlEnv == "0" || s.usagectlEnv == " Off " }},
	{"tool-env", every, func(s situation) bool { return s.toolRefuses }},
	{"dotenv", every, func(s situation) bool { return s.dotenv }},
	{"system", every, func(s situation) bool { return s.system == "all refused" || s.system == "tool refused" }},
	{"user", every, func(s situation) bool {
		// The later, more specific word of the same person counts.
		return s.tool == "refused" || (s.all == "refused" || s.all == "refused elsewhere") && s.tool != "granted since"
	}},
	{"unreadable", every, func(s situation) bool {
		return s.system == "unreadable" || s.all == "unreadable" || s.tool == "unreadable"
	}},
	{"not-your-home", every, func(s situation) bool { return s.foreignHome }},
	{"endpoint-changed", every, func(s situation) bool {
		// Where a tool without a manifest would send to is not known, so that it cannot have changed.
		return s.moved && s.kind != "no manifest" && (s.agreed() || s.tool == "notified")
	}},
	{"ci", every, func(s situation) bool { return s.ci && !s.agreed() && !s.toolGrants }},
	{"undecided", "opt-in", func(s situation) bool { return !s.agreed() && !s.toolGrants }},
	{"undecided", "no manifest", func(situation) bool { return true }},
	{"notice", "opt-out", func(s situation) bool { return s.tool != "notified" && !s.agreed() && !s.toolGrants }},
}

var onClauses = []clause{
	{"granted", every, situation.agreed},
	{"granted-env", every, func(s situation) bool { return s.toolGrants }},
	{"notified", every, func(s situation) bool { return s.tool == "notified" && s.kind == "opt-out" }},
}

// expected is what the design says about a situation: the reason, and every
// layer without its detail.
func expected(s situation) (reason consent.Rule, on bool, layers []consent.Layer) {
	layers = make([]consent.Layer, 0, len(offClauses)+len(onClauses))
	judge := func(clauses []clause, answer consent.Answer) {
		for _, c := range clauses {
			if !strings.Contains(c.kinds, s.kind) {
				continue
			}
			said := consent.Answer("silent")
			if c.holds(s) {
				said = answer
				if reason == "" {
					reason, on = c.rule, answer == "on"
				}
			}
			layers = append(layers, consent.Layer{Rule: c.rule, Answer: said})
		}
	}
	judge(offClauses, "off")
	judge(onClauses, "on")
	return reason, on, layers
}

// build turns a situation into what Decide takes.
func build(s situation, manifests map[string]*manifest.Manifest) (*manifest.Manifest, consent.Facts) {
	m := manifests[s.kind]
	record := func(said string) consent.Statement {
		r := consent.Statement{Path: "/somewhere.toml"}
		switch said {
		case "none":
		case "unreadable":
			r.Problem = "no sense in it"
		case "refused", "refused elsewhere", "others refused":
			r.Usual = said == "refused elsewhere"
			r.Decision.State, r.Decision.Refusal = "refused", "this one"
			if said == "others refused" {
				r.Decision.Except = []string{"another", "mytool"}
			}
		case "granted since":
			r.Decision.State, r.Decision.Despite = "granted", "this one"
		default:
			r.Decision.State = consent.State(said)
		}
		return r
	}
	f := consent.Facts{
		DoNotTrack:        s.doNotTrack,
		UsagectlTelemetry: s.usagectlEnv,
		All:               record(s.all),
		Tool:              record(s.tool),
	}
	for _, set := range []struct {
		fact *string
		to   string
		when bool
	}{
		{&f.EnvRefusal, "MYTOOL_NO is set", s.toolRefuses},
		{&f.EnvGrant, "MYTOOL_YES is set", s.toolGrants},
		{&f.DotenvRefusal, "MYTOOL_NO in .env", s.dotenv},
		{&f.ForeignHome, "/home/else", s.foreignHome},
		{&f.CI, "Jenkins", s.ci},
		{&f.Tool.Decision.Endpoint, endpoint, s.agreed() || s.tool == "notified"},
	} {
		if set.when {
			*set.fact = set.to
		}
	}
	if f.Tool.Decision.Endpoint != "" {
		f.Tool.Decision.Level = 1
		if s.moved {
			f.Tool.Decision.Endpoint += "/old"
		}
	}
	// A second directory that is silent, before or after, must not matter.
	silent := []consent.Statement{record("none"), record("none")}
	switch s.system {
	case "none":
		f.System = silent
	case "unreadable":
		f.System = append([]consent.Statement{record("none"), record("unreadable")}, silent...)
	case "all refused":
		f.System = append(silent, record("refused"), record("none"))
	case "others refused":
		f.System = append(silent, record("others refused"), record("none"))
	case "tool refused":
		f.System = append(silent, record("none"), record("refused"))
	}
	return m, f
}

func TestDecideFollowsTheRules(t *testing.T) {
	id := toolID(t, "mytool")
	manifests := map[string]*manifest.Manifest{
		"opt-in":  parse(t, `default = "opt-in"`, fields),
		"opt-out": parse(t, `default = "opt-out"`, fields),
	}
	reasons := map[consent.Rule]int{}
	cases := 0
	for ; ; cases++ {
		s, ok := nth(cases)
		if !ok {
			break
		}
		m, facts := build(s, manifests)
		v := consent.Decide(id, m, facts)
		reason, on, layers := expected(s)
		reasons[v.Reason.Rule]++
		if v.On() != on || v.Reason.Rule != reason {
			t.Fatalf("%+v: on is %v because of %q, want %v because of %q", s, v.On(), v.Reason.Rule, on, reason)
		}
		if !slices.EqualFunc(v.Layers, layers, sameAnswer) {
			t.Fatalf("%+v: layers are\n%+v, want\n%+v", s, v.Layers, layers)
		}
		if on == (v.Terms().Level == 0) {
			t.Fatalf("%+v: on is %v with the terms %+v", s, on, v.Terms())
		}
	}
	for _, c := range slices.Concat(offClauses, onClauses) {
		if reasons[c.rule] == 0 {
			t.Errorf("no situation has the reason %s", c.rule)
		}
	}
	t.Logf("%d situations", cases)
}

func sameAnswer(a, b consent.Layer) bool { return a.Rule == b.Rule && a.Answer == b.Answer }

func TestDoNotTrackWords(t *testing.T) {
	id, m := toolID(t, "mytool"), parse(t, `default = "opt-in"`, fields)
	for value, refuses := range map[string]bool{
		"": false, " ": false, "\t\n": false,
		"0": false, " 0": false, "0 ": false, "\t0\r\n": false,
		"false": false, "FALSE": false, "False": false, " fAlSe ": false,
		"no": false, "No": false, "NO": false,
		"off": false, "OFF": false, " Off": false,
		"1": true, " 1 ": true, "true": true, "TRUE": true, "yes": true, "on": true,
		"00": true, "0.0": true, "n": true, "f": true, "none": true, "null": true, "disabled": true, "-": true,
		"no way": true, "0 0": true, "anything": true, "'0'": true, "ｏｆｆ": true, "\x00": true,
	} {
		v := consent.Decide(id, m, consent.Facts{DoNotTrack: value, EnvGrant: "MYTOOL_TELEMETRY is set"})
		if v.On() == refuses || (v.Reason.Rule == consent.DoNotTrack) != refuses {
			t.Errorf("DO_NOT_TRACK=%q: on is %v because of %q", value, v.On(), v.Reason.Rule)
		}
	}
}

func TestUsagectlTelemetryWords(t *testing.T) {
	id, m := toolID(t, "mytool"), parse(t, `default = "opt-in"`, fields)
	for value, refuses := range map[string]bool{
		"0": true, " 0": true, "false": true, "FALSE": true, "no": true, "No": true, "off": true, "OFF\n": true,
		"": false, " ": false, "1": false, "true": false, "yes": false, "on": false, "00": false, "none": false, "anything": false,
	} {
		v := consent.Decide(id, m, consent.Facts{UsagectlTelemetry: value, EnvGrant: "MYTOOL_TELEMETRY is set"})
		if v.On() == refuses || (v.Reason.Rule == consent.UsagectlEnv) != refuses {
			t.Errorf("USAGECTL_TELEMETRY=%q: on is %v because of %q", value, v.On(), v.Reason.Rule)
		}
		// It is a switch for no, never a yes.
		if consent.Decide(id, m, consent.Facts{UsagectlTelemetry: value}).On() {
			t.Errorf("USAGECTL_TELEMETRY=%q grants", value)
		}
	}
}

// Every layer that speaks says why, and what the reason says is what its layer says.
func TestEveryVerdictSaysWhy(t *testing.T) {
	id := toolID(t, "mytool")
	manifests := map[string]*manifest.Manifest{"opt-out": parse(t, `default = "opt-out"`, fields)}
	for _, s := range []situation{
		{doNotTrack: "1", usagectlEnv: "0", toolRefuses: true, dotenv: true, system: "all refused", all: "refused", tool: "unreadable", foreignHome: true, ci: true, kind: "opt-out"},
		{system: "none", all: "none", tool: "granted", moved: true, toolGrants: true, kind: "opt-out"},
		{system: "none", all: "none", tool: "notified", kind: "opt-out"},
		{system: "none", all: "none", tool: "none", kind: "opt-out"},
	} {
		m, facts := build(s, manifests)
		v := consent.Decide(id, m, facts)
		if !slices.Contains(v.Layers, consent.Layer{Rule: v.Reason.Rule, Answer: map[bool]consent.Answer{true: "on", false: "off"}[v.On()], Detail: v.Reason.Detail}) {
			t.Errorf("the reason %+v is no layer", v.Reason)
		}
		for _, l := range v.Layers {
			if (l.Detail == "") != (l.Answer == consent.Silent) {
				t.Errorf("layer %+v", l)
			}
		}
	}
}
