package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// settle notes that a person says that requests are settled.
func (c *forgetCommand) settle(ctx context.Context, names []string) error {
	if len(names) > 0 || c.all || c.localOnly || c.manifest != "" {
		return fail(exitUsage, errors.New("--confirm takes request IDs alone: it forgets no tools"))
	}
	var list []deletion
	for _, text := range c.confirm {
		id, err := uuid.Parse(text)
		if err != nil {
			return fail(exitData, fmt.Errorf("%s is no request ID: a UUID is needed", manifest.Quote(text)), `see the requests with "usagectl status"`)
		}
		d, err := c.world.sender().Confirm(ctx, id)
		_, unread := c.world.sender().Deletions()
		switch {
		case errors.Is(err, sender.ErrNoRequest) && unread != nil:
			return fail(exitIO, fmt.Errorf("%s is not confirmed: %s", id, requests{unknown: unread}.reason()))
		case errors.Is(err, sender.ErrNoRequest):
			return fail(exitData, fmt.Errorf("%s: %w", id, err), `see the requests with "usagectl status"`)
		case c.done("the request is settled", err) != nil:
			return fail(exitIO, fmt.Errorf("%s is not confirmed: %w", id, err))
		}
		for _, v := range deletionsOf(d) {
			if v.RequestID == id {
				list = append(list, v)
			}
		}
	}
	if c.json {
		return c.printJSON(struct {
			Schema    int        `json:"schema"`
			Deletions []deletion `json:"deletions"`
		}{1, list})
	}
	if c.quiet {
		return nil
	}
	for _, d := range list {
		c.stdout.Printf("The deletion request %s is settled: %s.\n", d.RequestID.String(), string(d.State))
		c.stdout.Printf("Of the source ID only its SHA-256 is kept: %s\n", d.SHA256)
	}
	return nil
}
