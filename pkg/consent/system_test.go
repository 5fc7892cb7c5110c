//go:build unix

package consent_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// refusalFile is what a machine-wide refusal is, to the byte.
const refusalFile = `# Written by "usagectl disable --system"; "usagectl enable --system" lifts it.
schema = 1
state = "refused"
`

// byHand is a refusal that an administrator wrote.
const byHand = "state = \"refused\" # by the administrator\n"

// machinePath is the place of machine-wide refusals in a tree, link by link.
var machinePath = []string{"etc", "etc/xdg", "etc/xdg/usagectl", "etc/xdg/usagectl/consent"}

const allFile = "etc/xdg/usagectl/consent/all.toml"

// openTree opens the place of machine-wide refusals as for an image.
func openTree(t testing.TB, tree string) *consent.SystemStore {
	return openMachine(t, "/etc/xdg", tree)
}

// openOwn opens it as for the machine itself, whose settings are below base.
func openOwn(t testing.TB, base string) *consent.SystemStore {
	return openMachine(t, filepath.Join(base, "etc/xdg"), "")
}

func openMachine(t testing.TB, system, tree string) *consent.SystemStore {
	t.Helper()
	m, err := consent.OpenSystemStore(system, tree)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// bothWays are the two ways to the same place.
var bothWays = map[string]func(testing.TB, string) *consent.SystemStore{"image": openTree, "machine": openOwn}

func mkdirs(t testing.TB, paths ...string) {
	t.Helper()
	for _, path := range paths {
		must(t, os.MkdirAll(path, 0o755))
	}
}

// put writes a file with this mode, whatever the umask is, and the directories above it.
func put(t testing.TB, path, content string, mode os.FileMode) {
	t.Helper()
	mkdirs(t, filepath.Dir(path))
	must(t, os.WriteFile(path, []byte(content), 0o600))
	must(t, os.Chmod(path, mode))
}

func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}

// everything describes a directory and what is in it so that nothing can be done to
// it unseen, but reading.
func everything(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		fmt.Fprintf(&b, "%s %v %d:%d inode %d links %d, %d bytes of %v", path, info.Mode(), stat.Uid, stat.Gid, stat.Ino, stat.Nlink, info.Size(), info.ModTime())
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			fmt.Fprintf(&b, " -> %s %v", target, err)
		}
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path) // which not everybody can
			fmt.Fprintf(&b, " %q %v", data, err)
		}
		b.WriteString("\n")
		return nil
	}))
	return b.String()
}

// unchanged fails the test if something happened to a directory.
func unchanged(t testing.TB, dir, before string) {
	t.Helper()
	if after := everything(t, dir); after != before {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
}

// refuse refuses and holds that it changed something or not, and failed or not.
func refuse(t testing.TB, m *consent.SystemStore, id manifest.ID, replace, changed bool, want error) {
	t.Helper()
	if got, err := m.Refuse(id, replace); got != changed || !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("refuse: changed is %v, error %v; want %v and %v", got, err, changed, want)
	}
}

func lift(t testing.TB, m *consent.SystemStore, id manifest.ID, changed bool, want error) {
	t.Helper()
	if got, err := m.Lift(id, time.Now()); got != changed || !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("lift: changed is %v, error %v; want %v and %v", got, err, changed, want)
	}
}

// machineRule is the reason for which mytool is off on a machine with this tree, or
// "" if the machine says nothing.
func machineRule(t testing.TB, tree string) consent.Reason {
	t.Helper()
	id := toolID(t, "mytool")
	d := dirs.Dirs{ConfigHome: filepath.Join(tree, "nobody"), System: filepath.Join(tree, "etc/xdg")}
	v := consent.Decide(id, nil, consent.Gather(id, nil, environment(nil), d, ""))
	if (consent.ReadRecorded(d).Of(id).State == consent.Refused) != (v.Reason.Rule != consent.Undecided) {
		t.Errorf("the reason is %+v, but recorded is %+v", v.Reason, consent.ReadRecorded(d).Of(id))
	}
	if v.Reason.Rule == consent.Undecided {
		return consent.Reason{}
	}
	return v.Reason
}

// refusedIn holds that mytool is refused for the machine by a file.
func refusedIn(t testing.TB, tree, file string) {
	t.Helper()
	want := consent.Reason{Rule: consent.System, Detail: "refused for this machine in " + filepath.Join(tree, file)}
	if got := machineRule(t, tree); got != want {
		t.Errorf("the reason is %+v, want %+v", got, want)
	}
}

