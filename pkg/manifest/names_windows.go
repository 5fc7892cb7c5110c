package manifest

import (
	"path/filepath"
	"strings"
)

// keepable reports whether files can be named by a tool's ID. Windows takes "nul" and
// "com1" for devices, some versions "nul.toml" too, and leaves out a dot at the end.
func keepable(id string) bool {
	return filepath.IsLocal(id) && filepath.IsLocal(id+".toml") && !strings.HasSuffix(id, ".")
}
