package identity_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/usagectl/usagectl/pkg/identity"
)

func TestEnsureKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	path := filepath.Join(dir, "tool")
	if key, err := identity.EnsureKey(path, false); key != nil || !errors.Is(err, identity.ErrNone) {
		t.Errorf("without create: got %x, %v", key, err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without create something was made: %v", err)
	}
	first, err := identity.EnsureKey(path, true)
	if err != nil || len(first) != 32 || bytes.Equal(first, make([]byte, 32)) {
		t.Fatalf("got %x, %v", first, err)
	}
	if again, err := identity.EnsureKey(path, false); err != nil || !bytes.Equal(again, first) {
		t.Errorf("again: got %x, %v; want %x", again, err, first)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if key, err := identity.EnsureKey(path, true); err != nil || bytes.Equal(key, first) {
		t.Errorf("after it was removed: got %x, %v", key, err)
	}
}

func TestEnsureKeyInManyGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "tool")
	keys := make([][]byte, 50)
	var wait sync.WaitGroup
	for i := range keys {
		wait.Go(func() {
			var err error
			if keys[i], err = identity.EnsureKey(path, true); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, key := range keys {
		if !bytes.Equal(key, keys[0]) {
			t.Errorf("got %x and %x", key, keys[0])
		}
	}
}

func TestEnsureKeyOfWrongSize(t *testing.T) {
	for _, size := range []int{0, 31, 33, 1 << 20} {
		path := filepath.Join(t.TempDir(), "tool")
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if key, err := identity.EnsureKey(path, true); key != nil || !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%d bytes: got %x, %v", size, key, err)
		}
	}
}