func TestMachineTwice(t *testing.T) {
	for way, open := range bothWays {
		for file, id := range map[string]manifest.ID{"all.toml": {}, "mytool.toml": toolID(t, "mytool")} {
			t.Run(way+" "+file, func(t *testing.T) {
				tree := t.TempDir()
				m := open(t, tree)
				leftovers(t, tree) // to open it makes nothing
				path := filepath.Join(tree, "etc/xdg/usagectl/consent", file)
				if got := m.File(id); got != path {
					t.Errorf("for people it is %s, not %s", got, path)
				}
				lift(t, m, id, false, nil)
				leftovers(t, tree)

				refuse(t, m, id, false, true, nil)
				if got := content(t, path); got != refusalFile {
					t.Errorf("it holds %q", got)
				}
				leftovers(t, filepath.Dir(path), file)
				refusedIn(t, tree, "etc/xdg/usagectl/consent/"+file)
				before := everything(t, tree)
				refuse(t, m, id, false, false, nil)
				refuse(t, m, id, true, false, nil)
				refuse(t, open(t, tree), id, false, false, nil)
				unchanged(t, tree, before)

				lift(t, m, id, true, nil)
				if mark := strings.TrimSuffix(file, ".toml") + ".refused"; way == "machine" {
					leftovers(t, filepath.Dir(path), mark)
				} else {
					leftovers(t, filepath.Dir(path)) // in an image nothing can have been queued
				}
				if got := machineRule(t, tree); got != (consent.Reason{}) {
					t.Errorf("lifted, the reason is %+v", got)
				}
				before = everything(t, tree)
				lift(t, m, id, false, nil)
				unchanged(t, tree, before)
			})
		}
	}
}

// What is written is the same in every tree, whoever writes it and whenever.
func TestMachineModes(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		t.Run(fmt.Sprintf("umask %04o", umask), func(t *testing.T) {
			tree := t.TempDir()
			func() {
				defer syscall.Umask(syscall.Umask(umask))
				refuse(t, openTree(t, tree), manifest.ID{}, false, true, nil)
				refuse(t, openTree(t, tree), toolID(t, "mytool"), false, true, nil)
			}()
			for _, dir := range machinePath {
				hasMode(t, filepath.Join(tree, dir), 0o755|fs.ModeDir)
			}
			hasMode(t, filepath.Join(tree, allFile), 0o644)
			hasMode(t, filepath.Join(tree, filepath.Dir(allFile), "mytool.toml"), 0o644)
		})
	}
}

func hasMode(t testing.TB, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	if info.Mode() != want {
		t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
	}
}

func TestMachineKeepsModesOfDirectories(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		for n := range machinePath {
			tree := t.TempDir()
			modes := []os.FileMode{0o711, 0o750 | fs.ModeSetgid, 0o700, 0o777 | fs.ModeSticky}
			for i, dir := range machinePath[:n+1] {
				must(t, os.Mkdir(filepath.Join(tree, dir), 0o700))
				must(t, os.Chmod(filepath.Join(tree, dir), modes[i]))
			}
			func() {
				defer syscall.Umask(syscall.Umask(umask))
				m := openTree(t, tree)
				refuse(t, m, manifest.ID{}, false, true, nil)
				lift(t, m, manifest.ID{}, true, nil)
			}()
			for i, dir := range machinePath {
				want := fs.ModeDir | 0o755
				if i <= n {
					want = fs.ModeDir | modes[i]
				}
				hasMode(t, filepath.Join(tree, dir), want)
			}
		}
	}
}

// A refusal that some cannot read, or do not rely on, becomes one that everybody can.
// It keeps its words, so that what an administrator wrote is still not ours to lift.
func TestMachineRefusalIsForEverybody(t *testing.T) {
	for _, words := range []string{refusalFile, byHand} {
		for mode, good := range map[os.FileMode]bool{
			0o644: true, 0o444: true, 0o755: true, 0o555: true,
			0o600: false, 0o400: false, 0o640: false, 0o604: false, 0o744: true, 0o664: false, 0o646: false, 0o666: false, 0o622: false,
		} {
			t.Run(fmt.Sprintf("%04o %.8s", mode, words), func(t *testing.T) {
				tree := t.TempDir()
				path := filepath.Join(tree, allFile)
				put(t, path, words, mode)
				before := everything(t, tree)
				m := openTree(t, tree)
				refuse(t, m, manifest.ID{}, false, !good, nil)
				if good {
					unchanged(t, tree, before)
					return
				}
				hasMode(t, path, 0o644)
				if got := content(t, path); got != words {
					t.Errorf("it holds %q", got)
				}
				leftovers(t, filepath.Dir(path), "all.toml")
				refusedIn(t, tree, allFile)
				before = everything(t, tree)
				refuse(t, m, manifest.ID{}, false, false, nil)
				unchanged(t, tree, before)
			})
		}
	}
}

