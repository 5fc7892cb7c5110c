package transport

import (
	"net/http"
	"time"
)

// Result is what became of a message.
type Result int

// The results.
const (
	Accepted    Result = iota // the receiver has it
	Retry                     // it did not arrive; it can be sent again later
	Rejected                  // the receiver will never take it
	Withheld                  // consent was withdrawn, and nothing of it was sent
	Interrupted               // consent was withdrawn while it was being sent: it may have arrived
	Untried                   // nothing was tried: its turn did not come, and it goes with a later batch
)

// Outcome is what became of an attempt at sending a message. The zero value is an
// acceptance of which nothing is to be said.
type Outcome struct {
	Result     Result
	Status     int           // of HTTP; 0 if there was none
	Page       bool          // the answer is a web page, so hardly the receiver's own
	RetryAfter time.Duration // how long the receiver wants to be left alone, up to [backoff.MaxRetryAfter]; 0 if it does not say
	Wrote      bool          // a part of the message may have been sent
	Note       string        // what the receiver said, or why it was not asked: see [note.Hidden.Note]; "" if there is nothing to say
}

// Single reports whether a failure may be about single messages, and not the receiver:
// it has answered, or has got a part of the request. One that is asked too often, or
// wants to be left alone for a while, is not asked for the others.
func (o Outcome) Single() bool {
	return o.Result == Retry && o.RetryAfter == 0 && o.Status != http.StatusTooManyRequests && (o.Status != 0 || o.Wrote)
}

// Answered reports whether the receiver accepted the message or rejected it.
func (o Outcome) Answered() bool { return o.Result == Accepted || o.Result == Rejected }

// WithoutConsent reports whether consent was withdrawn while the message was under way.
func (o Outcome) WithoutConsent() bool { return o.Result == Withheld || o.Result == Interrupted }

// waits reports whether the message is to be sent later, so that none of its run may be
// sent before it.
func (o Outcome) waits() bool { return o.Result == Retry || o.Result == Untried }

// all is the same outcome for every message.
func all(messages []Message, o Outcome) []Outcome {
	list := make([]Outcome, len(messages))
	for i := range list {
		list[i] = o
	}
	return list
}
