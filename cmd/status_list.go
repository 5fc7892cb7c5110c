package cmd

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
)

// statusView shows how tools are to a person.
type statusView struct {
	*ui
	world World
	now   time.Time
	home  string
	tools resolver
}

// showTable shows the tools that are here, one a row.
func (v *statusView) showTable(list []*toolStatus) {
	if len(list) == 0 {
		v.stdout.Printf("No tool with telemetry was seen here yet.\n")
		v.hint(`see every tool that is known with "usagectl status --all", or try it out: "usagectl inspect demo"`)
		return
	}
	columns := append(answerColumns(),
		term.Column{Heading: "LEVEL", Yields: 4},
		term.Column{Heading: "SOURCE ID", Yields: 6},
		term.Column{Heading: "QUEUED", Yields: 3},
		term.Column{Heading: "LAST SENT", Yields: 5})
	var rows [][]term.Cell
	for _, s := range list {
		rows = append(rows, append(s.answer(), quietIf(term.None, s.level()), quietIf(term.None, s.shortID()), quietIf("0", s.queue()), quietIf("never", s.sent(v.now))))
		if s.both() {
			nothing := quietIf(term.None, term.None)
			rows = append(rows, append(s.ownAnswer(), nothing, nothing, nothing, nothing))
		}
	}
	v.showRows(columns, rows, list)
	for _, s := range list {
		if n := len(s.NewFields) + len(s.NewEvents); n > 0 {
			v.hint("%s would like to send %d new things; see \"usagectl status %s\"", s.Tool, n, s.Tool)
		}
	}
	v.hintUndecided(list)
}

// showKnown shows every tool that is known, which of them are here, and what can switch
// each.
func (v *statusView) showKnown(list []*toolStatus) {
	columns := append(answerColumns(),
		term.Column{Heading: "HERE"},
		term.Column{Heading: "SWITCH", Yields: 4},
		term.Column{Heading: "FACTS", Yields: 5})
	var rows [][]term.Cell
	for _, s := range list {
		here := term.Cell{Text: term.None, Style: term.Quiet}
		if s.Here {
			here = term.Cell{Text: "yes", Style: term.Strong}
		}
		rows = append(rows, append(s.answer(), here, s.ways(s.SentBy), s.facts()))
		if s.both() {
			rows = append(rows, append(s.ownAnswer(), here, s.ways(sentByTool), s.facts()))
		}
	}
	v.showRows(columns, rows, list)
	n := 0
	for _, s := range list {
		if s.Here {
			n++
		}
	}
	if !v.stdout.Terminal {
		return
	}
	v.hint("%d of these %d tools are seen here: \"usagectl status\" shows them alone", n, len(list))
}

// showRows shows a table, what its marks mean, and what else there is about its tools.
func (v *statusView) showRows(columns []term.Column, rows [][]term.Cell, list []*toolStatus) {
	printed := v.stdout.Table(columns, rows)
	v.apart = true
	v.showDeletions(list)
	if v.quiet {
		return
	}
	v.showLegend(rows, printed)
	v.showToDo(list)
}

// answerColumns are the columns with which each table of tools begins, for what
// [toolStatus.answer] says.
func answerColumns() []term.Column {
	return []term.Column{
		{Heading: "TOOL", Elastic: 24}, // an ID can have 64 characters
		{Heading: "TELEMETRY"},
		{Heading: "SENT BY"},
		{Heading: "YOU SAID", Yields: 1},
		{Heading: "WHY", Grows: true},
	}
}

// answer is what is on, who sends it, what the person said, and why it is as it is.
func (s *toolStatus) answer() []term.Cell {
	return []term.Cell{s.cellName(), s.cell(), s.sender(), s.Decision.cell(), s.why()}
}

// ownAnswer is the same about what the tool does by itself, if usagectl sends events of
// it too.
func (s *toolStatus) ownAnswer() []term.Cell {
	return []term.Cell{s.cellName(), s.ownCell(), {Text: itself}, s.Decision.cell(), s.ownWhy()}
}

// ways is what can switch a tool.
func (s *toolStatus) ways(sentBy string) term.Cell {
	var ways []string
	if sentBy == sentByUsagectl {
		ways = append(ways, "usagectl")
	}
	switch {
	case s.Own != nil:
		ways = append(ways, s.Own.Switch...)
	case slices.ContainsFunc(s.Switches, switchStatus.ofItsOwn):
		ways = append(ways, string(catalogue.VariableSwitch))
	}
	text := strings.Join(ways, ", ")
	return term.Cell{Text: cmp.Or(text, term.None), Short: strings.NewReplacer("variable", "var", "command", "cmd").Replace(text)}
}

