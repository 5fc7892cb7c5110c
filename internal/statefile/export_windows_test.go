package statefile

import "os"

// Open opens a file as all readers do.
func Open(path string) (*os.File, error) { return openRead(path, true) }
