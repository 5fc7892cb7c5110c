package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender"
)

// todo is something that is left to do about a tool, because it is not as the person
// decided, or because usagectl cannot go on without them.
type todo struct {
	why        string   // a sentence without its full stop
	do         []string // each does it, or a part of it: lines for a shell, or words
	byVariable bool     // "usagectl env" does it too
	own        bool     // it is about what the tool does by itself
	deletion   bool     // it is about a deletion request
	unread     bool     // it is about a decision that cannot be read, which may be on several tools
}

// left finds out what is left to do about a tool.
func (s *toolStatus) left() []todo {
	var list []todo
	add := func(why string, do ...string) { list = append(list, todo{why: why, do: do}) }
	switch {
	case s.problem != nil:
		add("its manifest cannot be used, and nothing is sent for it", "mend the manifest: "+firstLine(s.problem))
	case s.Reason.Rule == consent.Unreadable:
		list = append(list, todo{unread: true, why: notRead(s.Reason.Detail), do: []string{s.decideAgain}})
	case s.SentBy != sentByUsagectl && s.Decision.State == "unknown":
		list = append(list, todo{unread: true, why: notRead(s.Decision.Detail), do: []string{s.decideAgain}})
	case s.Reason.Rule == consent.EndpointChanged:
		add(s.Reason.Detail, "agree to that: usagectl enable "+s.Tool.String(), "or refuse: usagectl disable "+s.Tool.String())
	}
	if s.Own.disagrees() {
		list = append(list, todo{own: true, why: s.disagreement(), do: s.Own.Do, byVariable: s.Own.byVariable && s.Own.Recorded == string(consent.Refused)})
	}
	for _, d := range s.Deletions.list {
		if what := d.left(); what != "" {
			list = append(list, todo{why: "a deletion request needs you", do: []string{what}, deletion: true})
		}
	}
	return list
}

// notRead says that a decision cannot be read, and why.
func notRead(why string) string {
	if strings.HasPrefix(why, "what you decided is not known") { // for there is no place for it
		return why
	}
	return "what was decided cannot be read: " + why
}

// pressing reports whether what is left to do is for now: the tool is here, or the person
// decided about it or asks for it. What only a refusal of all reaches can wait until the tool
// is here.
func (s *toolStatus) pressing() bool {
	return len(s.todo) > 0 && (s.Here || s.asked || s.Decision.Scope == "tool" || slices.ContainsFunc(s.todo, func(t todo) bool { return !t.own }))
}

// disagreement says what the tool does though something else was decided.
func (s *toolStatus) disagreement() string {
	who := "you refused"
	switch {
	case s.Own.Recorded == string(consent.Granted):
		who = "you agreed"
	case s.Decision.State != string(consent.Refused):
		who = "it is refused"
	}
	if s.Own.Agrees == nil {
		return fmt.Sprintf("%s, and whether %s itself is off is not known: %s", who, s.Name, s.Own.Because)
	}
	return fmt.Sprintf("%s, but %s itself is %s", who, s.Name, s.Own.sentence())
}

// left is what only the person can do about a request; "" if nothing.
func (d deletion) left() string {
	switch d.State {
	case sender.ByMail:
		return fmt.Sprintf("send the message that \"usagectl inspect %s --queued\" shows, then \"usagectl forget --confirm %s\"", d.Tools[0], d.RequestID)
	case sender.Failed:
		if d.Undeclared {
			return fmt.Sprintf("run \"usagectl forget %s --manifest FILE\" if you have its manifest; else see whom to write to with \"usagectl inspect %s --queued\"", d.Tools[0], d.Tools[0])
		}
		return fmt.Sprintf("write to %s and name the source ID, then \"usagectl forget --confirm %s\"", cmp.Or(d.Contact, "whoever makes it"), d.RequestID)
	}
	return ""
}

// toDo is what is left to do, as JSON has it.
func toDo(list []todo) []string {
	all := []string{}
	for _, t := range list {
		all = append(all, t.do...)
	}
	return all
}

