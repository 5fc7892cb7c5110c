package consent_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// storeAt keeps decisions in these directories, at a time.
func storeAt(d dirs.Dirs, at time.Time) consent.Store {
	return consent.Store{Dirs: d, Now: func() time.Time { return at }}
}

// asked is what the store answers about mytool, in an empty environment.
func asked(s consent.Store, m *manifest.Manifest) (consent.Decision, consent.Verdict) {
	f, v := s.Ask(m.Tool.ID, m, nil, "")
	return f.Tool.Decision, v
}

// TestGrantAgain holds when an agreement is the same as before, so that what is queued
// under it may leave.
func TestGrantAgain(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	moved := *m
	moved.Send.Endpoint += "/new"
	for name, c := range map[string]struct {
		between func(s consent.Store) error
		then    *manifest.Manifest
		same    bool
	}{
		"at once":                    {func(consent.Store) error { return nil }, m, true},
		"for another endpoint":       {func(consent.Store) error { return nil }, &moved, false},
		"after a refusal":            {func(s consent.Store) error { return s.Refuse(m.Tool.ID) }, m, false},
		"after a refusal of all":     {func(s consent.Store) error { return s.RefuseAll() }, m, false},
		"after a refusal of others":  {func(s consent.Store) error { return s.RefuseAll(m.Tool.ID) }, m, true},
		"after one that was written": {func(s consent.Store) error { return writtenByHand(s, manifest.ID{}, "") }, m, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeAt(places(t), day)
			must(t, s.Grant(m, 1))
			first, v := asked(s, m)
			if !v.On() || first.Level != 1 || first.Grant == "" || !first.At.Equal(day) {
				t.Fatalf("%+v because of %+v", first, v.Reason)
			}
			must(t, c.between(s))
			must(t, storeAt(s.Dirs, day.Add(time.Hour)).Grant(c.then, 2))
			second, _ := asked(s, c.then)
			if second.Level != 2 || (second.Grant == first.Grant) != c.same {
				t.Errorf("%+v after %+v", second, first)
			}
		})
	}
}

// TestGrantHealsMarks holds that a mark from the future does not outlive an agreement.
func TestGrantHealsMarks(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	d := places(t)
	must(t, storeAt(d, day.Add(time.Hour)).Refuse(m.Tool.ID)) // a clock that is wrong
	must(t, storeAt(d, day).Grant(m, 1))
	if at, err := consent.RefusedAt(d, m.Tool.ID); err != nil || !at.Equal(day) {
		t.Errorf("refused at %v, %v", at, err)
	}
}

// TestGrantWithoutMark holds that whoever agrees hears of it if nothing is sent for that.
func TestGrantWithoutMark(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	s := storeAt(places(t), day)
	must(t, os.MkdirAll(strings.TrimSuffix(s.File(m.Tool.ID), ".toml")+".refused/full", 0o755))
	if err := s.Grant(m, 1); !errors.Is(err, consent.ErrMark) || errors.Is(err, consent.ErrNotDurable) {
		t.Errorf("%v", err)
	}
	if given, v := asked(s, m); given.State != consent.Granted || v.On() || v.Reason.Rule != consent.Unreadable {
		t.Errorf("%+v, on is %v because of %+v", given, v.On(), v.Reason)
	}
}

func TestGrantOfNoLevel(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	for _, level := range []int{-1, 0, 4} {
		s := storeAt(places(t), day)
		var bad *consent.LevelError
		if err := s.Grant(m, level); !errors.As(err, &bad) || bad.Levels != 3 || bad.Level != level {
			t.Errorf("level %d: %v", level, err)
		}
		leftovers(t, s.Dirs.ConfigHome)
	}
}

