package cmd

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"version", exitOK, []string{"usagectl " + Version() + "\n", "Built by  " + runtime.Version()}, nil},
		said{"--version", exitOK, []string{"usagectl " + Version() + "\n"}, nil},
		said{"version 1", exitUsage, nil, []string{"the command is: usagectl version", `see "usagectl version --help"`}},
	)
	p.must("version --json")
	if doc := p.answer(); doc["schema"] != 1.0 || doc["version"] != Version() || doc["os"] != runtime.GOOS {
		t.Errorf("%v", doc)
	}
}

// TestBuild holds what a program says that was not released: what the go command
// wrote into it.
func TestBuild(t *testing.T) {
	b := build{Version: "devel"}
	if got := b.commitText(); got != "not recorded" {
		t.Errorf("of no commit: %q", got)
	}
	b.read(&debug.BuildInfo{
		Main:     debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-03-04"}, {Key: "vcs.modified", Value: "true"}},
	})
	if got := b.commitText(); b.Version != "1.2.3" || got != "abc of 2026-03-04, and changes" {
		t.Errorf("%q, %q", b.Version, got)
	}
}
