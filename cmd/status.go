package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

func newStatus(a *app) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "status [TOOL...]",
		Short: "Show which telemetry is on, and why",
		Long: `Status shows a row for each tool: whether its telemetry is on, because of what, and
what waits or left, and which deletion requests there are. Without a name it shows
the tools seen on this machine: those with a decision, a source ID, an outbox, a
deletion request, a program on PATH, or files. With one name it shows every rule and what
it says.

EXIT STATUS
   0  shown; with -q TOOL: telemetry is on
   1  with -q TOOL: telemetry is off
  65  a name is no tool ID
  78  a manifest cannot be used`,
		Example: `  usagectl status
  usagectl status demo
  usagectl status --all --json
  usagectl status -q demo && echo "demo may send"`,
		RunE: func(_ *cobra.Command, args []string) error { return runStatus(a, args, all) },
	}
	c.Flags().BoolVar(&all, "all", false, "show every tool that is known")
	return c
}

// toolStatus is one tool as "status --json" has it.
type toolStatus struct {
	Tool       manifest.ID     `json:"tool"`
	Name       string          `json:"name"`
	Telemetry  string          `json:"telemetry"`
	Reason     consent.Reason  `json:"reason"`
	Level      int             `json:"level"`
	Levels     int             `json:"levels"`
	Default    string          `json:"default"`
	Endpoint   string          `json:"endpoint"`
	Manifest   string          `json:"manifest"`
	SourceID   *string         `json:"source_id"`
	SourcePath string          `json:"source_path"`
	Queued     int             `json:"queued"`
	Rejected   int             `json:"rejected"`
	Dropped    int             `json:"dropped"`
	LastSent   *time.Time      `json:"last_sent"`
	NewFields  []string        `json:"new_fields"`
	NewEvents  []string        `json:"new_events"`
	Deletions  []deletion      `json:"deletions"`
	Layers     []consent.Layer `json:"layers"`
	Own        *ownStatus      `json:"own"` // null for a tool that the catalogue does not know

	backoff  sender.Backoff
	unerased []sender.Deletion // that could not be carried out here yet
	on       bool

	badSource bool // something else is where the source ID would be
}

func runStatus(a *app, names []string, all bool) error {
	here := a.surroundings()
	a.warnOfDamage()
	ids, err := here.statusIDs(names, all)
	if err != nil {
		return err
	}
	list := make([]toolStatus, 0, len(ids))
	var bad error
	for _, id := range ids {
		t := a.look(id)
		if t.problem != nil {
			a.warn("the manifest of %s cannot be used: %s", id, firstLine(t.problem))
			bad = fail(exitConfig, nil)
		}
		list = append(list, here.statusOf(t))
	}
	switch {
	case a.quiet && len(names) > 0:
		return off(list, bad)
	case a.json:
		err = a.printJSON(struct {
			Schema int          `json:"schema"`
			Tools  []toolStatus `json:"tools"`
		}{1, list})
	case len(names) == 1 && len(list) == 1:
		a.showTool(list[0])
	case all:
		a.showKnown(list)
	default:
		a.showTable(list)
	}
	if err == nil && len(names) > 0 {
		err = bad
	}
	return err
}

// off is the answer of "status -q TOOL".
func off(list []toolStatus, bad error) error {
	if bad != nil {
		return bad
	}
	for _, s := range list {
		if !s.on {
			return fail(exitNo, nil)
		}
	}
	return nil
}

