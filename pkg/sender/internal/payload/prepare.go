package payload

import (
	"fmt"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
)

// Prepared is an event that can be queued.
type Prepared struct {
	Values  *jsondoc.Object // what was collected, by field name: what an outbox keeps
	Payload Payload         // what would be sent if it left now
}

// MissingError says that an event cannot be sent, because a field that it must have is
// not given or not agreed to.
type MissingError struct{ Field string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("the required field %q is missing or withheld", e.Field)
}

// Prepare collects the event's values and builds its payload. If a required field is
// missing the error is a [*MissingError], and no source was asked, so that nothing is
// made for an event that cannot be sent. A payload that is too large is an error that wraps
// [ErrTooLarge].
func (d Draft) Prepare(terms consent.Terms, s Sources) (Prepared, error) {
	if err := d.missing(terms); err != nil {
		return Prepared{}, err
	}
	return d.Preview(terms, s)
}

// Preview is [Draft.Prepare] for people who look at an event before they have values for
// it: it returns the payload as far as there is one, whatever the error says.
func (d Draft) Preview(terms consent.Terms, s Sources) (Prepared, error) {
	values := d.collect(terms, s)
	p := Prepared{values, Build(d.manifest, d.request.Event, terms, values)}
	if err := CheckSize(p.Payload.Document()); err != nil {
		return p, err
	}
	return p, d.missing(terms)
}
