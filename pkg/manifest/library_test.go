package manifest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// write makes a file in a directory and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func parseID(t *testing.T, s string) manifest.ID {
	t.Helper()
	id, err := manifest.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestFind(t *testing.T) {
	first, second, missing := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "missing")
	library := manifest.Library{Dirs: []string{missing, first, second}}
	here := write(t, first, "t.toml", small)
	write(t, second, "t.toml", "broken")
	only := write(t, second, "u.toml", edited(t, small, `id = "t"`, `id = "u"`))
	demo := write(t, second, "demo.toml", edited(t, small, `id = "t"`, `id = "demo"`))
	for id, want := range map[string]string{
		"t":    here,
		"u":    only,
		"demo": demo,
		"flwr": manifest.Builtin,
	} {
		m, err := library.Find(parseID(t, id))
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if m.File != want || m.Tool.ID.String() != id {
			t.Errorf("%s: got %s from %s, want it from %s", id, m.Tool.ID, m.File, want)
		}
	}
}

func TestFindBroken(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	library := manifest.Library{Dirs: []string{first, second}}
	demo := parseID(t, "demo")
	write(t, second, "demo.toml", edited(t, small, `id = "t"`, `id = "demo"`))
	for text, want := range map[string]string{
		"":    ":1:1: schema is missing",
		"x":   ":1:1: expected '=' after key",
		small: ": the file is for tool demo, but its [tool] id is t",
	} {
		file := write(t, first, "demo.toml", text)
		m, err := library.Find(demo)
		var list manifest.Errors
		if m != nil || !errors.As(err, &list) {
			t.Errorf("%q: got %v, %v", text, m, err)
			continue
		}
		if got := list[0].Error(); got != file+want {
			t.Errorf("%q: got %s, want %s", text, got, file+want)
		}
	}
}

func TestFindUnknown(t *testing.T) {
	for _, id := range []manifest.ID{parseID(t, "nobody"), {}} {
		_, err := manifest.Library{Dirs: []string{t.TempDir()}}.Find(id)
		if !errors.Is(err, manifest.ErrUnknownTool) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestIDs(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	builtin := manifest.Library{}.IDs()
	for _, name := range []string{"zz.toml", "demo.toml", "all.toml", "ALL.toml", "-rf.toml", ".toml", "x.txt", "x"} {
		write(t, first, name, "broken")
	}
	write(t, second, "zz.toml", small)
	write(t, second, "00.toml", small)
	got := manifest.Library{Dirs: []string{first, second, filepath.Join(first, "missing"), filepath.Join(first, "x")}}.IDs()
	want := slices.Concat([]manifest.ID{parseID(t, "00")}, builtin, []manifest.ID{parseID(t, "zz")})
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestManifestBounds holds how large a manifest may be.
func TestManifestBounds(t *testing.T) {
	for size, fits := range map[int]bool{manifest.MaxSize: true, manifest.MaxSize + 1: false} {
		file := write(t, t.TempDir(), "t.toml", small+"#"+strings.Repeat("x", size-len(small)-1))
		if _, err := manifest.ReadFile(file); (err == nil) != fits {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	for n, fits := range map[int]bool{1000: true, 1001: false} {
		var events, fields strings.Builder
		for i := range n {
			fmt.Fprintf(&events, "{name = \"e%d\"},", i)
			fmt.Fprintf(&fields, "[[field]]\nname = \"f%d\"\ntype = \"int\"\npurpose = \"p\"\n", i)
		}
		for kind, text := range map[string]string{
			"events": edited(t, small, `event = [{name = "e"}]`, "event = ["+events.String()+"]"),
			"fields": small + fields.String(),
		} {
			if _, err := manifest.Parse("t.toml", []byte(text)); (err == nil) != fits {
				t.Errorf("%d %s: %.200v", n, kind, err)
			}
		}
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "t.toml", small)
	if m, err := manifest.ReadFile(file); err != nil || m.File != file {
		t.Errorf("got %v, %v", m, err)
	}
	large := write(t, dir, "large.toml", "")
	if err := os.Truncate(large, 10<<20); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]error{
		large:                      statefile.ErrTooLarge,
		dir:                        statefile.ErrNotRegular,
		filepath.Join(dir, "none"): os.ErrNotExist,
	} {
		if _, err := manifest.ReadFile(file); !errors.Is(err, want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