// A refusal that an ordinary user owns, that user could take back.
func TestMachineRefusalOfSomebodyElse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	tree := t.TempDir()
	path := filepath.Join(tree, allFile)
	put(t, path, refusalFile, 0o644)
	must(t, os.Chown(path, 65534, 65534))
	refuse(t, openTree(t, tree), manifest.ID{}, false, true, nil)
	info, err := os.Lstat(path)
	must(t, err)
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 {
		t.Errorf("it belongs to user %d", owner)
	}
	refusedIn(t, tree, allFile)
}

// A file can have a second name outside of the tree. It is not written through.
func TestMachineHardLink(t *testing.T) {
	for name, words := range map[string]string{"refusal": refusalFile, "by hand": byHand, "garbage": "garbage"} {
		t.Run(name, func(t *testing.T) {
			tree, outside := t.TempDir(), t.TempDir()
			other := filepath.Join(outside, "all.toml")
			put(t, other, words, 0o600)
			mkdirs(t, filepath.Join(tree, filepath.Dir(allFile)))
			must(t, os.Link(other, filepath.Join(tree, allFile)))
			m := openTree(t, tree)
			refuse(t, m, manifest.ID{}, true, true, nil)
			refusedIn(t, tree, allFile)
			hasMode(t, other, 0o600)
			if got := content(t, other); got != words {
				t.Errorf("outside it holds %q", got)
			}
			if words != byHand {
				lift(t, m, manifest.ID{}, true, nil)
			}
			hasMode(t, other, 0o600)
		})
	}
}

// A link is one in the way to the consent files of a tree.
type link struct {
	name string
	// target is where it leads, made from the directory in which it stands, the tree
	// and a directory outside. What is in the tree is in its directory "inside".
	target func(in, tree, outside string) string
	lands  string // in "inside" or "outside", if it is followed; "" if there is nothing to follow it to
	leaves bool   // it leads out of the tree on its way, or begins at the root
}

// relative is how a path is written in a directory.
func relative(from, to string) string {
	path, err := filepath.Rel(from, to)
	if err != nil {
		panic(err)
	}
	return path
}

var links = []link{
	{"to the inside", func(in, tree, _ string) string { return relative(in, tree+"/inside") }, "inside", false},
	{"to the inside by a detour", func(in, tree, _ string) string { return relative(in, tree) + "/./inside/../inside//" }, "inside", false},
	{"to the inside by another link", func(in, tree, _ string) string { return relative(in, tree+"/in") }, "inside", false},
	{"absolute", func(_, _, outside string) string { return outside }, "outside", true},
	{"absolute, to the inside", func(_, tree, _ string) string { return tree + "/inside" }, "inside", true},
	{"absolute, to the inside as the image sees it", func(_, _, _ string) string { return "/inside" }, "", true},
	{"to the root", func(_, _, _ string) string { return "/" }, "root", true},
	{"out", func(in, _, outside string) string { return relative(in, outside) }, "outside", true},
	{"far out", func(_, _, outside string) string { return strings.Repeat("../", 40) + outside[1:] }, "outside", true},
	{"out and in again", func(in, tree, _ string) string { return relative(in, filepath.Dir(tree)) + "/tree/inside" }, "inside", true},
	{"out by another link", func(in, tree, _ string) string { return relative(in, tree+"/out") }, "outside", true},
	{"to nowhere", func(_, _, _ string) string { return "nowhere" }, "", false},
	{"to nowhere outside", func(_, _, outside string) string { return outside + "/nowhere" }, "", true},
	{"to nowhere outside, relative", func(in, _, outside string) string { return relative(in, outside+"/nowhere") }, "", true},
	{"to a file", func(in, tree, _ string) string { return relative(in, tree+"/file") }, "", false},
	{"to itself", func(_, _, _ string) string { return "loop" }, "", false},
}

