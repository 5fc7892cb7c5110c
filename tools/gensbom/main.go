// Gensbom writes down what a program of ours is made of: a software bill of
// materials in CycloneDX's JSON, from what the linker wrote into the program.
//
//	go run ./tools/gensbom -version 1.2.3 -date 2026-11-22T07:00:14Z PROGRAM DOCUMENT
//
// The same program always gives the same document, on any machine. It is not made by
// cyclonedx-gomod, whose document holds the hashes of its own executable, so that it
// changes with the builder's system and processor, and whose offline documents name
// neither the program's licence nor its supplier nor a time.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/google/uuid"
)

func main() {
	version := flag.String("version", "", "the `VERSION` of the program, without a v")
	date := flag.String("date", "", "when its commit was made, in RFC 3339")
	flag.Parse()
	if err := run(*version, *date, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "gensbom:", err)
		os.Exit(1)
	}
}

// run reads the program and writes the document.
func run(version, date string, files []string) error {
	if version == "" || date == "" || len(files) != 2 {
		return errors.New("the command is: gensbom -version VERSION -date DATE PROGRAM DOCUMENT")
	}
	document, err := describe(version, date, files[0])
	if err != nil {
		return err
	}
	return os.WriteFile(files[1], document, 0o644)
}

// The parts of a document, as https://cyclonedx.org/docs/1.6/json/ has them.
type (
	bom struct {
		Schema       string       `json:"$schema"`
		Format       string       `json:"bomFormat"`
		SpecVersion  string       `json:"specVersion"`
		SerialNumber string       `json:"serialNumber"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Tools     tools     `json:"tools"`
		Component component `json:"component"`
		Supplier  supplier  `json:"supplier"`
	}
	supplier struct {
		Name string   `json:"name"`
		URL  []string `json:"url"`
	}
	tools struct {
		Components []component `json:"components"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref,omitempty"`
		Name       string     `json:"name"`
		Version    string     `json:"version,omitempty"`
		Scope      string     `json:"scope,omitempty"`
		Hashes     []hash     `json:"hashes,omitempty"`
		Licenses   []license  `json:"licenses,omitempty"`
		PURL       string     `json:"purl,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	license struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"` // never null
	}
)

// describe makes the document of a program.
func describe(version, date, program string) ([]byte, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	parts, err := libraries(info)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(content)
	main := application(version, info, digest)
	b := bom{
		Schema:       "http://cyclonedx.org/schema/bom-1.6.schema.json",
		Format:       "CycloneDX",
		SpecVersion:  "1.6",
		SerialNumber: "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, append([]byte(main.Ref), digest[:]...)).String(),
		Version:      1,
		Metadata: metadata{
			Timestamp: date,
			Tools:     tools{[]component{{Type: "application", Name: "gensbom", Version: version}}},
			Component: main,
			Supplier:  supplier{"usagectl", []string{"https://github.com/usagectl/usagectl"}},
		},
		Components:   parts,
		Dependencies: dependencies(main, parts),
	}
	return encode(b)
}

// application is the program itself.
func application(version string, info *buildinfo.BuildInfo, digest [sha256.Size]byte) component {
	system, arch := setting(info, "GOOS"), setting(info, "GOARCH")
	purl := fmt.Sprintf("pkg:golang/%s@v%s?goarch=%s&goos=%s&type=module", info.Main.Path, version, arch, system)
	c := component{
		Type:     "application",
		Ref:      purl,
		Name:     info.Main.Path,
		Version:  version,
		Hashes:   []hash{{"SHA-256", hex.EncodeToString(digest[:])}},
		Licenses: make([]license, 1),
		PURL:     purl,
	}
	c.Licenses[0].License.ID = "Apache-2.0"
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" || strings.HasPrefix(s.Key, "GO") {
			c.Properties = append(c.Properties, property{"build:env:" + s.Key, s.Value})
		}
	}
	return c
}

func setting(info *buildinfo.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// libraries are what is linked into the program: Go's own and the modules.
func libraries(info *buildinfo.BuildInfo) ([]component, error) {
	std := "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")
	list := []component{{Type: "library", Ref: std, Name: "std", Version: info.GoVersion, Scope: "required", PURL: std}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		digest, err := moduleDigest(m)
		if err != nil {
			return nil, err
		}
		purl := "pkg:golang/" + m.Path + "@" + m.Version + "?type=module"
		list = append(list, component{
			Type: "library", Ref: purl, Name: m.Path, Version: m.Version, Scope: "required",
			Hashes: []hash{{"SHA-256", digest}}, PURL: purl,
		})
	}
	return list, nil
}

// moduleDigest is the sum that go.sum has for a module, in hexadecimal, as other
// makers of such documents give it. It is of a list of the module's files.
func moduleDigest(m *debug.Module) (string, error) {
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:"))
	if err != nil || len(sum) != sha256.Size {
		return "", fmt.Errorf("module %s has no sum: %q", m.Path, m.Sum)
	}
	return hex.EncodeToString(sum), nil
}

// dependencies tells that the program depends on all of them; what they depend on
// among themselves is not known here.
func dependencies(main component, parts []component) []dependency {
	list := []dependency{{Ref: main.Ref}}
	for _, c := range parts {
		list[0].DependsOn = append(list[0].DependsOn, c.Ref)
		list = append(list, dependency{c.Ref, []string{}})
	}
	return list
}

func encode(b bom) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(b)
	return out.Bytes(), err
}
