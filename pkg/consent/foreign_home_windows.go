package consent

import "github.com/usagectl/usagectl/pkg/dirs"

// nonBlocking is for FIFOs, which are no files here.
const nonBlocking = 0

// ForeignHome is "": nobody here works in somebody else's home without having become
// that person.
func ForeignHome(dirs.Dirs) string { return "" }
