// Package acceptance runs the real program as people do, from outside: the stories in
// testdata/script, and what takes more than a story to show. It also holds what the documentation,
// the packaging and the shape of the tree promise.
package acceptance

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the program too: scripts and tests that start
// "usagectl" start the code under test, with coverage.
func TestMain(m *testing.M) {
	programs := map[string]func(){"usagectl": program, "without": without, "ordinary": ordinary}
	if programs[filepath.Base(os.Args[0])] == nil {
		usualUmask() // for the directories of tests, which other users have to reach; programs keep theirs
		usualSignals()
		waitSideBySide()
	}
	testscript.Main(m, programs)
}

// waitSideBySide has twice as many tests run at once as there are processors, unless the
// command line says otherwise: they wait for other processes half of the time.
func waitSideBySide() {
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err) // the testing package has no such flag any more
	}
}

// TestScript runs the stories in testdata/script. Each has an empty home, and
// only addresses of this machine in its manifests.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               emptyHome,
		Cmds:                scriptCommands(),
		Condition:           scriptCondition,
	})
}

// repository is a path in the repository, of which this package's directory is one: the
// go command runs tests there.
func repository(elements ...string) string {
	return filepath.Join(append([]string{".."}, elements...)...)
}

// repositoryFiles are the paths in the repository that match a pattern.
func repositoryFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(repository(pattern))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		if files[i], err = filepath.Rel(repository(), file); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// emptyHome makes the environment of somebody who has just logged in for the
// first time, and is neither in CI nor has decided anything.
func emptyHome(e *testscript.Env) error {
	e.Values[serving{}] = new(serving)
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

// movedHomes has Windows and macOS keep things where the other systems do. On Windows a home in a
// variable moves nothing but the home itself.
func movedHomes(home string) []string {
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		return nil
	}
	return []string{
		"XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
		"XDG_STATE_HOME=" + filepath.Join(home, ".local", "state"),
		"XDG_DATA_HOME=" + filepath.Join(home, ".local", "share"),
	}
}
