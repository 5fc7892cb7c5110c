package cmd

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// eventFlags are the flags with which a caller describes an event.
type eventFlags struct {
	manifest    string
	set         []string
	data        string
	runID       string
	toolVersion string
}

// addTo adds the flags to a command.
func (f *eventFlags) addTo(c *cobra.Command) {
	f.addRunTo(c)
	c.Flags().StringVar(&f.data, "data", "", "read fields as JSON from `FILE`, which may be a pipe (- is stdin)")
}

// addRunTo adds those that can be about several events.
func (f *eventFlags) addRunTo(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.manifest, "manifest", "", "read the tool's manifest from `FILE`")
	flags.StringArrayVar(&f.set, "set", nil, "set a field by `NAME=VALUE`; repeat it for more")
	flags.StringVar(&f.runID, "run", "", "the run's `ID`, a UUID (default $USAGECTL_RUN_ID)")
	flags.StringVar(&f.toolVersion, "tool-version", "", "the tool's own `VERSION`")
}

// maxData is the size, in bytes, of the largest --data that is read.
const maxData = 1 << 20

// readData reads the JSON object that --data names; nil without --data.
func readData(w World, name string) ([]byte, error) {
	var data []byte
	var err error
	switch {
	case name == "":
		return nil, nil
	case isStdin(name):
		data, err = w.readStdin(maxData)
	default:
		data, err = readInput(name, maxData)
	}
	if err == nil {
		data, err = inUTF8(data)
	}
	if err == nil {
		_, err = jsondoc.ParseObject(data)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// mistakesOf spells the problems for people, those about missing fields only if
// that is wanted.
func mistakesOf(problems []sender.Problem, missing bool) []string {
	var list []string
	for _, p := range problems {
		remark := ""
		if p.Known != nil {
			remark = didYouMean(p.Name, p.Known, "fields")
		}
		if missing || !p.Missing {
			list = append(list, p.Msg+remark)
		}
	}
	return list
}

// describe is what the flags say of an event, and which of them are left out and why.
func (f eventFlags) describe(w World, m *manifest.Manifest, event string, data []byte) (sender.Event, []string) {
	e := sender.Event{Name: event, Data: data, ToolVersion: f.toolVersion, Manifest: m, ManifestFile: absolute(f.manifest)}
	var problems []string
	for _, set := range f.set {
		name, text, ok := strings.Cut(set, "=")
		if !ok || name == "" {
			problems = append(problems, fmt.Sprintf("--set %s is left out: NAME=VALUE is needed", manifest.Quote(set)))
			continue
		}
		e.Set = append(e.Set, sender.Setting{Name: name, Text: text})
	}
	if !sender.IsToolVersion(f.toolVersion) {
		problems = append(problems, fmt.Sprintf("--tool-version %s is left out: up to 64 printable characters are needed", manifest.Quote(f.toolVersion)))
		e.ToolVersion = ""
	}
	run := f.runID
	if fromEnv, _ := w.Env("USAGECTL_RUN_ID"); run == "" {
		run = fromEnv
	}
	if run == "" {
		return e, problems
	}
	id, err := uuid.Parse(run)
	if err != nil || id == uuid.Nil {
		return e, append(problems, fmt.Sprintf("the run ID %s is left out: a UUID is needed", manifest.Quote(run)))
	}
	e.RunID = id
	return e, problems
}

// absolute makes a path usable for the deliverer, which runs elsewhere.
func absolute(path string) string {
	if path == "" {
		return ""
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}

// eventProblem is the error for an event that there is not, with the nearest that there is.
func eventProblem(err *sender.EventError) error {
	if err.Deletion {
		return err
	}
	return fmt.Errorf("%w%s", err, didYouMean(err.Name, err.Known, "events"))
}
