package cmd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
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
		return "this machine"
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
		return "not decided yet"
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

// mark is on what needs the person, and is explained below the table.
const mark = "(!)"

// onOffCell is a state of telemetry in a table. asked says that the person agreed to it.
func onOffCell(telemetry string, asked, marked bool) term.Cell {
	c := term.Cell{Text: telemetry}
	switch {
	case marked:
		c = term.Cell{Text: telemetry + " " + mark, Style: term.Warn}
	case telemetry == "unknown", telemetry == "on" && !asked:
		c.Style = term.Warn
	case telemetry == "on":
		c.Style = term.Good
	}
	return c
}

// cell is the tool's telemetry in a table, as far as SentBy sends it.
func (s *toolStatus) cell() term.Cell {
	asked := s.SentBy == sentByUsagectl || s.Decision.State == string(consent.Granted)
	// The tool's own is in its own row, and a deletion request in its own table.
	mine := func(t todo) bool { return !t.deletion && (!t.own || !s.both()) }
	return s.quietly(onOffCell(s.Telemetry, asked, s.pressing() && slices.ContainsFunc(s.todo, mine)))
}

// quietly lets what is said of a tool that is not here step back.
func (s *toolStatus) quietly(c term.Cell) term.Cell {
	if !s.Here && s.SentBy == sentByTool && !s.pressing() {
		c.Style = term.Quiet
	}
	return c
}

// cellName is the tool, for a table.
func (s *toolStatus) cellName() term.Cell {
	if !s.Here {
		return term.Cell{Text: s.Tool.String()}
	}
	return term.Cell{Text: s.Tool.String(), Style: term.Strong}
}

// both reports whether usagectl sends events of a tool that also sends by itself, and not
// as usagectl does: then a row about each is needed.
func (s *toolStatus) both() bool {
	return s.SentBy == sentByUsagectl && s.Own != nil && s.Own.Telemetry != s.Telemetry
}

// ownCell is what a tool that usagectl sends events of does by itself.
func (s *toolStatus) ownCell() term.Cell {
	return s.quietly(onOffCell(s.Own.Telemetry, s.Decision.State == string(consent.Granted), s.pressing() && s.Own.disagrees()))
}

// why is the reason, for a table.
func (s *toolStatus) why() term.Cell {
	if s.Reason.Rule == ruleOwn {
		return s.ownWhy()
	}
	return term.Cell{Text: s.Reason.Detail, Short: inShort(s.Reason.Rule)}
}

// ownWhy is why a tool does what it does by itself.
func (s *toolStatus) ownWhy() term.Cell {
	short := "its own " + s.Own.By
	switch catalogue.Ground(s.Own.By) {
	case catalogue.ByDefault:
		short = s.Own.Telemetry + " by default"
	case catalogue.ByStatus:
		short = "collects nothing"
	}
	return term.Cell{Text: s.Own.Because, Short: short}
}

// sender is who sends, for a table.
func (s *toolStatus) sender() term.Cell {
	switch s.SentBy {
	case sentByTool:
		return term.Cell{Text: itself}
	case sentByUnknown:
		return term.Cell{Text: s.SentBy, Style: term.Warn}
	}
	return term.Cell{Text: s.SentBy}
}

// itself is the sender of what does not go through usagectl.
const itself = "itself"

func (s *toolStatus) level() string {
	if !s.on || s.Levels < 2 {
		return "-"
	}
	return fmt.Sprintf("%d of %d", s.Level, s.Levels)
}

func (s *toolStatus) shortID() string {
	if s.SourceID == nil {
		return "-"
	}
	id := *s.SourceID
	return id[:min(8, len(id))] + "…"
}

// elsewhere reports whether nothing of the tool goes through here, so that it has no queue,
// and what it sent is not known.
func (s *toolStatus) elsewhere() bool {
	return s.Manifest == "none" && s.Queued+s.Rejected+s.Dropped <= 0 && s.LastSent == nil
}

func (s *toolStatus) queue() string {
	if s.elsewhere() {
		return "-"
	}
	text, more := s.Queued.String(), []string{}
	if s.Rejected > 0 {
		more = append(more, fmt.Sprintf("%d rejected", s.Rejected))
	}
	if s.Dropped > 0 {
		more = append(more, fmt.Sprintf("%d dropped", s.Dropped))
	}
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	return text
}

// sent is when something of the tool last left from here.
func (s *toolStatus) sent(now time.Time) string {
	if s.elsewhere() {
		return "-"
	}
	if s.LastSent == nil && s.Unrecorded != "" {
		return "unknown"
	}
	return ago(s.lastSent(), now)
}

func (s *toolStatus) lastSent() time.Time {
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
	if s.OverBounds <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%d because the queue was full, or they were too old)", s.OverBounds)
}