func (s surroundings) statusIDs(names []string, all bool) ([]manifest.ID, error) {
	if len(names) > 0 {
		return parseIDs(names)
	}
	list, err := sender.Tools(s.Dirs.State())
	if err != nil {
		return nil, fail(exitIO, fmt.Errorf("the outbox: %w", err))
	}
	deletions, _ := s.sender().Deletions().All() // as far as they can be read
	for _, d := range deletions {
		if len(d.Requests) > 0 {
			list = append(list, d.Tools...)
		}
	}
	list = append(list, s.recorded.Tools()...)
	for _, id := range s.library().IDs() {
		if all || s.program(id.String()) != "" || s.hasSourceID(id) {
			list = append(list, id)
		}
	}
	tools := catalogue.All()
	for i := range tools {
		id, err := manifest.ParseID(tools[i].ID)
		if err == nil && (all || len(s.seen(&tools[i])) > 0) {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, func(x, y manifest.ID) int { return strings.Compare(x.String(), y.String()) })
	return slices.Compact(list), nil
}

func (a *app) hasSourceID(id manifest.ID) bool {
	m, err := a.library().Find(id)
	if err != nil || !m.Identity.Random {
		return false
	}
	path, err := identity.Path(m.Identity, a.Env, a.Dirs.Home)
	if err != nil {
		return false
	}
	_, err = os.Lstat(path)
	return err == nil
}

func (here surroundings) statusOf(t tool) toolStatus {
	a := here.app
	s := toolStatus{
		Tool: t.id, Name: t.name(), Telemetry: onOff(t.verdict.On()), Reason: t.verdict.Reason,
		Level: t.verdict.Terms().Level, Levels: 1, Default: string(manifest.OptIn), Manifest: "none",
		NewFields: append([]string{}, t.verdict.NewFields...), NewEvents: append([]string{}, t.verdict.NewEvents...),
		Deletions: []deletion{}, Layers: t.verdict.Layers, on: t.verdict.On(),
	}
	if m := t.manifest; m != nil {
		s.Levels, s.Default, s.Endpoint, s.Manifest = len(m.Consent.Levels), string(m.Consent.Default), m.Send.Endpoint, m.File
		a.addSource(&s, m)
	}
	if t.known != nil {
		here.addOwn(&s, t)
	}
	if a.Dirs.State() == "" {
		return s
	}
	o := a.sender().Outbox(t.id)
	count, err := o.Count()
	if err != nil {
		a.warn("the outbox of %s cannot be read: %v", t.id, err)
	}
	s.Queued, s.Rejected, s.Dropped, s.backoff = count.Queued, count.Rejected, count.Dropped, o.Backoff()
	if at := a.sender().Journal(t.id).Last(); !at.IsZero() {
		s.LastSent = &at
	}
	s.Deletions, s.unerased = a.deletions(t.id)
	return s
}

// ruleOwn is the reason of a tool that does not ask usagectl: its own rule.
const ruleOwn consent.Rule = "own"

// addOwn says what the tool does by itself. If it has no manifest that is all
// there is to say, for nothing is sent for it from here.
func (here surroundings) addOwn(s *toolStatus, t tool) {
	s.Own = here.own(t.known, here.recorded.Of(t.id))
	if t.manifest != nil || t.problem != nil {
		return
	}
	s.Telemetry, s.on = s.Own.Telemetry, s.Own.Telemetry != "off" // in doubt it sends
	s.Reason = consent.Reason{Rule: ruleOwn, Detail: s.Own.Because}
	s.Endpoint = t.known.Endpoint
	if !t.known.OptIn {
		s.Default = string(manifest.OptOut)
	}
}

// addSource reads the source ID that there is, and makes none.
func (a *app) addSource(s *toolStatus, m *manifest.Manifest) {
	if !m.Identity.Random {
		return
	}
	path, err := identity.Path(m.Identity, a.Env, a.Dirs.Home)
	if err != nil {
		return
	}
	s.SourcePath = path
	id, err := identity.Load(path)
	if err == nil {
		s.SourceID = &id
	}
	s.badSource = err != nil && !errors.Is(err, identity.ErrNone)
}

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
			{Text: s.level()},
			{Text: s.shortID()},
			{Text: s.queue()},
			{Text: ago(s.lastSent(), a.Now())},
		})
	}
	a.Stdout.Table(heading, rows, 2)
	a.showDeletions(list)
	a.showDisagreements(list)
	for _, s := range list {
		if n := len(s.NewFields) + len(s.NewEvents); n > 0 {
			a.hint("%s would like to send %d new things; see \"usagectl status %s\"", s.Tool, n, s.Tool)
		}
	}
}

