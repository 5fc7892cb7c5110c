package cmd

import (
	"fmt"
	"time"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/internal/term"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// showQueued prints the payloads that wait, as they would leave now.
func (c *inspectCommand) showQueued(t tool) error {
	type waiting struct {
		Event   string          `json:"event"`
		EventID string          `json:"event_id"`
		TakenAt time.Time       `json:"taken_at"`
		Payload *jsondoc.Object `json:"payload"`
	}
	list := []waiting{}
	requests := c.kept.openDeletions(t.id)
	entries, err := c.world.sender().Outbox(t.id).Waiting()
	if err != nil {
		return fail(exitIO, fmt.Errorf("the outbox of %s: %w", t.id, err))
	}
	for _, e := range entries {
		terms := t.verdict.Terms()
		if !t.verdict.On() { // it waits all the same, with what was agreed to when it was taken
			terms = consent.Offer(t.manifest, len(t.manifest.Consent.Levels))
		}
		p := sender.Build(t.manifest, e.Event, terms, e.Values)
		list = append(list, waiting{e.Event, e.EventID.String(), e.TakenAt.Truncate(time.Second), p.Document()})
	}
	if c.json {
		return c.printJSON(struct {
			Schema int         `json:"schema"`
			Tool   manifest.ID `json:"tool"`
			Queued []waiting   `json:"queued"`

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
		c.stdout.Printf("%s  %s  %s\n", utc(w.TakenAt), c.stdout.Style(term.Strong, w.Event), w.EventID)
		if err := c.printDocument(w.Payload); err != nil {
			return err
		}
	}
	return nil
}

// showSent prints what left, from the journal.
func (c *inspectCommand) showSent(t tool) error {
	records, err := c.world.sender().Journal(t.id).Records()
	if err != nil {
		return fail(exitIO, fmt.Errorf("journal: %w", err))
	}
	for i := range records {
		records[i].Endpoint = secret.URL(records[i].Endpoint)
	}
	if c.json {
		return c.printJSON(struct {
			Schema int             `json:"schema"`
			Tool   manifest.ID     `json:"tool"`
			Sent   []sender.Record `json:"sent"`
		}{1, t.id, append([]sender.Record{}, records...)})
	}
	if len(records) == 0 {
		c.stdout.Printf("Nothing is recorded as sent for %s.\n", t.id)
	}
	for _, r := range records {
		c.stdout.Printf("%s  %s  %s\n  to %s\n", utc(r.At), c.stdout.Style(term.Strong, r.Event), r.EventID, r.Endpoint)
		if r.Note != "" {
			c.stdout.Printf("  %s\n", r.Note)
		}
		if err := c.printDocument(r.Payload); err != nil {
			return err
		}
	}
	return nil
}
