// Pictures draws what the program prints, for the README: it runs the program in
// a made-up home at a made-up time, and writes its output, colours and all, as
// drawings for light and for dark pages.
//
//	go run ./tools/pictures
//
// It stands apart from cmd so that the program need not hold what draws.
package main

import (
	"path"

	"github.com/usagectl/usagectl/tools/internal/generate"
)

// folder is where the pictures are, from the root of the repository.
const folder = "docs/pictures"

func main() {
	generate.Main(func(string) (generate.Made, error) { return pictures() })
}

// pictures makes each picture for each theme.
func pictures() (generate.Made, error) {
	shots, err := play(story())
	if err != nil {
		return generate.Made{}, err
	}
	made := generate.Made{Files: map[string][]byte{}, Whole: []string{folder}}
	for _, s := range shots {
		for _, t := range themes() {
			made.Files[path.Join(folder, s.name+"-"+t.name+".svg")] = draw(s, t)
		}
	}
	return made, nil
}
