package sender

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"":                      0,
		"0":                     0,
		"-5":                    0,
		"7":                     7 * time.Second,
		" 7 ":                   7 * time.Second,
		"99999999999999999999":  maxRetryAfter,
		"-99999999999999999999": 0,
		"9999999":               maxRetryAfter,
		"soon":                  0,
		noon.Add(time.Minute).Format(http.TimeFormat):      time.Minute,
		noon.Add(-time.Minute).Format(http.TimeFormat):     0,
		noon.Add(1000 * time.Hour).Format(http.TimeFormat): maxRetryAfter,
	} {
		if got := retryAfter(value, noon); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

// TestRedirects holds that a payload goes nowhere but to the host that the person
// agreed to, and never unencrypted.
func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		from, to, method string
		follows          bool
	}{
		{"https://a.example/v1", "https://a.example/v2", "POST", true},
		{"https://a.example/v1", "https://b.example/v1", "POST", false},
		{"https://a.example/v1", "https://a.example:444/v1", "POST", false},
		{"https://a.example/v1", "http://a.example/v1", "POST", false},
		{"https://a.example/v1", "https://a.example/v2", "GET", false}, // what a 302 makes of a POST
	} {
		first, next := request(t, c.from, "POST"), request(t, c.to, c.method)
		if err := checkRedirect(next, []*http.Request{first}); (err == nil) != c.follows {
			t.Errorf("%s to %s %s: %v", c.from, c.method, c.to, err)
		}
	}
}

func request(t *testing.T, address, method string) *http.Request {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Request{Method: method, URL: u}
}

func TestBisect(t *testing.T) {
	parcels := make([]parcel, 9)
	parcels[3].event, parcels[7].event = "poison", "poison"
	calls := 0
	b := bisection{send: func(list []parcel) outcome {
		calls++
		for _, p := range list {
			if p.event == "poison" {
				return outcome{result: rejected, status: http.StatusBadRequest}
			}
		}
		return outcome{result: accepted, status: http.StatusOK}
	}}
	outcomes := b.run(parcels)
	for i, o := range outcomes {
		if (o.result == rejected) != (i == 3 || i == 7) {
			t.Errorf("%d: %v", i, o.result)
		}
	}
	if calls > 2*len(parcels) {
		t.Errorf("%d calls", calls)
	}
	calls = 0
	b = bisection{send: func([]parcel) outcome { calls++; return outcome{result: rejected, status: http.StatusGone} }}
	b.run(parcels)
	if calls != 1 {
		t.Errorf("a refusal that is not about the content was tried %d times", calls)
	}
}

// TestBisectFailures has a batch fail for the second time. What is in the way of the
// others is found, and a receiver that fails all the time is left alone.
func TestBisectFailures(t *testing.T) {
	parcels := make([]parcel, 100)
	for i := range 8 {
		parcels[i+40].event = "poison"
	}
	for name, c := range map[string]struct {
		split    bool
		fails    func(p parcel) bool
		answer   outcome
		accepted int
		most     int // calls
	}{
		"at first":               {false, func(p parcel) bool { return p.event == "poison" }, outcome{result: retry, status: 503}, 0, 1},
		"again":                  {true, func(p parcel) bool { return p.event == "poison" }, outcome{result: retry, status: 503}, 92, 60},
		"again, and it is down":  {true, func(parcel) bool { return true }, outcome{result: retry, status: 503}, 0, mostFruitless},
		"again, and it asks":     {true, func(p parcel) bool { return p.event == "poison" }, outcome{result: retry, status: 503, retryAfter: 1}, 0, 1},
		"again, and no answer":   {true, func(p parcel) bool { return p.event == "poison" }, outcome{result: retry}, 0, 1},
		"again, too many at all": {true, func(p parcel) bool { return p.event == "poison" }, outcome{result: retry, status: 429}, 0, 1},
	} {
		calls := 0
		b := bisection{split: c.split, send: func(list []parcel) outcome {
			calls++
			if slices.ContainsFunc(list, c.fails) {
				return c.answer
			}
			return outcome{result: accepted, status: 200}
		}}
		outcomes := b.run(parcels)
		got := 0
		for i, o := range outcomes {
			if o.result == accepted {
				got++
			}
			if c.fails(parcels[i]) && o.result == accepted {
				t.Errorf("%s: %d was accepted", name, i)
			}
		}
		if len(outcomes) != len(parcels) || got != c.accepted || calls > c.most {
			t.Errorf("%s: %d outcomes, %d accepted, want %d, %d calls", name, len(outcomes), got, c.accepted, calls)
		}
	}
}

