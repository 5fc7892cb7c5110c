package sender

import (
	"net/http"
	"slices"
)

// bisection finds the parcels that a receiver of batches cannot stomach. A batch that
// it calls bad or too large is sent again in halves, so that one bad event does not
// take the good ones with it. If split is set, because the last attempts failed too,
// so is a batch that failed for a reason that may be in single events. Nothing of such a batch was accepted.
type bisection struct {
	send  func([]parcel) outcome
	split bool

	fruitless int // failures since something was accepted last
}

// mostFruitless is how many failures in a row are taken for those of single events; a
// receiver that fails more often is not troubled any more, whatever it answers: what was
// not sent singly by then is kept for later.
const mostFruitless = 24

// run sends the parcels and returns one outcome for each. Once consent is withdrawn the
// rest is not sent.
func (b *bisection) run(parcels []parcel) []outcome {
	if len(parcels) == 0 {
		return nil
	}
	o := b.send(parcels)
	if o.result == accepted {
		b.fruitless = 0
	} else {
		b.fruitless++
	}
	if len(parcels) == 1 || !b.halve(o) {
		return all(parcels, o)
	}
	later := outcome{result: retry, status: o.status, note: o.note}
	if b.fruitless >= mostFruitless {
		return all(parcels, later)
	}
	half := len(parcels) / 2
	list := b.run(parcels[:half])
	rest := parcels[half:]
	if i := slices.IndexFunc(list, outcome.withoutConsent); i >= 0 {
		return append(list, all(rest, outcome{result: withheld, note: list[i].note})...)
	}
	if b.fruitless >= mostFruitless {
		return append(list, all(rest, later)...)
	}
	return append(list, b.run(rest)...)
}

// halve reports whether an answer may be about single events of a batch.
func (b *bisection) halve(o outcome) bool {
	switch o.result {
	case rejected:
		return o.status == http.StatusBadRequest || o.status == http.StatusRequestEntityTooLarge
	case retry:
		return b.split && o.single()
	}
	return false
}
