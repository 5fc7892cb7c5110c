package cmd

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// toolsInitCommand is the command that writes a manifest to begin with.
type toolsInitCommand struct {
	*app
	draft
	force bool
}

func newToolsInit(a *app) *cobra.Command {
	c := &toolsInitCommand{app: a}
	command := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a manifest to begin with",
		Long: `Init writes a manifest with comments, for a tool that reports when it starts and ends:
off until a person agrees, with a variable to refuse by, a way to have data deleted,
and few fields. Change it as you need. It asks for what no flag says; without a
terminal it names every flag that is missing. FILE is ID.toml in the current
directory if left out, and - for stdout.

EXIT STATUS
   0  written
  64  a bad flag, a wrong number of arguments, or no terminal to ask at and a
      flag missing
  65  a value that a manifest cannot have
  73  there is such a file and no --force, or it could not be written
  74  the answer could not be printed`,
		Example: `  # Answer a few questions; it writes yourtool.toml
  usagectl tools init --id yourtool`,
		Args: words(0, 1),
		RunE: func(_ *cobra.Command, args []string) error { return c.run(strings.Join(args, "")) },
	}
	flags := command.Flags()
	for _, q := range c.questions() {
		flags.StringVar(q.value, q.flag, "", q.usage)
	}
	flags.BoolVar(&c.force, "force", false, "replace the file if there is one")
	return command
}

// draft is what a person says about their tool.
type draft struct {
	id, name, purpose, transport, endpoint, contact, retention, deletions, homepage, privacy, writeKey string

	file string // where it is to be; "" for ID.toml
}

// draftQuestion is something to be known about a tool: a flag, or what to ask for.
type draftQuestion struct {
	flag, usage string
	value       *string
	ask         string // "" if it is not asked for
	usual       string // for the answer that is empty; "" if there has to be one
	filler      string // stands for it where another answer is looked at
}

// questions are all of them, in the order in which they are asked.
func (d *draft) questions() []draftQuestion {
	return []draftQuestion{
		{"id", "the tool's `ID`, such as mytool", &d.id, "The tool's ID, in lower case, such as mytool", "", "mytool"},
		{"name", "its `NAME` for people (default: the ID)", &d.name, "Its name for people", d.id, "My Tool"},
		{"purpose", "`WHY` it collects, for those who are asked", &d.purpose, "Why it collects, in a sentence for those who are asked", "", "To count."},
		{"transport", "`HOW` events are sent: http, udp, otlp, segment or file (default http)", &d.transport, "How events are sent: http, udp, otlp, segment or file", "http", "http"},
		{"endpoint", "where they go: a `URL`, HOST:PORT for udp, a path for file", &d.endpoint, "Where they go: " + endpointForm(d.transport), "", endpointFiller(d.transport)},
		{"contact", "the mail `ADDRESS` to which people can write", &d.contact, "The mail address to which people can write, for the deletion of data too", "", "me@example.org"},
		{"retention", "how `LONG` what was collected is kept, such as \"1 year\"", &d.retention, "How long what was collected is kept, such as 1 year", "", "1 year"},
		{"privacy", "the `PAGE` about its telemetry, which \"tools show --markdown\" writes", &d.privacy, "The address of the page that says what is sent, which \"usagectl tools show --markdown\" writes", "", "https://example.org/telemetry"},
		{"deletions", "the `URL` that takes deletion requests (default: by mail to the contact)", &d.deletions, "", "", ""},
		{"homepage", "the tool's home `PAGE`", &d.homepage, "", "", ""},
		{"write-key", "for segment: the `KEY` (default: from the variable ID_WRITE_KEY)", &d.writeKey, "", "", ""},
	}
}

func endpointForm(transport string) string {
	switch manifest.Transport(transport) {
	case manifest.UDP:
		return "a host and a port, such as telemetry.example.org:50077"
	case manifest.File:
		return "a file, such as ~/.mytool/events.jsonl"
	}
	return "a URL that begins with https://"
}

func endpointFiller(transport string) string {
	switch manifest.Transport(transport) {
	case manifest.UDP:
		return "telemetry.example.org:50077"
	case manifest.File:
		return "~/.mytool/events.jsonl"
	}
	return "https://telemetry.example.org/v1"
}

// run asks for what is missing, and writes the manifest.
func (c *toolsInitCommand) run(file string) error {
	if file == "-" && c.json {
		return fail(exitUsage, errors.New("the manifest goes to stdout: --json cannot be combined with -"))
	}
	if err := c.checkGiven(); err != nil {
		return err
	}
	if err := c.askRest(); err != nil {
		return err
	}
	c.file = file
	text := c.text()
	m, err := manifest.Parse(cmp.Or(file, c.id+".toml"), []byte(text))
	if err != nil {
		return fail(exitData, fmt.Errorf("nothing was written: %w", err))
	}
	if file == "-" {
		c.stdout.Write([]byte(text))
	} else if err := c.write(cmp.Or(file, c.id+".toml"), text); err != nil {
		return err
	}
	_, leftOut := catalogue.Declared(m, c.tools.library.Added())
	for _, v := range leftOut {
		c.warn("\"usagectl env\" will not print %s: %s", v.Name, v.Why)
	}
	return nil
}

