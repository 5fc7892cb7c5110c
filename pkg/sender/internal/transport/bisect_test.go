package transport

import (
	"net/http"
	"slices"
	"testing"
)

func TestBisect(t *testing.T) {
	messages := make([]Message, 9)
	messages[3].Event, messages[7].Event = "poison", "poison"
	calls := 0
	b := bisection{send: func(list []Message) Outcome {
		calls++
		for _, m := range list {
			if m.Event == "poison" {
				return Outcome{Result: Rejected, Status: http.StatusBadRequest}
			}
		}
		return Outcome{Result: Accepted, Status: http.StatusOK}
	}}
	outcomes := b.run(messages)
	for i, o := range outcomes {
		if (o.Result == Rejected) != (i == 3 || i == 7) {
			t.Errorf("%d: %v", i, o.Result)
		}
	}
	if calls > 2*len(messages) {
		t.Errorf("%d calls", calls)
	}
	calls = 0
	b = bisection{send: func([]Message) Outcome { calls++; return Outcome{Result: Rejected, Status: http.StatusGone} }}
	b.run(messages)
	if calls != 1 {
		t.Errorf("a refusal that is not about the content was tried %d times", calls)
	}
}

// TestBisectFailures has a batch fail for the second time. What is in the way of the
// others is found, and a receiver that fails all the time is left alone.
func TestBisectFailures(t *testing.T) {
	messages := make([]Message, 100)
	for i := range 8 {
		messages[i+40].Event = "poison"
	}
	for name, c := range map[string]struct {
		split    bool
		fails    func(m Message) bool
		answer   Outcome
		accepted int
		most     int // calls
	}{
		"at first":               {false, func(m Message) bool { return m.Event == "poison" }, Outcome{Result: Retry, Status: 503}, 0, 1},
		"again":                  {true, func(m Message) bool { return m.Event == "poison" }, Outcome{Result: Retry, Status: 503}, 92, 60},
		"again, and it is down":  {true, func(Message) bool { return true }, Outcome{Result: Retry, Status: 503}, 0, mostFruitless},
		"again, and it asks":     {true, func(m Message) bool { return m.Event == "poison" }, Outcome{Result: Retry, Status: 503, RetryAfter: 1}, 0, 1},
		"again, and no answer":   {true, func(m Message) bool { return m.Event == "poison" }, Outcome{Result: Retry}, 0, 1},
		"again, too many at all": {true, func(m Message) bool { return m.Event == "poison" }, Outcome{Result: Retry, Status: 429}, 0, 1},
	} {
		calls := 0
		b := bisection{split: c.split, send: func(list []Message) Outcome {
			calls++
			if slices.ContainsFunc(list, c.fails) {
				return c.answer
			}
			return Outcome{Result: Accepted, Status: 200}
		}}
		outcomes := b.run(messages)
		got := 0
		for i, o := range outcomes {
			if o.Result == Accepted {
				got++
			}
			if c.fails(messages[i]) && o.Result == Accepted {
				t.Errorf("%s: %d was accepted", name, i)
			}
		}
		if len(outcomes) != len(messages) || got != c.accepted || calls > c.most {
			t.Errorf("%s: %d outcomes, %d accepted, want %d, %d calls", name, len(outcomes), got, c.accepted, calls)
		}
	}
}

// TestBisectRefusals has a receiver call everything bad. It is left alone soon; what was
// refused singly stays so, and of the rest nothing is said.
func TestBisectRefusals(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge} {
		calls, single := 0, 0
		b := bisection{send: func(list []Message) Outcome {
			calls++
			if len(list) == 1 {
				single++
			}
			return Outcome{Result: Rejected, Status: status, Note: "bad"}
		}}
		outcomes := b.run(make([]Message, 150))
		got := 0
		for i, o := range outcomes {
			switch {
			case o.Result == Rejected:
				got++
			case o.Result != Retry || o.Note != "bad":
				t.Errorf("%d: %+v", i, o)
			}
		}
		if len(outcomes) != 150 || got != single || got == 0 || calls > mostFruitless {
			t.Errorf("%d: %d outcomes, %d rejected, %d sent singly, %d calls", status, len(outcomes), got, single, calls)
		}
	}
}
