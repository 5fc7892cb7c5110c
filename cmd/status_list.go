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
	"github.com/usagectl/usagectl/pkg/sender"
)

// statusView shows how tools are to a person.
type statusView struct {
	*ui
	now   time.Time
	home  string
	tools resolver
}

// showTable shows the tools that are here, one a row.
func (v *statusView) showTable(list []toolStatus) {
	if len(list) == 0 {
		v.stdout.Printf("No tool with telemetry was seen here yet.\n")
		v.hint(`see every tool that is known with "usagectl status --all", or try it out: "usagectl inspect demo"`)
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
			quietIf("never", s.sent(v.now)),
		})
	}
	v.stdout.Table(heading, rows, 2)
	v.apart = true
	v.showDeletions(list)
	v.showDisagreements(list)
	for _, s := range list {
		if n := len(s.NewFields) + len(s.NewEvents); n > 0 {
			v.hint("%s would like to send %d new things; see \"usagectl status %s\"", s.Tool, n, s.Tool)
		}
	}
}

// showKnown shows every tool that is known, and what can switch it.
func (v *statusView) showKnown(list []toolStatus) {
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
	v.stdout.Table(heading, rows, 2)
	v.apart = true
	v.showDisagreements(list)
}

// showDisagreements names the tools that are here and do not do what was decided.
func (v *statusView) showDisagreements(list []toolStatus) {
	const most = 5
	n := 0
	for _, s := range list {
		if !s.Own.disagrees() {
			continue
		}
		if n++; n <= most {
			v.warn("%s", s.disagreement())
		}
	}
	if n > most {
		v.warn("%d more tools do not know what you decided; see \"usagectl env\"", n-most)
	}
}

// showDeletions shows the deletion requests of tools, the open ones first to last,
// then those that are settled.
func (v *statusView) showDeletions(tools []toolStatus) {
	var list []deletion
	shown := map[uuid.UUID]bool{}
	for _, s := range tools {
		for _, d := range s.Deletions {
			if !shown[d.RequestID] {
				list = append(list, d)
			}
			shown[d.RequestID] = true
		}
		for _, why := range s.unerased {
			v.warn("the source ID of %s is to be forgotten, but not all could be removed: %s", s.Tool, why)
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
	v.stdout.Printf("\n")
	var rows [][]term.Cell
	for _, d := range list {
		rows = append(rows, []term.Cell{
			{Text: joined(d.Tools), Style: term.Strong},
			d.cell(),
			{Text: ago(d.RequestedAt, v.now)},
			{Text: cmp.Or(d.To, "nobody: "+d.Answer)},
		})
	}
	v.stdout.Table([]string{"DELETION", "STATE", "REQUESTED", "TO"}, rows, 3)
	v.apart = true
	for _, d := range list {
		if d.State == sender.ByMail || d.State == sender.Failed {
			v.hint("see what is left to do with \"usagectl status %s\"", d.Tools[0])
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
