package identity_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Looking creates nothing; the first event that may be sent makes the ID, and from then
// on it stays until it is removed.
func Example() {
	home, err := os.MkdirTemp("", "home")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(home)

	path, err := identity.Path(manifest.Identity{Random: true, Path: "~/.mytool/source"}, os.LookupEnv, home, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = identity.Load(path)
	fmt.Println("before:", errors.Is(err, identity.ErrNone))

	first, err := identity.Ensure(path, true)
	fmt.Println("made:", len(first), err)
	second, err := identity.Ensure(path, true)
	fmt.Println("the same:", second == first, err)

	err = identity.Remove(path, func(id string) bool { return id == first })
	fmt.Println("removed:", err)
	_, err = identity.Load(path)
	fmt.Println("after:", errors.Is(err, identity.ErrNone))
	// Output:
	// before: true
	// made: 36 <nil>
	// the same: true <nil>
	// removed: <nil>
	// after: true
}

// Other programs write the same file in their own way, and one install stays one install.
func ExampleParse() {
	id, err := identity.Parse([]byte(" urn:uuid:6F2C5D0A-3C1B-4B6E-9A57-0F5C5B6B1F11\n"))
	fmt.Println(id, err)
	_, err = identity.Parse([]byte("not an ID"))
	fmt.Println(errors.Is(err, identity.ErrInvalid))
	// Output:
	// urn:uuid:6F2C5D0A-3C1B-4B6E-9A57-0F5C5B6B1F11 <nil>
	// true
}
