package hostfacts_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// FuzzDistribution holds that whatever is in os-release the facts are one line of
// text, and that they are what an assignment of os-release(5) says, if it is plain.
func FuzzDistribution(f *testing.F) {
	for _, text := range []string{
		"", "ID=debian\nVERSION_ID=\"12\"\n", "ID='arch'", "ID=\"a b\"\r\nVERSION_ID=1", "ID=a\nID=b\n", "ID\n=\nVERSION_ID=",
		"ID=\x1b[2J\n", "ID=a\x00b", "ID=\xff", "ID=\"\"\nVERSION_ID=''", " ID = a", "ID=" + strings.Repeat("x", 1000), "# ID=a\nNAME=\"ID=b\"\n", "ID=a\u2028b", "ID=b\nID\nID",
	} {
		f.Add(text, "12.5\n")
	}
	f.Add("ID=debian\n", "a\nb")
	f.Add("ID=debian\n", "\x1b[2J")
	f.Add("ID=debian\n", " \n")
	assigned := regexp.MustCompile(`(?m)^(ID|VERSION_ID)=["']?([a-z0-9._-]{1,128})["']?$`)
	bare := regexp.MustCompile(`(?m)^(ID|VERSION_ID)$`) // which assigns nothing, and in doubt makes the fact unknown
	f.Fuzz(func(t *testing.T, release, point string) {
		h := host(map[string]string{"etc/os-release": release, "etc/debian_version": point}, nil)
		name, version := h.Distribution(), h.DistributionVersion()
		for _, fact := range []string{name, version, h.Platform()} {
			if fact == "" || len(fact) > 400 || strings.ContainsFunc(fact, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) {
				t.Errorf("%q: a fact is %q", release, fact)
			}
		}
		want := map[string]string{}
		for _, match := range assigned.FindAllStringSubmatch(release, -1) {
			want[match[1]] = match[2]
		}
		plain := strings.Count(release, "ID=") == strings.Count(release, "VERSION_ID=")+1 && !strings.ContainsAny(release, "\r") && !bare.MatchString(release)
		if id := want["ID"]; id != "" && plain && name != id {
			t.Errorf("%q: the distribution is %q, want %q", release, name, id)
		}
		if id := want["VERSION_ID"]; id != "" && plain && name != "debian" && strings.Count(release, "VERSION_ID=") == 1 && version != id {
			t.Errorf("%q: the version is %q, want %q", release, version, id)
		}
	})
}
