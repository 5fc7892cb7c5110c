package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// indented is a JSON document for people to read.
func indented(doc json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, doc, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return term.CleanJSON(b.Bytes()), nil
}

// onOff is the state of telemetry in a word.
func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// utc is a time for people, in the zone and the form of what is recorded and of JSON:
// an answer does not depend on the time zone of the machine, and can be compared with
// one from another machine.
func utc(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// ago is how long ago something was, for people.
func ago(at, now time.Time) string {
	d := now.Sub(at)
	switch {
	case at.IsZero():
		return "never"
	case d < 0:
		return utc(at)
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// tilde is a path for people: one below the home, which may be "", begins with ~, as they would type
// it and as manifests spell it.
func tilde(home, path string) string {
	if home == "" {
		return path
	}
	rest, err := filepath.Rel(home, path)
	if err != nil || !filepath.IsLocal(rest) || rest == "." {
		return path
	}
	return "~/" + filepath.ToSlash(rest)
}

// places puts the person's own directories into a text about a tool's files.
func (w World) places(text string) string {
	text = catalogue.Fill(text, w.Env)
	if w.Dirs.ConfigHome == "" {
		return text
	}
	return strings.ReplaceAll(text, "$XDG_CONFIG_HOME", tilde(w.Dirs.Home, w.Dirs.ConfigHome))
}

// firstLine is the first line of an error that may have many, and says so.
func firstLine(err error) string {
	first, _, more := strings.Cut(err.Error(), "\n")
	if more {
		first += " (and more)"
	}
	return first
}

// oneLine is an error of several parts in one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// lines are the lines of a text, without their ends.
func lines(text string) iter.Seq[string] {
	return strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n")
}

// plural is one of two words, by how many things it is about.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// joined names tools.
func joined(tools []manifest.ID) string {
	names := make([]string, len(tools))
	for i, t := range tools {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}
