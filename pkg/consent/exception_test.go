package consent_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// writtenByHand writes a refusal as a person would, with the date if it is not "".
func writtenByHand(s consent.Store, id manifest.ID, at string) error {
	text := "state = \"refused\"\n"
	if at != "" {
		text += "at = " + at + "\n"
	}
	return errors.Join(os.MkdirAll(s.Dirs.UserConsent(), 0o700), os.WriteFile(s.File(id), []byte(text), 0o600))
}

// TestAllButOne holds who is off after a person said things in an order. The clock
// stands unless somebody turns it, so that only the order can tell.
func TestAllButOne(t *testing.T) {
	m := parse(t, `default = "opt-out"`, fields)
	mine, other := m.Tool.ID, toolID(t, "other")
	type step func(s *consent.Store) error
	agree := func(s *consent.Store) error { return s.Grant(m, 1) }
	own := func(s *consent.Store) error { return s.GrantOwn(mine, endpoint) }
	see := func(s *consent.Store) error { return s.Acknowledge(m) }
	refuse := func(s *consent.Store) error { return s.Refuse(mine) }
	all := func(s *consent.Store) error { return s.RefuseAll() }
	but := func(s *consent.Store) error { return s.RefuseAll(mine) }
	butOther := func(s *consent.Store) error { return s.RefuseAll(other) }
	lift := func(s *consent.Store) error { _, err := s.Lift(manifest.ID{}); return err }
	hand := func(at string) step {
		return func(s *consent.Store) error { return writtenByHand(*s, manifest.ID{}, at) }
	}
	turn := func(by time.Duration) step {
		return func(s *consent.Store) error {
			at := s.Now().Add(by)
			s.Now = func() time.Time { return at }
			return nil
		}
	}
	for name, c := range map[string]struct {
		steps []step
		rule  consent.Rule
	}{
		"all":                              {[]step{all}, consent.User},
		"agree after all":                  {[]step{all, agree}, consent.ByGrant},
		"all after agreeing":               {[]step{agree, all}, consent.User},
		"again after both":                 {[]step{agree, all, agree}, consent.ByGrant},
		"all after both":                   {[]step{all, agree, all}, consent.User},
		"agree, by a clock that is behind": {[]step{all, turn(-time.Hour), agree}, consent.ByGrant},
		"all, by a clock that is behind":   {[]step{agree, turn(-time.Hour), all}, consent.User},
		"a refusal after the exception":    {[]step{all, agree, refuse}, consent.User},
		"lifted":                           {[]step{agree, all, lift}, consent.Notice},
		"lifted, with an exception":        {[]step{all, agree, lift}, consent.ByGrant},
		"lifted, and all again":            {[]step{all, agree, lift, all}, consent.User},
		"agreed to its own":                {[]step{all, own}, consent.ByGrant},

		"except":                        {[]step{but}, consent.Notice},
		"except, agreed before":         {[]step{agree, but}, consent.ByGrant},
		"except, told before":           {[]step{see, but}, consent.ByNotice},
		"except, told since":            {[]step{but, see}, consent.ByNotice},
		"except, refused before":        {[]step{refuse, but}, consent.User},
		"except, refused since":         {[]step{but, refuse}, consent.User},
		"except, lifted":                {[]step{agree, but, lift}, consent.ByGrant},
		"all after except":              {[]step{agree, but, all}, consent.User},
		"except after all":              {[]step{agree, all, but}, consent.Notice},
		"except after agreeing":         {[]step{all, agree, but}, consent.ByGrant},
		"another is excepted":           {[]step{agree, butOther}, consent.User},
		"told, then all":                {[]step{see, all}, consent.User},
		"told, then all, and lifted":    {[]step{see, all, lift}, consent.Notice},
		"no date, agreed before":        {[]step{agree, hand("")}, consent.User},
		"no date, agreed since":         {[]step{hand(""), agree}, consent.ByGrant},
		"older by hand, agreed since":   {[]step{hand("2026-11-20T00:00:00Z"), agree}, consent.ByGrant},
		"newer by hand, agreed since":   {[]step{hand("2026-11-30T00:00:00Z"), agree}, consent.ByGrant},
		"by hand, agreed before, later": {[]step{agree, hand("2026-11-30T00:00:00Z")}, consent.User},
		"by hand, lifted":               {[]step{agree, hand(""), lift}, consent.Notice},
		"by hand, excepted afterwards":  {[]step{agree, hand(""), but}, consent.Notice},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeAt(places(t), day)
			for _, step := range c.steps {
				must(t, step(&s))
			}
			if _, v := asked(s, m); v.Reason.Rule != c.rule {
				t.Errorf("because of %+v, want %s", v.Reason, c.rule)
			}
			checkRecorded(t, name, s.Dirs, consent.ReadRecorded(s.Dirs), mine)
			checkRecorded(t, name, s.Dirs, consent.ReadRecorded(s.Dirs), other)
		})
	}
}