// linked makes a tree and what is outside of it, with a link at path and the same below
// both ends of it: nothing, or a refusal that could be lifted.
func (l link) linked(t testing.TB, path string, refused bool) (tree, outside string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	tree, outside = filepath.Join(base, "tree"), filepath.Join(base, "outside")
	at := filepath.Join(tree, path)
	mkdirs(t, filepath.Dir(at), tree+"/inside", outside)
	put(t, tree+"/file", refusalFile, 0o644)
	must(t, os.Symlink("inside", tree+"/in"))
	must(t, os.Symlink(outside, tree+"/out"))
	must(t, os.Symlink("loop", filepath.Join(filepath.Dir(at), "loop")))
	must(t, os.Symlink(l.target(filepath.Dir(at), tree, outside), at))
	rest := relative(path, allFile)
	for _, dir := range []string{tree + "/inside", outside} {
		mkdirs(t, filepath.Dir(filepath.Join(dir, rest)))
		if refused {
			put(t, filepath.Join(dir, rest), refusalFile, 0o644)
		}
	}
	return tree, outside
}

func TestMachineLinksInTheTree(t *testing.T) {
	for _, l := range links {
		for _, path := range machinePath {
			for _, refused := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s at %s, refused %v", l.name, path, refused), func(t *testing.T) {
					tree, outside := l.linked(t, path, refused)
					before := everything(t, outside)
					if l.lands == "inside" && !l.leaves {
						m := openTree(t, tree)
						refuse(t, m, manifest.ID{}, false, !refused, nil)
						refusedIn(t, tree, allFile)
						lift(t, m, manifest.ID{}, true, nil)
						leftovers(t, filepath.Join(tree, filepath.Dir(allFile)))
					} else {
						l.notFollowed(t, tree)
					}
					unchanged(t, outside, before)
				})
			}
		}
	}
}

// notFollowed holds that nothing is refused or lifted in a tree, and nothing changed.
func (l link) notFollowed(t *testing.T, tree string) {
	t.Helper()
	m := openTree(t, tree)
	before := everything(t, tree)
	for _, replace := range []bool{false, true} {
		changed, err := m.Refuse(manifest.ID{}, replace)
		if changed || err == nil {
			t.Fatalf("refuse: changed is %v, error %v", changed, err)
		}
		// The os package has no error to compare with, and the command looks for this.
		if l.leaves && !strings.Contains(err.Error(), "escapes") {
			t.Errorf("the error does not say that the link leads out: %v", err)
		}
	}
	if changed, _ := m.Lift(manifest.ID{}, time.Now()); changed {
		t.Error("something was lifted")
	}
	unchanged(t, tree, before)
}

// On the machine itself links are its administrator's, and whoever reads the refusal
// follows them too.
func TestMachineLinksOfTheAdministrator(t *testing.T) {
	for _, l := range links {
		for _, path := range machinePath {
			t.Run(l.name+" at "+path, func(t *testing.T) {
				tree, outside := l.linked(t, path, false)
				switch l.lands {
				case "root": // what is there is not this test's
				case "":
					before, beforeOutside := everything(t, tree), everything(t, outside)
					m, err := consent.OpenSystemStore(filepath.Join(tree, "etc/xdg"), "")
					if err == nil {
						defer m.Close()
						_, err = m.Refuse(manifest.ID{}, true)
					}
					if err == nil {
						t.Error("refused, somewhere")
					}
					unchanged(t, tree, before)
					unchanged(t, outside, beforeOutside)
				default:
					to := filepath.Join(map[string]string{"inside": tree + "/inside", "outside": outside}[l.lands], relative(path, allFile))
					m := openOwn(t, tree)
					refuse(t, m, manifest.ID{}, false, true, nil)
					if got := m.File(manifest.ID{}); got != to || content(t, to) != refusalFile {
						t.Errorf("for people it is %s, not %s", got, to)
					}
					refusedIn(t, tree, allFile)
					refuse(t, openOwn(t, tree), manifest.ID{}, false, false, nil)
					lift(t, openOwn(t, tree), manifest.ID{}, true, nil)
				}
			})
		}
	}
}

