package transport

import (
	"net/http"
	"slices"
)

// bisection finds the messages that a receiver of batches cannot stomach. A batch that
// it calls bad or too large is sent again in halves, so that one bad event does not
// take the good ones with it. If split is set, because the last attempts failed too,
// so is a batch that failed for a reason that may be in single events. Nothing of such a batch was accepted.
type bisection struct {
	send  func([]Message) Outcome
	split bool
	stop  func() bool // see [Config.Stop]

	fruitless int // failures since something was accepted last
}

// mostFruitless is how many failures in a row are taken for those of single events; a
// receiver that fails more often is not troubled any more, whatever it answers: what was
// not sent singly by then is kept for later.
const mostFruitless = 24

// run sends the messages and returns one outcome for each. Once consent is withdrawn the
// rest is not sent.
func (b *bisection) run(messages []Message) []Outcome {
	if len(messages) == 0 {
		return nil
	}
	if b.stop != nil && b.stop() {
		return all(messages, Outcome{Result: Untried})
	}
	o := b.send(messages)
	if o.Result == Accepted {
		b.fruitless = 0
	} else {
		b.fruitless++
	}
	if len(messages) == 1 || !b.halve(o) {
		return all(messages, o)
	}
	later := Outcome{Result: Retry, Status: o.Status, Page: o.Page, Note: o.Note}
	if b.fruitless >= mostFruitless {
		return all(messages, later)
	}
	half := len(messages) / 2
	list := b.run(messages[:half])
	rest := messages[half:]
	if i := slices.IndexFunc(list, Outcome.WithoutConsent); i >= 0 {
		return append(list, all(rest, Outcome{Result: Withheld, Note: list[i].Note})...)
	}
	if b.fruitless >= mostFruitless {
		return append(list, all(rest, later)...)
	}
	waiting := runs{}
	for i, o := range list {
		waiting.note(messages[i], o)
	}
	return append(list, b.others(rest, waiting)...)
}

// others sends the messages that are of none of these runs.
func (b *bisection) others(messages []Message, waiting runs) []Outcome {
	outcomes := all(messages, Outcome{Result: Untried})
	var sent []Message
	var at []int // of each in outcomes
	for i, m := range messages {
		if !waiting[m.RunID] {
			sent, at = append(sent, m), append(at, i)
		}
	}
	for i, o := range b.run(sent) {
		outcomes[at[i]] = o
	}
	return outcomes
}

// halve reports whether an answer may be about single events of a batch. Too large is what
// a web server before the receiver calls a batch too, with a page of its own.
func (b *bisection) halve(o Outcome) bool {
	tooLarge := o.Status == http.StatusRequestEntityTooLarge
	switch o.Result {
	case Rejected:
		return tooLarge || o.Status == http.StatusBadRequest
	case Retry:
		return tooLarge || b.split && o.Single()
	}
	return false
}
