// Genpackage writes what archives and packages hold beside the program and the
// pages in the tree: compressed man pages, changelogs, the licences of what is
// linked in, and the notes of the release.
//
//	go run ./tools/genpackage -version 1.2.3 -date 2026-11-22T07:00:14Z
//
// It is Go and no shell, so that the bytes do not depend on whose gzip a machine
// has: all of it is the same wherever the same Go builds the same commit.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/usagectl/usagectl/tools/internal/generate"
)

// outputDir is where all of it goes, from the root of the repository.
const outputDir = "build/package"

func main() {
	version := flag.String("version", "", "the `VERSION`, without a v")
	date := flag.String("date", "", "when its commit was made, in RFC 3339")
	generate.Main(func(root string) (generate.Made, error) { return accompanying(root, *version, *date) })
}

// accompanying makes all of it from what is below root.
func accompanying(root, version, date string) (generate.Made, error) {
	when, err := time.Parse(time.RFC3339, date)
	if err != nil {
		return generate.Made{}, err
	}
	if version == "" {
		return generate.Made{}, errors.New("-version is missing")
	}
	changes, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return generate.Made{}, err
	}
	notices, err := thirdPartyNotices(root)
	if err != nil {
		return generate.Made{}, err
	}
	files, err := manPages(root)
	if err != nil {
		return generate.Made{}, err
	}
	maps.Copy(files, map[string][]byte{
		outputDir + "/changelog.gz":           compressed(changes),
		outputDir + "/changelog.Debian.gz":    compressed([]byte(debianChangelog(version, when))),
		outputDir + "/notes.md":               []byte(releaseNotes(string(changes), version)),
		outputDir + "/THIRD-PARTY-NOTICES":    notices,
		outputDir + "/THIRD-PARTY-NOTICES.gz": compressed(notices),
	})
	return generate.Made{Files: files, Whole: []string{outputDir}}, nil
}

// manPages are the pages in man/, compressed as distributions want them.
func manPages(root string) (map[string][]byte, error) {
	pages, err := filepath.Glob(filepath.Join(root, "man", "*.[1-9]"))
	if err == nil && len(pages) == 0 {
		err = errors.New("there are no man pages")
	}
	if err != nil {
		return nil, err
	}
	made := map[string][]byte{}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		made[outputDir+"/man/"+filepath.Base(page)+".gz"] = compressed(content)
	}
	return made, nil
}

// compressed is a text as "gzip -9 -n" would have it: without a name or a time.
func compressed(content []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is one of gzip's own
	}
	w.Write(content) // a buffer takes all
	w.Close()
	return b.Bytes()
}

// debianChangelog is the changelog of the package, which is nothing but the
// release's; what changed for people is in the other one.
func debianChangelog(version string, when time.Time) string {
	return fmt.Sprintf(`usagectl (%s-1) unstable; urgency=medium

  * Release %s; see changelog.gz.

 -- usagectl maintainers <usagectl@users.noreply.github.com>  %s
`, debianVersion(version), version, when.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000"))
}

// debianVersion has a pre-release sort before the release, as nfpm has it in the
// package.
func debianVersion(version string) string {
	return strings.Replace(version, "-", "~", 1)
}

// releaseNotes are the section of CHANGELOG.md on the version, and if it has none
// yet, as before a release, that on what is not released.
func releaseNotes(changes, version string) string {
	var unreleased string
	for _, section := range strings.Split("\n"+changes, "\n## ")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		name, _, _ := strings.Cut(strings.Trim(heading, "[] "), " ")
		switch strings.Trim(name, "[]") {
		case version:
			return strings.TrimSpace(text) + "\n"
		case "Unreleased":
			unreleased = strings.TrimSpace(text) + "\n"
		}
	}
	return unreleased
}
