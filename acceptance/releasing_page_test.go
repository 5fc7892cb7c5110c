package acceptance

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// goreleaser is as much of .goreleaser.yaml as docs/releasing.md speaks of.
type goreleaser struct {
	Builds []struct {
		Env, Goarm, Flags, Ldflags []string
	}
	Archives []struct {
		Formats   []string
		Overrides []struct {
			Goos    string
			Formats []string
		} `yaml:"format_overrides"`
		Name string `yaml:"name_template"`
	}
	Packages []struct {
		Formats []string
		Name    string `yaml:"file_name_template"`
		Scripts any
	} `yaml:"nfpms"`
	SBOMs []struct {
		Artifacts string
		Documents []string
	} `yaml:"sboms"`
	Release struct{ Prerelease string }
	Casks   []published `yaml:"homebrew_casks"`
	Scoops  []published
	Winget  []published
}

type published struct {
	Skip string `yaml:"skip_upload"`
}

// TestReleasingPage holds that docs/releasing.md says how releases are made, and tells
// people who build the same bytes to build as .goreleaser.yaml does.
func TestReleasingPage(t *testing.T) {
	page := string(mustPage(t, "docs/releasing.md"))
	var g goreleaser
	must(t, yaml.Unmarshal(mustRead(t, repository(".goreleaser.yaml")), &g))

	b := g.Builds[0]
	parts := append(append([]string{"go build " + strings.Join(b.Flags, " ") + " -ldflags"}, b.Env...), strings.NewReplacer(
		"{{ .Version }}", "$version", "{{ .FullCommit }}", "$commit", "{{ .CommitDate }}", "$date", "github.com/usagectl/usagectl/cmd", "$package",
	).Replace(strings.Join(b.Ldflags, " ")), "GOAMD64=v1", "`GOARM="+strings.Join(b.Goarm, " ")+"`")
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not build with %q", part)
		}
	}

	const name = "usagectl_{{ .Version }}_{{ .Os }}_{{ .Arch }}{{ with .Arm }}v{{ . }}{{ end }}"
	a, p, s := g.Archives[0], g.Packages[0], g.SBOMs[0]
	for what, c := range map[string][2]any{
		"archives":            {a.Formats, []string{"tar.gz"}},
		"archives' names":     {a.Name, name},
		"archives of Windows": {fmt.Sprint(a.Overrides), "[{windows [zip]}]"},
		"packages":            {p.Formats, []string{"deb", "rpm", "apk"}},
		"packages' names":     {p.Name, name},
		"packages' scripts":   {p.Scripts, nil},
		"bills of materials":  {s.Documents, []string{name + ".cdx.json"}},
		"what they are of":    {s.Artifacts, "binary"},
		"pre-releases":        {g.Release.Prerelease, "auto"},
		"the cask":            {g.Casks, []published{withToken("HOMEBREW_TAP_TOKEN")}},
		"Scoop":               {g.Scoops, []published{withToken("SCOOP_BUCKET_TOKEN")}},
		"winget":              {g.Winget, []published{withToken("WINGET_TOKEN")}},
	} {
		if !reflect.DeepEqual(c[0], c[1]) {
			t.Errorf("%s: %v, and the page says %v", what, c[0], c[1])
		}
	}

	const command = ` release --clean --release-notes=build/package/notes.md`
	if workflow := workflows(t)["release.yml"]; !strings.Contains(page, "\ngoreleaser"+command+"\n") || !strings.Contains(workflow, `goreleaser"`+command+"'") {
		t.Error("the page and the workflow run different commands")
	}
	if n := strings.Count("\n"+string(mustRead(t, repository("packaging", "goreleaser.patch"))), "\n@@ "); n != 2 {
		t.Errorf("the patch has %d hunks", n)
	}
}

// withToken is what publishes if there is a token, and no pre-release.
func withToken(name string) published {
	return published{Skip: fmt.Sprintf(`{{ if envOrDefault %q "" }}auto{{ else }}true{{ end }}`, name)}
}