// A link where the file must be is not one that usagectl wrote. It is never followed,
// neither to read nor to write.
func TestMachineLinkForAFile(t *testing.T) {
	for _, l := range links {
		for _, refused := range []bool{false, true} {
			for way, open := range bothWays {
				t.Run(fmt.Sprintf("%s, refused %v, %s", l.name, refused, way), func(t *testing.T) {
					tree, outside := l.linked(t, allFile, false)
					if refused { // where the link leads, there is a refusal
						for _, dir := range []string{tree + "/inside", outside} {
							must(t, os.RemoveAll(dir))
							put(t, dir, refusalFile, 0o644)
						}
					}
					m := open(t, tree)
					before, beforeTree := everything(t, outside), everything(t, tree)
					refuse(t, m, manifest.ID{}, false, false, consent.ErrUnknownFile)
					lift(t, m, manifest.ID{}, false, consent.ErrUnknownFile)
					unchanged(t, tree, beforeTree)
					inside := everything(t, tree+"/inside") + everything(t, tree+"/file")
					refuse(t, m, manifest.ID{}, true, true, nil)
					if got := content(t, filepath.Join(tree, allFile)); got != refusalFile {
						t.Errorf("it holds %q", got)
					}
					hasMode(t, filepath.Join(tree, allFile), 0o644)
					lift(t, m, manifest.ID{}, true, nil)
					if got := everything(t, tree+"/inside") + everything(t, tree+"/file"); got != inside {
						t.Errorf("where the link led it was\n%sand is\n%s", inside, got)
					}
					unchanged(t, outside, before)
				})
			}
		}
	}
}

// obstacles are what can be where something else must be.
var obstacles = map[string]func(path string) error{
	"file":   func(path string) error { return os.WriteFile(path, []byte(refusalFile), 0o644) },
	"FIFO":   func(path string) error { return syscall.Mkfifo(path, 0o644) },
	"socket": func(path string) error { return syscall.Mknod(path, syscall.S_IFSOCK|0o644, 0) },
}

func TestMachineSomethingInTheWay(t *testing.T) {
	for what, create := range obstacles {
		for _, path := range machinePath {
			for way := range bothWays {
				t.Run(what+" at "+path+", "+way, func(t *testing.T) {
					tree := t.TempDir()
					mkdirs(t, filepath.Dir(filepath.Join(tree, path)))
					if err := create(filepath.Join(tree, path)); err != nil {
						t.Skip(err)
					}
					before := everything(t, tree)
					system, root := "/etc/xdg", tree
					if way == "machine" {
						system, root = filepath.Join(tree, "etc/xdg"), ""
					}
					consent.Within(t, 30*time.Second, func() {
						m, err := consent.OpenSystemStore(system, root)
						if err != nil {
							return // as good a place to say so as any
						}
						defer m.Close()
						for _, replace := range []bool{false, true} {
							if changed, err := m.Refuse(manifest.ID{}, replace); changed || err == nil {
								t.Errorf("refuse: changed is %v, error %v", changed, err)
							}
						}
						if changed, _ := m.Lift(manifest.ID{}, time.Now()); changed {
							t.Error("something was lifted")
						}
					})
					unchanged(t, tree, before)
				})
			}
		}
	}
}

func TestMachineSomethingForAFile(t *testing.T) {
	for what, create := range map[string]func(path string) error{
		"FIFO":   obstacles["FIFO"],
		"socket": obstacles["socket"],
		"too large a file": func(path string) error {
			return os.WriteFile(path, []byte(refusalFile+strings.Repeat("#", 1<<20)), 0o644)
		},
		"directory":      func(path string) error { return os.Mkdir(path, 0o755) },
		"full directory": func(path string) error { return os.MkdirAll(filepath.Join(path, "all.toml"), 0o755) },
	} {
		t.Run(what, func(t *testing.T) {
			tree := t.TempDir()
			path := filepath.Join(tree, allFile)
			mkdirs(t, filepath.Dir(path))
			if err := create(path); err != nil {
				t.Skip(err)
			}
			before := everything(t, tree)
			m := openTree(t, tree)
			consent.Within(t, 30*time.Second, func() {
				refuse(t, m, manifest.ID{}, false, false, consent.ErrUnknownFile)
				lift(t, m, manifest.ID{}, false, consent.ErrUnknownFile)
			})
			unchanged(t, tree, before)
			if !strings.HasSuffix(what, "directory") {
				refuse(t, m, manifest.ID{}, true, true, nil)
				refusedIn(t, tree, allFile)
				return
			}
			// A directory is more than one file, and is nobody's to throw away in passing.
			if changed, err := m.Refuse(manifest.ID{}, true); changed || err == nil {
				t.Errorf("replaced: changed is %v, error %v", changed, err)
			}
			leftovers(t, filepath.Dir(path), "all.toml")
			hasMode(t, path, fs.ModeDir|0o755)
		})
	}
}

