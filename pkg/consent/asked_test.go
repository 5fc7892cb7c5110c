package consent_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// askings are the files that say when a person was asked.
func askings(t *testing.T, d dirs.Dirs) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.UserConsent(), "*.asked-*"))
	must(t, err)
	return files
}

// TestAskings holds that a person is asked three times, a day apart.
func TestAskings(t *testing.T) {
	d := places(t)
	m := parse(t, `default = "opt-in"`, fields)
	id := m.Tool.ID
	for _, c := range []struct {
		after time.Duration
		left  int
		want  error
	}{
		{0, 2, nil},
		{0, 0, consent.ErrAskedLately},
		{24*time.Hour - time.Second, 0, consent.ErrAskedLately},
		{-time.Hour, 0, consent.ErrAskedLately}, // a clock that was set back
		{24 * time.Hour, 1, nil},
		{47 * time.Hour, 0, consent.ErrAskedLately},
		{48 * time.Hour, 0, nil},
		{71 * time.Hour, 0, consent.ErrAskedLately},
		{1000 * time.Hour, 0, consent.ErrAskedEnough},
	} {
		left, err := storeAt(d, day.Add(c.after)).BeginAsking(id)
		if left != c.left || !errors.Is(err, c.want) {
			t.Errorf("after %v: %d left, %v", c.after, left, err)
		}
	}
	if _, v := asked(storeAt(d, day), m); v.Reason.Detail != "you were asked, and have not answered yet" || v.On() {
		t.Errorf("%+v", v.Reason)
	}
	if left, err := storeAt(d, day).BeginAsking(toolID(t, "other")); left != 2 || err != nil {
		t.Errorf("another tool: %d left, %v", left, err)
	}
}

// TestAskingsEnd holds what removes that a person was asked.
func TestAskingsEnd(t *testing.T) {
	m := parse(t, `default = "opt-out"`, fields)
	id := m.Tool.ID
	for name, c := range map[string]struct {
		end  func(consent.Store) error
		left int // askings of both tools
	}{
		"agreed":     {func(s consent.Store) error { return s.Grant(m, 1) }, 1},
		"answered":   {func(s consent.Store) error { return s.GrantFirst(m, 1) }, 1},
		"refused":    {func(s consent.Store) error { return s.Refuse(id) }, 1},
		"told":       {func(s consent.Store) error { return s.Acknowledge(m) }, 1},
		"forgotten":  {func(s consent.Store) error { return s.ForgetAsking(id) }, 1},
		"all of it":  {func(s consent.Store) error { return s.ForgetAsking(manifest.ID{}) }, 0},
		"no word":    {func(s consent.Store) error { _, err := s.Lift(id); return err }, 2},
		"not at all": {func(s consent.Store) error { return s.ForgetAsking(toolID(t, "third")) }, 2},
	} {
		s := storeAt(places(t), day)
		for _, tool := range []manifest.ID{id, toolID(t, "a.asked-b")} {
			_, err := s.BeginAsking(tool)
			must(t, err)
		}
		must(t, c.end(s))
		if files := askings(t, s.Dirs); len(files) != c.left {
			t.Errorf("%s: %q", name, files)
		}
	}
}

