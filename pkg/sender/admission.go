package sender

import (
	"errors"
	"fmt"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// admission decides which events of a tool may leave at this moment: it asks for
// consent anew, and compares each event with what was forgotten and with the refusals
// since it was taken. It is for one goroutine.
type admission struct {
	sender   Sender
	manifest *manifest.Manifest
	gone     deletion.Forgotten
	refused  time.Time                  // when a refusal was in force last
	err      error                      // something cannot be told, so nothing leaves
	verdicts map[string]consent.Verdict // by the directory in which events were taken
	usual    *admission                 // by what is found in the usual places; nil until it is asked
}

func (s Sender) admission(m *manifest.Manifest) *admission {
	gone, err := s.deletions().Forgotten()
	refused, refusedErr := consent.RefusedAt(*s.dirs(), m.Tool.ID)
	err = errors.Join(err, refusedErr)
	if refused.After(s.Now().Add(maxSkew)) {
		err = errors.Join(err, fmt.Errorf("a refusal is marked as in force at %s, which is not yet; \"usagectl enable %s\" mends that", refused.Format(time.RFC3339), m.Tool.ID))
	}
	return &admission{sender: s, manifest: m, gone: gone, refused: refused, err: err, verdicts: map[string]consent.Verdict{}}
}

// dropError says that an event must never be sent, and why.
type dropError struct{ why outbox.Loss }

func (e dropError) Error() string { return e.why.String() }

// withdrawn reports whether a reason to be off holds for whoever looks, so that
// what waits will never be sent. The others hold for this process only, such as
// a variable in its environment, or can be mended, and what waits is kept.
func withdrawn(r consent.Rule) bool {
	return r == consent.User || r == consent.System || r == consent.EndpointChanged
}

// maxSkew is how far ahead the clocks of two machines that share a home may be.
const maxSkew = time.Minute

// admit makes a message of an event, under what is agreed now. The error is a
// [dropError] if the event must go; any other means to keep it for later.
func (a *admission) admit(e outbox.Entry) (consent.Permit, transport.Message, error) {
	permit, message, err := a.judge(e)
	switch {
	case !isDrop(err):
	case a.isOfAnotherAgreement(e):
		return permit, message, errAnotherAgreement
	case !a.isDropUsually(e):
		return permit, message, errElsewhere
	}
	return permit, message, err
}

// errElsewhere is why an event waits that only this process would drop.
var errElsewhere = errors.New("variables of this process, such as XDG_DATA_HOME, name other manifests or decisions than the usual ones, by which it may not be sent")

// errAnotherAgreement is why an event waits that was taken under an agreement of another place.
var errAnotherAgreement = errors.New("it was taken under an agreement that is recorded elsewhere, for another XDG_CONFIG_HOME or by a variable")

// isOfAnotherAgreement reports whether an event was taken under another agreement than the one
// that counts here and was made before: one in another place, of which this process knows
// nothing. An agreement that was made after the event has replaced the event's own.
func (a *admission) isOfAnotherAgreement(e outbox.Entry) bool {
	v := a.verdict(e.Dir)
	if !v.On() || v.Terms().Grant == e.Grant || a.gone.In(e.Values) || a.refusedSince(e) {
		return false
	}
	facts := consent.Gather(a.manifest.Tool.ID, a.manifest, a.sender.lookup, *a.sender.dirs(), a.sender.workDir)
	return e.TakenAt.After(facts.Tool.Decision.At)
}

func isDrop(err error) bool {
	var drop dropError
	return errors.As(err, &drop)
}

// isDropUsually reports whether an event must also go by the manifests and decisions in the
// usual places: whoever queued it may look there, and knows nothing of this process's variables.
// Whoever shares an outbox that is moved has such variables too.
func (a *admission) isDropUsually(e outbox.Entry) bool {
	s := a.sender
	if s.dirs().Usual == nil || s.dirs().Usual.StateHome != s.dirs().StateHome || a.gone.In(e.Values) {
		return true
	}
	if a.usual == nil {
		s.at = s.dirs().Usual
		m, err := s.manifestOf(e.Tool, e.Manifest)
		if err != nil {
			return false
		}
		a.usual = s.admission(m)
	}
	_, _, err := a.usual.judge(e)
	return isDrop(err)
}

func (a *admission) judge(e outbox.Entry) (consent.Permit, transport.Message, error) {
	permit, err := a.permit(e)
	if err != nil {
		return consent.Permit{}, transport.Message{}, err
	}
	body := payload.Build(a.manifest, e.Event, permit.Terms(), e.Values)
	for _, f := range body.Fields {
		if f.Field.Required && f.Withheld != "" {
			return consent.Permit{}, transport.Message{}, dropError{outbox.LostWithdrawn}
		}
	}
	message, err := newMessage(permit, a.manifest, e, body)
	if err != nil {
		return consent.Permit{}, transport.Message{}, dropError{outbox.LostWithdrawn}
	}
	return permit, message, nil
}

// permit asks whether an event may leave.
func (a *admission) permit(e outbox.Entry) (consent.Permit, error) {
	if a.gone.In(e.Values) {
		return consent.Permit{}, dropError{outbox.LostForgotten}
	}
	if a.err != nil {
		return consent.Permit{}, a.err
	}
	v := a.verdict(e.Dir)
	if !v.On() && !withdrawn(v.Reason.Rule) {
		return consent.Permit{}, errors.New(v.Reason.Detail)
	}
	event, ok := a.manifest.Event(e.Event)
	if !ok || a.manifest.IsDeletion(e.Event) {
		return consent.Permit{}, dropError{outbox.LostWithdrawn}
	}
	permit, err := v.Permit(event)
	if err == nil {
		permit, err = permit.UpTo(e.Level, event)
	}
	if err != nil || a.refusedSince(e) {
		return consent.Permit{}, dropError{outbox.LostWithdrawn}
	}
	return permit, nil
}

// refusedSince reports whether a refusal was in force after the event was taken. If
// one ever was, so does an event from the future, of which nobody knows.
func (a *admission) refusedSince(e outbox.Entry) bool {
	return !a.refused.IsZero() && (!e.TakenAt.After(a.refused) || e.TakenAt.After(a.sender.Now().Add(maxSkew)))
}

// verdict asks for consent where this process works, and where the event was taken;
// the stricter answer counts.
func (a *admission) verdict(dir string) consent.Verdict {
	v, ok := a.verdicts[dir]
	if ok {
		return v
	}
	v = a.ask(a.sender.workDir)
	if v.On() && dir != "" && dir != a.sender.workDir {
		v = a.ask(dir)
	}
	a.verdicts[dir] = v
	return v
}

func (a *admission) ask(dir string) consent.Verdict {
	return a.sender.verdict(a.manifest, dir)
}
