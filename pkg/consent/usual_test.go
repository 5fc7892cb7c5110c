package consent_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// TestUsualPlace tries every combination of what is said where a variable has decisions and
// in the usual place, for a tool and for all. The rule is stated here once more: in the usual
// place only a refusal says something, and only of what is not decided in the other one; what
// cannot be read there counts if nothing was ever decided in the other one.
func TestUsualPlace(t *testing.T) {
	const refused, damaged = "state = \"refused\"\nat = 2026-11-20T00:00:00Z\n", "state = "
	files := map[string]string{"refused": refused, "granted": grantFile, "damaged": damaged}
	about := func(id manifest.ID) string {
		if id.IsZero() {
			return "all.toml"
		}
		return id.String() + ".toml"
	}
	id := toolID(t, "mytool")
	words := []string{"nothing", "refused", "granted", "damaged"}
	for n := range 4 * 4 * 4 * 4 {
		said := func(place int) string { return words[n>>(2*place)&3] } // own all, own tool, usual all, usual tool
		if said(0) == "granted" || said(2) == "granted" {
			continue // nobody can agree to all
		}
		d := places(t)
		d.Usual = &dirs.Dirs{ConfigHome: t.TempDir()}
		for i, base := range []string{d.ConfigHome, d.ConfigHome, d.Usual.ConfigHome, d.Usual.ConfigHome} {
			if text, ok := files[said(i)]; ok {
				write(t, base, about([]manifest.ID{{}, id}[i%2]), text)
			}
		}
		never := said(0) == "nothing" && said(1) == "nothing"
		counts := func(own, usual string) string {
			switch {
			case own != "nothing":
				return own
			case usual == "refused", usual == "damaged" && never:
				return usual
			}
			return "nothing"
		}
		all, tool := counts(said(0), said(2)), counts(said(1), said(3))
		want := consent.Undecided
		switch {
		case tool == "refused", all == "refused" && tool != "granted": // the agreement is dated after the refusals
			want = consent.User
		case all == "damaged" || tool == "damaged":
			want = consent.Unreadable
		case tool == "granted":
			want = consent.ByGrant
		}
		if got := decide(t, parse(t, "", fields), d, nil).Reason.Rule; got != want {
			t.Errorf("own all %s, tool %s; usual all %s, tool %s: %s, want %s", said(0), said(1), said(2), said(3), got, want)
		}
		recorded := consent.ReadRecorded(d)
		if refuses := want == consent.User || want == consent.Unreadable; (recorded.Of(id).State == consent.Refused) != refuses {
			t.Errorf("own all %s, tool %s; usual all %s, tool %s: recorded is %+v", said(0), said(1), said(2), said(3), recorded.Of(id))
		}
	}
}

// TestUsualPlaceStays holds that a decision is recorded where the variable says, that it is
// an exception to a refusal in the usual place, and that the refusal stays.
func TestUsualPlaceStays(t *testing.T) {
	d := places(t)
	d.Usual = &dirs.Dirs{ConfigHome: t.TempDir()}
	usual := consent.Store{Dirs: d}
	usual.Dirs.ConfigHome, usual.Dirs.Usual = d.Usual.ConfigHome, nil
	if err := usual.RefuseAll(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(d.Usual.ConfigHome, "usagectl", "consent", "all.toml")
	moved := consent.Store{Dirs: d}
	if lifted, err := moved.Lift(manifest.ID{}); lifted || err != nil {
		t.Errorf("lifted %v, %v", lifted, err)
	}
	if got := consent.ReadRecorded(d).RefusedElsewhere(); got != file {
		t.Errorf("refused in %q, want %q", got, file)
	}
	m := parse(t, "", fields)
	if err := moved.Grant(m, 1); err != nil {
		t.Fatal(err)
	}
	if v := decide(t, m, d, nil); !v.On() {
		t.Errorf("agreed to since: %+v", v.Reason)
	}
	if got := consent.ReadRecorded(d).Of(toolID(t, "other")); got.State != consent.Refused {
		t.Errorf("another tool: %+v", got)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}
