package sender

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// taken is the manifest of the tool whose events are taken.
const taken = `schema = 1

tool = {id = "mytool", purpose = "A test."}
consent = {levels = ["one", "two"]}
send = {transport = "http", endpoint = "ENDPOINT"}
event = [{name = "run"}, {name = "crash", level = 2}, {name = "strict"}, {name = "forget"}]
field = [
  {name = "n", type = "int", purpose = "p"},
  {name = "list", type = "strings", purpose = "p"},
  {name = "must", type = "string", required = true, purpose = "p", events = ["strict"]},
  {name = "source", from = "identity.source", purpose = "p"},
]
forget = {method = "event", event = "forget"}
`

// takingAt is a home in which a person agreed, at level 1, to a tool that sends to an
// address. started counts the deliverers.
func takingAt(t testing.TB, address string) (s Sender, m *manifest.Manifest, started *int) {
	t.Helper()
	s, started = newSender(t), new(int)
	text := strings.ReplaceAll(taken, "ENDPOINT", address)
	m = sendertest.Parse(t, text)
	sendertest.Write(t, filepath.Join(s.dirs().DataHome, "usagectl", "tools", "mytool.toml"), text)
	agreeAt(t, s, m, noon.Add(-time.Hour))
	s.deliver = func(stdin *os.File) (int, error) {
		*started++
		return os.Getpid(), nil
	}
	return s, m, started
}

// queuedIn counts the events in the outbox.
func queuedIn(t testing.TB, s Sender) int {
	t.Helper()
	n, err := s.Queued(sendertest.ToolID(t, "mytool"))
	sendertest.Must(t, err)
	return n
}

