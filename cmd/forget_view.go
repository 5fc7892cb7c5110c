package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// forgottenTool is what was done for one tool, as "forget --json" has it.
type forgottenTool struct {
	Tool       manifest.ID   `json:"tool"`
	Named      string        `json:"named,omitempty"` // the name that was given, if it is not the tool's ID
	SharedWith []manifest.ID `json:"shared_with"`     // tools of the same source ID
	Forgotten  bool          `json:"forgotten"`       // here
	Outcome    outcome       `json:"outcome"`
	SourcePath string        `json:"source_path"`
	SHA256     string        `json:"sha256"` // of the source ID; "" if there was none
	Events     int           `json:"events"` // that were thrown away
	Deletions  requests      `json:"deletions"`
	ToDo       string        `json:"to_do"` // what the person can do themselves, for people; "" if nothing
	Error      string        `json:"error"`

	name       string
	traces     bool // without a source ID: something was kept here
	undeclared bool // no manifest is here
}

// outcome is how far a forgetting could go.
type outcome string

const (
	outcomeForgotten outcome = "forgotten" // here; whoever can be asked was, or will be
	outcomeNothing   outcome = "nothing"   // there was no source ID here
	outcomeNoID      outcome = "no-id"     // the tool's events carry none, so nothing can be asked for
	outcomeNoRoute   outcome = "no-route"  // the tool offers no way to ask
	outcomeOwnData   outcome = "own-data"  // the tool sends by itself, and nothing of it is usagectl's
	outcomeFailed    outcome = "failed"
)

// judge finds out how far the forgetting of a tool could go, and what is left to the person.
func (f *forgottenTool) judge(t tool, sentTo []string, localOnly bool) {
	m := t.manifest
	unasked := func(d deletion) bool { return d.State == sender.Failed && d.Method == manifest.ForgetNone }
	f.Outcome = outcomeForgotten
	switch {
	case !f.Forgotten:
		f.Outcome = outcomeFailed
	case localOnly && f.SHA256 != "":
	case m != nil && !m.Identity.Random:
		f.Outcome = outcomeNoID
		f.ToDo = fmt.Sprintf("the events of %s carry no source ID, so there is nothing to name in a deletion request: refuse what is to come with \"usagectl disable %s\", and ask what they keep: %s",
			f.name, t.id, contactOf(m))
	case slices.ContainsFunc(f.Deletions.list, unasked), m != nil && m.Forget.Method == manifest.ForgetNone:
		f.Outcome = outcomeNoRoute
		if f.SHA256 == "" && len(f.Deletions.list) == 0 {
			f.ToDo = fmt.Sprintf("%s offers no way to ask for deletion: if it knew you by an ID before, write to them yourself and name it: %s", f.name, contactOf(m))
		}
	case f.undeclared && f.SHA256 == "" && len(f.Deletions.list) == 0 && f.traces:
		f.Outcome = outcomeNoRoute
		f.ToDo = fmt.Sprintf("no manifest says where the source ID of %s is, or whom to ask: if you have the manifest, run \"usagectl forget %s --manifest FILE\"", f.name, t.id)
		if len(sentTo) > 0 {
			f.ToDo += "; or write to whoever runs " + strings.Join(sentTo, ", ")
		}
	case f.SHA256 == "" && f.Deletions.unknown != nil:
		f.Outcome, f.Error = outcomeFailed, f.Deletions.reason()
	case f.SHA256 == "" && len(f.Deletions.list) == 0:
		f.Outcome = outcomeNothing
	}
	for _, d := range f.Deletions.list {
		if f.ToDo == "" {
			f.ToDo = d.toDo()
		}
	}
}

// accepted reports whether a receiver accepted a request.
func (f forgottenTool) accepted() bool {
	return slices.ContainsFunc(f.Deletions.list, func(d deletion) bool { return d.State == sender.Accepted })
}

// contactOf is whom a person can write to about a tool, or where they can read whom.
func contactOf(m *manifest.Manifest) string {
	t := m.Tool
	return cmp.Or(t.Contact, t.Privacy, t.Homepage, "it names nobody, but whoever runs "+secret.URL(m.Send.Endpoint)+" has them")
}

// unasked is the failure, of which all was said, of a forgetting in which nobody was asked.
func unasked(list []forgottenTool) error {
	for _, f := range list {
		switch f.Outcome {
		case outcomeNoRoute:
			return fail(exitUnavailable, nil)
		case outcomeNoID:
			return fail(exitNo, nil)
		}
	}
	return nil
}

// line is what was done, in one line.
func (f forgottenTool) line() string {
	parts := []string{"forgotten here"}
	switch {
	case !f.Forgotten:
		parts[0] = "not all is forgotten here"
	case f.SHA256 == "" && f.traces && f.undeclared:
		parts[0] = "no source ID is found here; what was kept of it is erased"
	case f.SHA256 == "" && f.traces:
		parts[0] = "it has no source ID here; what was kept of it is erased"
	case f.SHA256 == "" && len(f.Deletions.list) > 0:
		parts[0] = "it was forgotten here before"
	case f.SHA256 == "" && f.Deletions.unknown != nil:
		parts[0] = "it is not known whether there is something to forget here"
	case f.SHA256 == "":
		parts[0] = "there is nothing to forget here"
	}
	if f.Events > 0 {
		parts = append(parts, endings(sender.Emptied{Discarded: f.Events})...)
	}
	for _, d := range f.Deletions.list {
		parts = append(parts, d.outcome())
	}
	if len(f.Deletions.list) == 0 && f.SHA256 != "" {
		parts = append(parts, "nobody was asked")
	}
	return strings.Join(parts, "; ")
}

// showForgotten says what was done, and what is left for the person to do; in short, if
// it is about all tools.
func showForgotten(u *ui, list []forgottenTool, all bool) {
	if u.json || u.quiet {
		return
	}
	shown := map[uuid.UUID]bool{}
	for _, f := range list {
		if !f.Forgotten && len(f.Deletions.list) == 0 {
			continue // the error says it all
		}
		u.stdout.Printf("%s\n", u.stdout.Wrap(f.name+": "+f.line(), 2))
		if len(f.Deletions.list) == 0 && f.ToDo != "" && f.Forgotten {
			u.stdout.Printf("%s\n", u.stdout.Wrap("What you can do: "+f.ToDo, 2))
		}
		for _, d := range f.Deletions.list {
			switch {
			case shown[d.RequestID]:
			case d.State == sender.Accepted && !all:
				u.stdout.Printf("%s\n", u.stdout.Wrap("Accepted means: "+d.Promise+".", 2))
			case all && d.State != sender.Pending && d.State.Open():
				u.hint("see what to send with \"usagectl inspect %s --queued\"", f.Tool)
			case d.State == sender.ByMail:
				d.showMail(u)
			case d.State == sender.Failed:
				d.showOwnWay(u)
			}
			shown[d.RequestID] = true
		}
	}
}
