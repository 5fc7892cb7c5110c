// Pictures draws what the program prints, for the README: it runs the program in
// a made-up home at a made-up time, and writes its output, colours and all, as
// drawings for light and for dark pages.
//
//	go run ./tools/pictures
//
// It stands apart from cmd so that the program need not hold what draws.
package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// folder is where the pictures are, from the root of the repository.
const folder = "docs/pictures"

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run does all of it below root.
func run(root string) error {
	made, err := generate()
	if err != nil {
		return err
	}
	for name, content := range made {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate makes the content of each file.
func generate() (map[string][]byte, error) {
	shots, err := play(story())
	if err != nil {
		return nil, err
	}
	made := map[string][]byte{}
	for _, s := range shots {
		for _, t := range themes() {
			made[path.Join(folder, s.name+"-"+t.name+".svg")] = draw(s, t)
		}
	}
	return made, nil
}
