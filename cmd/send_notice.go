package cmd

import (
	"slices"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// notice tells the person what an opt-out tool collects, if they have not been told, and
// records that it did; shown reports whether it told them. What the manifest gained since is
// told as the tool was. file is the manifest's, if the command line names it.
func (a *app) notice(m *manifest.Manifest, file string) (shown bool, err error) {
	decisions := a.world.decisions(false)
	_, v := decisions.Ask(m.Tool.ID, m, a.world.Env, a.world.WorkDir)
	if !decisions.NoticeDue(v) {
		return false, nil
	}
	if v.On() {
		a.stderr.Printf("%s\n", a.stderr.Wrap(m.Tool.Name+" collects more usage data than it did when you were told. New is:", 2))
		showShortLabel(a.stderr, m, slices.Concat(v.NewEvents, v.NewFields))
	} else {
		a.stderr.Printf("%s\n", a.stderr.Wrap(m.Tool.Name+" collects usage data: "+m.Tool.Purpose, 2))
		showShortLabel(a.stderr, m, agreedFields(m, consent.Offer(m, 1)))
	}
	a.stderr.Printf("  say no: usagectl disable %s\n", m.Tool.ID)
	a.stderr.Printf("  look:   usagectl inspect %s%s\n", m.Tool.ID, manifestOption(file))
	if v.On() {
		a.stderr.Printf("Nothing of that was sent. From the next time on it will be, unless you say no.\n")
	} else {
		a.stderr.Printf("Nothing was sent. From the next time on it will be, unless you say no.\n")
	}
	return true, a.done("the notice is recorded", decisions.Acknowledge(m))
}
