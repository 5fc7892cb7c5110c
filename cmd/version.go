package cmd

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/term"
)

// What a release is, set by the linker as .goreleaser.yaml says; nothing else
// ever sets them.
var version, commit, commitDate string

// Version is the program's version: the release's, else the module's, else "devel".
func Version() string { return thisBuild().Version }

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show which usagectl this is",
		Long: `Version shows the version, the commit that the program was built from and when that
was made, and with what it was built: what a report of a bug should hold. It looks
at nothing but the program itself.

EXIT STATUS
   0  shown
  64  a bad flag or a word too many
  74  the answer could not be printed`,
		Example: `  # For a report of a bug
  usagectl version
  # For a script that needs a certain version
  usagectl version --json`,
		Args: words(0, 0),
		RunE: func(*cobra.Command, []string) error { return runVersion(a.ui) },
	}
}

// build is what a program was built from, as "version --json" has it.
type build struct {
	Schema     int     `json:"schema"`
	Version    string  `json:"version"`
	Commit     *string `json:"commit"` // null if it is not known
	CommitDate *string `json:"commit_date"`
	Modified   bool    `json:"modified"` // built from the commit and changes
	Go         string  `json:"go"`
	OS         string  `json:"os"`
	Arch       string  `json:"arch"`
}

// thisBuild is what this program was built from: what the linker was told, else
// what the go command wrote into it.
func thisBuild() build {
	b := build{Schema: 1, Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if version != "" {
		b.Version, b.Commit, b.CommitDate = version, &commit, &commitDate
		return b
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.read(info)
	}
	return b
}

// read takes what the go command knew: "go install" of a module its version, a
// build in a clone also the commit.
func (b *build) read(info *debug.BuildInfo) {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = strings.TrimPrefix(v, "v")
	}
	for i := range info.Settings {
		switch s := &info.Settings[i]; s.Key {
		case "vcs.revision":
			b.Commit = &s.Value
		case "vcs.time":
			b.CommitDate = &s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
}

// runVersion shows what this program was built from.
func runVersion(u *ui) error {
	b := thisBuild()
	if u.json {
		return u.printJSON(b)
	}
	out := u.stdout
	out.Printf("usagectl %s\n", out.Style(term.Strong, b.Version))
	out.Printf("  Commit    %s\n", b.commitText())
	out.Printf("  Built by  %s for %s/%s\n", b.Go, b.OS, b.Arch)
	return nil
}

// commitText is the commit for people.
func (b build) commitText() string {
	if b.Commit == nil {
		return "not recorded"
	}
	text := *b.Commit
	if b.CommitDate != nil {
		text += " of " + *b.CommitDate
	}
	if b.Modified {
		text += ", and changes"
	}
	return text
}
