package dirs_test

import (
	"fmt"
	"path/filepath"

	"github.com/usagectl/usagectl/pkg/dirs"
)

// A program with a place of its own names the directories itself; [dirs.Default] finds
// those of the person who runs it.
func Example() {
	d := dirs.Dirs{
		Home:       "/home/ada",
		ConfigHome: "/home/ada/.config",
		StateHome:  "/home/ada/.local/state",
		System:     "/etc/xdg",
	}
	fmt.Println(filepath.ToSlash(d.UserConsent()))
	fmt.Println(filepath.ToSlash(d.StateDir()))
	fmt.Println(filepath.ToSlash(d.SystemConsent()[0]))
	// Output:
	// /home/ada/.config/usagectl/consent
	// /home/ada/.local/state/usagectl
	// /etc/xdg/usagectl/consent
}
