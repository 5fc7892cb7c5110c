package cmd

import (
	"fmt"
	"time"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender"
)

// inShort is a reason for a narrow table; "status TOOL" has the long one.
func inShort(r consent.Rule) string {
	switch r {
	case consent.DoNotTrack:
		return "DO_NOT_TRACK"
	case consent.UsagectlEnv:
		return "USAGECTL_TELEMETRY"
	case consent.ToolEnv:
		return "its own variable"
	case consent.Dotenv:
		return "a .env file"
	case consent.System:
		return "this machine's"
	case consent.User:
		return "you refused"
	case consent.Unreadable:
		return "bad consent file"
	case consent.NotYourHome:
		return "not your home"
	case consent.EndpointChanged:
		return "endpoint changed"
	case consent.CI:
		return "CI"
	case consent.Undecided:
		return "not asked yet"
	case consent.Notice:
		return "notice not seen"
	case ruleUnknown:
		return "not known"
	case sender.RuleManifest:
		return "bad manifest"
	case consent.ByGrant:
		return "you agreed"
	case consent.ByEnv:
		return "a variable"
	case consent.ByNotice:
		return "you were told"
	}
	return ""
}

func (s toolStatus) cell() term.Cell {
	switch {
	case s.Reason.Rule == ruleOwn && s.Own.disagrees():
		return term.Cell{Text: s.Telemetry + " (!)", Style: term.Warn}
	case s.Telemetry == "unknown":
		return term.Cell{Text: "unknown", Style: term.Warn}
	case s.on && s.Reason.Rule == ruleOwn && s.Own.Agrees == nil:
		return term.Cell{Text: "on", Style: term.Warn} // and nobody asked
	case s.on:
		return term.Cell{Text: "on", Style: term.Good}
	case s.onByItself():
		return term.Cell{Text: "off (!)", Style: term.Warn}
	case s.Reason.Rule == consent.Unreadable || s.Reason.Rule == consent.EndpointChanged:
		return term.Cell{Text: "off (!)", Style: term.Warn}
	}
	return term.Cell{Text: "off"}
}

// why is the reason, for a table.
func (s toolStatus) why() term.Cell {
	if s.Reason.Rule != ruleOwn && s.onByItself() {
		return term.Cell{Text: s.Reason.Detail + "; by itself it is on", Short: "on by itself"}
	}
	short := inShort(s.Reason.Rule)
	if s.Reason.Rule == ruleOwn {
		short = "its " + s.Own.By
	}
	return term.Cell{Text: s.Reason.Detail, Short: short}
}

// onByItself reports whether a tool of which nothing is sent from here is here, and
// on by its own rule.
func (s toolStatus) onByItself() bool {
	return !s.on && s.Own != nil && len(s.Own.Seen) > 0 && s.Own.Telemetry == "on"
}

func (s toolStatus) level() string {
	if !s.on || s.Levels < 2 {
		return "-"
	}
	return fmt.Sprintf("%d of %d", s.Level, s.Levels)
}

func (s toolStatus) shortID() string {
	if s.SourceID == nil {
		return "-"
	}
	id := *s.SourceID
	return id[:min(8, len(id))] + "…"
}

// elsewhere reports whether nothing of the tool goes through here, so that its queue
// and what it sent are not known.
func (s toolStatus) elsewhere() bool {
	return s.Manifest == "none" && s.Queued+s.Rejected == 0 && s.LastSent == nil
}

func (s toolStatus) queue() string {
	if s.elsewhere() {
		return "-"
	}
	text := fmt.Sprint(s.Queued)
	if s.Rejected > 0 {
		text += fmt.Sprintf(" (%d rejected)", s.Rejected)
	}
	return text
}

// sent is when something of the tool last left from here.
func (s toolStatus) sent(now time.Time) string {
	if s.elsewhere() {
		return "-"
	}
	if s.LastSent == nil && s.Unrecorded != "" {
		return "unknown"
	}
	return ago(s.lastSent(), now)
}

func (s toolStatus) lastSent() time.Time {
	if s.LastSent == nil {
		return time.Time{}
	}
	return *s.LastSent
}

// lastAttempt says when something was sent last, and what became of it, as far as that
// is known.
func (s toolStatus) lastAttempt(now time.Time) string {
	text := s.sent(now)
	if s.Last != nil {
		text += ": " + outcomeText(*s.Last)
	}
	if s.Unrecorded != "" {
		text += "; " + s.Unrecorded
	}
	return text
}

// whyDropped says how many events the bounds have dropped, if they have.
func (s toolStatus) whyDropped() string {
	if s.OverBounds == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d because the queue was full, or they were too old)", s.OverBounds)
}
