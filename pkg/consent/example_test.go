package consent_test

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// demo is the manifest of a tool that comes with the program.
func demo() *manifest.Manifest {
	id, err := manifest.ParseID("demo")
	if err != nil {
		panic(err)
	}
	m, err := manifest.Library{}.Find(id)
	if err != nil {
		panic(err)
	}
	return m
}

// Ask before anything is collected, record what the person says, and ask again.
func Example() {
	home, err := os.MkdirTemp("", "home")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(home)
	decisions := consent.Store{
		Dirs: dirs.Dirs{ConfigHome: home},
		Now:  func() time.Time { return time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC) },
	}
	env := func(string) (string, bool) { return "", false } // os.LookupEnv
	m := demo()

	ask := func() {
		_, v := decisions.Ask(m.Tool.ID, m, env, "")
		fmt.Printf("%v: %s (%s)\n", v.On(), v.Reason.Detail, v.Reason.Rule)
	}
	ask()
	if err := decisions.Grant(m, 1); err != nil {
		fmt.Println(err)
	}
	ask()
	if err := decisions.Refuse(m.Tool.ID); err != nil {
		fmt.Println(err)
	}
	ask()
	if lifted, err := decisions.Lift(m.Tool.ID); err != nil || !lifted {
		fmt.Println(lifted, err)
	}
	ask()
	// Output:
	// false: you have not been asked yet (undecided)
	// true: you agreed on 2026-11-21 to level 1 (basic) (granted)
	// false: you refused on 2026-11-21 (user)
	// false: you have not been asked yet (undecided)
}

// A verdict gives out the permit without which nothing can be queued or delivered.
func ExampleVerdict_Permit() {
	m := demo()
	event, _ := m.Event("run.end")
	for _, f := range []consent.Facts{
		{EnvGrant: "DEMO_TELEMETRY is set to 1"},
		{EnvGrant: "DEMO_TELEMETRY is set to 1", DoNotTrack: "1"},
	} {
		permit, err := consent.Decide(m.Tool.ID, m, f).Permit(event)
		fmt.Printf("%q %v\n", permit.Event(), err)
	}
	// Output:
	// "run.end" <nil>
	// "" no consent: DO_NOT_TRACK is set to "1"
}

// Every rule says something, in the order in which they are looked at.
func ExampleDecide() {
	m := demo()
	v := consent.Decide(m.Tool.ID, m, consent.Facts{CI: "Jenkins"})
	for _, l := range v.Layers {
		if l.Answer != consent.Silent {
			fmt.Printf("%s is %s: %s\n", l.Rule, l.Answer, l.Detail)
		}
	}
	// Output:
	// ci is off: this is a CI system (Jenkins) and nobody has said yes
	// undecided is off: you have not been asked yet
}

// A file that cannot be read may be a refusal, so nothing takes its place unasked.
func ExampleUnreadableError() {
	home, err := os.MkdirTemp("", "home")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(home)
	decisions, m := consent.Store{Dirs: dirs.Dirs{ConfigHome: home}}, demo()
	file := decisions.File(m.Tool.ID)
	if err := errors.Join(os.MkdirAll(decisions.Dirs.UserConsent(), 0o700), os.WriteFile(file, []byte("state = 3"), 0o600)); err != nil {
		fmt.Println(err)
		return
	}

	var unreadable *consent.UnreadableError
	if err := decisions.Grant(m, 1); errors.As(err, &unreadable) {
		fmt.Println("not overwritten:", unreadable.Path == file)
	}
	decisions.Replace = true // the person has looked at it
	fmt.Println(decisions.Grant(m, 1))
	// Output:
	// not overwritten: true
	// <nil>
}
