package cmd

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/dirs"
)

// TestAddAsks holds that add shows what a manifest declares, takes a yes, and installs nothing
// for any other word.
func TestAddAsks(t *testing.T) {
	p := newPerson(t)
	file := word(p.write("acme.toml", acme))
	const installed = ".local/share/usagectl/tools/acme.toml"
	// Whoever is asked sees what about, wherever the answer goes.
	p.world.Interactive = true
	p.world.Stdin = strings.NewReader("n\n")
	p.expect(said{"tools add " + file, exitNo, nil, []string{"Acme (acme)\n", "To learn which parts of it are used.", "? [y/N] "}})
	p.atTerminal(80)
	p.world.Interactive = true
	for _, answer := range []string{"\n", "n\n", "", "yes please\n"} {
		p.world.Stdin = strings.NewReader(answer)
		p.expect(said{"tools add " + file, exitNo, []string{"Acme (acme)\n", "To learn which parts of it are used."}, []string{"Install it as ~/", "? [y/N] ", "nothing was installed"}})
		if p.there(installed) {
			t.Fatalf("%q installs it", answer)
		}
	}
	p.world.Stdin = strings.NewReader("Yes\n")
	p.expect(said{"tools add " + file, exitOK, []string{"Installed as ~/" + installed}, []string{"telemetry of acme is off: you have not seen its notice yet"}})
	p.expect(said{"status -q acme", exitNo, nil, nil})
	if p.there(".config") {
		t.Error("a decision is recorded")
	}
	p.world.Stdin = strings.NewReader("")
	p.expect(said{"tools add " + file, exitOK, []string{"It was installed before"}, []string{"*"}})
	p.write("acme.toml", strings.Replace(acme, "To learn which parts", "To sell which parts", 1))
	p.world.Stdin = strings.NewReader("n\n")
	p.expect(said{"tools add " + file, exitNo, []string{"It takes the place of ~/" + installed, "tool.purpose: was: To learn"}, []string{"[y/N]"}})
	p.expect(said{"tools add --json " + file, exitUsage, nil, []string{"nothing was installed: add asks first"}})
}

// TestAddSystem holds in which directory of the machine a manifest is installed, and that it
// is said if another one counts.
func TestAddSystem(t *testing.T) {
	p := newPerson(t)
	file := word(p.write("acme.toml", acme))
	p.expect(said{"tools add --system --yes " + file, exitCreate, nil, []string{"the directory for manifests is not known"}})
	flatpak, local := filepath.Join(p.home, "flatpak"), filepath.Join(p.home, "usr", "local", "share")
	p.world.Dirs.DataDirs = []string{flatpak, local + string(filepath.Separator)}
	p.world.Dirs.Usual = &dirs.Dirs{DataDirs: []string{local}}
	p.must("tools add --system --yes " + file)
	if !p.there("usr/local/share/usagectl/tools/acme.toml") || p.there("flatpak") {
		t.Errorf("it is elsewhere: %s", &p.out)
	}
	if info, err := os.Stat(filepath.Join(local, "usagectl", "tools", "acme.toml")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info, err)
	}
	p.must("tools add --yes -q " + file)
	p.must("tools add --yes --system " + file)
	if !strings.Contains(p.errout.String(), "it does not count for you: ") {
		t.Error(p.errout.String())
	}
	p.world.Dirs.DataDirs = []string{flatpak}
	p.must("tools add --system --yes -q " + file)
	if !p.there("flatpak/usagectl/tools/acme.toml") {
		t.Error("it is not in the only directory that there is")
	}
}
