package cmd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// valuesOfFlag are what a flag can be given. One that is not named here takes what
// nobody can foresee.
func (l *line) valuesOfFlag(name, typed string) ([]string, cobra.ShellCompDirective) {
	var list []offer
	switch name {
	case "data": // any file
		return nil, cobra.ShellCompDirectiveFilterFileExt
	case "manifest":
		return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
	case "root":
		return nil, cobra.ShellCompDirectiveFilterDirs
	case "set":
		list = l.settings(typed)
	case "except":
		given, _ := l.command.Flags().GetStringSlice("except")
		list = l.tooling(typed, given)
	case "level":
		list = l.levels()
	case "confirm":
		list = l.requests()
	case "shell":
		for _, d := range shell.Dialects() {
			list = append(list, offer{string(d), aboutShell(d)})
		}
	case "transport":
		for _, transport := range []string{"http", "udp", "otlp", "segment", "file"} {
			list = append(list, offer{word: transport})
		}
	case "wait", "timeout":
		for _, time := range []string{"2s", "5s", "10s", "30s", "1m"} {
			list = append(list, offer{word: time})
		}
	}
	return offered(list, typed)
}

// settings are the fields that are not set yet, and behind "NAME=" the values that
// the field can have.
func (l *line) settings(typed string) []offer {
	m := l.manifest()
	if m == nil {
		return nil
	}
	set, _ := l.command.Flags().GetStringArray("set")
	name, _, valued := strings.Cut(typed, "=")
	var list []offer
	for _, f := range callerFields(m, l.event(m)) {
		is := func(set string) bool { return strings.HasPrefix(set, f.Name+"=") }
		switch {
		case valued && f.Name == name:
			list = append(list, valuesOf(f)...)
		case !valued && (f.Type == manifest.Strings || !slices.ContainsFunc(set, is)):
			list = append(list, offer{f.Name + "=", f.Purpose})
		}
	}
	return list
}

// event is the one that the line is about; "" if that is not known.
func (l *line) event(m *manifest.Manifest) string {
	names := m.EventNames()
	switch {
	case len(l.args) > 1:
		return l.args[1]
	case l.command.Name() == "inspect" && len(names) > 0:
		return names[0]
	}
	return ""
}

// valuesOf are the values that a field can have, if they can be listed.
func valuesOf(f *manifest.Field) []offer {
	values := f.Enum
	if f.Type == manifest.Bool && values == nil {
		values = []string{"true", "false"}
	}
	var list []offer
	for _, v := range values {
		list = append(list, offer{f.Name + "=" + v, f.Purpose})
	}
	return list
}

// levels are those of the tool that is named.
func (l *line) levels() []offer {
	m := l.manifest()
	if m == nil {
		return nil
	}
	var list []offer
	for i, name := range m.Consent.Levels {
		list = append(list, offer{strconv.Itoa(i + 1), name})
	}
	return list
}

// requests are the deletion requests about which something is left to do.
func (l *line) requests() []offer {
	given, _ := l.command.Flags().GetStringSlice("confirm")
	deletions, _ := l.world.sender().Deletions()
	var list []offer
	for _, d := range deletions {
		for _, r := range d.Requests {
			if id := r.RequestID.String(); r.State.Open() && !slices.Contains(given, id) {
				list = append(list, offer{id, r.Tools[0].String() + ", " + string(r.State) + ", " + r.To})
			}
		}
	}
	return list
}

func aboutShell(d shell.Dialect) string {
	switch d {
	case shell.Sh:
		return "any shell of POSIX, as dash"
	case shell.Cmd:
		return "the command prompt of Windows, and batch files"
	case shell.Docker:
		return "ENV lines of a Dockerfile"
	case shell.GitHub:
		return "lines for the file $GITHUB_ENV of GitHub Actions"
	case shell.Dotenv:
		return "a .env file"
	}
	return "the shell " + string(d)
}
