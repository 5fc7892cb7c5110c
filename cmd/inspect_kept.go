package cmd

import (
	"fmt"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// showQueued prints the payloads that wait, as they would leave now.
func (c *inspectCommand) showQueued(t tool) error {
	requests := c.kept.openDeletions(t.id)
	list, err := c.world.sender().QueuedEvents(t.manifest)
	if err != nil {
		return fail(exitIO, fmt.Errorf("the outbox of %s: %w", t.id, err))
	}
	if c.json {
		return c.printJSON(struct {
			Schema int                  `json:"schema"`
			Tool   manifest.ID          `json:"tool"`
			Queued []sender.QueuedEvent `json:"queued"`

			Deletions []waitingDeletion `json:"deletions"`
		}{1, t.id, list, requests})
	}
	if len(list)+len(requests) == 0 {
		c.stdout.Printf("Nothing waits for %s.\n", t.id)
	}
	for _, r := range requests {
		if err := r.show(c.ui); err != nil {
			return err
		}
	}
	for _, w := range list {
		c.stdout.Printf("%s  %s  %s\n", utc(w.TakenAt), c.stdout.Style(term.Strong, w.Event), w.EventID.String())
		if err := c.printDocument(w.Payload); err != nil {
			return err
		}
	}
	return nil
}