// TestExceptions holds which tools are listed as exceptions.
func TestExceptions(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	other, third := toolID(t, "other"), toolID(t, "third")
	s := storeAt(places(t), day)
	must(t, s.Grant(m, 1))
	if got := consent.ReadRecorded(s.Dirs).Exceptions(); got != nil {
		t.Errorf("all are not refused, and the exceptions are %v", got)
	}
	must(t, s.RefuseAll(third, other))
	must(t, s.Grant(m, 1))
	must(t, s.Refuse(third))
	if got := consent.ReadRecorded(s.Dirs).Exceptions(); !slices.Equal(got, []manifest.ID{m.Tool.ID, other}) {
		t.Errorf("the exceptions are %v", got)
	}
	r := consent.ReadRecorded(s.Dirs)
	for id, want := range map[manifest.ID]bool{m.Tool.ID: false, other: false, third: true, toolID(t, "fourth"): false} {
		if r.RefusedByName(id) != want {
			t.Errorf("%s is refused by name: %v", id, !want)
		}
	}
	system, err := consent.OpenSystemStore(s.Dirs.System, "")
	must(t, err)
	defer system.Close()
	_, err = system.Refuse(other, false)
	must(t, err)
	if !system.Refuses(other) || system.Refuses(third) || !consent.ReadRecorded(s.Dirs).RefusedByName(other) {
		t.Error("it is not seen whom the machine refuses by name")
	}
	_, err = system.Lift(other, day)
	must(t, err)
	_, err = system.RefuseAll(false, day, other)
	must(t, err)
	if system.Refuses(other) {
		t.Error("the machine refuses all, which is not by name")
	}
	if r := consent.ReadRecorded(s.Dirs); !r.AllRefused() || !slices.Equal(r.Exceptions(), []manifest.ID{other}) {
		t.Errorf("the machine excepts another: the exceptions are %v", r.Exceptions())
	}
}

// TestExceptionsAndMarks holds that an event from before a refusal never leaves, and that
// one of a tool that was excepted all the time does.
func TestExceptionsAndMarks(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	mine := m.Tool.ID
	at := func(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }
	s := storeAt(places(t), at(0))
	on := func(n int) consent.Store { return storeAt(s.Dirs, at(n)) }
	want := func(what string, want time.Time) {
		t.Helper()
		if got, err := consent.RefusedAt(s.Dirs, mine); err != nil || !got.Equal(want) {
			t.Errorf("%s: refused at %v, %v, want %v", what, got, err, want)
		}
	}
	must(t, on(0).RefuseAll(mine))
	want("excepted", time.Time{})
	must(t, on(1).RefuseAll())
	want("refused with all", at(1))
	must(t, on(2).RefuseAll(mine))
	want("excepted after that", at(2))
	must(t, on(3).RefuseAll(mine))
	want("excepted again", at(2))
	_, err := on(4).Lift(manifest.ID{})
	must(t, err)
	want("lifted, which was not about it", at(2))
	must(t, on(5).RefuseAll())
	_, err = on(6).Lift(manifest.ID{})
	must(t, err)
	must(t, on(7).RefuseAll(mine))
	want("excepted after one that was lifted", at(6))

	system, err := consent.OpenSystemStore(s.Dirs.System, "")
	must(t, err)
	defer system.Close()
	machine := func(n int, except ...manifest.ID) {
		t.Helper()
		_, err := system.RefuseAll(false, at(n), except...)
		must(t, err)
	}
	machine(8)
	machine(9, mine)
	want("excepted on the machine", at(9))
	_, err = system.Lift(manifest.ID{}, at(10))
	must(t, err)
	want("lifted on the machine, which was not about it", at(9))
	machine(11)
	_, err = system.Lift(manifest.ID{}, at(12))
	must(t, err)
	machine(13, mine)
	want("excepted on the machine after one that was lifted", at(12))
}

// TestBadExceptions holds that a file with exceptions of which nobody knows what they
// mean is not relied on.
func TestBadExceptions(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	for name, text := range map[string]string{
		"all.toml":    "state = \"refused\"\nexcept = [\"My Tool\"]\n",
		"mytool.toml": "state = \"refused\"\nexcept = [\"other\"]\n",
		"all.refused": "2026-11-21T00:00:00Z ?\n",
	} {
		s := storeAt(places(t), day)
		must(t, s.Grant(m, 1))
		write(t, s.Dirs.ConfigHome, name, text)
		if _, v := asked(s, m); v.Reason.Rule != consent.Unreadable {
			t.Errorf("%s: because of %+v", name, v.Reason)
		}
	}
}