// What a killed process left is neither read nor removed, and in nobody's way.
func TestMachineAfterACrash(t *testing.T) {
	for name, half := range map[string]string{"empty": "", "half": refusalFile[:20], "whole": refusalFile} {
		t.Run(name, func(t *testing.T) {
			tree := t.TempDir()
			const litter = ".all.toml.3f2a0000-0000-4000-8000-000000000000.tmp"
			put(t, filepath.Join(tree, filepath.Dir(allFile), litter), half, 0o600)
			before := everything(t, filepath.Join(tree, filepath.Dir(allFile), litter))
			m := openTree(t, tree)
			if got := machineRule(t, tree); got != (consent.Reason{}) {
				t.Errorf("the reason is %+v", got)
			}
			lift(t, m, manifest.ID{}, false, nil)
			refuse(t, m, manifest.ID{}, false, true, nil)
			refusedIn(t, tree, allFile)
			lift(t, m, manifest.ID{}, true, nil)
			leftovers(t, filepath.Join(tree, filepath.Dir(allFile)), litter)
			unchanged(t, filepath.Join(tree, filepath.Dir(allFile), litter), before)
		})
	}
}

// Many at once make one good file and no litter, and many who lift it all succeed.
func TestMachineManyAtOnce(t *testing.T) {
	const many = 16
	atOnce := func(t *testing.T, do func(m *consent.SystemStore, n int) (bool, error), tree string) (changed int64) {
		var count atomic.Int64
		var wg sync.WaitGroup
		start := make(chan struct{})
		for n := range many {
			m := openTree(t, tree)
			wg.Go(func() {
				<-start
				did, err := do(m, n)
				if err != nil {
					t.Error(err)
				}
				if did {
					count.Add(1)
				}
			})
		}
		close(start)
		wg.Wait()
		return count.Load()
	}
	refuseAll := func(m *consent.SystemStore, _ int) (bool, error) { return m.Refuse(manifest.ID{}, false) }
	liftAll := func(m *consent.SystemStore, _ int) (bool, error) { return m.Lift(manifest.ID{}, time.Now()) }
	for range 10 {
		tree := t.TempDir()
		consentDir := filepath.Join(tree, filepath.Dir(allFile))
		if atOnce(t, refuseAll, tree) < 1 {
			t.Error("nobody changed anything")
		}
		leftovers(t, consentDir, "all.toml")
		if got := content(t, filepath.Join(tree, allFile)); got != refusalFile {
			t.Errorf("it holds %q", got)
		}
		for _, dir := range machinePath {
			hasMode(t, filepath.Join(tree, dir), fs.ModeDir|0o755)
		}
		before := everything(t, tree)
		if n := atOnce(t, refuseAll, tree); n != 0 {
			t.Errorf("%d changed what was refused before", n)
		}
		unchanged(t, tree, before)
		if n := atOnce(t, liftAll, tree); n != 1 {
			t.Errorf("%d lifted it", n)
		}
		leftovers(t, consentDir)
		atOnce(t, func(m *consent.SystemStore, n int) (bool, error) {
			if n%2 == 0 {
				return m.Lift(manifest.ID{}, time.Now())
			}
			return m.Refuse(manifest.ID{}, false)
		}, tree)
		if got := filepath.Join(consentDir, ".*"); len(glob(t, got)) > 0 {
			t.Errorf("litter: %q", glob(t, got))
		}
	}
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	must(t, err)
	return list
}

// Nothing but what Refuse wrote is lifted, and whatever else is there stays.
func TestMachineLiftsNothingElse(t *testing.T) {
	for name, words := range map[string]string{
		"by hand":          byHand,
		"empty":            "",
		"garbage":          "garbage",
		"granted":          grantFile,
		"a line more":      refusalFile + "\n",
		"a comment more":   refusalFile + "# and why\n",
		"a byte less":      refusalFile[:len(refusalFile)-1],
		"other line ends":  strings.ReplaceAll(refusalFile, "\n", "\r\n"),
		"the person's own": "# Written by usagectl. Change it with \"usagectl enable\" and \"usagectl disable\".\nschema = 1\nstate = 'refused'\n",
	} {
		t.Run(name, func(t *testing.T) {
			tree := t.TempDir()
			m := openTree(t, tree)
			put(t, filepath.Join(tree, allFile), words, 0o644)
			put(t, filepath.Join(tree, filepath.Dir(allFile), "mytool.toml"), words, 0o644)
			before := everything(t, tree)
			lift(t, m, manifest.ID{}, false, consent.ErrUnknownFile)
			lift(t, m, toolID(t, "mytool"), false, consent.ErrUnknownFile)
			lift(t, m, toolID(t, "other"), false, nil)
			unchanged(t, tree, before)

			refuses := strings.Contains(words, "refused")
			want := consent.ErrUnknownFile
			if refuses {
				want = nil
			}
			refuse(t, m, manifest.ID{}, false, false, want)
			unchanged(t, tree, before)
			refuse(t, m, manifest.ID{}, true, !refuses, nil)
			if got := content(t, filepath.Join(tree, filepath.Dir(allFile), "mytool.toml")); got != words {
				t.Errorf("the tool's file holds %q", got)
			}
		})
	}
}

