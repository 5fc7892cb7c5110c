package payload

import (
	"errors"
	"fmt"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// MaxSize is the size, in bytes, of the largest payload that is taken. It is
// what Segment allows for one message, and fits into one UDP datagram.
const MaxSize = 32 << 10

// ErrTooLarge says that a payload is larger than [MaxSize].
var ErrTooLarge = errors.New("the payload is too large")

// CheckSize reports a document that no transport would take, by an error that wraps
// [ErrTooLarge], or one that cannot be written as JSON.
func CheckSize(document *jsondoc.Object) error {
	data, err := jsondoc.Append(nil, document)
	if err != nil {
		return err
	}
	if len(data) > MaxSize {
		return fmt.Errorf("%w: %d bytes, at most %d are sent", ErrTooLarge, len(data), MaxSize)
	}
	return nil
}
