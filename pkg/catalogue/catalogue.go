// Package catalogue holds what is known of the telemetry switches of tools that
// exist: which variable, command or file turns each of them off, by which rule
// the tool reads it, and how well that is known.
//
// The facts stand in tools/ID.toml, one small file a tool, for anyone to read
// and correct. The program does not read those files: "go run
// ./tools/gencatalogue" checks them and writes table.go, which is data laid
// out by the linker, so that a program which asks for no tool pays for none.
//
// Start with [Find], which knows a tool by its ID. [Tool.State] says whether the
// tool's own telemetry is on, [Obey] which variables make tools do what a person
// wants, and [Declared] what a manifest adds about a tool that is not in the table.
//
// Nothing here reads the machine: what a tool would look at is passed in. What is
// returned belongs to the caller, and all of it may be called by several goroutines.
package catalogue

import (
	"slices"
	"strings"
)

//go:generate go run -C ../.. ./tools/gencatalogue

// Tool is what is known of one tool.
type Tool struct {
	ID       string
	Name     string
	Homepage string
	Category string // one word for lists, such as "database"
	OptIn    bool   // off until the person turns it on
	Status   Status
	Endpoint string // where it sends, or ""
	Data     string // what it sends, or ""
	Deletion string // how collected data is deleted, or ""
	Notes    string // what else a person should know, or ""
	IDFile   string // where it keeps its ID, for people, or ""

	DoNotTrack        string // whether it obeys DO_NOT_TRACK: "yes", "no", or "" if that is not established
	DoNotTrackAccepts string // with which values, for people, or ""

	Env    []Variable // at most one for a name
	CLI    CLI
	Config []FileSwitch

	// What shows that the tool is here: programs on PATH, files, and packages
	// spelled "pypi:name".
	Commands, Files, Packages []string

	Evidence Evidence
	Where    string // the source of the facts
}

// Status says whether a tool still collects.
type Status string

// The states of a tool.
const (
	Active       Status = ""
	Removed      Status = "removed"      // current releases have no telemetry
	NoOp         Status = "no-op"        // the code is there and sends nothing
	Discontinued Status = "discontinued" // the tool itself is no longer made
)

// Evidence says how well a tool's switch is known.
type Evidence string

// The kinds of evidence, the best first.
const (
	FromSource Evidence = "verified-from-source" // the line that decides was read
	FromDocs   Evidence = "from-docs"            // the tool's own documentation says so
	FromList   Evidence = "from-list-only"       // somebody's list says so; nobody looked
)

// Variable is an environment variable that a tool reads.
type Variable struct {
	Name      string
	Role      Role
	Semantics Semantics

	Off    string // what switches the tool's telemetry off, if HasOff; may be ""
	HasOff bool   // false only for roles other than [OptOut]
	On     string // what switches it on, if HasOn
	HasOn  bool

	OffAlso, OnAlso []string // for [Value]: what else means off and on
	IgnoreCase      bool     // for [Value]: letter case does not count
	Part            bool     // it switches off a part of what the tool sends, and all only with the others
	Else            Meaning  // what any other value means
	Empty           Meaning  // what the empty value means, if it is none of the above

	// HiddenBy are variables that, if set and not empty, may keep the tool from reading this one.
	HiddenBy []string

	Note string // in which words the source says it, for people
}

// Role says what a variable is for. Only [OptOut] belongs in what is written for
// a person who refuses.
type Role string

// The roles.
const (
	OptOut       Role = "opt-out"
	OptIn        Role = "opt-in"        // telemetry is off without it
	Legacy       Role = "legacy"        // only old releases read it
	Related      Role = "related"       // does not switch telemetry off, or does much more
	UpdateCheck  Role = "update-check"  // switches looking for new releases
	ErrorReports Role = "error-reports" // switches crash reports only
)

// CLI holds the tool's own commands, for people; "" for what it has not.
type CLI struct {
	Status, Enable, Disable string
}

// FileSwitch is a switch in a file.
type FileSwitch struct {
	// Path is where the file is. If Format is not empty a program can find it: it begins
	// with "~/", "/", "$NAME/" or "${NAME:-DEFAULT}", which is the variable's value or, if
	// that is not set or empty, another such beginning; or it is a file of the project in
	// whose directory the tool is started. Without a format it may have stars, as in a
	// shell, and it may be a description, with "<", "(" or a space in it.
	Path string
	// MovedBy are what has the tool read other settings, in a way that Path cannot say:
	// variables that are set and not empty; paths, with a slash or a dot in them, at which
	// there is something; and, as "PATH=WORD", files whose first word is another one.
	MovedBy []string
	// Without are variables of which none may be set and not empty, or the tool does not read the file.
	Without []string
	// Upward has the file of a project looked for in the directories above too: with
	// "file" the nearest counts, with "key" the nearest that has the key.
	Upward string
	// OverEnv has the file win over the tool's variables.
	OverEnv bool
	// Silent is what a file means that is there without the switch; "" if the next switch counts.
	Silent Meaning
	// Key is, for a format with keys, where the value stands, as a JSON Pointer;
	// in INI the first of two steps is the section. Without a format it is for
	// people.
	Key string
	// Format is "json", "jsonc" (with comments), "toml", "yaml", "ini", "configparser" or
	// "configobj" (what these libraries of Python read) or "dotenv"; "text" if the first word of the
	// file is the value; "file" if the switch is whether the file is there; "" if
	// no program can read it.
	Format string
	// Off and On are the values that switch the telemetry off and on, without
	// quotes, or "" if there is none; for the format "file", and for what is a line of
	// its own in a file, they are "present" and "absent". What is in angle brackets says
	// in words which values do it: "<a UUID>".
	Off, On string
}

// All lists every tool by ID. The list is the caller's.
func All() []Tool {
	list := slices.Clone(tools[:])
	for i := range list {
		list[i] = list[i].clone()
	}
	return list
}

// Shared lists every tool by ID, for whoever only looks at them: a tool is everybody's, and must
// not be changed. The list is the caller's. It costs a small part of what [All] does, which
// counts in what each start of a shell waits for.
func Shared() []*Tool {
	list := make([]*Tool, len(tools))
	for i := range tools {
		list[i] = &tools[i]
	}
	return list
}

// Find finds a tool. What it returns is the caller's.
func Find(id string) (*Tool, bool) {
	shared, ok := find(id)
	if !ok {
		return nil, false
	}
	t := shared.clone()
	return &t, true
}

// IsRead reports whether a tool reads the variable, as far as is known.
func IsRead(variable string) bool {
	return slices.ContainsFunc(tools[:], func(t Tool) bool { return t.reads(variable) })
}

// clone keeps the table out of the reach of whoever looks at a tool.
func (t Tool) clone() Tool {
	t.Env, t.Config = slices.Clone(t.Env), slices.Clone(t.Config)
	for i := range t.Env {
		v := &t.Env[i]
		v.OffAlso, v.OnAlso = slices.Clone(v.OffAlso), slices.Clone(v.OnAlso)
	}
	t.Commands, t.Files, t.Packages = slices.Clone(t.Commands), slices.Clone(t.Files), slices.Clone(t.Packages)
	return t
}

// find finds a tool in the table, which nobody may change.
func find(id string) (*Tool, bool) {
	i, ok := slices.BinarySearchFunc(tools[:], id, func(t Tool, id string) int { return strings.Compare(t.ID, id) })
	if !ok {
		return nil, false
	}
	return &tools[i], true
}
