package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Wish is what a person wants of one tool.
type Wish struct {
	Tool   *Tool
	Off    bool // they refused; otherwise they agreed
	ByName bool // the refusal is of this tool, and not only of all tools
	Beside bool // the tool is not asked about: its wish only counts where it shares a variable with one that is
}

// Order is one variable that makes tools obey.
type Order struct {
	Name    string
	Value   string
	Unset   bool     // the variable must not be there
	Refusal bool     // a refusal asks for it, and not only agreements
	Tools   []string // for which it is
}

// Beyond is a tool that no variable makes obey.
type Beyond struct {
	Tool *Tool
	Do   string // what does, for people
}

// Orders are what makes tools obey.
type Orders struct {
	Variables []Order // by name
	Beyond    []Beyond
	Warnings  []Warning // by variable
	Spared    []Spared  // by name
}

// Warning says that one variable cannot be right for all the tools that read it.
type Warning struct {
	Variable string
	Wrong    []string // the IDs of the tools that do not get what is decided about them
	Text     string   // for people
}

// DoNotTrackName is the variable that is for every tool, if it obeys it
// (consoledonottrack.com).
const DoNotTrackName = "DO_NOT_TRACK"

// Obey finds out what makes tools obey. The same wishes give the same orders, in
// the same order.
//
// A refusal gets the literal that the tool itself reads as off. An agreement gets
// nothing but what the tool needs to be on at all; where the mere presence of a
// variable means off, it must not be there. Where a variable is shared, a refusal
// wins over an agreement. DO_NOT_TRACK is set only if everything was refused, for other
// tools read it too.
//
// except are the tools that are not refused although all are, also those about which there
// is no wish. A variable that one of them obeys is set only if a tool that was refused by
// name reads no other; see [Spared].
func Obey(wishes []Wish, everything bool, except ...Exception) Orders {
	var o Orders
	n := needsOf(everything, except)
	for _, w := range wishes {
		n.insist(w)
	}
	for i := range wishes {
		if do := n.add(wishes[i]); do != "" && !wishes[i].Beside {
			o.Beyond = append(o.Beyond, Beyond{wishes[i].Tool, do})
		}
	}
	for name := range n.kept {
		order, warning := n.settle(name)
		if order != nil {
			o.Variables = append(o.Variables, *order)
		}
		if warning != nil {
			o.Warnings = append(o.Warnings, *warning)
		}
	}
	for name := range n.given {
		o.Spared = append(o.Spared, n.spared(name))
	}
	sort.Slice(o.Variables, func(i, j int) bool { return o.Variables[i].Name < o.Variables[j].Name })
	sort.Slice(o.Beyond, func(i, j int) bool { return o.Beyond[i].Tool.ID < o.Beyond[j].Tool.ID })
	sort.Slice(o.Spared, func(i, j int) bool { return o.Spared[i].Name < o.Spared[j].Name })
	sort.Slice(o.Warnings, func(i, j int) bool { return o.Warnings[i].Variable < o.Warnings[j].Variable })
	return o
}

// otherwise is what switches a tool off where no variable does, for people.
func (t *Tool) otherwise() string {
	for _, v := range t.Env {
		if v.Name == DoNotTrackName && v.Role == OptOut {
			return fmt.Sprintf("it reads only %s, which other tools read too: set %s=%s when you run it", v.Name, v.Name, v.Off)
		}
	}
	if t.OptIn {
		return cmp.Or(t.Elsewhere(), "it is off unless you turn it on")
	}
	return cmp.Or(t.Elsewhere(), t.partly(), "nothing is known that switches it off")
}

// partly is what switches off a part of what a tool sends, or only older releases of it,
// for people; "" if nothing is known.
func (t *Tool) partly() string {
	for _, v := range t.Env {
		part := map[Role]string{Legacy: "older releases", ErrorReports: "its crash reports"}[v.Role]
		if part != "" && v.HasOff {
			return fmt.Sprintf("nothing is known that switches all of it off, but %s=%s switches off %s", v.Name, v.Off, part)
		}
	}
	return ""
}

// Elsewhere is what switches a tool off beside variables: its own command, or a
// setting in a file; "" if nothing is known.
func (t *Tool) Elsewhere() string {
	return t.way(t.CLI.Disable, func(s FileSwitch) string { return s.Off })
}

// way is a command of the tool, or else the first setting that has a value to write, if possible
// one in a file of the person.
func (t *Tool) way(own string, value func(FileSwitch) string) string {
	if own != "" {
		return "run " + command(own)
	}
	others := ""
	for _, s := range t.Config {
		switch way := s.to(value(s)); {
		case way != "" && s.isPersons():
			return way
		case others == "":
			others = way
		}
	}
	return others
}

// isPersons reports whether the file is one that a person has: no project's, and not the machine's.
func (s FileSwitch) isPersons() bool {
	return strings.IndexAny(Fill(s.Path, func(string) (string, bool) { return "", false }), "~$") == 0
}

// to is what a person does to give a setting a value; "" if there is none to write.
func (s FileSwitch) to(value string) string {
	switch {
	case value == "", prose(value) != "":
		return ""
	case value == "present" && s.Key == "":
		return "make the file " + s.Path
	case value == "absent" && s.Key == "":
		return "remove the file " + s.Path
	case value == "present":
		return fmt.Sprintf("put %s into %s", s.name(), s.Path)
	case value == "absent":
		return fmt.Sprintf("take %s out of %s", s.name(), s.Path)
	case s.Key != "":
		return fmt.Sprintf("set %s to %s in %s", s.name(), value, s.Path)
	}
	return fmt.Sprintf("write %s into %s", value, s.Path)
}

// prose is what a value in angle brackets says about values that nobody can write down: "a
// UUID" of "<a UUID>"; "" if it is a value.
func prose(value string) string {
	if !strings.HasPrefix(value, "<") || !strings.HasSuffix(value, ">") {
		return ""
	}
	return value[1 : len(value)-1]
}

// command is a command for people, between quotes that it does not hold.
func command(text string) string {
	if strings.Contains(text, `"`) {
		return "`" + text + "`"
	}
	return `"` + text + `"`
}

// name is the setting's name as people write it in such a file.
func (s FileSwitch) name() string {
	key := strings.TrimPrefix(s.Key, "/")
	if section, name, ok := strings.Cut(key, "/"); ok && slices.Contains([]string{"ini", "configparser", "configobj"}, s.Format) {
		return "[" + section + "] " + name
	}
	return strings.ReplaceAll(key, "/", ".")
}