// TestAFileThatCannotBeRead holds that no decision takes its place unasked, and any
// does that is to.
func TestAFileThatCannotBeRead(t *testing.T) {
	m := parse(t, `default = "opt-out"`, fields)
	id := m.Tool.ID
	for name, decide := range map[string]func(consent.Store) error{
		"grant":       func(s consent.Store) error { return s.Grant(m, 1) },
		"grant own":   func(s consent.Store) error { return s.GrantOwn(id, "") },
		"refuse":      func(s consent.Store) error { return s.Refuse(id) },
		"lift":        func(s consent.Store) error { _, err := s.Lift(id); return err },
		"acknowledge": func(s consent.Store) error { return s.Acknowledge(m) },
	} {
		t.Run(name, func(t *testing.T) {
			s := storeAt(places(t), day)
			path := write(t, s.Dirs.ConfigHome, "mytool.toml", "?")
			var bad *consent.UnreadableError
			if err := decide(s); !errors.As(err, &bad) || bad.Path != path || bad.Problem == "" {
				t.Errorf("%v", err)
			}
			if data, err := os.ReadFile(path); err != nil || string(data) != "?" {
				t.Errorf("the file is %q, %v", data, err)
			}
			s.Replace = true
			must(t, decide(s))
			if r := consent.ReadUser(s.Dirs, id); r.Problem != "" {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestLift holds that only a refusal is taken back, and that it leaves its mark.
func TestLift(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	for name, c := range map[string]struct {
		id     manifest.ID
		before func(consent.Store) error
		lifted bool
		rule   consent.Rule
	}{
		"nothing":        {m.Tool.ID, func(consent.Store) error { return nil }, false, consent.Undecided},
		"nothing of all": {manifest.ID{}, func(consent.Store) error { return nil }, false, consent.Undecided},
		"a refusal":      {m.Tool.ID, func(s consent.Store) error { return s.Refuse(m.Tool.ID) }, true, consent.Undecided},
		"an agreement":   {m.Tool.ID, func(s consent.Store) error { return s.Grant(m, 1) }, false, consent.ByGrant},
		"another's":      {m.Tool.ID, func(s consent.Store) error { return s.Refuse(manifest.ID{}) }, false, consent.User},
		"all": {manifest.ID{}, func(s consent.Store) error {
			return errors.Join(s.Grant(m, 1), s.Refuse(manifest.ID{}))
		}, true, consent.Undecided},
	} {
		t.Run(name, func(t *testing.T) {
			d := places(t)
			must(t, c.before(storeAt(d, day)))
			later := storeAt(d, day.Add(time.Hour))
			if lifted, err := later.Lift(c.id); err != nil || lifted != c.lifted {
				t.Errorf("lifted is %v, %v", lifted, err)
			}
			if _, v := asked(later, m); v.Reason.Rule != c.rule {
				t.Errorf("afterwards %+v", v.Reason)
			}
			at, err := consent.RefusedAt(d, m.Tool.ID)
			if err != nil || at.Equal(day.Add(time.Hour)) != c.lifted {
				t.Errorf("refused at %v, %v", at, err)
			}
		})
	}
}

// TestAcknowledge holds that a notice is due once, and that it overrules nothing.
func TestAcknowledge(t *testing.T) {
	m := parse(t, `default = "opt-out"`, fields)
	for name, c := range map[string]struct {
		before func(consent.Store) error
		due    bool
		rule   consent.Rule
	}{
		"nothing":      {func(consent.Store) error { return nil }, true, consent.ByNotice},
		"seen before":  {func(s consent.Store) error { return s.Acknowledge(m) }, false, consent.ByNotice},
		"an agreement": {func(s consent.Store) error { return s.Grant(m, 2) }, false, consent.ByGrant},
		"a refusal":    {func(s consent.Store) error { return s.Refuse(m.Tool.ID) }, false, consent.User},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeAt(places(t), day)
			must(t, c.before(s))
			if _, v := asked(s, m); s.NoticeDue(v) != c.due {
				t.Errorf("due is %v because of %+v", s.NoticeDue(v), v.Reason)
			}
			must(t, s.Acknowledge(m))
			if _, v := asked(s, m); v.Reason.Rule != c.rule || s.NoticeDue(v) {
				t.Errorf("afterwards %+v", v.Reason)
			}
		})
	}
	s := storeAt(places(t), day)
	if err := s.Acknowledge(parse(t, `default = "opt-in"`, fields)); err == nil {
		t.Error("a tool that asks first has no notice")
	}
	leftovers(t, s.Dirs.ConfigHome)
}

// TestNoticeOfWhatIsNew holds that a notice is due again where the manifest gained
// something, that what was agreed to goes on meanwhile and under the same name, and that
// a person who agreed is not told but asked.
func TestNoticeOfWhatIsNew(t *testing.T) {
	old := parse(t, `default = "opt-out"`, fields)
	const field, event = "[[field]]\nname = \"exit\"\ntype = \"int\"\npurpose = \"p\"\n", "[[event]]\nname = \"run.end\"\n"
	moved := *old
	moved.Send.Endpoint += "/new"
	for name, c := range map[string]struct {
		m                *manifest.Manifest
		agreed           bool
		due, same        bool
		newFields, newEv []string
	}{
		"nothing new":       {old, false, false, true, nil, nil},
		"a field":           {parse(t, `default = "opt-out"`, fields+field), false, true, true, []string{"exit"}, nil},
		"an event":          {parse(t, `default = "opt-out"`, fields+event), false, true, true, nil, []string{"run.end"}},
		"a field, agreed":   {parse(t, `default = "opt-out"`, fields+field), true, false, true, []string{"exit"}, nil},
		"at a higher level": {parse(t, `default = "opt-out"`, fields+field+"level = 2\n"), false, false, true, nil, nil},
		"another endpoint":  {&moved, false, false, false, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeAt(places(t), day)
			decide := s.Acknowledge
			if c.agreed {
				decide = func(m *manifest.Manifest) error { return s.Grant(m, 1) }
			}
			must(t, decide(old))
			first, _ := asked(s, old)
			_, v := asked(s, c.m)
			if s.NoticeDue(v) != c.due || !slices.Equal(v.NewFields, c.newFields) || !slices.Equal(v.NewEvents, c.newEv) {
				t.Errorf("due is %v, new are %v and %v", s.NoticeDue(v), v.NewFields, v.NewEvents)
			}
			must(t, decide(c.m))
			second, v := asked(s, c.m)
			if !v.On() || s.NoticeDue(v) || len(v.NewFields)+len(v.NewEvents) > 0 || (second.Grant == first.Grant) != c.same {
				t.Errorf("%+v because of %+v, after %+v; new are %v and %v", second, v.Reason, first, v.NewFields, v.NewEvents)
			}
		})
	}
}

// TestNobodyAgreesForAll holds that a store has no way to.
func TestNobodyAgreesForAll(t *testing.T) {
	s := storeAt(places(t), day)
	var nameless manifest.Manifest
	nameless.Consent.Levels = []string{"all"}
	nameless.Consent.Default = manifest.OptOut
	for name, err := range map[string]error{
		"grant": s.Grant(&nameless, 1), "grant own": s.GrantOwn(manifest.ID{}, endpoint), "acknowledge": s.Acknowledge(&nameless),
	} {
		if err == nil {
			t.Errorf("%s is recorded", name)
		}
	}
	leftovers(t, s.Dirs.ConfigHome)
}

// TestZeroValues holds that what nobody has filled in is off, and cannot be decided on.
func TestZeroValues(t *testing.T) {
	var s consent.Store
	m := parse(t, `default = "opt-out"`, fields)
	if _, v := s.Ask(m.Tool.ID, m, nil, ""); v.On() || s.NoticeDue(v) {
		t.Errorf("on is %v, a notice is due: %v", v.On(), s.NoticeDue(v))
	}
	if _, v := s.Ask(manifest.ID{}, nil, nil, ""); v.On() {
		t.Error("no tool is on")
	}
	if lifted, err := s.Lift(m.Tool.ID); lifted || err != nil {
		t.Errorf("lifted is %v, %v", lifted, err)
	}
	for name, err := range map[string]error{
		"grant": s.Grant(m, 1), "grant own": s.GrantOwn(m.Tool.ID, ""), "refuse": s.Refuse(m.Tool.ID), "acknowledge": s.Acknowledge(m),
	} {
		if !errors.Is(err, consent.ErrNoConfigHome) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.Grant(nil, 1) == nil || s.Acknowledge(nil) == nil {
		t.Error("no manifest can be agreed to")
	}
	var system consent.SystemStore
	if _, err := system.Refuse(m.Tool.ID, true); err == nil {
		t.Error("refused nowhere")
	}
	if _, err := system.Lift(m.Tool.ID, day); err == nil {
		t.Error("lifted nowhere")
	}
	must(t, system.Close())
	if r := (consent.Recorded{}); r.AllRefused() || len(r.Tools()) > 0 || r.Of(m.Tool.ID).State != "" {
		t.Errorf("%+v", r)
	}
}

// TestFactsAreNotTheVerdicts holds that whoever keeps the facts cannot change what was
// agreed to.
func TestFactsAreNotTheVerdicts(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	s := storeAt(places(t), day)
	must(t, s.Grant(m, 1))
	f, v := s.Ask(m.Tool.ID, m, nil, "")
	f.Tool.Decision.Events[0] = "run.trace"
	if got := v.Terms().Events; !slices.Equal(got, []string{"run.start"}) {
		t.Errorf("agreed to are %q", got)
	}
}