// checkGiven looks at what the flags say, each on its own.
func (c *toolsInitCommand) checkGiven() error {
	var list []error
	for _, q := range c.questions() {
		if why := c.wrong(q.flag); *q.value != "" && why != "" {
			list = append(list, fmt.Errorf("--%s: %s", q.flag, why))
		}
	}
	if len(list) == 0 {
		return nil
	}
	return fail(exitData, errors.Join(append(list, errors.New("nothing was written"))...))
}

// wrong says why the value of a flag cannot be that of a manifest; "" if it can.
func (d *draft) wrong(flag string) string {
	var only draft
	only.transport = "http"
	if d.transportKnown() || flag == "transport" {
		only.transport = cmp.Or(d.transport, "http")
	}
	for i, q := range only.questions() {
		if q.flag == flag {
			*q.value = *d.questions()[i].value
		} else if q.flag != "transport" {
			*q.value = only.questions()[i].filler
		}
	}
	if flag == "contact" { // which only matters where it takes requests, or none else does
		only.deletions = d.deletions
	}
	_, err := manifest.Parse("", []byte(only.text()))
	var bad manifest.Errors
	if errors.As(err, &bad) {
		return bad[0].Msg
	}
	return ""
}

func (d *draft) transportKnown() bool {
	switch manifest.Transport(d.transport) {
	case manifest.HTTP, manifest.UDP, manifest.OTLP, manifest.Segment, manifest.File:
		return true
	}
	return false
}

// askRest asks for what is not given, until there is an answer that will do.
func (c *toolsInitCommand) askRest() error {
	in := bufio.NewReader(c.world.Stdin)
	for i := range c.questions() {
		for q := c.questions()[i]; *q.value == ""; q = c.questions()[i] {
			if !c.world.Interactive {
				if *q.value = q.usual; *q.value == "" && q.ask != "" {
					return c.missing()
				}
				break
			}
			if q.ask == "" {
				break
			}
			usual := ""
			if q.usual != "" {
				usual = " [" + q.usual + "]"
			}
			c.stderr.Printf("%s%s: ", q.ask, usual)
			line, err := in.ReadString('\n')
			if *q.value = cmp.Or(strings.TrimSpace(line), q.usual); *q.value == "" && err != nil {
				c.stderr.Printf("\n")
				return c.missing()
			}
			if why := c.wrong(q.flag); *q.value != "" && why != "" {
				c.warn("%s", why)
				*q.value = ""
				if err != nil {
					return c.missing()
				}
			}
		}
	}
	return nil
}

// missing names every flag without which no manifest can be written.
func (c *toolsInitCommand) missing() error {
	var flags []string
	for _, q := range c.questions() {
		if *q.value == "" && q.ask != "" && q.usual == "" && q.flag != "name" {
			flags = append(flags, "--"+q.flag)
		}
	}
	return fail(exitUsage, fmt.Errorf("nothing was written: missing are %s", strings.Join(flags, ", ")), "name them, or run this at a terminal, where it asks")
}

// write writes the file, which must not be there unless it may be replaced.
func (c *toolsInitCommand) write(file, text string) error {
	path := file
	if !filepath.IsAbs(path) && c.world.WorkDir != "" {
		path = filepath.Join(c.world.WorkDir, path)
	}
	if err := writeManifest(path, text, c.force); errors.Is(err, os.ErrExist) {
		return fail(exitCreate, fmt.Errorf("nothing was written: %s is there already", file), "use --force to replace it")
	} else if err := c.done(file+" is written", err); err != nil {
		return fail(exitCreate, fmt.Errorf("nothing was written: %s: %s", file, statefile.Reason(err)))
	}
	if c.json {
		return c.printJSON(struct {
			Schema int    `json:"schema"`
			Tool   string `json:"tool"`
			File   string `json:"file"`
		}{1, c.id, path})
	}
	if !c.quiet {
		c.stdout.Printf("Wrote %s.\n", file)
	}
	c.apart = true
	c.hint("see what people will be shown with \"usagectl tools show%s\"", manifestOption(file))
	c.hint("try it with \"usagectl inspect %s run.end --set exit_code=0%s\"", c.id, manifestOption(file))
	return nil
}

// writeManifest makes a file as an editor would, or puts a new one in the place of the old.
func writeManifest(path, text string, replace bool) error {
	if replace {
		return statefile.Write(path, []byte(text), 0o644, 0o755)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // never through a link
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
