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
	Telemetry string         `json:"telemetry"`
	Reason    consent.Reason `json:"reason"`
	Level     int            `json:"level"`
}

// decidedOf says the same as "status" of a tool.
func decidedOf(a *app, t tool) decided {
	if t.manifest == nil && t.known != nil {
		s := newSurvey(a).of(t)
		return decided{t.id.String(), s.Telemetry, s.Reason, 0}
	}
	return decided{t.id.String(), onOff(t.verdict.On()), t.verdict.Reason, t.verdict.Terms().Level}
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

// consentPath is the person's consent file of a tool, or of all with the zero
// ID; "" if it is not known where it would lie.
func consentPath(w World, id manifest.ID) string {
	dir := w.Dirs.UserConsent()
	if dir == "" {
		return ""
	}
	return consent.File(dir, id)
}

// record writes a decision over the one that was read. One that cannot be read
// is somebody's word all the same, and stays unless replace is set.
func record(a *app, old consent.Record, id manifest.ID, d consent.Decision, replace bool) error {
	path := consentPath(a.world, id)
	if path == "" {
		return fail(exitCreate, errors.New("the decision is not recorded: neither HOME nor XDG_CONFIG_HOME is set"))
	}
	if err := unreadable(old, replace); err != nil {
		return err
	}
	write := consent.Write
	if d.State == consent.Refused {
		write = func(path string, d consent.Decision) error { return consent.Refuse(path, d, a.world.Now) }
	}
	if err := a.done("the decision is recorded", write(path, d)); err != nil {
		return fail(exitCreate, fmt.Errorf("the decision is not recorded: %w", err))
	}
	return nil
}

// unreadable is an error if what is recorded cannot be read, and may not be replaced.
func unreadable(old consent.Record, replace bool) error {
	if old.Problem == "" || replace {
		return nil
	}
	return fail(exitConfig, fmt.Errorf("%s is not overwritten, though it cannot be used: %s", old.Path, old.Problem),
		"telemetry is off as long as it is there; look at it, then say --replace")
}
