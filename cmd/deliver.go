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
			s := a.world.sender()
			s.WorkDir = "" // the place where it was started is nobody's
			s.Client = sender.NewClient()
			if stdin {
				return s.RunPipe(ctx, a.world.Stdin)
			}
			s.Run(ctx)
			return nil
		},
	}
	c.Flags().BoolVar(&stdin, "stdin", false, "deliver the events on stdin, once")
	return c
}

// startDeliverer starts a deliverer in the background, and returns its process ID.
func (w World) startDeliverer() (int, error) { return w.spawn(nil) }

// spawn starts the deliver command in the background. stdin may be nil.
func (w World) spawn(stdin *os.File, args ...string) (int, error) {
	exe, err := w.Executable()
	if err != nil {
		return 0, err
	}
	return sender.Spawn(exe, append([]string{w.Name, deliverCommand}, args...), w.Environ, stdin)
}