// facts says where the facts about a tool are from.
func (s *toolStatus) facts() term.Cell {
	text := term.None
	switch {
	case s.Own != nil:
		text = evidence(s.Own.Evidence)
	case s.SentBy == sentByUsagectl:
		text = "its manifest"
	}
	return term.Cell{Text: text, Short: strings.TrimPrefix(text, "its ")}
}

// showLegend explains the marks that a table has, and what it has not.
func (v *statusView) showLegend(rows [][]term.Cell, printed term.Printed) {
	has := func(found func(text string) bool) bool {
		return slices.ContainsFunc(rows, func(row []term.Cell) bool {
			return slices.ContainsFunc(printed.Shown, func(i int) bool { return found(row[i].Text) })
		})
	}
	legend := []string{}
	if has(func(text string) bool { return strings.HasSuffix(text, mark) }) {
		legend = append(legend, mark+" not as you decided, or it needs you: see \"To do\"")
	}
	if has(func(text string) bool { return text == itself }) {
		legend = append(legend, itself+": the tool sends without usagectl; its own switches say whether it does")
	}
	if has(func(text string) bool { return text == term.None }) {
		legend = append(legend, term.None+" nothing, or it does not apply")
	}
	if printed.Cut || has(func(text string) bool { return strings.HasSuffix(text, term.Ellipsis) }) {
		legend = append(legend, term.Ellipsis+" shortened; \"usagectl status TOOL\" and \"usagectl status --json\" have it whole")
	}
	if len(printed.LeftOut) > 0 {
		legend = append(legend, "not shown, as there is no room: "+strings.Join(printed.LeftOut, ", "))
	}
	if len(legend) == 0 || !v.stdout.Terminal && !v.stderr.Terminal {
		return // nobody looks
	}
	out := v.beside()
	for _, line := range legend {
		for part := range lines(string(out.Wrap(line, 2))) {
			out.Printf("%s\n", out.Style(term.Quiet, part))
		}
	}
}

// beside is where a table is explained: below it for a person, after a blank line, and
// apart from it where a program reads the table.
func (v *statusView) beside() term.Stream {
	if v.stdout.Terminal {
		v.stdout.Printf("\n")
		return v.stdout
	}
	return v.stderr
}

// hintUndecided says how to decide about what sends by itself.
func (v *statusView) hintUndecided(list []*toolStatus) {
	n := 0
	for _, s := range list {
		if s.Own != nil && s.Own.Telemetry != "off" && s.Here && s.Decision.State == undecided && !s.Decision.Machine {
			n++
		}
	}
	switch {
	case n == 0 || !v.stdout.Terminal:
	case n == 1:
		v.hint("one tool sends by itself that you have not decided about: refuse with \"usagectl disable TOOL\"")
	default:
		v.hint("%d tools send by themselves that you have not decided about: refuse one with \"usagectl disable TOOL\", or all with \"usagectl disable --all\"", n)
	}
}

// showDeletions shows the deletion requests of tools, the open ones first to last,
// then those that are settled.
func (v *statusView) showDeletions(tools []*toolStatus) {
	var list []deletion
	var unknown error // the same for all, as one that cannot be read may be about any of them
	shown := map[uuid.UUID]bool{}
	for _, s := range tools {
		unknown = cmp.Or(unknown, s.Deletions.unknown)
		for _, d := range s.Deletions.list {
			if !shown[d.RequestID] {
				list = append(list, d)
			}
			shown[d.RequestID] = true
		}
		for _, why := range s.unerased {
			v.warn("the source ID of %s is to be forgotten, but not all could be removed: %s", s.Tool, why)
		}
	}
	if len(list) == 0 && unknown == nil {
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
	if unknown != nil {
		rows = append(rows, []term.Cell{{Text: "any tool"}, {Text: "unknown", Style: term.Warn}, {Text: "unknown"}, {Text: oneLine(unknown)}})
	}
	v.stdout.Table([]term.Column{{Heading: "DELETION", Elastic: 24}, {Heading: "STATE"}, {Heading: "REQUESTED", Yields: 1}, {Heading: "TO", Grows: true}}, rows)
}

// quietIf is a cell that steps back if it says that there is nothing.
func quietIf(nothing, text string) term.Cell {
	if text == nothing || text == term.None {
		return term.Cell{Text: text, Style: term.Quiet}
	}
	return term.Cell{Text: text}
}

// evidence says in words how well a tool's switch is known.
func evidence(level string) string {
	switch catalogue.Evidence(level) {
	case catalogue.FromSource:
		return "its source"
	case catalogue.FromDocs:
		return "its docs"
	}
	return "unverified"
}
