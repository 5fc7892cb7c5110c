package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/ci"
	"github.com/usagectl/usagectl/internal/hostfacts"
	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/identity"
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
	flags := c.Flags()
	flags.StringVar(&f.manifest, "manifest", "", "read the tool's manifest from `FILE`")
	flags.StringArrayVar(&f.set, "set", nil, "set a field by `NAME=VALUE`; repeat it for more")
	flags.StringVar(&f.data, "data", "", "read fields as JSON from `FILE` (- is stdin)")
	flags.StringVar(&f.runID, "run", "", "the run's `ID`, a UUID (default $USAGECTL_RUN_ID)")
	flags.StringVar(&f.toolVersion, "tool-version", "", "the tool's own `VERSION`")
}

// maxData is the size, in bytes, of the largest --data that is read.
const maxData = 1 << 20

// readData reads the object that --data names; nil without --data.
func readData(name string, stdin io.Reader) (*jsondoc.Object, error) {
	var data []byte
	var err error
	switch name {
	case "":
		return nil, nil
	case "-":
		data, err = io.ReadAll(io.LimitReader(stdin, maxData+1))
	default:
		data, _, err = statefile.ReadRegular(name, maxData, true)
	}
	if err != nil {
		return nil, err
	}
	if len(data) > maxData {
		return nil, fmt.Errorf("more than %d bytes", maxData)
	}
	return jsondoc.ParseObject(data)
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

// request is what the flags ask for, of an event of a tool, where its values come from,
// and which of the flags are left out and why. With create a source ID and a key may be
// made for it.
func (f eventFlags) request(w World, event string, data *jsondoc.Object, t tool, create bool) (sender.Request, sender.Sources, []string) {
	r := sender.Request{Event: event, Data: data, ToolVersion: f.toolVersion}
	var problems []string
	for _, set := range f.set {
		name, text, ok := strings.Cut(set, "=")
		if !ok || name == "" {
			problems = append(problems, fmt.Sprintf("--set %s is left out: NAME=VALUE is needed", manifest.Quote(set)))
			continue
		}
		r.Set = append(r.Set, sender.Setting{Name: name, Text: text})
	}
	if len(f.toolVersion) > 64 || strings.ContainsFunc(f.toolVersion, func(c rune) bool { return c <= ' ' || c > '~' }) {
		problems = append(problems, fmt.Sprintf("--tool-version %s is left out: up to 64 printable characters are needed", manifest.Quote(f.toolVersion)))
		r.ToolVersion = ""
	}
	run := f.runID
	if fromEnv, _ := w.Env("USAGECTL_RUN_ID"); run == "" {
		run = fromEnv
	}
	src := sources(w, t, create)
	if run != "" {
		id, err := uuid.Parse(run)
		if err != nil || id == uuid.Nil {
			problems = append(problems, fmt.Sprintf("the run ID %s is left out: a UUID is needed", manifest.Quote(run)))
		} else {
			src.RunID = id
		}
	}
	return r, src, problems
}

// sources are where values come from. In CI no ID and no key are made: the
// machine is gone in a minute.
func sources(w World, t tool, create bool) sender.Sources {
	create = create && ci.Detect(w.Env) == ""
	path := ""
	if t.manifest.Identity.Random {
		path, _ = identity.Path(t.manifest.Identity, w.Env, w.Dirs.Home) // "" without a home
	}
	return sender.Sources{
		Now:     w.Now(),
		EventID: uuid.New(),
		RunID:   uuid.New(),
		Version: Version,
		SourceID: func() string {
			if path == "" {
				return identity.Unavailable
			}
			return identity.Value(w.sender().SourceID(path, create))
		},
		HashKey: func() ([]byte, error) { return w.sender().HashKey(t.id, path, create) },
		Host:    hostfacts.Host{Root: os.DirFS("/"), Env: w.Env},
	}
}