// abbreviated is for narrow tables.
var abbreviated = strings.NewReplacer("variable", "var", "command", "cmd")

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
			{Text: cmp.Or(strings.Join(ways, ", "), "-"), Short: abbreviated.Replace(strings.Join(ways, ", "))},
			{Text: facts, Short: strings.TrimPrefix(strings.TrimPrefix(facts, "its "), "a ")},
		})
	}
	a.Stdout.Table(heading, rows, 2)
	a.showDisagreements(list)
}

// evidence says in words how well a tool's switch is known.
func evidence(level string) string {
	switch catalogue.Level(level) {
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
	for _, d := range list {
		if d.State == sender.ByMail || d.State == sender.Failed {
			a.hint("see what is left to do for %s with \"usagectl status %s\"", joined(d.Tools), d.Tools[0])
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
	case s.Reason.Rule == ruleOwn && s.Own.Agrees != nil && !*s.Own.Agrees:
		return term.Cell{Text: s.Telemetry + " (!)", Style: term.Warn}
	case s.Telemetry == "unknown":
		return term.Cell{Text: "unknown", Style: term.Warn}
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

func (s toolStatus) queue() string {
	text := fmt.Sprint(s.Queued)
	if s.Rejected > 0 {
		text += fmt.Sprintf(" (%d rejected)", s.Rejected)
	}
	return text
}

func (s toolStatus) lastSent() time.Time {
	if s.LastSent == nil {
		return time.Time{}
	}
	return *s.LastSent
}

// showTool shows everything about one tool.
func (a *app) showTool(s toolStatus) {
	out := a.Stdout
	row := func(name, format string, args ...any) {
		out.Printf("  %-12s %s\n", name, term.Styled(out.Wrap(fmt.Sprintf(format, args...), 15)))
	}
	cell := s.cell()
	out.Printf("%s: telemetry is %s\n", out.Style(term.Strong, s.Name), out.Style(cell.Style, cell.Text))
	row("Why", "%s", s.Reason.Detail)
	if s.Reason.Rule == ruleOwn {
		a.showOwn(s, row)
		return
	}
	if s.Manifest != "none" {
		row("Goes to", "%s", s.Endpoint)
		row("Default", "%s", s.Default)
		row("Manifest", "%s", s.Manifest)
	}
	if s.on && s.Levels > 1 {
		row("Level", "%d of %d", s.Level, s.Levels)
	}
	if s.SourcePath != "" {
		id := "none yet"
		if s.SourceID != nil {
			id = *s.SourceID
		} else if s.badSource {
			id = "none that can be read"
		}
		row("Source ID", "%s in %s", id, s.SourcePath)
	}
	row("Queued", "%d, rejected %d, dropped %d", s.Queued, s.Rejected, s.Dropped)
	row("Last sent", "%s", ago(s.lastSent(), a.Now()))
	if s.backoff.Running(a.Now()) {
		row("Waiting", "until %s (failed attempts: %d): %s", s.backoff.NotBefore.Local().Format("2006-01-02 15:04"), s.backoff.Failures, s.backoff.Error)
	}
	if len(s.NewFields)+len(s.NewEvents) > 0 {
		row("New", "not sent, because it was not there when you agreed: %s", strings.Join(append(slices.Clone(s.NewEvents), s.NewFields...), ", "))
	}
	if s.Own != nil && len(s.Own.Seen) > 0 {
		row("By itself", "%s: %s", s.Own.Telemetry, s.Own.Because)
	}
	for _, d := range s.unerased {
		row("Forgetting", "not all could be removed: %s", cmp.Or(d.Backoff.Error, "it is being worked at"))
	}
	a.showRequests(s)
	out.Printf("\n%s\n", out.Style(term.Strong, "What each rule says"))
	for _, l := range s.Layers {
		a.showLayer(l)
	}
	a.showDisagreements([]toolStatus{s})
	a.nextStep(s)
}

// showOwn shows a tool that does not ask usagectl.
func (a *app) showOwn(s toolStatus, row func(name, format string, args ...any)) {
	t, _ := catalogue.Find(s.Tool.String())
	recorded := "nothing is decided here"
	if standing := s.Own.Recorded; standing != "" {
		recorded = standing
	}
	row("Decided", "%s", recorded)
	for _, do := range s.Own.Do {
		row("To do", "%s", do)
	}
	row("Default", "%s", s.Default)
	row("Goes to", "%s", cmp.Or(s.Endpoint, "not known"))
	if t.Data != "" {
		row("What", "%s", t.Data)
	}
	row("Switch", "%s", cmp.Or(strings.Join(s.Own.Switch, ", "), "none is known"))
	row("Seen here", "%s", cmp.Or(strings.Join(s.Own.Seen, ", "), "no"))
	if t.IDFile != "" {
		row("ID", "%s", t.IDFile)
	}
	if t.Deletion != "" {
		row("Deletion", "%s", t.Deletion)
	}
	if t.Notes != "" {
		row("Notes", "%s", t.Notes)
	}
	row("Facts from", "%s: %s", evidence(s.Own.Evidence), t.Where)
	a.showDisagreements([]toolStatus{s})
}

// showRequests shows the deletion requests of one tool, and what the person can do.
func (a *app) showRequests(s toolStatus) {
	out := a.Stdout
	if len(s.Deletions) > 0 {
		out.Printf("\n%s\n", out.Style(term.Strong, "Deletion requests"))
	}
	for _, d := range s.Deletions {
		cell := d.cell()
		out.Printf("  %s, requested %s\n", out.Style(cell.Style, cell.Text), ago(d.RequestedAt, a.Now()))
		item := func(name, format string, args ...any) {
			out.Printf("    %-9s %s\n", name, term.Styled(out.Wrap(fmt.Sprintf(format, args...), 14)))
		}
		item("Request", "%s", d.RequestID)
		if d.To != "" {
			item("To", "%s", d.To)
		}
		if d.SettledAt != nil {
			item("Settled", "%s", ago(*d.SettledAt, a.Now()))
		}
		if d.Answer != "" {
			item("Answer", "%s", d.Answer)
		}
		if d.NotBefore != nil {
			item("Next try", "%s, after %d that failed", d.NotBefore.Local().Format("2006-01-02 15:04"), d.Attempts)
		}
		if d.SourceID != nil {
			item("Source ID", "%s", *d.SourceID)
		} else {
			item("Source ID", "kept only as its SHA-256: %s", d.SHA256)
		}
		switch d.State {
		case sender.ByMail:
			item("To do", "send the message that \"usagectl inspect %s --queued\" shows, then \"usagectl forget --confirm %s\"", s.Tool, d.RequestID)
		case sender.Failed:
			item("To do", "write to %s and name the source ID, then \"usagectl forget --confirm %s\"", cmp.Or(d.Contact, "whoever makes it"), d.RequestID)
		}
	}
}

func (a *app) showLayer(l consent.Layer) {
	out := a.Stdout
	style := term.Quiet
	switch l.Verdict {
	case "on":
		style = term.Good
	case "off":
		style = term.Warn
	}
	verdict := out.Style(style, fmt.Sprintf("%-6s", l.Verdict))
	detail := term.Styled(out.Wrap(l.Detail, 28))
	fmt.Fprintln(out.Writer, strings.TrimRight(fmt.Sprintf("  %-16s  %s  %s", string(l.Rule), verdict, detail), " "))
}

// nextStep says what the person can do.
func (a *app) nextStep(s toolStatus) {
	switch {
	case s.Manifest == "none" && s.Reason.Rule == consent.Undecided:
		a.hint("no tool of that name is known%s; see \"usagectl status --all\"", strings.TrimSuffix(a.suggestion(s.Tool.String()), "?"))
	case s.on:
		a.hint("turn it off with \"usagectl disable %s\"", s.Tool)
	case s.Reason.Rule == consent.Undecided, s.Reason.Rule == consent.Notice:
		a.hint("see what it would send with \"usagectl inspect %s\", then decide: \"usagectl enable %s\" or \"usagectl disable %s\"", s.Tool, s.Tool, s.Tool)
	case s.Reason.Rule == consent.EndpointChanged:
		a.hint("agree to the new endpoint with \"usagectl enable %s\", or refuse with \"usagectl disable %s\"", s.Tool, s.Tool)
	case s.Reason.Rule == consent.Unreadable:
		a.hint("look at the file; decide anew with \"usagectl disable --replace %s\"", s.Tool)
	}
}
