package consent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Rule names what a verdict rests on.
type Rule string

// The rules that switch off, in the order in which they are looked at, and then
// those that leave it on.
const (
	DoNotTrack      Rule = "do-not-track"
	UsagectlEnv     Rule = "usagectl-env"
	ToolEnv         Rule = "tool-env"
	Dotenv          Rule = "dotenv"
	System          Rule = "system"
	User            Rule = "user"
	Unreadable      Rule = "unreadable"
	NotYourHome     Rule = "not-your-home"
	EndpointChanged Rule = "endpoint-changed"
	CI              Rule = "ci"
	Undecided       Rule = "undecided"
	Notice          Rule = "notice" // takes the place of Undecided for an opt-out tool

	ByGrant  Rule = "granted"
	ByEnv    Rule = "granted-env"
	ByNotice Rule = "notified"
)

// Layer is what one rule says.
type Layer struct {
	Rule    Rule   `json:"rule"`
	Verdict string `json:"verdict"` // "off", "on" or "silent"
	Detail  string `json:"detail"`
}

// Reason is the rule that decided, for people.
type Reason struct {
	Rule   Rule   `json:"rule"`
	Detail string `json:"detail"`
}

// Verdict is the answer to "is this tool's telemetry on, and why?".
type Verdict struct {
	Reason Reason
	Layers []Layer // every rule in order, then what grants
	// New lists what the manifest declares at or below the level agreed to but
	// was not there when the person agreed, as field and event names. None of
	// it is sent.
	NewFields, NewEvents []string

	tool  manifest.ID
	terms Terms
	on    bool
}

// On tells whether telemetry is on, for what [Verdict.Terms] says.
func (v Verdict) On() bool { return v.on }

// Terms is what was agreed to; the zero value if telemetry is off.
func (v Verdict) Terms() Terms { return v.terms.clone() }

// Decide answers for one tool. It is the only place that knows the rules: off
// if any of them says so, the first one being the reason; otherwise on, for
// what was agreed. m is nil for a tool without a manifest, which is never on.
// The rules are those of the project's design, "Consent".
func Decide(id manifest.ID, m *manifest.Manifest, f Facts) Verdict {
	given := f.Tool.Decision
	recorded := f.Tool.Problem == "" && (given.State == Granted || given.State == Notified)

	v := Verdict{tool: id}
	off := func(rule Rule, detail string) {
		layer := Layer{rule, "silent", ""}
		if detail != "" {
			layer.Verdict, layer.Detail = "off", detail
			v.Reason = cmp.Or(v.Reason, Reason{rule, detail})
		}
		v.Layers = append(v.Layers, layer)
	}
	on := func(rule Rule, holds bool, detail string) {
		layer := Layer{rule, "silent", ""}
		if holds {
			layer.Verdict, layer.Detail = "on", detail
		}
		v.Layers = append(v.Layers, layer)
	}

	off(DoNotTrack, doNotTrack(f.DoNotTrack))
	off(UsagectlEnv, usagectlEnv(f.UsagectlTelemetry))
	off(ToolEnv, f.EnvRefusal)
	off(Dotenv, f.DotenvRefusal)
	off(System, systemRefusal(f.System))
	off(User, userRefusal(f.All, f.Tool))
	off(Unreadable, cmp.Or(unreadable(append(slices.Clone(f.System), f.All, f.Tool)), f.MarkProblem))
	off(NotYourHome, foreignHomeDetail(f.ForeignHome))
	off(EndpointChanged, endpointChanged(m, given, recorded))
	off(CI, inCI(f, given, recorded))
	off(undecided(m, f, given, recorded))

	isGranted := recorded && given.State == Granted
	on(ByGrant, isGranted, agreedDetail(m, given))
	on(ByEnv, f.EnvGrant != "", f.EnvGrant)
	optOut := m != nil && m.Consent.Default == manifest.OptOut
	on(ByNotice, recorded && given.State == Notified && optOut, "you were told"+dated(given))

	if v.Reason != (Reason{}) {
		return v
	}
	v.on = true
	v.terms = Offer(m, 1)
	if recorded && (given.State == Granted || optOut) {
		v.terms = agreed(given)
	}
	for _, l := range v.Layers {
		if l.Verdict == "on" {
			v.Reason = Reason{l.Rule, l.Detail}
			break
		}
	}
	v.NewFields, v.NewEvents = v.terms.news(m)
	return v
}

// negative tells the words that mean no in DO_NOT_TRACK and USAGECTL_TELEMETRY.
func negative(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "0", "false", "no", "off":
		return true
	}
	return false
}

func doNotTrack(value string) string {
	if strings.TrimSpace(value) == "" || negative(value) {
		return ""
	}
	return "DO_NOT_TRACK is set to " + manifest.Quote(value)
}

func usagectlEnv(value string) string {
	if !negative(value) {
		return ""
	}
	return "USAGECTL_TELEMETRY is set to " + manifest.Quote(value)
}

func systemRefusal(records []Record) string {
	for _, r := range records {
		if r.Decision.State == Refused {
			return "refused for this machine in " + r.Path
		}
	}
	return ""
}

func userRefusal(all, tool Record) string {
	switch {
	case all.Decision.State == Refused:
		return "you refused all tools" + dated(all.Decision)
	case tool.Decision.State == Refused:
		return "you refused" + dated(tool.Decision)
	}
	return ""
}

func dated(d Decision) string {
	if d.At.IsZero() {
		return ""
	}
	return " on " + d.At.Format("2006-01-02")
}

func unreadable(records []Record) string {
	for _, r := range records {
		if r.Problem != "" {
			return r.Path + ": " + r.Problem
		}
	}
	return ""
}

func foreignHomeDetail(home string) string {
	if home == "" {
		return ""
	}
	return "root in somebody else's home, " + home
}

func endpointChanged(m *manifest.Manifest, given Decision, recorded bool) string {
	if m == nil || !recorded || given.Endpoint == m.Send.Endpoint {
		return ""
	}
	return fmt.Sprintf("you agreed to %s, now it is %s", secret.URL(given.Endpoint), secret.URL(m.Send.Endpoint))
}

func inCI(f Facts, given Decision, recorded bool) string {
	if f.CI == "" || recorded && given.State == Granted || f.EnvGrant != "" {
		return ""
	}
	return fmt.Sprintf("this is a CI system (%s) and nobody has said yes", f.CI)
}

func undecided(m *manifest.Manifest, f Facts, given Decision, recorded bool) (Rule, string) {
	rule, detail := Undecided, "you have not been asked yet"
	optOut := m != nil && m.Consent.Default == manifest.OptOut
	switch {
	case m == nil:
		return rule, "no manifest is known, so there is nothing to agree to"
	case optOut:
		rule, detail = Notice, "you have not seen its notice yet"
	}
	if recorded && (given.State == Granted || optOut) || f.EnvGrant != "" {
		detail = ""
	}
	return rule, detail
}

func agreedDetail(m *manifest.Manifest, d Decision) string {
	detail := "you agreed" + dated(d)
	if m != nil && len(m.Consent.Levels) > 1 && d.Level >= 1 && d.Level <= len(m.Consent.Levels) {
		detail += fmt.Sprintf(" to level %d (%s)", d.Level, m.Consent.Levels[d.Level-1])
	}
	return detail
}