// TestAskingsInDoubt holds that nobody is asked if it cannot be told when they were, or if
// that could not be recorded.
func TestAskingsInDoubt(t *testing.T) {
	id := toolID(t, "mytool")
	for name, c := range map[string]struct {
		spoil func(file string) error
		want  error
	}{
		"no time":     {func(file string) error { return os.WriteFile(file, []byte("yesterday\n"), 0o600) }, consent.ErrAskedUnknown},
		"empty":       {func(file string) error { return os.WriteFile(file, nil, 0o600) }, consent.ErrAskedUnknown},
		"large":       {func(file string) error { return os.WriteFile(file, []byte(strings.Repeat(" ", 1000)), 0o600) }, consent.ErrAskedUnknown},
		"a directory": {func(file string) error { return os.Mkdir(file, 0o700) }, consent.ErrAskedUnknown},
		"the future":  {func(file string) error { return os.WriteFile(file, []byte("2999-01-01T00:00:00Z\n"), 0o600) }, consent.ErrAskedLately},
	} {
		s := storeAt(places(t), day)
		must(t, os.MkdirAll(s.Dirs.UserConsent(), 0o700))
		must(t, c.spoil(filepath.Join(s.Dirs.UserConsent(), "mytool.asked-2")))
		if _, err := s.BeginAsking(id); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (consent.Store{}).BeginAsking(id); !errors.Is(err, consent.ErrNoConfigHome) {
		t.Errorf("nowhere: %v", err)
	}
	d := places(t)
	d.ConfigHome = filepath.Join(d.ConfigHome, "file")
	must(t, os.WriteFile(d.ConfigHome, nil, 0o600))
	if _, err := storeAt(d, day).BeginAsking(id); err == nil || errors.Is(err, consent.ErrAskedLately) {
		t.Errorf("no place for it: %v", err)
	}
}

// TestAskedAtOnce holds that of many processes that would ask at once one does.
func TestAskedAtOnce(t *testing.T) {
	s := storeAt(places(t), day)
	id := toolID(t, "mytool")
	errs := make(chan error, 16)
	for range cap(errs) {
		go func() { _, err := s.BeginAsking(id); errs <- err }()
	}
	first := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			first++
		case !errors.Is(err, consent.ErrAskedLately):
			t.Error(err)
		}
	}
	if first != 1 || len(askings(t, s.Dirs)) != 1 {
		t.Errorf("%d ask, and %q say so", first, askings(t, s.Dirs))
	}
}

// TestGrantFirst holds that an answer counts only if nothing was decided before.
func TestGrantFirst(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	told := parse(t, `default = "opt-out"`, fields)
	for name, c := range map[string]struct {
		before func(consent.Store) error
		want   error
		level  int // then
	}{
		"nothing":         {func(consent.Store) error { return nil }, nil, 2},
		"a refusal":       {func(s consent.Store) error { return s.Refuse(m.Tool.ID) }, consent.ErrDecided, 0},
		"an agreement":    {func(s consent.Store) error { return s.Grant(m, 1) }, consent.ErrDecided, 1},
		"all refused":     {func(s consent.Store) error { return s.RefuseAll() }, consent.ErrDecided, 0},
		"all but this":    {func(s consent.Store) error { return s.RefuseAll(m.Tool.ID) }, nil, 2},
		"another refused": {func(s consent.Store) error { return s.Refuse(toolID(t, "other")) }, nil, 2},
		"a notice":        {func(s consent.Store) error { return s.Acknowledge(told) }, nil, 2},
	} {
		s := storeAt(places(t), day)
		must(t, c.before(s))
		if err := s.GrantFirst(m, 2); !errors.Is(err, c.want) || err != nil && c.want == nil {
			t.Errorf("%s: %v", name, err)
		}
		if d, v := asked(s, m); d.Level != c.level || v.On() != (c.level > 0) {
			t.Errorf("%s: %+v, %+v", name, d, v.Reason)
		}
	}
	var level *consent.LevelError
	if err := storeAt(places(t), day).GrantFirst(m, 4); !errors.As(err, &level) {
		t.Error(err)
	}
}

// TestGrantFirstAtOnce holds that who refuses in the same moment wins.
func TestGrantFirstAtOnce(t *testing.T) {
	m := parse(t, `default = "opt-in"`, fields)
	for name, refuse := range map[string]func(consent.Store) error{
		"it":  func(s consent.Store) error { return s.Refuse(m.Tool.ID) },
		"all": func(s consent.Store) error { return s.RefuseAll() },
	} {
		for range 15 {
			s := storeAt(places(t), day)
			var both sync.WaitGroup
			both.Go(func() {
				if err := s.GrantFirst(m, 1); err != nil && !errors.Is(err, consent.ErrDecided) {
					t.Error(err)
				}
			})
			both.Go(func() {
				if err := refuse(s); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
			if _, v := asked(s, m); v.On() {
				t.Fatalf("refusing %s does not count: %+v", name, v.Reason)
			}
		}
	}
}
