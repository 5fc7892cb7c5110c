package identity

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"

	"github.com/usagectl/usagectl/internal/statefile"
)

// keySize is the size of a hash key in bytes: that of SHA-256's output, as
// RFC 2104 recommends for HMAC.
const keySize = 32

// EnsureKey reads the key under which a tool's hashes of names are made, or
// makes one if there is none and create is set. It never leaves the machine. The
// errors are [ErrNone], [ErrInvalid] and those of the file system.
func EnsureKey(path string, create bool) ([]byte, error) {
	key, err := loadKey(path)
	if !errors.Is(err, ErrNone) || !create {
		return key, err
	}
	key = make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	_ = statefile.Sweep(filepath.Dir(path)) // what is left there is no key
	err = statefile.Create(path, key, 0o700)
	if errors.Is(err, os.ErrExist) {
		return loadKey(path)
	}
	if !statefile.Done(err) { // one that a power cut takes away is made anew
		return nil, err
	}
	return key, nil
}

func loadKey(path string) ([]byte, error) {
	key, err := statefile.Read(path, keySize)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, ErrNone
	case errors.Is(err, statefile.ErrTooLarge):
		return nil, ErrInvalid
	case err != nil:
		return nil, err
	case len(key) != keySize:
		return nil, ErrInvalid
	}
	return key, nil
}
