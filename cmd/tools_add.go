package cmd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// toolsAddCommand is the command that installs a manifest.
type toolsAddCommand struct {
	*app
	system, yes bool
}

func newToolsAdd(a *app) *cobra.Command {
	c := &toolsAddCommand{app: a}
	command := &cobra.Command{
		Use:   "add FILE",
		Short: "Install a manifest, after showing what it declares",
		Long: `Add shows what a manifest declares, asks, and installs it for you, so that the tool can
be named in every command. With --system it is for everybody on the machine. It
takes the place of other manifests of the same tool as "usagectl tools list" says.
FILE is - for stdin. Where another manifest is installed in its place, add shows what
changes for those who agreed to that.

Nobody agrees to anything by this: that takes "usagectl enable". A package that
brings a manifest puts it into /usr/share/usagectl/tools itself. To undo it, remove
the file that add names; a manifest that add replaced is not kept.

EXIT STATUS
   0  installed, or it was before
   1  you said no: nothing was changed
  64  a bad flag, a wrong number of arguments, or no terminal to ask at and no
      --yes
  73  it could not be written, or what has its name is no file of its own, such
      as a symbolic link
  74  the answer could not be printed
  77  the machine's directory may not be written, or the home is somebody else's
  78  the manifest cannot be used`,
		Example: `  # Install a manifest for yourself, after a look at it
  usagectl tools add mytool.toml --yes`,
		Args: words(1, 1),
		RunE: func(_ *cobra.Command, args []string) error { return c.run(args[0]) },
	}
	flags := command.Flags()
	flags.BoolVar(&c.system, "system", false, "for everybody on this machine")
	flags.BoolVarP(&c.yes, "yes", "y", false, "do not ask")
	return command
}

// added is what became of a manifest that was to be installed.
type added struct {
	Schema   int         `json:"schema"`
	Tool     manifest.ID `json:"tool"`
	File     string      `json:"file"`
	Changed  bool        `json:"changed"`
	Replaces []string    `json:"replaces"`
	Counts   bool        `json:"counts"` // for whoever runs this: no other manifest comes first
}

// run installs a manifest.
func (c *toolsAddCommand) run(file string) error {
	m, text, err := c.world.readManifestText(file)
	if err := badManifest(err); err != nil {
		return err
	}
	path, err := c.target(m.Tool.ID)
	if err != nil {
		return err
	}
	before, err := readInstalled(path)
	if err != nil {
		return c.notInstalled(path, err)
	}
	changed := before == nil || !bytes.Equal(before.text, text) || c.system && before.mode&0o444 != 0o444
	if changed {
		if err := c.consult(m, path, before); err != nil {
			return err
		}
		dirMode := os.FileMode(0o700)
		if c.system {
			dirMode = 0o755
		}
		if err := c.done(path+" is written", statefile.Write(path, text, 0o644, dirMode)); err != nil {
			return c.notInstalled(path, err)
		}
	}
	return c.show(m, path, changed, before != nil && !bytes.Equal(before.text, text))
}

// target is the file in which the manifest is to be.
func (c *toolsAddCommand) target(id manifest.ID) (string, error) {
	base := c.world.Dirs.DataHome
	if c.system {
		base = systemData(c.world.Dirs)
	} else if err := c.world.ownHome(); err != nil {
		return "", err
	}
	if base == "" {
		return "", fail(exitCreate, errors.New("nothing was installed: the directory for manifests is not known"))
	}
	return filepath.Join(base, "usagectl", "tools", id.String()+".toml"), nil
}

// systemData is the directory of a machine's data in which what is installed by hand belongs:
// the one that is the first without a variable, if the variable has it at all. Desktops put
// directories of single programs before it.
func systemData(d dirs.Dirs) string {
	if d.Usual != nil && len(d.Usual.DataDirs) > 0 {
		usual := filepath.Clean(d.Usual.DataDirs[0])
		if slices.ContainsFunc(d.DataDirs, func(dir string) bool { return filepath.Clean(dir) == usual }) {
			return usual
		}
	}
	if len(d.DataDirs) == 0 {
		return ""
	}
	return d.DataDirs[0]
}

