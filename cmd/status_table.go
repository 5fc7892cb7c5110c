package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

func (a *app) showTable(list []toolStatus) {
	if len(list) == 0 {
		a.Stdout.Printf("No tool with telemetry was seen here yet.\n")
		a.hint(`see every tool that is known with "usagectl status --all", or try it out: "usagectl inspect demo"`)
		return
	}
	heading := []string{"TOOL", "TELEMETRY", "WHY", "LEVEL", "SOURCE ID", "QUEUED", "LAST SENT"}
	var rows [][]term.Cell
	for _, s := range list {
		rows = append(rows, []term.Cell{
			{Text: s.Tool.String(), Style: term.Strong},
			s.cell(),
			s.why(),
			quietIf("-", s.level()),
			quietIf("-", s.shortID()),
			quietIf("0", s.queue()),
			quietIf("never", s.sent(a.Now())),
		})
	}
	a.Stdout.Table(heading, rows, 2)
	a.apart = true
	a.showDeletions(list)
	a.showDisagreements(list)
	for _, s := range list {
		if n := len(s.NewFields) + len(s.NewEvents); n > 0 {
			a.hint("%s would like to send %d new things; see \"usagectl status %s\"", s.Tool, n, s.Tool)
		}
	}
}

// quietIf is a cell that steps back if it says that there is nothing.
func quietIf(nothing, text string) term.Cell {
	if text == nothing || text == "-" {
		return term.Cell{Text: text, Style: term.Quiet}
	}
	return term.Cell{Text: text}
}

// abbreviated is for narrow tables.
func abbreviated(ways string) string {
	return strings.NewReplacer("variable", "var", "command", "cmd").Replace(ways)
}

// onByItself tells whether a tool of which nothing is sent from here is here, and
// on by its own rule.
func (s toolStatus) onByItself() bool {
	return !s.on && s.Own != nil && len(s.Own.Seen) > 0 && s.Own.Telemetry == "on"
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

// showKnown shows every tool that is known, and what can switch it.
func (a *app) showKnown(list []toolStatus) {
	heading := []string{"TOOL", "TELEMETRY", "WHY", "SWITCH", "FACTS"}
	var rows [][]term.Cell
	for _, s := range list {
		ways, facts := []string{}, "-"
		if s.Manifest != "none" {
			ways, facts = append(ways, "usagectl"), "its manifest"
		}
		if s.Own != nil {
			ways = append(ways, s.Own.Switch...)
			facts = evidence(s.Own.Evidence)
		}
		rows = append(rows, []term.Cell{
			{Text: s.Tool.String(), Style: term.Strong},
			s.cell(),
			s.why(),
			{Text: cmp.Or(strings.Join(ways, ", "), "-"), Short: abbreviated(strings.Join(ways, ", "))},
			{Text: facts, Short: strings.TrimPrefix(strings.TrimPrefix(facts, "its "), "a ")},
		})
	}
	a.Stdout.Table(heading, rows, 2)
	a.apart = true
	a.showDisagreements(list)
}

// evidence says in words how well a tool's switch is known.
func evidence(level string) string {
	switch catalogue.Evidence(level) {
	case catalogue.FromSource:
		return "its source"
	case catalogue.FromDocs:
		return "its docs"
	}
	return "a list only"
}

// showDisagreements names the tools that are here and do not do what was decided.
func (a *app) showDisagreements(list []toolStatus) {
	const most = 5
	n := 0
	for _, s := range list {
		if !s.Own.disagrees() {
			continue
		}
		if n++; n <= most {
			a.warn("%s", s.disagreement())
		}
	}
	if n > most {
		a.warn("%d more tools do not know what you decided; see \"usagectl env\"", n-most)
	}
}

// disagreement says what the tool does though something else was decided.
func (s toolStatus) disagreement() string {
	did, does := "you refused", "will not know until you say so to it"
	if s.Own.Recorded == string(consent.Granted) {
		did, does = "you agreed", "is off by its own rule"
	}
	if len(s.Own.Do) == 0 {
		return fmt.Sprintf("%s, but %s %s (%s)", did, s.Name, does, s.Own.Because)
	}
	return fmt.Sprintf("%s, but %s %s: %s", did, s.Name, does, strings.Join(s.Own.Do, "; "))
}

// showDeletions shows the deletion requests of tools, the open ones first to last,
// then those that are settled.
func (a *app) showDeletions(tools []toolStatus) {
	var list []deletion
	shown := map[uuid.UUID]bool{}
	for _, s := range tools {
		for _, d := range s.Deletions {
			if !shown[d.RequestID] {
				list = append(list, d)
			}
			shown[d.RequestID] = true
		}
		for _, d := range s.unerased {
			a.warn("the source ID of %s is to be forgotten, but not all could be removed: %s", s.Tool, cmp.Or(d.Backoff.Error, "it is being worked at"))
		}
	}
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(x, y deletion) int {
		if x.State.Open() != y.State.Open() {
			if x.State.Open() {
				return -1
			}
			return 1
		}
		return x.RequestedAt.Compare(y.RequestedAt)
	})
	a.Stdout.Printf("\n")
	var rows [][]term.Cell
	for _, d := range list {
		rows = append(rows, []term.Cell{
			{Text: joined(d.Tools), Style: term.Strong},
			d.cell(),
			{Text: ago(d.RequestedAt, a.Now())},
			{Text: cmp.Or(d.To, "nobody: "+d.Answer)},
		})
	}
	a.Stdout.Table([]string{"DELETION", "STATE", "REQUESTED", "TO"}, rows, 3)
	a.apart = true
	for _, d := range list {
		if d.State == sender.ByMail || d.State == sender.Failed {
			a.hint("see what is left to do with \"usagectl status %s\"", d.Tools[0])
		}
	}
}

// joined names tools.
func joined(tools []manifest.ID) string {
	names := make([]string, len(tools))
	for i, t := range tools {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}

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

// elsewhere tells whether nothing of the tool goes through here, so that its queue
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
	return ago(s.lastSent(), now)
}

func (s toolStatus) lastSent() time.Time {
	if s.LastSent == nil {
		return time.Time{}
	}
	return *s.LastSent
}
