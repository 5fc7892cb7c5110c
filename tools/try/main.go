// Try runs the main job of usagectl for real, offline and in a home of its own
// that is gone afterwards: a person looks, decides, a script sends, and the
// person sees what left, refuses, and has it forgotten. It builds the program first, from the folder it is run in.
//
//	go run ./tools/try
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/uuid"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "try:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "usagectl-try-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "usagectl")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.Command("go", "build", "-o", program, ".")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	env, err := emptyHome(dir)
	if err != nil {
		return err
	}
	run := " --run " + uuid.NewString() // by which the two events are told to be of one run
	for _, step := range []struct{ says, command string }{
		{"Nothing is decided yet, so nothing is sent. This is what would be:", "inspect demo run.end --set exit_code=0"},
		{"You agree, and are told to what:", "enable demo"},
		{"A script sends two events of one run, and is back at once:", "send demo run.start" + run},
		{"", "send demo run.end --set exit_code=0 --set duration=1.5" + run},
		{"They are delivered in the background; this waits for it:", "flush"},
		{"What left, to the letter:", "inspect demo --sent"},
		{"You change your mind:", "disable demo"},
		{"From now on nothing is kept or sent:", "send demo run.start --verbose"},
		{"You want it to forget you, here and at the other end:", "forget demo --yes"},
		{"What you see when you ask:", "status"},
	} {
		if step.says != "" {
			fmt.Printf("\n# %s\n", step.says)
		}
		fmt.Printf("\n$ usagectl %s\n", step.command)
		c := exec.Command(program, strings.Fields(step.command)...)
		c.Env, c.Stdout, c.Stderr = env, os.Stdout, os.Stdout
		if err := c.Run(); err != nil {
			return fmt.Errorf("usagectl %s: %w", step.command, err)
		}
	}
	return nil
}

// emptyHome is the environment of somebody who has decided nothing, whatever is
// set here.
func emptyHome(dir string) ([]string, error) {
	home := filepath.Join(dir, "home")
	env := []string{"HOME=" + home, "USERPROFILE=" + home}
	for _, name := range []string{"PATH", "TERM", "SYSTEMROOT", "TMPDIR", "TEMP"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env, os.Mkdir(home, 0o700)
}
