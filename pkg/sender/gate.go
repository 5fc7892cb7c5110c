package sender

import (
	"context"
	"fmt"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// gate returns a function that reports, as an error, that one of the events may no
// longer leave, or not as it was built. It is safe for concurrent use.
func (s Sender) gate(m *manifest.Manifest, events []claimed) func(context.Context) error {
	return func(context.Context) error {
		a := s.admission(m)
		for _, c := range events {
			permit, err := a.permit(c.entry)
			if err != nil {
				return err
			}
			if !permit.Equal(c.permit) {
				return fmt.Errorf("what was agreed to of %s has changed", m.Tool.ID)
			}
		}
		return nil
	}
}
