package sender

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/payload"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// TestForgottenEvents holds that an event under an ID that was to be forgotten is dropped
// wherever it comes from, though nothing else of it is looked at: there is no consent
// here, for which other events wait. What was on its way is not journaled.
func TestForgottenEvents(t *testing.T) {
	s := newSender(t)
	r := sendertest.NewReceiver(t, nil)
	file := filepath.Join(s.dirs().Home, "mytool.toml")
	sendertest.Write(t, file, strings.ReplaceAll(sendertest.ByEvent, "ENDPOINT", r.URL))
	if err := s.deletions().Create(deletionIn(t, true, deletion.ByMail)); err != nil {
		t.Fatal(err)
	}
	o := s.outbox(sendertest.ToolID(t, "mytool"))
	put := func(id string) outbox.Entry {
		e := place(t, o, "new", id)
		e.Manifest = file
		data, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		sendertest.Write(t, o.Path("new", e.Name()), string(data))
		return e
	}
	old, other := put(sampleID), put(otherID)
	sum := s.drain(t.Context(), o.Tool(), func(int) {})
	if left := sendertest.Names(t, o.Path("new")); sum.Dropped != 1 || sum.Held == nil || !slices.Equal(left, []string{other.Name()}) {
		t.Errorf("%+v, left %q", sum, left)
	}
	if got := s.deliverOne(t.Context(), &manifest.Manifest{}, old, false); got.Outcome != Dropped || got.Reason.Detail != outbox.LostForgotten.String() {
		t.Errorf("%+v", got)
	}
	if got := s.deliverOne(t.Context(), &manifest.Manifest{}, other, false); got.Outcome != Dropped || got.Reason.Detail == outbox.LostForgotten.String() {
		t.Errorf("%+v", got)
	}
	sendertest.Block(t, journalFile(s, o.Tool())) // so that it is recorded late
	late := map[*journal.Recorder][]transport.Message{}
	for _, id := range []string{sampleID, otherID} {
		messages := []transport.Message{{Event: "run", EventID: uuid.New(), Document: jsondoc.NewObject("x", []any{id})}}
		recorder := s.journal(o.Tool()).Recorder(false)
		s.recordTo(recorder, &manifest.Manifest{Send: manifest.Send{Transport: manifest.HTTP, Endpoint: r.URL}}, "")(messages)(transport.Outcome{Status: 200, Wrote: true})
		late[recorder] = messages
	}
	sendertest.Must(t, os.RemoveAll(journalFile(s, o.Tool())))
	for recorder, messages := range late {
		sendertest.Must(t, s.flushRecords(recorder, messages))
	}
	if records := sentBy(t, s, o.Tool()); len(records) != 1 || string(records[0].Payload) != `{"x":["`+otherID+`"]}` || len(r.Requests()) != 0 {
		t.Errorf("journal: %+v", records)
	}
}

