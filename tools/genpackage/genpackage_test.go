package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestNotices holds that each module that is linked into the program is there with
// the text of its licence.
func TestNotices(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("go is not installed")
	}
	notices, err := thirdPartyNotices("../..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "../..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		name := strings.TrimSpace(line)
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		_, text, found := strings.Cut(string(notices), "\n"+name+"\n"+strings.Repeat("=", len(name))+"\n")
		text, _, _ = strings.Cut(text, "\n====")
		if !found || len(text) < 500 || !strings.Contains(strings.ToLower(text), "licen") && !strings.Contains(text, "Redistribution and use") {
			t.Errorf("%s is not there with its licence, but with: %.200s", name, text)
		}
	}
	if len(seen) < 10 {
		t.Fatalf("only %d modules: is the list read right?", len(seen))
	}
}

// TestNoLicence holds that a module without a licence stops the release.
func TestNoLicence(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/license.go", []byte("package license"), 0o644); err != nil {
		t.Fatal(err)
	}
	if texts, err := licences(dir); err == nil {
		t.Errorf("got %q", texts)
	}
}

// TestCompressed holds what lintian wants of a compressed file, and that it comes
// apart again.
func TestCompressed(t *testing.T) {
	got := compressed([]byte("text"))
	r, err := gzip.NewReader(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	if r.Name != "" || !r.ModTime.IsZero() || got[8] != 2 { // 2: compressed as well as can be
		t.Errorf("name %q, time %v, how %d", r.Name, r.ModTime, got[8])
	}
}

func TestReleaseNotes(t *testing.T) {
	changes := "# Changes\n\n## Unreleased\n\n- Something new.\n\n## [1.10.0] - 2026-12-01\n\n- More.\n\n### Fixed\n\n- A hang.\n\n## 1.1.0 (2026-11-22)\n\n- First.\n"
	for version, want := range map[string]string{
		"1.10.0":    "- More.\n\n### Fixed\n\n- A hang.\n",
		"1.1.0":     "- First.\n",
		"1.11.0-rc": "- Something new.\n",
	} {
		if got := releaseNotes(changes, version); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}

func TestDebianChangelog(t *testing.T) {
	when := time.Date(2026, 11, 22, 8, 0, 14, 0, time.FixedZone("", 3600))
	got := debianChangelog("1.2.3-dev.1-x", when)
	if !strings.HasPrefix(got, "usagectl (1.2.3~dev.1-x-1) unstable;") || !strings.HasSuffix(got, ">  Sun, 22 Nov 2026 07:00:14 +0000\n") {
		t.Errorf("got %s", got)
	}
}