// TestBisectRefusals has a receiver call everything bad. It is left alone soon; what was
// refused singly stays so, and of the rest nothing is said.
func TestBisectRefusals(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge} {
		calls, single := 0, 0
		b := bisection{send: func(list []parcel) outcome {
			calls++
			if len(list) == 1 {
				single++
			}
			return outcome{result: rejected, status: status, note: "bad"}
		}}
		outcomes := b.run(make([]parcel, 150))
		got := 0
		for i, o := range outcomes {
			switch {
			case o.result == rejected:
				got++
			case o.result != retry || o.note != "bad":
				t.Errorf("%d: %+v", i, o)
			}
		}
		if len(outcomes) != 150 || got != single || got == 0 || calls > mostFruitless {
			t.Errorf("%d: %d outcomes, %d rejected, %d sent singly, %d calls", status, len(outcomes), got, single, calls)
		}
	}
}

func TestPartialSuccess(t *testing.T) {
	message := func(lost uint64, text string) []byte {
		partial := appendVarint(nil, 1, lost)
		return appendBytes(nil, 1, appendBytes(partial, 2, text))
	}
	for _, c := range []struct {
		name string
		body []byte
		want result
		note bool
	}{
		{"empty", nil, accepted, false},
		{"rubbish", []byte("\xff\xff\xff"), accepted, false},
		{"a warning", message(0, "old schema"), accepted, true},
		{"some lost", message(2, "too old"), accepted, true},
		{"all lost", message(3, "too old"), rejected, true},
		{"more lost than sent", message(math.MaxInt64, ""), rejected, true},
	} {
		if got := partialSuccess(c.body, 3); got.result != c.want || (got.note != "") != c.note {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// FuzzProtobuf holds that no answer of a server makes the reader fail or run on.
func FuzzProtobuf(f *testing.F) {
	f.Add(appendBytes(nil, 1, appendVarint(nil, 1, 300)))
	f.Add(appendFixed32(appendDouble(nil, 4, 0.5), 16, 256))
	f.Fuzz(func(t *testing.T, data []byte) {
		total := 0
		_ = protobufFields(data, func(_ int, _ uint64, content []byte) { total += len(content) })
		if total > len(data) {
			t.Errorf("%d bytes came out of %d", total, len(data))
		}
		partialSuccess(data, 1)
		statusMessage(data)
	})
}

// TestLongestWait holds that of several answers the one that asks for the longest wait
// counts, in whichever order they come.
func TestLongestWait(t *testing.T) {
	for _, waits := range [][]time.Duration{{time.Hour}, {time.Hour, 0}, {0, time.Hour}, {time.Hour, time.Minute, 0}, {time.Minute, time.Hour, time.Second}} {
		s := newSender(t)
		o := s.Outbox(toolID(t, "mytool"))
		r := round{Sender: s, outbox: o, self: thisProcess(), sum: &Summary{}}
		var sent []claimed
		var outcomes []outcome
		for _, wait := range waits {
			c, err := o.claim(place(t, o, "new", sampleID).name(), r.self, noon)
			if err != nil {
				t.Fatal(err)
			}
			sent, outcomes = append(sent, claimed{claim: c}), append(outcomes, outcome{result: retry, status: 503, retryAfter: wait, note: "503"})
		}
		if err := r.settle(t.Context(), nil, sent, outcomes); err != nil {
			t.Fatal(err)
		}
		if b := o.Backoff(); r.sum.RetryAfter != time.Hour || !b.Asked.Equal(noon.Add(time.Hour)) || r.failed.retryAfter != time.Hour {
			t.Errorf("%v: %+v, %+v", waits, r.sum, b)
		}
	}
}