// TestRefusedSince is about events taken under the agreement of now, before and after a
// refusal was lifted.
func TestRefusedSince(t *testing.T) {
	lifted := noon.Add(-time.Minute)
	for _, grant := range []string{"", consent.GrantEnv} {
		for name, c := range map[string]struct {
			taken  time.Time
			lift   bool
			leaves bool
		}{
			"never refused":          {noon.Add(-time.Hour), false, true},
			"before":                 {lifted.Add(-time.Nanosecond), true, false},
			"in that moment":         {lifted, true, false},
			"after":                  {lifted.Add(time.Nanosecond), true, true},
			"in the future":          {noon.Add(time.Hour), true, false},
			"in the future, no lift": {noon.Add(time.Hour), false, true},
		} {
			t.Run(grant+" "+name, func(t *testing.T) {
				s := newSender(t)
				if c.lift {
					refuseAndLift(t, s, lifted)
				}
				m, terms := agreedTool(t, s, "https://mytool.example")
				if grant != "" {
					s.env = func(name string) (string, bool) {
						if name == "MYTOOL_TELEMETRY" {
							return "1", true
						}
						return "", false
					}
					m.Consent.Grant = []manifest.EnvRule{{Env: "MYTOOL_TELEMETRY", When: "1"}}
					sendertest.Must(t, os.Remove(decisionsAt(s, noon).File(m.Tool.ID)))
					terms.Grant = grant
				}
				_, _, err := s.admission(m).admit(queue(t, s, terms, c.taken))
				if leaves := err == nil; leaves != c.leaves || !leaves && err != (dropError{outbox.LostWithdrawn}) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// TestGate asks again after each thing that can happen while an event is being sent.
func TestGate(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(t *testing.T, s Sender, m *manifest.Manifest, terms consent.Terms)
		stops   bool
	}{
		"nothing": {func(*testing.T, Sender, *manifest.Manifest, consent.Terms) {}, false},
		"the same agreement again": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			sendertest.Must(t, decisionsAt(s, noon.Add(time.Hour)).Grant(m, 1))
		}, false},
		"a refusal": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			sendertest.Write(t, decisionsAt(s, noon).File(m.Tool.ID), `state = "refused"`) // without a mark
		}, true},
		"a refusal and a new agreement": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			decisions := decisionsAt(s, noon)
			sendertest.Must(t, os.Remove(decisions.File(m.Tool.ID))) // without a mark
			sendertest.Must(t, decisions.Grant(m, 1))
		}, true},
		"a refusal, and the old agreement written back": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			decisions := decisionsAt(s, noon.Add(time.Nanosecond))
			agreement, err := os.ReadFile(decisions.File(m.Tool.ID))
			sendertest.Must(t, err)
			sendertest.Must(t, decisions.Refuse(m.Tool.ID))
			sendertest.Write(t, decisions.File(m.Tool.ID), string(agreement))
		}, true},
		"fewer fields": {func(t *testing.T, s Sender, m *manifest.Manifest, _ consent.Terms) {
			fewer := *m
			fewer.Fields = nil
			sendertest.Must(t, decisionsAt(s, noon).Grant(&fewer, 1))
		}, true},
		"a refusal of all, and lifted": {func(t *testing.T, s Sender, _ *manifest.Manifest, _ consent.Terms) {
			refuseAndLift(t, s, noon.Add(time.Nanosecond))
		}, true},
		"a refusal of the machine": {func(t *testing.T, s Sender, _ *manifest.Manifest, _ consent.Terms) {
			m, err := consent.OpenSystemStore(s.dirs().System, "")
			sendertest.Must(t, err)
			defer m.Close()
			_, err = m.Refuse(manifest.ID{}, false)
			sendertest.Must(t, err)
		}, true},
		"the ID forgotten": {func(t *testing.T, s Sender, _ *manifest.Manifest, _ consent.Terms) {
			sendertest.Must(t, s.deletions().Create(deletionIn(t, true, deletion.ByMail)))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			s.dirs().System = filepath.Join(s.dirs().Home, "system")
			m, terms := agreedTool(t, s, "https://mytool.example")
			e := queue(t, s, terms, noon)
			e.Values = jsondoc.NewObject("source", sampleID)
			permit, _, err := s.admission(m).admit(e)
			sendertest.Must(t, err)
			may := s.gate(m, []claimed{{entry: e, permit: permit}})
			sendertest.Must(t, may(t.Context()))
			c.happens(t, s, m, terms)
			if err := may(t.Context()); (err != nil) != c.stops {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestNewMessageNeedsAPermit holds that the zero permit covers no event. That it queues
// none is the outbox's to hold.
func TestNewMessageNeedsAPermit(t *testing.T) {
	m := sendertest.Tool(t, "mytool", sendertest.Nowhere, `method = "none"`)
	e := outbox.Entry{Schema: outbox.Schema, Tool: m.Tool.ID, Event: "run", EventID: uuid.New(), TakenAt: noon, Endpoint: m.Send.Endpoint, Values: &jsondoc.Object{}}
	if got, err := newMessage(consent.Permit{}, m, e, payload.Payload{}); !errors.Is(err, consent.ErrNoConsent) || !reflect.DeepEqual(got, transport.Message{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestElsewhere holds that what only this process finds, because variables move the places in
// which it looks, keeps an event waiting for the others, and that what holds in the usual
// places ends it.
func TestElsewhere(t *testing.T) {
	refusal := func(t *testing.T, base string) {
		sendertest.Write(t, filepath.Join(base, "usagectl", "consent", "all.toml"), `state = "refused"`)
	}
	for name, c := range map[string]struct {
		happens func(t *testing.T, d *dirs.Dirs, m *manifest.Manifest)
		want    error // nil for any that keeps it
	}{
		"refused in a directory of XDG_CONFIG_DIRS": {func(t *testing.T, d *dirs.Dirs, _ *manifest.Manifest) {
			d.ConfigDirs = []string{t.TempDir()}
			refusal(t, d.ConfigDirs[0])
		}, errElsewhere},
		"refused for the machine": {func(t *testing.T, d *dirs.Dirs, _ *manifest.Manifest) { refusal(t, d.System) }, dropError{outbox.LostWithdrawn}},
		"refused by the person":   {func(t *testing.T, d *dirs.Dirs, _ *manifest.Manifest) { refusal(t, d.ConfigHome) }, dropError{outbox.LostWithdrawn}},
		"refused where XDG_CONFIG_HOME points to": {func(t *testing.T, d *dirs.Dirs, _ *manifest.Manifest) {
			d.ConfigHome = t.TempDir()
			refusal(t, d.ConfigHome)
		}, errElsewhere},
		"the manifest of XDG_DATA_HOME has another endpoint": {func(t *testing.T, d *dirs.Dirs, m *manifest.Manifest) {
			m.Send.Endpoint += "/other"
		}, errElsewhere},
		"the outbox is moved too": {func(t *testing.T, d *dirs.Dirs, _ *manifest.Manifest) {
			d.ConfigHome = t.TempDir()
			refusal(t, d.ConfigHome)
			d.Usual.StateHome = t.TempDir()
		}, dropError{outbox.LostWithdrawn}},
		"the manifest of XDG_DATA_HOME has no such event": {func(t *testing.T, d *dirs.Dirs, m *manifest.Manifest) { m.Events = nil }, errElsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			s.dirs().System = t.TempDir()
			m, terms := agreedTool(t, s, "https://mytool.example")
			e := queue(t, s, terms, noon)
			usual := *s.dirs()
			s.dirs().Usual = &usual
			mine := *m
			c.happens(t, s.dirs(), &mine)
			if _, _, err := s.admission(&mine).admit(e); err != c.want {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// TestAnotherAgreement holds that an event of an agreement in another place, such as of another
// XDG_CONFIG_HOME, waits for those who know of it, and that one whose agreement was replaced goes.
func TestAnotherAgreement(t *testing.T) {
	s := newSender(t)
	m, terms := agreedTool(t, s, "https://mytool.example") // at noon
	terms.Grant = "another"
	for _, c := range []struct {
		taken time.Time
		want  error
	}{
		{noon.Add(time.Second), errAnotherAgreement},
		{noon.Add(-time.Second), dropError{outbox.LostWithdrawn}},
	} {
		if _, _, err := s.admission(m).admit(queue(t, s, terms, c.taken)); err != c.want {
			t.Errorf("taken %v: %v, want %v", c.taken, err, c.want)
		}
	}
}