// showToDo shows what is left to do about several tools. What one line in a start file
// does is shown once for all of them. Tools that are not here, and that the person did
// not name, are only counted.
func (v *statusView) showToDo(list []*toolStatus) {
	var named, counted []*toolStatus
	for _, s := range list {
		switch {
		case len(s.todo) == 0:
		case s.pressing():
			named = append(named, s)
		default:
			counted = append(counted, s)
		}
	}
	if len(named) == 0 && len(counted) == 0 {
		return
	}
	out := v.beside()
	out.Printf("%s\n", out.Style(term.Strong, "To do"))
	deaf := v.showNamed(out, named)
	if n := len(counted); n > 0 {
		text := fmt.Sprintf("%d %s not seen here would not know that %s", n, plural(n, "tool that is", "tools that are"), whoRefused(counted))
		out.Printf("  %s\n", out.Wrap(text, 4))
		deaf = deaf || slices.ContainsFunc(counted, func(s *toolStatus) bool { return s.Own != nil && s.Own.byVariable })
	}
	if deaf {
		v.showStartLine(out)
	}
}

// showOwnToDo shows what is left to do about one tool, except for its deletion requests,
// with which it is shown.
func (v *statusView) showOwnToDo(s *toolStatus) {
	list := slices.DeleteFunc(slices.Clone(s.todo), func(t todo) bool { return t.deletion })
	if len(list) == 0 {
		return
	}
	v.stdout.Printf("\n%s\n", v.stdout.Style(term.Strong, "To do"))
	for _, t := range list {
		v.showOne(v.stdout, s.Tool.String(), t)
	}
	if slices.ContainsFunc(list, func(t todo) bool { return t.byVariable }) {
		v.showStartLine(v.stdout)
	}
}

// whoRefused says of tools that they are refused: by the person only if that holds of each.
func whoRefused(list []*toolStatus) string {
	if slices.ContainsFunc(list, func(s *toolStatus) bool { return s.Own.disagrees() && s.Decision.State != string(consent.Refused) }) {
		return plural(len(list), "it is refused", "they are refused")
	}
	return "you refused"
}

// showNamed shows what is left to do about each of some tools, and reports whether
// variables do a part of it.
func (v *statusView) showNamed(out term.Stream, list []*toolStatus) (byVariable bool) {
	const most = 3 // that are shown one by one if a line does it for all
	var deaf []string
	for _, s := range list {
		if slices.ContainsFunc(s.todo, func(t todo) bool { return t.byVariable }) {
			deaf = append(deaf, s.Tool.String())
		}
	}
	together := len(deaf) > most
	if together {
		out.Printf("  %s\n", out.Wrap(fmt.Sprintf("%d tools do not know that %s: %s", len(deaf), whoRefused(list), strings.Join(deaf, ", ")), 4))
	}
	shown := map[string]bool{} // of what can be about several tools
	for _, s := range list {
		for _, t := range s.todo {
			what, name := strings.Join(t.do, "\n"), s.Tool.String()
			if t.unread {
				what, name = t.why+"\n"+what, namesOf(list, t)
			}
			if t.byVariable && together || (t.deletion || t.unread) && shown[what] {
				continue
			}
			shown[what] = true
			v.showOne(out, name, t)
		}
	}
	return len(deaf) > 0
}

// namesOf are the tools about which the same is to be done for the same reason.
func namesOf(list []*toolStatus, what todo) string {
	var names []string
	for _, s := range list {
		if slices.ContainsFunc(s.todo, func(t todo) bool { return t.why == what.why && slices.Equal(t.do, what.do) }) {
			names = append(names, s.Tool.String())
		}
	}
	return strings.Join(names, ", ")
}

// showOne shows one thing to do. What can be copied stands on a line of its own, which
// is not broken.
func (v *statusView) showOne(out term.Stream, tool string, t todo) {
	text := out.Wrap(tool+": "+t.why, 4)
	if rest, whole := strings.CutPrefix(string(text), tool+":"); whole { // else the names fill lines
		text = term.Styled(string(out.Style(term.Strong, tool)) + ":" + rest)
	}
	out.Printf("  %s\n", text)
	for _, do := range t.do {
		if t.byVariable {
			out.Printf("      %s\n", do)
		} else {
			out.Printf("      %s\n", out.Wrap(do, 8))
		}
	}
	if len(t.do) == 0 {
		out.Printf("      nothing is known that changes it\n")
	}
}

// showStartLine shows the line that applies every decision that a variable can apply.
func (v *statusView) showStartLine(out term.Stream) {
	own := v.world.shell()
	line := startLine(own.Dialect)
	if line == "" {
		text := fmt.Sprintf("For every tool at once, set what \"usagectl env\" prints: it has no form for %s, your shell, yet", own.Name)
		out.Printf("  %s\n", out.Wrap(text, 4))
		return
	}
	text := fmt.Sprintf("For every tool at once, run this line in %s, and add it to %s:", own.Name, v.world.startFile(own.Dialect))
	out.Printf("  %s\n      %s\n", out.Wrap(text, 4), line)
}
