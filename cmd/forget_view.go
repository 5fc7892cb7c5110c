package cmd

import (
	"strings"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// forgottenTool is what was done for one tool, as "forget --json" has it.
type forgottenTool struct {
	Tool       manifest.ID   `json:"tool"`
	SharedWith []manifest.ID `json:"shared_with"` // tools of the same source ID
	Forgotten  bool          `json:"forgotten"`   // here
	SourcePath string        `json:"source_path"`
	SHA256     string        `json:"sha256"` // of the source ID; "" if there was none
	Events     int           `json:"events"` // that were thrown away
	Deletions  []deletion    `json:"deletions"`
	Error      string        `json:"error"`

	name   string
	traces bool // without a source ID: something was kept here
}

// line is what was done, in one line.
func (f forgottenTool) line() string {
	parts := []string{"forgotten here"}
	switch {
	case !f.Forgotten:
		parts[0] = "not all is forgotten here"
	case f.SHA256 == "" && f.traces:
		parts[0] = "it has no source ID here; what was kept of it is erased"
	case f.SHA256 == "" && len(f.Deletions) > 0:
		parts[0] = "it was forgotten here before"
	case f.SHA256 == "":
		parts[0] = "there is nothing to forget here"
	}
	if f.Events > 0 {
		parts = append(parts, strings.Trim(thrownAway(sender.Emptied{Discarded: f.Events}), " ."))
	}
	for _, d := range f.Deletions {
		parts = append(parts, d.outcome())
	}
	if len(f.Deletions) == 0 && f.SHA256 != "" {
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
		if !f.Forgotten && len(f.Deletions) == 0 {
			continue // the error says it all
		}
		u.stdout.Printf("%s\n", u.stdout.Wrap(f.name+": "+f.line(), 2))
		for _, d := range f.Deletions {
			switch {
			case shown[d.RequestID]:
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
