package sender

import "net/http"

// bisect finds the parcels that a receiver of batches cannot stomach: a batch
// that it calls bad or too large is sent again in halves, so that one bad event
// does not take the good ones with it. Nothing of such a batch was accepted.
func bisect(parcels []parcel, send func([]parcel) (status int, o outcome)) []outcome {
	if len(parcels) == 0 {
		return nil
	}
	status, o := send(parcels)
	bad := status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge
	if !bad || len(parcels) == 1 {
		return all(parcels, o)
	}
	half := len(parcels) / 2
	return append(bisect(parcels[:half], send), bisect(parcels[half:], send)...)
}