// A refusal of all and those of tools are apart.
func TestMachineLiftsOneOfSeveral(t *testing.T) {
	tree := t.TempDir()
	m := openTree(t, tree)
	mine, other := toolID(t, "mytool"), toolID(t, "other")
	for _, id := range []manifest.ID{{}, mine, other} {
		refuse(t, m, id, false, true, nil)
	}
	dir := filepath.Join(tree, filepath.Dir(allFile))
	put(t, filepath.Join(dir, "README"), "by the administrator", 0o600)
	lift(t, m, manifest.ID{}, true, nil)
	leftovers(t, dir, "README", "mytool.toml", "other.toml")
	refusedIn(t, tree, "etc/xdg/usagectl/consent/mytool.toml")
	lift(t, m, mine, true, nil)
	leftovers(t, dir, "README", "other.toml")
	if got := machineRule(t, tree); got != (consent.Reason{}) {
		t.Errorf("the reason is %+v", got)
	}
}

// TestMachineWithoutPermission is an ordinary user on a machine, who can neither
// refuse for everybody nor lift what is refused, but can read it.
func TestMachineWithoutPermission(t *testing.T) {
	trees := []string{"empty", "dirs", "hidden", "other", "refused", "refused-tool"}
	prepare := func(dir string) error {
		defer syscall.Umask(syscall.Umask(0o077))
		at := func(tree, path string) string { return filepath.Join(dir, tree, path) }
		err := errors.Join(
			os.MkdirAll(at("empty", "etc"), 0o755),
			os.MkdirAll(at("dirs", filepath.Dir(allFile)), 0o755),
			os.MkdirAll(at("hidden", filepath.Dir(allFile)), 0o755),
			os.MkdirAll(at("other", filepath.Dir(allFile)), 0o755),
			os.WriteFile(at("hidden", allFile), []byte(refusalFile), 0o000),
			os.WriteFile(at("other", allFile), []byte("garbage"), 0o644),
			os.Chmod(at("other", allFile), 0o644),
			os.Mkdir(at("refused", ""), 0o755),
			refuseIn(at("refused", ""), manifest.ID{}),
			os.Mkdir(at("refused-tool", ""), 0o755),
			refuseIn(at("refused-tool", ""), toolID(t, "mytool")))
		for _, tree := range trees {
			err = errors.Join(err, chmodDirs(at(tree, ""), 0o555))
		}
		return err
	}
	consent.AsOrdinaryUser(t, func(t *testing.T) {
		here, err := os.Getwd()
		must(t, err)
		for _, tree := range trees {
			tree = filepath.Join(here, tree)
			defer chmodDirs(tree, 0o755) // for whoever is not root, to remove it
			for _, open := range bothWays {
				before := everything(t, tree)
				tryAll(t, open(t, tree), filepath.Base(tree))
				unchanged(t, tree, before)
			}
		}
		refusedIn(t, filepath.Join(here, "refused"), allFile)
		refusedIn(t, filepath.Join(here, "refused-tool"), "etc/xdg/usagectl/consent/mytool.toml")
		for _, tree := range []string{"hidden", "other"} {
			if got := machineRule(t, filepath.Join(here, tree)); got.Rule != consent.Unreadable {
				t.Errorf("%s: the reason is %+v", tree, got)
			}
		}
	}, prepare)
}

func refuseIn(tree string, id manifest.ID) error {
	m, err := consent.OpenSystemStore("/etc/xdg", tree)
	if err != nil {
		return err
	}
	_, err = m.Refuse(id, false)
	return errors.Join(err, m.Close())
}

func chmodDirs(tree string, mode os.FileMode) error {
	return filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, mode)
		}
		return err
	})
}

