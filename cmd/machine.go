package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// machineOptions are the flags of decisions for everybody on a machine.
type machineOptions struct {
	system  bool
	root    string
	command *cobra.Command
}

func (o *machineOptions) addTo(c *cobra.Command) {
	o.command = c
	flags := c.Flags()
	flags.BoolVar(&o.system, "system", false, "for everybody on this machine")
	flags.StringVar(&o.root, "root", "", "with --system: for the image whose tree is `DIR`")
}

func (o machineOptions) check() error {
	rooted := o.command.Flags().Changed("root")
	switch {
	case rooted && !o.system:
		return fail(exitUsage, errors.New("--root is for --system"))
	case rooted && o.root == "":
		// A script whose variable is not set means an image, and never this machine.
		return fail(exitUsage, errors.New("--root is empty: nothing was changed"))
	}
	return nil
}

// forMachine names what a machine-wide decision is about; the zero ID for all.
func forMachine(names []string, all bool) ([]manifest.ID, error) {
	if all {
		return []manifest.ID{{}}, nil
	}
	return parseIDs(names)
}

// machineDecided is one machine-wide refusal, made or lifted.
type machineDecided struct {
	Tool    string `json:"tool"` // or "all"
	File    string `json:"file"`
	Refused bool   `json:"refused"`
	Changed bool   `json:"changed"` // by this command
}

func (a *app) refuseForMachine(ctx context.Context, names []string, o disableOptions) error {
	err := a.onMachine(names, o.all, o.machine, func(m *consent.SystemStore, id manifest.ID) (machineDecided, error) {
		changed, err := m.Refuse(id, o.replace)
		return machineDecided{Refused: true, Changed: changed}, err
	})
	if err == nil && o.machine.root == "" {
		err = a.awaitOwn(ctx, names)
	}
	return err
}

// awaitOwn waits until deliverers have stopped, as far as that can be seen from here:
// everybody's ask for consent again, and those of this person are waited for.
func (a *app) awaitOwn(ctx context.Context, names []string) error {
	tools, err := parseIDs(names)
	if err == nil && len(tools) == 0 {
		tools, err = sender.Tools(a.Dirs.StateDir())
	}
	if err != nil {
		return nil // what cannot be read cannot be waited for
	}
	if still := a.sender().AwaitDeliverers(ctx, tools...); still > 0 {
		return fail(exitIO, fmt.Errorf("the refusal is recorded, but %s", stillUnderway(still)))
	}
	return nil
}

func (a *app) liftForMachine(names []string, o enableOptions) error {
	return a.onMachine(names, o.all, o.machine, func(m *consent.SystemStore, id manifest.ID) (machineDecided, error) {
		changed, err := m.Lift(id, a.Now())
		return machineDecided{Changed: changed}, err
	})
}

// onMachine makes or lifts refusals for a machine, and tells what became of them.
func (a *app) onMachine(names []string, all bool, o machineOptions, decide func(*consent.SystemStore, manifest.ID) (machineDecided, error)) error {
	a.staysHere = true
	ids, err := forMachine(names, all)
	if err != nil {
		return err
	}
	m, err := consent.OpenSystemStore(a.Dirs.System, o.root)
	if err != nil {
		return machineFailure("nothing was changed", err)
	}
	defer m.Close()
	list := []machineDecided{}
	for _, id := range ids {
		d, err := decide(m, id)
		if err := a.done(m.File(id)+" is changed", err); err != nil {
			return machineFailure(m.File(id)+" is not changed", err)
		}
		d.Tool, d.File = "all", m.File(id)
		if !id.IsZero() {
			d.Tool = id.String()
		}
		list = append(list, d)
		if !a.json && !a.quiet {
			a.Stdout.Printf("%s\n", d.line())
		}
	}
	if !a.json {
		return nil
	}
	return a.printJSON(struct {
		Schema int              `json:"schema"`
		Tools  []machineDecided `json:"tools"`
	}{1, list})
}

func machineFailure(what string, err error) error {
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

func (d machineDecided) line() string {
	who := "the telemetry of " + d.Tool
	if d.Tool == "all" {
		who = "all telemetry"
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