// TestTake holds what becomes of an event that nobody waits for, and that it is kept, and
// a deliverer started, exactly when the result says so.
func TestTake(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(s *Sender, e *Event)
		outcome Outcome
		rule    consent.Rule
		err     func(error) bool // what Err is; nil: none
		kept    int
		started int
	}{
		{"queued", func(*Sender, *Event) {}, Queued, consent.ByGrant, nil, 1, 1},
		{"a value that does not fit", func(_ *Sender, e *Event) { e.Values["n"] = "x" }, Queued, consent.ByGrant, nil, 1, 1},
		{"the caller left something out", func(_ *Sender, e *Event) { e.Flawed = true }, Queued, consent.ByGrant, nil, 1, 1},
		{"strict, and all fits", func(_ *Sender, e *Event) { e.Strict = true }, Queued, consent.ByGrant, nil, 1, 1},
		{"nobody to deliver", func(s *Sender, _ *Event) { s.deliver = nil }, Queued, consent.ByGrant, nil, 1, 0},
		{"the deliverer does not start", func(s *Sender, _ *Event) {
			s.deliver = func(*os.File) (int, error) { return 0, os.ErrPermission }
		}, Queued, consent.ByGrant, is(os.ErrPermission), 1, 0},
		{"by the manifest of a file", func(s *Sender, e *Event) {
			e.ManifestFile = filepath.Join(s.dirs().DataHome, "usagectl", "tools", "mytool.toml")
		}, Queued, consent.ByGrant, nil, 1, 1},

		{"refused", func(s *Sender, _ *Event) {
			sendertest.Must(t, decisionsAt(*s, noon).Refuse(sendertest.ToolID(t, "mytool")))
		}, Off, consent.User, nil, 0, 0},
		{"never asked", func(s *Sender, _ *Event) {
			sendertest.Must(t, os.RemoveAll(s.dirs().ConfigHome))
		}, Off, consent.Undecided, nil, 0, 0},
		{"an event that was not agreed to", func(_ *Sender, e *Event) { e.Name = "crash" }, Off, RuleEvent, nil, 0, 0},

		{"no tool", func(_ *Sender, e *Event) { e.Tool = "" }, Dropped, RuleData, is(manifest.ErrUnknownTool), 0, 0},
		{"no name of a tool", func(_ *Sender, e *Event) { e.Tool = "../mytool" }, Dropped, RuleData, is(manifest.ErrUnknownTool), 0, 0},
		{"an unknown tool", func(_ *Sender, e *Event) { e.Tool = "nosuchtool" }, Dropped, RuleData, is(manifest.ErrUnknownTool), 0, 0},
		{"a manifest that is none", func(s *Sender, e *Event) {
			e.ManifestFile = filepath.Join(s.dirs().Home, "bad.toml")
			sendertest.Write(t, e.ManifestFile, "schema = 1\nnonsense = 2\n")
		}, Dropped, RuleManifest, func(err error) bool { var bad manifest.Errors; return errors.As(err, &bad) }, 0, 0},
		{"a manifest of another tool", func(s *Sender, e *Event) {
			e.ManifestFile = filepath.Join(s.dirs().Home, "other.toml")
			sendertest.Write(t, e.ManifestFile, strings.Replace(strings.ReplaceAll(taken, "ENDPOINT", sendertest.Nowhere), "mytool", "other", 1))
		}, Dropped, RuleManifest, func(err error) bool { return err != nil }, 0, 0},
		{"a manifest that is not there", func(s *Sender, e *Event) { e.ManifestFile = filepath.Join(s.dirs().Home, "none.toml") }, Dropped, RuleManifest, is(os.ErrNotExist), 0, 0},
		{"no event", func(_ *Sender, e *Event) { e.Name = "" }, Dropped, RuleData, isEventError(false), 0, 0},
		{"an unknown event", func(_ *Sender, e *Event) { e.Name = "nosuch" }, Dropped, RuleData, isEventError(false), 0, 0},
		{"the deletion request", func(_ *Sender, e *Event) { e.Name = "forget" }, Dropped, RuleData, isEventError(true), 0, 0},
		{"data that are no JSON", func(_ *Sender, e *Event) { e.Data = []byte("{") }, Dropped, RuleData, func(err error) bool { return err != nil }, 0, 0},
		{"data that are no object", func(_ *Sender, e *Event) { e.Data = []byte("[1]") }, Dropped, RuleData, func(err error) bool { return err != nil }, 0, 0},
		{"values that are no JSON", func(_ *Sender, e *Event) { e.Values["n"] = func() {} }, Dropped, RuleData, func(err error) bool { return err != nil }, 0, 0},
		{"strict, and a value does not fit", func(_ *Sender, e *Event) { e.Strict, e.Values["n"] = true, "x" }, Dropped, RuleData, func(err error) bool { return err != nil }, 0, 0},
		{"strict, and the caller left something out", func(_ *Sender, e *Event) { e.Strict, e.Flawed = true, true }, Dropped, RuleData, func(err error) bool { return err != nil }, 0, 0},
		{"without a required value", func(_ *Sender, e *Event) { e.Name = "strict" }, Dropped, RuleData, func(err error) bool {
			var missing *payload.MissingError
			return errors.As(err, &missing) && missing.Field == "must"
		}, 0, 0},
		{"too large", func(_ *Sender, e *Event) {
			list := make([]string, payload.MaxSize/10)
			for i := range list {
				list[i] = "0123456789"
			}
			e.Values["list"] = list
		}, Dropped, RuleData, is(payload.ErrTooLarge), 0, 0},
		{"not kept, and nobody to hand it to", func(s *Sender, _ *Event) {
			s.deliver = nil
			sendertest.Write(t, outbox.Dir(s.state()), "")
		}, Dropped, RuleState, nil, 0, 0},
		{"not kept, and the deliverer does not start", func(s *Sender, _ *Event) {
			s.deliver = func(*os.File) (int, error) { return 0, os.ErrPermission }
			sendertest.Write(t, outbox.Dir(s.state()), "")
		}, Dropped, RuleState, nil, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, started := takingAt(t, sendertest.Nowhere)
			e := Event{Tool: "mytool", Name: "run", Values: map[string]any{"n": 1}}
			c.change(&s, &e)
			before := sendertest.Tree(t, s.dirs().Home)
			called := 0
			e.Queued = func(r Result) {
				called++
				if r.Outcome != Queued || r.EventID == uuid.Nil {
					t.Errorf("called with %+v", r)
				}
			}
			got := s.Take(t.Context(), e)
			if got.Outcome != c.outcome || got.Reason.Rule != c.rule || got.Reason.Detail == "" || got.Document != nil {
				t.Errorf("%+v, want %s by %s", got, c.outcome, c.rule)
			}
			if (got.EventID != uuid.Nil) != (got.Outcome == Queued) {
				t.Errorf("event %s", got.EventID)
			}
			if c.err == nil && got.Err != nil || c.err != nil && !c.err(got.Err) {
				t.Errorf("error %v", got.Err)
			}
			if *started != c.started || called != c.kept {
				t.Errorf("%d deliverers were started, and it was called %d times", *started, called)
			}
			if info, err := os.Stat(outbox.Dir(s.state())); err == nil && info.IsDir() && queuedIn(t, s) != c.kept || err != nil && c.kept > 0 {
				t.Errorf("not %d kept", c.kept)
			}
			// How large a payload is shows when it has been collected, the source ID included.
			if after := sendertest.Tree(t, s.dirs().Home); got.Outcome != Queued && c.rule != RuleState && c.name != "too large" && !maps.Equal(before, after) {
				t.Errorf("something was made:\nbefore %q\nafter  %q", before, after)
			}
		})
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func isEventError(deletion bool) func(error) bool {
	return func(err error) bool {
		var e *EventError
		return errors.As(err, &e) && e.Deletion == deletion && len(e.Known) > 0
	}
}

// TestTakeWithoutState holds that an event is not kept where the state directory is not
// known or not used, and that the reason is told.
func TestTakeWithoutState(t *testing.T) {
	s, _, _ := takingAt(t, sendertest.Nowhere)
	s.dirs().StateFlaw, s.deliver = "it is somebody else's", nil
	if got := s.Take(t.Context(), Event{Tool: "mytool", Name: "run"}); got.Outcome != Dropped || got.Reason.Rule != RuleState || !strings.Contains(got.Reason.Detail, s.dirs().StateFlaw) {
		t.Errorf("%+v", got)
	}
	s.dirs().StateHome, s.dirs().StateFlaw = "", ""
	if got := s.Take(t.Context(), Event{Tool: "mytool", Name: "run"}); got.Outcome != Dropped || got.Reason.Rule != RuleState || !strings.Contains(got.Reason.Detail, ErrNoState.Error()) {
		t.Errorf("%+v", got)
	}
}