// tryAll tries all that an ordinary user can.
func tryAll(t *testing.T, m *consent.SystemStore, tree string) {
	t.Helper()
	all, mine := manifest.ID{}, toolID(t, "mytool")
	denied := os.ErrPermission
	switch tree {
	case "empty", "dirs":
		refuse(t, m, all, false, false, denied)
		refuse(t, m, mine, true, false, denied)
		lift(t, m, all, false, nil)
	case "hidden":
		refuse(t, m, all, false, false, denied)
		refuse(t, m, all, true, false, denied)
		lift(t, m, all, false, denied)
	case "other":
		refuse(t, m, all, false, false, consent.ErrUnknownFile)
		refuse(t, m, all, true, false, denied)
		lift(t, m, all, false, consent.ErrUnknownFile)
	case "refused":
		refuse(t, m, all, false, false, nil) // it is so already
		refuse(t, m, mine, false, false, denied)
		lift(t, m, all, false, denied)
		lift(t, m, mine, false, nil)
	case "refused-tool":
		refuse(t, m, mine, true, false, nil)
		refuse(t, m, all, false, false, denied)
		lift(t, m, mine, false, denied)
	}
}

func TestOpenMachineWhereThereIsNone(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "", 0o644)
	before := everything(t, dir)
	if _, err := consent.OpenSystemStore("/etc/xdg", filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no tree: %v", err)
	}
	for name, place := range map[string][2]string{
		"a file":               {"/etc/xdg", filepath.Join(dir, "file")},
		"below a file":         {"/etc/xdg", filepath.Join(dir, "file", "tree")},
		"below a file, itself": {filepath.Join(dir, "file"), ""},
		"no fixed place":       {"", ""},
	} {
		if _, err := consent.OpenSystemStore(place[0], place[1]); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	unchanged(t, dir, before)
}

// The tree itself may be named by a link: whoever names it has chosen it.
func TestOpenMachineByALink(t *testing.T) {
	dir := t.TempDir()
	mkdirs(t, filepath.Join(dir, "tree"))
	must(t, os.Symlink("tree", filepath.Join(dir, "link")))
	refuse(t, openTree(t, filepath.Join(dir, "link")), manifest.ID{}, false, true, nil)
	refusedIn(t, filepath.Join(dir, "tree"), allFile)
	if !slices.Equal(glob(t, filepath.Join(dir, "tree", "*")), []string{filepath.Join(dir, "tree", "etc")}) {
		t.Errorf("the tree holds %q", glob(t, filepath.Join(dir, "tree", "*")))
	}
}

// A directory that cannot be listed, though what is in it can be read, may hold a
// refusal of any tool.
func TestRecordedInADirectoryThatCannotBeListed(t *testing.T) {
	consent.AsOrdinaryUser(t, func(t *testing.T) {
		mine := toolID(t, "mytool")
		for _, mode := range []os.FileMode{0o311, 0o000, 0o444} {
			for _, base := range []func(dirs.Dirs) string{
				func(d dirs.Dirs) string { return d.System },
				func(d dirs.Dirs) string { return d.ConfigHome },
			} {
				d := places(t)
				write(t, d.ConfigHome, "granted.toml", grantFile)
				dir := filepath.Dir(write(t, base(d), "mytool.toml", refusedFile))
				chmod(t, dir, mode)
				recorded := consent.ReadRecorded(d)
				checkRecorded(t, dir, d, recorded, mine)
				if why := recorded.Of(toolID(t, "granted")).Why; !recorded.AllRefused() || !strings.Contains(why, dir) {
					t.Errorf("mode %v: all are refused: %v, because of %q", mode, recorded.AllRefused(), why)
				}
				chmod(t, dir, 0o755) // or the directory could not be removed
			}
		}
	})
}

// Something that is no directory is no place in which nothing is refused.
func TestRecordedWhereThereIsNoDirectory(t *testing.T) {
	for what, create := range obstacles {
		for _, path := range []string{"usagectl", "usagectl/consent"} {
			t.Run(what+" at "+path, func(t *testing.T) {
				d := places(t)
				path := filepath.Join(d.System, path)
				must(t, os.MkdirAll(filepath.Dir(path), 0o755))
				if err := create(path); err != nil {
					t.Skip(err)
				}
				consent.Within(t, 30*time.Second, func() {
					recorded := consent.ReadRecorded(d)
					checkRecorded(t, path, d, recorded, toolID(t, "mytool"))
					if !recorded.AllRefused() {
						t.Error("nothing is recorded")
					}
				})
			})
		}
	}
}
