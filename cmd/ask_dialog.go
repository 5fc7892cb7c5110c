package cmd

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// The question takes a line and not a key: the terminal stays as it is, so that there is
// nothing to put back after Ctrl-C or a kill, what is typed can be corrected before it
// counts, and a screen reader reads the line as any other.

// reply is what a person answered. The zero value is "not now".
type reply struct {
	refused bool
	level   int // that was agreed to, or that is to be shown
	show    bool
}

// word is the answer as "ask --json" has it.
func (r reply) word() string {
	switch {
	case r.level > 0:
		return "yes"
	case r.refused:
		return "no"
	}
	return "not-now"
}

// understand reads an answer. What the words of the question mean comes before what a manifest
// calls its levels, and a no before everything else.
func understand(line string, levels []string) (r reply, ok bool) {
	word := folded(line)
	switch word {
	case "", "n", "no":
		return reply{refused: true}, true
	case "y", "yes":
		return reply{level: 1}, true
	case "s", "show":
		return reply{level: 1, show: true}, true
	}
	for _, show := range []string{"s ", "show "} {
		if rest, found := strings.CutPrefix(word, show); found && levelNamed(rest, levels) > 0 {
			return reply{level: levelNamed(rest, levels), show: true}, true
		}
	}
	level := levelNamed(word, levels)
	return reply{level: level}, level > 0
}

// levelNamed is the level of a number or a name, the lowest that it can mean; 0 if there is none.
func levelNamed(word string, levels []string) int {
	for i, name := range levels {
		if word == strconv.Itoa(i+1) || word == folded(name) {
			return i + 1
		}
	}
	return 0
}

