package cmd

import (
	"cmp"
	"fmt"

	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// showQueued prints the payloads that wait, as they would leave now, and the deletion
// requests. If one of the two cannot be looked at the other one is shown.
func (c *inspectCommand) showQueued(t tool) error {
	requests, unlisted := c.kept.openDeletions(t.id)
	var list []sender.QueuedEvent
	var err error
	if t.manifest == nil {
		list, err = c.world.sender().UndeclaredEvents(t.id)
	} else {
		list, err = c.world.sender().QueuedEvents(t.manifest)
	}
	if err != nil {
		c.kept.warnOfState(c.ui)
		err = fail(exitIO, fmt.Errorf("it is not known what waits for %s: %s", t.id, oneLine(err)))
	}
	if err == nil {
		err = unlisted
	}
	if c.json {
		if unlisted != nil {
			requests = nil
		}
		return cmp.Or(err, c.printJSON(struct {
			Schema int                  `json:"schema"`
			Tool   manifest.ID          `json:"tool"`
			Named  string               `json:"named,omitempty"`
			Queued []sender.QueuedEvent `json:"queued"`

			Deletions []waitingDeletion `json:"deletions"`
		}{1, t.id, c.named, list, requests}))
	}
	if len(list)+len(requests) == 0 && err == nil {
		c.stdout.Printf("Nothing waits for %s.\n", t.id)
	}
	for _, r := range requests {
		if bad := r.show(c.ui); bad != nil {
			return bad
		}
	}
	for _, w := range list {
		c.stdout.Printf("%s  %s  %s\n", utc(w.TakenAt), c.stdout.Style(term.Strong, w.Event), w.EventID.String())
		document := w.Payload
		if document == nil {
			c.stdout.Printf("  no manifest says what is sent; these values were collected:\n")
			document = w.Values
		}
		if bad := c.printDocument(document); bad != nil {
			return bad
		}
	}
	return err
}
