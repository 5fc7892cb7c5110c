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
)

// outputDir is where all of it goes, from the root of the repository.
const outputDir = "build/package"

func main() {
	version := flag.String("version", "", "the `VERSION`, without a v")
	date := flag.String("date", "", "when its commit was made, in RFC 3339")
	flag.Parse()
	if err := run(".", *version, *date); err != nil {
		fmt.Fprintln(os.Stderr, "genpackage:", err)
		os.Exit(1)
	}
}

// run writes all files below root, and nothing else stays there.
func run(root, version, date string) error {
	made, err := generate(root, version, date)
	if err != nil {
		return err
	}
	out := filepath.Join(root, filepath.FromSlash(outputDir))
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	for name, content := range made {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate makes the content of each file, by its name below [outputDir].
func generate(root, version, date string) (map[string][]byte, error) {
	when, err := time.Parse(time.RFC3339, date)
	if err != nil {
		return nil, err
	}
	if version == "" {
		return nil, errors.New("-version is missing")
	}
	changes, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	notices, err := thirdPartyNotices(root)
	if err != nil {
		return nil, err
	}
	made, err := manPages(root)
	if err != nil {
		return nil, err
	}
	maps.Copy(made, map[string][]byte{
		"changelog.gz":           compressed(changes),
		"changelog.Debian.gz":    compressed([]byte(debianChangelog(version, when))),
		"notes.md":               []byte(releaseNotes(string(changes), version)),
		"THIRD-PARTY-NOTICES":    notices,
		"THIRD-PARTY-NOTICES.gz": compressed(notices),
	})
	return made, nil
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
		made["man/"+filepath.Base(page)+".gz"] = compressed(content)
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