func folded(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// listenToPerson listens to what ends the question, until rest is called. A script that ignores
// Ctrl-C for itself does not keep its user from it here.
func listenToPerson() (interrupted <-chan os.Signal, rest func()) {
	signals := notify()
	signal.Notify(signals, os.Interrupt, syscall.SIGQUIT)
	return signals, func() { signal.Stop(signals) }
}

// dialog is the question and the answers to it.
type dialog struct {
	*askCommand
	tool        tool
	left        int // how often the person can be asked after this
	interrupted <-chan os.Signal
}

// mostUnclear is how many answers that mean nothing are taken for "not now".
const mostUnclear = 5

// hold asks until there is an answer.
func (d *dialog) hold() reply {
	out, levels := d.stderr, d.tool.manifest.Consent.Levels
	d.introduce()
	if d.world.DropTyped != nil && d.world.DropTyped() {
		d.note("what was typed before the question does not count as an answer")
	}
	in := bufio.NewReader(d.world.Stdin)
	for unclear := 0; unclear < mostUnclear; {
		out.Printf("\n%s ", out.Wrap(fmt.Sprintf("May %s collect this? [no]", d.tool.name()), 0))
		line, ended := d.line(in)
		if ended {
			out.Printf("\n")
			return reply{}
		}
		r, ok := understand(line, levels)
		switch {
		case !ok:
			unclear++
			out.Printf("%s\n", out.Wrap(manifest.Quote(line)+" is none of the answers: "+d.answers(), 2))
		case r.show:
			d.show(r.level)
		default:
			return r
		}
	}
	out.Printf("That was no answer %d times.\n", mostUnclear)
	return reply{}
}

// line waits for a line. ended is that there is none: the person, or the terminal, is gone. A
// line that was not finished is no answer.
func (d *dialog) line(in *bufio.Reader) (text string, ended bool) {
	type read struct {
		text string
		err  error
	}
	done := make(chan read, 1)
	go func() {
		text, err := readLine(in)
		done <- read{text, err}
	}()
	select {
	case <-d.interrupted:
		return "", true
	case r := <-done:
		return strings.TrimSpace(r.text), r.err != nil
	}
}

// readLine reads a line as keys make it, also in a terminal that leaves them as they are: a
// program that crashed, or the one that asks, may have set it so. Enter is a carriage return
// there, and what would be a signal or the end of the input is a character, which is an [io.EOF]
// here. Both characters of a line that ends in two are read with the line if they come at once.
func readLine(in *bufio.Reader) (string, error) {
	var line []byte
	for {
		b, err := in.ReadByte()
		if err != nil {
			return "", err
		}
		switch b {
		case '\x03', '\x04', '\x1c': // Ctrl-C, Ctrl-D and Ctrl-\
			return "", io.EOF
		case '\r':
			if in.Buffered() > 0 {
				if next, _ := in.Peek(1); next[0] == '\n' {
					_, _ = in.Discard(1)
				}
			}
			return string(line), nil
		case '\n':
			return string(line), nil
		}
		line = append(line, b)
	}
}

// introduce says who asks and all that there is to know, and last what can be answered.
func (d *dialog) introduce() {
	out, m := d.stderr, d.tool.manifest
	who := m.Tool.Name
	if who != d.tool.id.String() {
		who += " (" + d.tool.id.String() + ")"
	}
	out.Printf("%s\n", out.Wrap(who+" asks whether it may collect data about how you use it.", 2))
	if m.Tool.Homepage != "" {
		out.Printf("  Website: %s\n", m.Tool.Homepage)
	}
	if m.Tool.Privacy != "" {
		out.Printf("  Privacy: %s\n", m.Tool.Privacy)
	}
	if m.Tool.Contact != "" {
		out.Printf("  Contact: %s\n", m.Tool.Contact)
	}
	if m.Consent.Default == manifest.OptOut {
		out.Printf("  %s\n", out.Wrap("It is on by default. If you do not answer, it shows a notice when it has something to send, and sends what comes after that.", 2))
	} else {
		out.Printf("  %s\n", out.Wrap("Nothing is sent unless you say yes.", 2))
	}
	showLabel(out, m, len(m.Consent.Levels))
	option := manifestOption(d.manifest)
	out.Printf("\n%s\n", out.Style(term.Strong, "How to change your answer"))
	out.Printf("  usagectl enable %s%s\n", d.tool.id, option)
	if len(m.Consent.Levels) > 1 {
		out.Printf("  usagectl enable %s --level %d%s\n", d.tool.id, len(m.Consent.Levels), option)
	}
	out.Printf("  usagectl disable %s\n", d.tool.id)
	d.offer()
}

// offer says what can be answered, and what each answer means.
func (d *dialog) offer() {
	out, levels := d.stderr, d.tool.manifest.Consent.Levels
	out.Printf("\n%s\n", out.Style(term.Strong, "What you can answer"))
	item := func(word, format string, args ...any) {
		out.Printf("  %-7s %s\n", word, out.Wrap(fmt.Sprintf(format, args...), 10))
	}
	item("no", "Nothing is sent, and you are not asked again. Enter alone is a no.")
	if len(levels) == 1 {
		item("yes", "What is listed above is sent.")
		item("show", "Show the document that would be sent, and ask again.")
	} else {
		item("yes", "What is listed at level 1 (%s) is sent.", levels[0])
		for i, name := range levels[1:] {
			means := ""
			if r, _ := understand(name, levels); r == (reply{level: i + 2}) { // it may be a word of the question, or another's number
				means = "; its name is an answer too"
			}
			item(strconv.Itoa(i+2), "Level %d (%s) and below%s.", i+2, name, means)
		}
		item("show", "Show the document that would be sent, and ask again; \"show %d\" for level %d.", len(levels), len(levels))
	}
	if d.left == 0 {
		item("Ctrl-C", "Not now. You are not asked again.")
	} else {
		item("Ctrl-C", "Not now. %s", askedAgain(d.tool.manifest, d.left))
	}
}

// answers lists what can be answered.
func (d *dialog) answers() string {
	if n := len(d.tool.manifest.Consent.Levels); n > 1 {
		return fmt.Sprintf("no, yes, a level from 1 to %d, or show", n)
	}
	return "no, yes or show"
}

// show shows what would be sent at a level, made by the code that sends it: a document for
// events that have the same fields. It sends nothing and makes no ID.
func (d *dialog) show(level int) {
	out, m := d.stderr, d.tool.manifest
	for _, events := range sameFields(m, level) {
		out.Printf("\n%s\n", out.Style(term.Strong, "The document"+levelName(m, level)))
		others := ""
		if n := len(events) - 1; n > 0 {
			others = fmt.Sprintf(" (%d more with the same fields)", n)
		}
		out.Printf("  Event: %s\n", out.Wrap(events[0]+others, len("  Event: ")))
		p, err := d.world.sender().Preview(sender.Event{Name: events[0], Manifest: m, ManifestFile: absolute(d.askCommand.manifest)}, level)
		var text []byte
		if err == nil {
			text, err = indented(p.Document)
		}
		if err != nil {
			d.warn("it cannot be shown: %v", err)
			continue
		}
		_, _ = out.Write(text) // nobody is left to tell if it fails
		var set []string
		for _, f := range callerFields(m, events[0]) {
			if f.Level <= level {
				set = append(set, f.Name)
			}
		}
		if len(set) > 0 {
			out.Printf("  %s\n", out.Wrap("Filled in by the tool when it sends: "+strings.Join(set, ", "), 2))
		}
	}
}

// sameFields are the events that are sent at a level, those together that have the same fields.
func sameFields(m *manifest.Manifest, level int) [][]string {
	var groups [][]string
	at := map[string]int{} // the group of a list of fields
	for _, event := range consent.Offer(m, level).Events {
		fields := ""
		for i := range m.Fields {
			if f := &m.Fields[i]; f.Level <= level && f.In(event) {
				fields += strconv.Itoa(i) + " "
			}
		}
		i, known := at[fields]
		if !known {
			i, at[fields] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], event)
	}
	return groups
}
