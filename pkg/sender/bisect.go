package sender

import (
	"net/http"
	"slices"
)

// bisect finds the parcels that a receiver of batches cannot stomach: a batch
// that it calls bad or too large is sent again in halves, so that one bad event
// does not take the good ones with it. Nothing of such a batch was accepted.
// Once consent is withdrawn the rest is not sent.
func bisect(parcels []parcel, send func([]parcel) outcome) []outcome {
	if len(parcels) == 0 {
		return nil
	}
	o := send(parcels)
	bad := o.result == rejected && (o.status == http.StatusBadRequest || o.status == http.StatusRequestEntityTooLarge)
	if !bad || len(parcels) == 1 {
		return all(parcels, o)
	}
	half := len(parcels) / 2
	first := bisect(parcels[:half], send)
	if i := slices.IndexFunc(first, outcome.withoutConsent); i >= 0 {
		return append(first, all(parcels[half:], outcome{result: withheld, note: first[i].note})...)
	}
	return append(first, bisect(parcels[half:], send)...)
}
