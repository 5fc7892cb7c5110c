package cmd

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender"
)

// deliverCommand is the hidden command that "send" starts in the background.
const deliverCommand = "deliver"

func newDeliver(a *app) *cobra.Command {
	var stdin bool
	c := &cobra.Command{
		Use:    deliverCommand,
		Short:  "Deliver what is queued, in the background",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := interruptible(c.Context())
			defer stop()
			if consent.ForeignHome(a.world.Dirs) != "" {
				return nil
			}
			if stdin { // nobody else has the event, and it takes ten seconds at most: no signal ends that
				return a.world.sender().RunPipe(c.Context(), a.world.Stdin)
			}
			a.world.sender().Run(ctx)
			return nil
		},
	}
	c.Flags().BoolVar(&stdin, "stdin", false, "deliver the events on stdin, once")
	return c
}

// startDeliverer starts the deliver command in the background, and returns its process
// ID. It delivers what is on stdin, if that is not nil.
func (w World) startDeliverer(stdin *os.File) (int, error) {
	exe, err := w.Executable()
	if err != nil {
		return 0, err
	}
	args := []string{w.Name, deliverCommand}
	if stdin != nil {
		args = append(args, "--stdin")
	}
	return sender.Spawn(exe, args, w.Environ, stdin)
}
