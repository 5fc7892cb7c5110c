package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/lint"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// toolsLintCommand is the command that looks for mistakes in manifests.
type toolsLintCommand struct {
	*app
	strict bool
}

func newToolsLint(a *app) *cobra.Command {
	c := &toolsLintCommand{app: a}
	command := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Find mistakes in manifests, and give advice",
		Long: `Lint reports every mistake in a manifest, each in a line that editors and CI systems
read: FILE:LINE:COLUMN: error: what is wrong. Of a file that is no TOML only the first
error is reported. Without mistakes it gives advice on what people should not be asked
to agree to: FILE:LINE:COLUMN: advice: what, and what to do [code].

The codes of advice stay the same:

` + codesOfAdvice() + `

It reads the files and, for env-cannot-set, which other tools have a manifest here.
docs/manifest.md describes each key.

EXIT STATUS
   0  no mistakes
   1  there is advice, with --strict
  64  a bad flag, or no file is named
  74  a file cannot be read, or the answer could not be printed; the other files
      were looked at
  78  a manifest has mistakes`,
		Example: `  # While you write one
  usagectl tools lint mytool.toml
  # In CI: advice is a failure too
  usagectl tools lint --strict mytool.toml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error { return c.run(args) },
	}
	command.Flags().BoolVar(&c.strict, "strict", false, "end with 1 if there is advice")
	return command
}

// codesOfAdvice lists the codes with what each finds, for the help.
func codesOfAdvice() string {
	var lines []string
	for _, r := range lint.Rules() {
		lines = append(lines, fmt.Sprintf("  %-21s %s", r.Code, r.Short))
	}
	return strings.Join(lines, "\n")
}

// lintedFile is what was found in a manifest.
type lintedFile struct {
	File     string       `json:"file"`
	Tool     *manifest.ID `json:"tool"` // null if there are mistakes
	Mistakes int          `json:"mistakes"`
	Advice   int          `json:"advice"`
	Findings []finding    `json:"findings"`
}

// finding is a mistake, or a piece of advice.
type finding struct {
	Severity string `json:"severity"` // "error" or "advice"
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Fix      string `json:"fix"`
}

// run looks at the files and prints what it found.
func (c *toolsLintCommand) run(files []string) error {
	if len(files) == 0 {
		return fail(exitUsage, errors.New("no file is named"), "name the manifests to look at: usagectl tools lint FILE...")
	}
	list, others, unread := []lintedFile{}, c.tools.library.Added(), false
	for _, file := range files {
		data, _, err := statefile.ReadRegular(file, manifest.MaxSize, true)
		if err != nil {
			c.tell(&failure{err: err})
			unread = true
			continue
		}
		list = append(list, lintFile(file, data, others))
	}
	if c.json {
		if err := c.printJSON(struct {
			Schema int          `json:"schema"`
			Files  []lintedFile `json:"files"`
		}{1, list}); err != nil {
			return err
		}
	} else {
		c.show(list)
	}
	return c.verdict(list, unread)
}

// lintFile finds what is to be said about a manifest.
func lintFile(file string, data []byte, others []manifest.ID) lintedFile {
	m, found := lint.Check(file, data, others)
	linted := lintedFile{File: file, Findings: []finding{}}
	if m != nil {
		linted.Tool = &m.Tool.ID
	}
	for _, f := range found {
		severity := "advice"
		if f.Mistake {
			severity = "error"
			linted.Mistakes++
		} else {
			linted.Advice++
		}
		linted.Findings = append(linted.Findings, finding{
			severity, max(1, f.Line), max(1, f.Column), f.Code, f.Message, strings.ReplaceAll(f.Fix, "`", ""),
		})
	}
	return linted
}

// show prints a line for each finding, and on stderr how many there are.
func (c *toolsLintCommand) show(list []lintedFile) {
	mistakes, advice := 0, 0
	for _, linted := range list {
		mistakes += linted.Mistakes
		advice += linted.Advice
		for _, f := range linted.Findings {
			place := fmt.Sprintf("%s:%d:%d:", linted.File, f.Line, f.Column)
			if f.Severity == "error" {
				c.stdout.Printf("%s %s %s\n", place, c.stdout.Style(term.Bad, "error:"), f.Message)
			} else {
				c.stdout.Printf("%s %s %s; %s [%s]\n", place, c.stdout.Style(term.Warn, "advice:"), f.Message, f.Fix, f.Code)
			}
		}
	}
	c.apart = mistakes+advice > 0
	switch cut := slices.ContainsFunc(list, isNoTOML); {
	case c.quiet || len(list) == 0:
	case cut:
		c.note("%d %s; a file that is no TOML was read up to its first error, and advice is given once there are no mistakes", mistakes, plural(mistakes, "mistake", "mistakes"))
	case mistakes > 0:
		c.note("%d %s; advice is given once there are none", mistakes, plural(mistakes, "mistake", "mistakes"))
	case advice == 0:
		c.note("no mistakes, no advice")
	default:
		c.note("no mistakes, %d %s of advice", advice, plural(advice, "piece", "pieces"))
	}
}

// isNoTOML reports whether a file could not be read to its end.
func isNoTOML(linted lintedFile) bool {
	return slices.ContainsFunc(linted.Findings, func(f finding) bool { return f.Code == string(manifest.KindSyntax) })
}

// verdict is how the command ends.
func (c *toolsLintCommand) verdict(list []lintedFile, unread bool) error {
	switch {
	case unread:
		return fail(exitIO, nil)
	case slices.ContainsFunc(list, func(l lintedFile) bool { return l.Mistakes > 0 }):
		return fail(exitConfig, nil)
	case c.strict && slices.ContainsFunc(list, func(l lintedFile) bool { return l.Advice > 0 }):
		return fail(exitNo, nil)
	}
	return nil
}
