package consent

import (
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

// Answer is what one rule says about a tool.
type Answer string

// The answers. Most rules know only Silent and one of the others.
const (
	Off    Answer = "off"
	On     Answer = "on"
	Silent Answer = "silent"
)

// Layer is one rule and what it says.
type Layer struct {
	Rule   Rule   `json:"rule"`
	Answer Answer `json:"verdict"`
	Detail string `json:"detail"` // why, for people; "" if the answer is [Silent]
}

// Reason is the rule that decided, for people.
type Reason struct {
	Rule   Rule   `json:"rule"`
	Detail string `json:"detail"`
}

// Verdict is the answer to "is this tool's telemetry on, and why?". The zero value
// says that it is off. A verdict shares nothing with another one.
type Verdict struct {
	Reason Reason
	Layers []Layer // every rule in order, then what grants
	// What the manifest declares at or below the level agreed to but was not there
	// when the person agreed, as field and event names. None of it is sent.
	NewFields, NewEvents []string

	tool  manifest.ID
	terms Terms
	on    bool
}

// On reports whether telemetry is on, for what [Verdict.Terms] says.
func (v Verdict) On() bool { return v.on }

// Terms is what was agreed to; the zero value if telemetry is off.
func (v Verdict) Terms() Terms { return v.terms.clone() }

// Decide answers for one tool: off if any rule of the table says so, the first one
// being the reason; otherwise on, for what was agreed. m is nil for a tool without a
// manifest, which is never on. It reads nothing but what it is given.
func Decide(id manifest.ID, m *manifest.Manifest, f Facts) Verdict {
	q := newQuestion(id, m, f)
	table := rules()
	v := Verdict{tool: id, Layers: make([]Layer, 0, len(table))}
	for i := range table {
		r := &table[i]
		if !r.about(q) {
			continue
		}
		layer := Layer{Rule: r.name, Answer: Silent}
		if detail := r.says(q); detail != "" {
			layer.Answer, layer.Detail = r.answer, detail
			if v.Reason == (Reason{}) {
				v.Reason, v.on = Reason{r.name, detail}, r.answer == On
			}
		}
		v.Layers = append(v.Layers, layer)
	}
	if v.on {
		v.terms = q.terms()
		v.NewFields, v.NewEvents = v.terms.news(m)
	}
	return v
}
