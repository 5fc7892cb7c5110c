package cmd

import (
	"errors"
	"fmt"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// decided is what a tool's telemetry is after a decision.
type decided struct {
	Tool      string         `json:"tool"`
	Named     string         `json:"named,omitempty"` // the name that was given, if it is not the tool's ID
	Telemetry string         `json:"telemetry"`
	Reason    consent.Reason `json:"reason"`
	Level     int            `json:"level"`
}

// decidedOf says the same as "status" of a tool, which may have been given by an alias.
func decidedOf(a *app, t tool, alias string) decided {
	if t.manifest == nil {
		s := newSurvey(a).of(&t)
		return decided{t.id.String(), alias, s.Telemetry, s.Reason, 0}
	}
	return decided{t.id.String(), alias, onOff(t.verdict.On()), t.verdict.Reason, t.verdict.Terms().Level}
}

// showDecided prints the JSON of decisions, if that is asked for.
func showDecided(u *ui, results []decided) error {
	if !u.json {
		return nil
	}
	return u.printJSON(struct {
		Schema int       `json:"schema"`
		Tools  []decided `json:"tools"`
	}{1, append([]decided{}, results...)})
}

// decisions is where the person's decisions are kept. replace lets one take the place
// of a file that cannot be read.
func (w World) decisions(replace bool) consent.Store {
	return consent.Store{Dirs: w.Dirs, Now: w.Now, Replace: replace}
}

// recorded is what the error of a decision that was to be recorded means to a person.
func (a *app) recorded(err error) error {
	err = a.done("the decision is recorded", err)
	var level *consent.LevelError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &level):
		return fail(exitData, err)
	case errors.Is(err, consent.ErrMark):
		return fail(exitIO, err)
	}
	return a.world.notRecorded("the decision is not recorded", err)
}

// notRecorded is the failure of a decision. If a file that cannot be read is in the way,
// that is the message, and not what failed because of it.
func (w World) notRecorded(what string, err error) error {
	var unreadable *consent.UnreadableError
	if !errors.As(err, &unreadable) {
		var hints []string
		if m := w.mendDecision(w.decisions(false).File(manifest.ID{})); !m.decide {
			hints = append(hints, m.hint())
		}
		return fail(exitCreate, fmt.Errorf("%s: %w", what, err), hints...)
	}
	off := "what usagectl sends for " + aboutTool(unreadable.Path) + " is off as long as "
	if m := w.mendDecision(unreadable.Path); !m.decide {
		return fail(exitConfig, err, off+"that is so; "+m.hint())
	}
	return fail(exitConfig, err, off+"it is there; look at it, then say --replace")
}
