package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the program too: scripts and tests that start
// "usagectl" start the code under test, with coverage.
func TestMain(m *testing.M) {
	programs := map[string]func(){"usagectl": main, "without": without}
	if programs[filepath.Base(os.Args[0])] == nil {
		usualUmask() // for the directories of tests, which other users have to reach; programs keep theirs
	}
	testscript.Main(m, programs)
}

// TestScript runs the stories in testdata/script. Each has an empty home, and
// only addresses of this machine in its manifests.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               emptyHome,
		Cmds:                scriptCommands(),
		Condition:           scriptCondition,
	})
}

// emptyHome makes the environment of somebody who has just logged in for the
// first time, and is neither in CI nor has decided anything.
func emptyHome(e *testscript.Env) error {
	home := filepath.Join(e.WorkDir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	e.Setenv("HOME", home)
	e.Setenv("USERPROFILE", home)
	e.Setenv("XDG_CONFIG_DIRS", filepath.Join(e.WorkDir, "etc"))
	e.Setenv("GORACE", "atexit_sleep_ms=0") // else every program under the race detector sleeps a second
	e.Setenv("XDG_DATA_DIRS", filepath.Join(e.WorkDir, "share"))
	for _, variable := range movedHomes(home) {
		name, value, _ := strings.Cut(variable, "=")
		e.Setenv(name, value)
	}
	return nil
}

// movedHomes has Windows keep things where the other systems do: there a home in
// a variable moves nothing but the home itself.
func movedHomes(home string) []string {
	if runtime.GOOS != "windows" {
		return nil
	}
	return []string{
		"XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
		"XDG_STATE_HOME=" + filepath.Join(home, ".local", "state"),
		"XDG_DATA_HOME=" + filepath.Join(home, ".local", "share"),
	}
}
