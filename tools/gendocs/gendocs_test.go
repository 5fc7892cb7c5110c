package main

import (
	"testing"

	"github.com/usagectl/usagectl/tools/internal/generate"
)

// TestFresh holds that what is in the repository is what the commands and the
// documents say.
func TestFresh(t *testing.T) {
	const root = "../.."
	made, err := documents(root)
	if err != nil {
		t.Fatal(err)
	}
	generate.Fresh(t, root, made, "go run ./tools/gendocs")
}