// installed is what a file holds that is to be replaced.
type installed struct {
	text []byte
	mode fs.FileMode
}

// readInstalled reads what is installed; nil if nothing is. A link is an error: who made it
// wants the file at its other end to be the one that counts.
func readInstalled(path string) (*installed, error) {
	text, info, err := statefile.ReadRegular(path, manifest.MaxSize, false)
	switch {
	case err == nil:
		return &installed{text, info.Mode()}, nil
	case statefile.NotThere(err):
		return nil, nil
	}
	return nil, err
}

// notInstalled is the failure to write a manifest.
func (c *toolsAddCommand) notInstalled(path string, err error) error {
	said := fmt.Errorf("nothing was installed: %s: %s", path, statefile.Reason(err))
	switch {
	case errors.Is(err, fs.ErrPermission) && c.system:
		return fail(exitNoPerm, said, "it takes the machine's administrator; without --system it is for you alone")
	case errors.Is(err, statefile.ErrNotRegular):
		return fail(exitCreate, said, "look at it, and remove it if it can go")
	}
	return fail(exitCreate, said)
}

// consult shows what is to be installed, and asks.
func (c *toolsAddCommand) consult(m *manifest.Manifest, path string, before *installed) error {
	if !c.yes && (!c.world.Interactive || c.json) {
		return fail(exitUsage, errors.New("nothing was installed: add asks first, and there is no terminal to ask at"), "use --yes to skip the question")
	}
	if !c.json && (!c.quiet || !c.yes) {
		out := c.stdout
		if !c.yes && !out.Terminal {
			out = c.stderr // who is asked sees what about
		}
		showDeclaration(out, m)
		out.Printf("\n")
		c.showReplaced(out, m, path, before)
	}
	if c.yes {
		return nil
	}
	c.stderr.Printf("Install it as %s? [y/N] ", c.place(path))
	line, err := bufio.NewReader(c.world.Stdin).ReadString('\n')
	if err != nil {
		c.stderr.Printf("\n")
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return fail(exitNo, errors.New("nothing was installed"))
}

// showReplaced shows what changes for those who agreed to the manifest that is replaced: the
// file that is there, or else the one that counts now.
func (c *toolsAddCommand) showReplaced(out term.Stream, m *manifest.Manifest, path string, before *installed) {
	var old *manifest.Manifest
	var err error
	what := c.place(path)
	if before != nil {
		old, err = manifest.Parse(path, before.text)
	} else if old, err = c.tools.library.Find(m.Tool.ID); err == nil {
		what = "the manifest of " + m.Tool.ID.String() + " that counts now: " + c.place(old.File)
	}
	switch {
	case isUnknown(err):
		return
	case err != nil:
		out.Printf("It takes the place of %s, which cannot be used: %s\n", what, firstLine(err))
		return
	}
	out.Printf("It takes the place of %s.\n", what)
	showChanges(out, m, compare(old, m))
}

// show says what became of it.
func (c *toolsAddCommand) show(m *manifest.Manifest, path string, changed, replaced bool) error {
	id := m.Tool.ID
	found := c.manifestsOf(id)
	a := added{1, id, path, changed, []string{}, found[0] == path}
	if i := slices.Index(found, path); i >= 0 {
		a.Replaces = append(a.Replaces, found[i+1:]...)
	}
	if c.json {
		return c.printJSON(a)
	}
	switch {
	case c.quiet:
	case !changed:
		c.stdout.Printf("It was installed before as %s, and is not changed.\n", c.place(path))
	case replaced:
		c.stdout.Printf("Installed as %s. What that file held before is not kept.\n", c.place(path))
	default:
		c.stdout.Printf("Installed as %s. To undo it, remove that file.\n", c.place(path))
	}
	c.apart = true
	if !a.Counts {
		c.warn("it does not count for you: %s comes first", found[0])
		return nil
	}
	for _, other := range a.Replaces {
		if !c.quiet {
			c.note("it takes the place of another manifest of %s: %s", id, c.place(other))
		}
	}
	if t := c.tools.look(id); !t.verdict.On() {
		c.hint("telemetry of %s is off: %s; agree to it with \"usagectl enable %s\"", id, t.verdict.Reason.Detail, id)
	}
	return nil
}
