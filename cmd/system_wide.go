package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// systemWide makes and lifts refusals for everybody on a machine, or in an image: what
// --system and --root are for. They touch no home and no network.
type systemWide struct {
	*app
	on      bool
	root    string // of an image; "" for this machine
	command *cobra.Command
}

// addTo adds the flags to a command.
func (s *systemWide) addTo(c *cobra.Command) {
	s.command = c
	flags := c.Flags()
	flags.BoolVar(&s.on, "system", false, "for everybody on this machine")
	flags.StringVar(&s.root, "root", "", "with --system: for the image whose tree is `DIR`")
}

// check holds that the flags go together.
func (s *systemWide) check() error {
	rooted := s.command.Flags().Changed("root")
	switch {
	case rooted && !s.on:
		return fail(exitUsage, errors.New("--root is for --system"))
	case rooted && s.root == "":
		// A script whose variable is not set means an image, and never this machine.
		return fail(exitUsage, errors.New("--root is empty: nothing was changed"))
	}
	return nil
}

// about names what a machine-wide decision is about; the zero ID for all.
func (s *systemWide) about(names []string, all bool) ([]reference, error) {
	s.staysHere = true
	if all {
		return []reference{{}}, nil
	}
	return s.refer(names)
}

// systemWideResult is one machine-wide refusal, made or lifted.
type systemWideResult struct {
	Tool    string        `json:"tool"`   // or "all"
	Except  []manifest.ID `json:"except"` // what a refusal of all is not about
	File    string        `json:"file"`
	Refused bool          `json:"refused"`
	Changed bool          `json:"changed"` // by this command
}

// refuse refuses tools, or all, for everybody.
func (s *systemWide) refuse(ctx context.Context, names []string, all, replace bool, except []manifest.ID) error {
	tools, err := s.about(names, all)
	if err != nil {
		return err
	}
	err = s.decide(ids(tools), func(m *consent.SystemStore, id manifest.ID) (systemWideResult, error) {
		refuse := func() (bool, error) { return m.Refuse(id, replace) }
		if all {
			refuse = func() (bool, error) { return m.RefuseAll(replace, s.world.Now(), except...) }
		}
		changed, err := refuse()
		if err == nil {
			s.warnOfRefused(m, except)
		}
		return systemWideResult{Except: except, Refused: true, Changed: changed}, err
	})
	for _, ref := range tools {
		s.warnOfUnknown(ref.id)
	}
	var f *failure
	if unrecorded(err) && errors.As(err, &f) {
		return fail(f.code, f.err, append(slices.Clone(f.hints), s.instead(tools, except)...)...)
	}
	if err == nil && s.root == "" {
		err = s.awaitOwn(ctx, ids(tools), except)
	}
	return err
}

// warnOfRefused warns of exceptions that are refused all the same, by name.
func (s *systemWide) warnOfRefused(m *consent.SystemStore, except []manifest.ID) {
	for _, id := range except {
		if m.Refuses(id) {
			s.warn("%s stays refused for everybody though it is an exception: %s", id, m.File(id))
			s.hint("to leave it to each user: usagectl enable %s --system%s", id, s.inRoot())
		}
	}
}

// inRoot is the rest of a command line for the same place.
func (s *systemWide) inRoot() string {
	if s.root == "" {
		return ""
	}
	return " --root " + s.root
}

// instead is what works at once where a refusal cannot be written.
func (s *systemWide) instead(refs []reference, except []manifest.ID) []string {
	if refs[0].id.IsZero() {
		if s.root != "" {
			return append(switchImage(), "and for what tools send by themselves what \"usagectl env --all\" prints")
		}
		return s.world.switchAllNow(false, except)
	}
	var tools []tool
	for _, ref := range refs {
		tools = append(tools, s.tools.look(ref.id))
	}
	if s.root != "" {
		return switchImage(tools...)
	}
	return s.world.switchNow(false, tools...)
}

// lift takes back what refuse did.
func (s *systemWide) lift(names []string, all bool) error {
	tools, err := s.about(names, all)
	if err != nil {
		return err
	}
	return s.decide(ids(tools), func(m *consent.SystemStore, id manifest.ID) (systemWideResult, error) {
		changed, err := m.Lift(id, s.world.Now())
		return systemWideResult{Changed: changed}, err
	})
}

// awaitOwn waits until deliverers have stopped, as far as that can be seen from here:
// everybody's ask for consent again, and those of this person are waited for.
func (s *systemWide) awaitOwn(ctx context.Context, tools, except []manifest.ID) error {
	if tools[0].IsZero() {
		all, err := s.world.sender().Tools()
		if err != nil {
			return nil // what cannot be read cannot be waited for
		}
		tools = all
	}
	tools = slices.DeleteFunc(tools, func(id manifest.ID) bool { return slices.Contains(except, id) })
	if still := s.world.sender().AwaitDeliverers(ctx, tools...); still > 0 {
		return fail(exitIO, fmt.Errorf("the refusal is recorded, but %s", stillUnderway(still)))
	}
	return nil
}

// decide makes or lifts refusals for a machine, and tells what became of them.
func (s *systemWide) decide(ids []manifest.ID, decide func(*consent.SystemStore, manifest.ID) (systemWideResult, error)) error {
	m, err := consent.OpenSystemStore(s.world.Dirs.System, s.root)
	if err != nil {
		return systemWideFailure("nothing was changed", err)
	}
	defer m.Close()
	list := []systemWideResult{}
	for _, id := range ids {
		d, err := decide(m, id)
		if err := s.done(m.File(id)+" is changed", err); err != nil {
			return systemWideFailure(m.File(id)+" is not changed", err)
		}
		d.Tool, d.File, d.Except = "all", m.File(id), append([]manifest.ID{}, d.Except...)
		if !id.IsZero() {
			d.Tool = id.String()
		}
		list = append(list, d)
		if !s.json && !s.quiet {
			s.stdout.Printf("%s\n", d.line())
		}
	}
	if !s.json {
		return nil
	}
	return s.printJSON(struct {
		Schema int                `json:"schema"`
		Tools  []systemWideResult `json:"tools"`
	}{1, list})
}

// systemWideFailure is the failure to change a machine's settings.
func systemWideFailure(what string, err error) error {
	err = fmt.Errorf("%s: %w", what, err)
	switch {
	case errors.Is(err, consent.ErrUnknownFile):
		return fail(exitConfig, err, "look at it; remove it yourself, or put a refusal in its place by saying \"disable\" with --replace")
	case errors.Is(err, fs.ErrPermission):
		return fail(exitNoPerm, err, "it takes the machine's administrator")
	}
	if strings.Contains(err.Error(), "escapes") { // the os package has no error to compare with
		return fail(exitCreate, err, "a link in the tree leads out of it, and nothing is written there")
	}
	return fail(exitCreate, err)
}

// line is the result in words.
func (d systemWideResult) line() string {
	who := "the telemetry of " + d.Tool
	if d.Tool == "all" {
		who = "all telemetry"
	}
	for i, id := range d.Except {
		if i == 0 {
			who += " except that of "
		} else {
			who += ", "
		}
		who += id.String()
	}
	switch {
	case d.Refused && d.Changed:
		return fmt.Sprintf("Refused for everybody: %s, in %s", who, d.File)
	case d.Refused:
		return fmt.Sprintf("Refused for everybody before, and not changed: %s, in %s", who, d.File)
	case d.Changed:
		return fmt.Sprintf("No longer refused for everybody: %s; everybody's own decision counts again", who)
	}
	return fmt.Sprintf("There was nothing to lift for %s: there is no %s", who, d.File)
}
