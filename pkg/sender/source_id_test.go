package sender

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"testing"

	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// forgottenIn is a home in which an ID is to be forgotten and is still, or again, in
// the tool's file, wherever that was then.
func forgottenIn(t *testing.T, then string, redacted bool) (s Sender, path string, tool manifest.ID, key []byte) {
	t.Helper()
	s = newSender(t)
	tool = sendertest.ToolID(t, "mytool")
	path = sourceWith(t, s, sampleID)
	key, err := s.hashKey(tool, path, true)
	if err != nil {
		t.Fatal(err)
	}
	d := deletionIn(t, redacted, deletion.Accepted)
	d.SourcePath = path
	if then != "" {
		d.SourcePath = filepath.Join(s.dirs().Home, then)
	}
	if err := s.deletions().Write(&d); err != nil {
		t.Fatal(err)
	}
	return s, path, tool, key
}

// TestForgottenIDIsRotated holds that an ID that was to be forgotten is never handed
// out again, nor a hash under its key, and that looking at it changes nothing. The file
// may be another than it was then: a restored home can lie elsewhere.
func TestForgottenIDIsRotated(t *testing.T) {
	for name, then := range map[string]string{"the same place": "", "another place": "old/source"} {
		for _, redacted := range []bool{false, true} {
			for _, keyFirst := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, redacted %v, key first %v", name, redacted, keyFirst), func(t *testing.T) {
					s, path, tool, oldKey := forgottenIn(t, then, redacted)
					before := sendertest.Tree(t, s.dirs().Home)
					if id, err := s.sourceID(path, false); id != "" || !errors.Is(err, identity.ErrNone) {
						t.Errorf("shown: %q, %v", id, err)
					}
					if key, err := s.hashKey(tool, path, false); key != nil || !errors.Is(err, identity.ErrNone) {
						t.Errorf("shown: %x, %v", key, err)
					}
					if after := sendertest.Tree(t, s.dirs().Home); !maps.Equal(before, after) {
						t.Errorf("looking at it:\nbefore %q\nafter  %q", before, after)
					}
					var key []byte
					var id string
					var err, keyErr error
					if keyFirst {
						key, keyErr = s.hashKey(tool, path, true)
					}
					id, err = s.sourceID(path, true)
					if !keyFirst {
						key, keyErr = s.hashKey(tool, path, true)
					}
					if err != nil || id == sampleID || id == "" {
						t.Errorf("ID: %q, %v", id, err)
					}
					if keyErr != nil || len(key) != len(oldKey) || bytes.Equal(key, oldKey) {
						t.Errorf("key: %x, %v", key, keyErr)
					}
					if again, err := s.sourceID(path, true); err != nil || again != id { // once is enough
						t.Errorf("ID, again: %q, %v", again, err)
					}
					if again, err := s.hashKey(tool, path, true); err != nil || !bytes.Equal(again, key) {
						t.Errorf("key, again: %x, %v", again, err)
					}
				})
			}
		}
	}
}

// TestForgottenIDThatStays holds that nothing is handed out where the ID cannot be
// rotated, and that a key that stands in the way keeps the ID from being.
func TestForgottenIDThatStays(t *testing.T) {
	damaged := func(t *testing.T) (Sender, string, manifest.ID) {
		s, path, tool, _ := forgottenIn(t, "", true)
		sendertest.Write(t, s.deletions().Path(deletion.HashID(sampleID)), "half a fi")
		return s, path, tool
	}
	blocked := func(t *testing.T) (Sender, string, manifest.ID) {
		s, path, tool, _ := forgottenIn(t, "", true)
		sendertest.Block(t, s.keyPath(tool))
		return s, path, tool
	}
	for name, made := range map[string]func(*testing.T) (Sender, string, manifest.ID){"damaged deletion": damaged, "key that cannot be removed": blocked} {
		s, path, tool := made(t)
		for range 2 {
			if id, err := s.sourceID(path, true); id != "" || !errors.Is(err, identity.ErrNone) {
				t.Errorf("%s: %q, %v", name, id, err)
			}
			if key, err := s.hashKey(tool, path, true); key != nil || !errors.Is(err, identity.ErrNone) {
				t.Errorf("%s: %x, %v", name, key, err)
			}
		}
	}
}

// TestIDThatIsNotForgotten holds that nothing of this is in the way of others.
func TestIDThatIsNotForgotten(t *testing.T) {
	s, path, tool, key := forgottenIn(t, "", true)
	sendertest.Write(t, path, otherID)
	if id, err := s.sourceID(path, true); err != nil || id != otherID {
		t.Errorf("%q, %v", id, err)
	}
	for _, at := range []string{path, ""} {
		if got, err := s.hashKey(tool, at, false); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%x, %v", got, err)
		}
	}
	if id, err := s.sourceID(filepath.Join(s.dirs().Home, "none"), false); id != "" || !errors.Is(err, identity.ErrNone) {
		t.Errorf("%q, %v", id, err)
	}
	s.dirs().StateHome = ""
	if id, err := s.sourceID(path, false); err != nil || id != otherID {
		t.Errorf("without a state directory: %q, %v", id, err)
	}
	if _, err := s.hashKey(tool, path, true); !errors.Is(err, ErrNoState) {
		t.Errorf("without a state directory: %v", err)
	}
}