// TestTakeDry holds that a dry run shows the document, and makes and starts nothing.
func TestTakeDry(t *testing.T) {
	s, _, started := takingAt(t, sendertest.Nowhere)
	before := sendertest.Tree(t, s.dirs().Home)
	e := Event{Tool: "mytool", Name: "run", DryRun: true, Values: map[string]any{"n": 1}, Wait: time.Minute, Queued: func(Result) { t.Error("it is queued") }}
	got := s.Take(t.Context(), e)
	if got.Outcome != DryRun || got.Reason.Rule != RuleDryRun || got.EventID != uuid.Nil || !strings.HasPrefix(string(got.Document), `{"n":1`) || got.Err != nil {
		t.Errorf("%+v, %s", got, got.Document)
	}
	if after := sendertest.Tree(t, s.dirs().Home); !maps.Equal(before, after) || *started != 0 {
		t.Errorf("started %d\nbefore %q\nafter  %q", *started, before, after)
	}
	sendertest.Must(t, decisionsAt(s, noon).Refuse(sendertest.ToolID(t, "mytool")))
	if got := s.Take(t.Context(), e); got.Outcome != Off || got.Document != nil {
		t.Errorf("without consent: %+v", got)
	}
}

// TestTakeProblems holds that what does not fit is reported and left out, in whichever
// way it was said, and that later ways of saying it win.
func TestTakeProblems(t *testing.T) {
	s, _, _ := takingAt(t, sendertest.Nowhere)
	got := s.Take(t.Context(), Event{
		Tool: "mytool", Name: "run", DryRun: true,
		Data: []byte(`{"n": 1, "list": ["a"], "nosuch": 1}`), Values: map[string]any{"n": 2}, Set: []Setting{{"n", "3"}, {"list", "b"}, {"list", "c"}, {"source", "me"}},
	})
	names := map[string]bool{}
	for _, p := range got.Problems {
		names[p.Name] = true
		if p.Msg == "" || p.Missing {
			t.Errorf("%+v", p)
		}
	}
	if !maps.Equal(names, map[string]bool{"nosuch": true, "source": true}) {
		t.Errorf("%+v", got.Problems)
	}
	if text := string(got.Document); !strings.HasPrefix(text, `{"n":3,"list":[`) || !strings.Contains(text, `"b","c"]`) {
		t.Errorf("%s", text)
	}
}

// TestTakeWaits holds what a caller who waits for the delivery is told, whether or not
// the event could be kept, and that what is not delivered is left to a deliverer.
func TestTakeWaits(t *testing.T) {
	for _, c := range []struct {
		name       string
		answer     func(context.Context) (*http.Response, error)
		kept, lost Outcome // of an event that could be kept, and of one that could not
		rule       consent.Rule
		left       int // in the outbox
	}{
		{"accepted", func(context.Context) (*http.Response, error) { return sendertest.Says(202, "") }, Sent, Sent, RuleServer, 0},
		{"refused", func(context.Context) (*http.Response, error) { return sendertest.Says(400, "") }, Rejected, Rejected, RuleServer, 0},
		{"down", func(context.Context) (*http.Response, error) { return sendertest.Says(503, "") }, Queued, Dropped, RuleNetwork, 1},
		{"no network", func(context.Context) (*http.Response, error) { return nil, errors.New("connection refused") }, Queued, Dropped, RuleNetwork, 1},
		{"it hangs", func(ctx context.Context) (*http.Response, error) { <-ctx.Done(); return nil, ctx.Err() }, Queued, Dropped, RuleNetwork, 1},
	} {
		for _, kept := range []bool{true, false} {
			t.Run(c.name, func(t *testing.T) {
				s, _, _ := takingAt(t, sendertest.Nowhere)
				if !kept {
					s.dirs().StateHome = ""
				}
				synctest.Test(t, func(t *testing.T) {
					ahead := time.Until(noon)
					s.now = func() time.Time { return time.Now().Add(ahead) }
					s.client = &http.Client{Transport: sendertest.RoundTrip(func(r *http.Request) (*http.Response, error) { return c.answer(r.Context()) })}
					start := time.Now()
					got := s.Take(t.Context(), Event{Tool: "mytool", Name: "run", Wait: 2 * time.Second})
					want := c.lost
					if kept {
						want = c.kept
					}
					if got.Outcome != want || got.Reason.Rule != c.rule || got.Reason.Detail == "" || got.EventID == uuid.Nil {
						t.Errorf("kept %v: %+v, want %s by %s", kept, got, want, c.rule)
					}
					if took := time.Since(start); took > 2*time.Second+transport.AskInterval {
						t.Errorf("it took %v", took)
					}
				})
				if kept && queuedIn(t, s) != c.left {
					t.Errorf("%d are queued", queuedIn(t, s))
				}
			})
		}
	}
}
