package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// For an author's own tests: send --endpoint-for-test sends to an address of this machine,
// whatever was decided. No variable turns it on, because the environment could then redirect the events
// of other tools to any local listener. A test cannot pass by accident: the flag implies --fail, an
// empty address is an error, and every call prints a warning.

// loopbackFlag is the flag of send that names the address.
const loopbackFlag = "endpoint-for-test"

// loopbackWait is how long a test waits for the answer, unless --wait says so.
const loopbackWait = 5 * time.Second

// readLoopback reads the flag. The error is of one that cannot be used; nothing is sent then.
func (c *sendCommand) readLoopback(command *cobra.Command) error {
	if !command.Flags().Changed(loopbackFlag) {
		return nil
	}
	to, err := sender.ParseLoopback(c.endpoint)
	switch {
	case err != nil:
		return fmt.Errorf("--%s %s is not an address of this machine with a port and no path; write 127.0.0.1 or [::1] and the port, as in 127.0.0.1:8765 or http://127.0.0.1:8765", loopbackFlag, manifest.Quote(c.endpoint))
	case c.dryRun:
		return errors.New("--dry-run and --" + loopbackFlag + " cannot be combined")
	}
	c.loopback, c.fail = &to, true
	if c.wait == 0 {
		c.wait = loopbackWait
	}
	return nil
}

// sender takes the event: the one of this person, or one that only tests, which nobody is to
// overlook.
func (c *sendCommand) sender() sender.Sender {
	if c.loopback == nil {
		return c.world.sender()
	}
	c.warn("testing: the event goes to %s only, whatever was decided, and nothing is recorded", c.loopback)
	return c.world.sender().ForTest(*c.loopback)
}
