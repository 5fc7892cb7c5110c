package consent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// Terms is what was agreed to: which events and fields, up to which level,
// and where they may go.
type Terms struct {
	Grant    string // names the agreement, so that what was queued under an older one never leaves
	Level    int
	Endpoint string
	Events   []string
	Fields   []string // as [manifest.Field.Terms] spells them

	told bool // nobody agreed: the person has seen a notice
}

// GrantEnv is the [Terms.Grant] of consent that a variable gave.
const GrantEnv = "env"

// Offer is what a person would agree to at a level: every event and field of
// the manifest up to it. A deletion request is not among them: it takes no
// agreement, and a person who asks for it may have refused everything else.
func Offer(m *manifest.Manifest, level int) Terms {
	t := Terms{Grant: GrantEnv, Level: level, Endpoint: m.Send.Endpoint}
	for _, e := range m.Events {
		if e.Level <= level && !m.IsDeletion(e.Name) {
			t.Events = append(t.Events, e.Name)
		}
	}
	for i := range m.Fields {
		if m.Fields[i].Level <= level {
			t.Fields = append(t.Fields, m.Fields[i].Terms())
		}
	}
	return t
}

// newDecision is the decision that records the terms.
func newDecision(state State, t Terms, at time.Time) Decision {
	return Decision{
		State: state, At: at.UTC().Truncate(time.Second), Grant: t.Grant,
		Level: t.Level, Endpoint: t.Endpoint, Events: t.Events, Fields: t.Fields,
	}
}

func agreed(d Decision) Terms {
	return Terms{d.Grant, d.Level, d.Endpoint, d.Events, d.Fields, d.State == Notified}
}

// clone keeps what was agreed to out of the reach of whoever looks at it.
func (t Terms) clone() Terms {
	t.Events, t.Fields = slices.Clone(t.Events), slices.Clone(t.Fields)
	return t
}

// Withheld says why a field is left out under these terms, or "" if it is sent.
func (t Terms) Withheld(f *manifest.Field) string {
	return t.withheld(f.Level, t.Fields, f.Terms())
}

// WithheldEvent says why an event is not sent under these terms, or "" if it is.
func (t Terms) WithheldEvent(e manifest.Event) string {
	return t.withheld(e.Level, t.Events, e.Name)
}

func (t Terms) withheld(level int, agreed []string, what string) string {
	switch {
	case level > t.Level:
		return fmt.Sprintf("it takes level %d, this is level %d", level, t.Level)
	case !slices.Contains(agreed, what):
		if t.told {
			return "it was not there when you were told"
		}
		return "it was not there when you agreed"
	}
	return ""
}

// news lists what the manifest has at or below the level that was not agreed to.
func (t Terms) news(m *manifest.Manifest) (fields, events []string) {
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Level <= t.Level && t.Withheld(f) != "" {
			fields = append(fields, f.Name)
		}
	}
	for _, e := range m.Events {
		if e.Level <= t.Level && !m.IsDeletion(e.Name) && t.WithheldEvent(e) != "" {
			events = append(events, e.Name)
		}
	}
	return fields, events
}

// Permit is the proof that consent was asked for one event of one tool, and
// given. Nothing can be queued or delivered without one. The zero value permits
// nothing, and only [Verdict.Permit] makes others.
type Permit struct {
	tool  manifest.ID
	event string
	terms Terms
}

// ErrNoConsent says that telemetry is off for what was asked.
var ErrNoConsent = errors.New("no consent")

// Permit returns the permit for an event, or an [ErrNoConsent] that says why there is none.
func (v Verdict) Permit(e manifest.Event) (Permit, error) {
	if !v.on {
		return Permit{}, fmt.Errorf("%w: %s", ErrNoConsent, v.Reason.Detail)
	}
	if why := v.terms.WithheldEvent(e); why != "" {
		return Permit{}, fmt.Errorf("%w for the event %q: %s", ErrNoConsent, e.Name, why)
	}
	return Permit{v.tool, e.Name, v.terms}, nil
}

// UpTo is the permit for what a level allows, if that is less than what was agreed to; it
// never permits more. The event must be one of the level's. Level 0 changes nothing.
func (p Permit) UpTo(level int, e manifest.Event) (Permit, error) {
	if level == 0 || level >= p.terms.Level {
		return p, nil
	}
	p.terms.Level = level
	if why := p.terms.WithheldEvent(e); why != "" {
		return Permit{}, fmt.Errorf("%w for the event %q: %s", ErrNoConsent, e.Name, why)
	}
	return p, nil
}

// Tool is the tool that the permit is for; the zero ID if it permits nothing.
func (p Permit) Tool() manifest.ID { return p.tool }

// Event is the event that the permit is for.
func (p Permit) Event() string { return p.event }

// Terms is what may be sent.
func (p Permit) Terms() Terms { return p.terms.clone() }

// Covers reports whether the permit is for this event of this tool, going to this
// endpoint, taken under this grant. The zero permit covers nothing.
func (p Permit) Covers(tool manifest.ID, event, endpoint, grant string) bool {
	return !p.tool.IsZero() && p.tool == tool && p.event == event && p.terms.Endpoint == endpoint && p.terms.Grant == grant
}

// Equal reports whether two permits are for the same event, and let the same leave.
func (p Permit) Equal(o Permit) bool {
	t, u := p.terms, o.terms
	return p.tool == o.tool && p.event == o.event && t.Grant == u.Grant && t.Level == u.Level && t.Endpoint == u.Endpoint &&
		slices.Equal(t.Events, u.Events) && slices.Equal(t.Fields, u.Fields)
}
