//go:build linux && long

package acceptance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// One line in a Dockerfile refuses for everybody in the image. This is tried in an
// image as it is built: the tree of a small Debian, as the root directory of the
// program that refuses and of the ordinary user who lives with it.

// debsVariable names the directory of the Debian packages that the image is made of: a
// shell, the core utilities and what these need. The test itself fetches nothing.
const debsVariable = "USAGECTL_TEST_DEBS"

const (
	imageUser      = 1000
	imageRefusal   = "etc/xdg/usagectl/consent/all.toml"
	refusedInImage = "refused for this machine in /" + imageRefusal
)

// image is a directory that is the root directory of its programs.
type image struct {
	t    *testing.T
	root string
}

func newImage(t *testing.T) *image {
	t.Helper()
	debs := os.Getenv(debsVariable)
	if debs == "" {
		t.Skipf("%s names no directory of Debian packages", debsVariable)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can have another root directory")
	}
	needProgram(t, "dpkg-deb")
	i := &image{t, filepath.Join(t.TempDir(), "tree")}
	must(t, os.Mkdir(i.root, 0o755))
	packages, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	must(t, err)
	for _, file := range packages {
		if out, err := exec.Command("dpkg-deb", "-x", file, i.root).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", file, err, out)
		}
	}
	i.settle()
	build := exec.Command("go", "build", "-o", i.path("usr/bin/usagectl"), ".")
	build.Dir = repository()
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return i
}

// settle does what the packages' scripts would do, as far as it matters here.
func (i *image) settle() {
	i.t.Helper()
	// base-files' script copies it, so that an administrator's own stays.
	must(i.t, os.WriteFile(i.path("etc/profile"), mustRead(i.t, i.path("usr/share/base-files/profile")), 0o644))
	must(i.t, os.WriteFile(i.path("etc/passwd"), []byte("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n"), 0o644))
	for _, home := range []string{"home/user", "home/frozen"} {
		must(i.t, os.Mkdir(i.path(home), 0o700))
		must(i.t, os.Chown(i.path(home), imageUser, imageUser))
	}
}

func (i *image) path(name string) string { return filepath.Join(i.root, name) }

// within has the image be the business of a subtest, and gives it back as it was.
func (i *image) within(t *testing.T) *image {
	t.Cleanup(func() {
		for _, path := range []string{"etc/xdg", "etc/profile.d/usagectl.sh", "home/user/.config"} {
			must(t, os.RemoveAll(i.path(path)))
		}
	})
	return &image{t, i.root}
}

// answer is how a program ended.
type answer struct {
	command, out, msg string
	code              int
}

func (a answer) String() string {
	return fmt.Sprintf("%s: exit code %d\nstdout: %s\nstderr: %s", a.command, a.code, a.out, a.msg)
}

// run runs a program of the image, which has a path and the variables given.
func (i *image) run(user uint32, env []string, argv ...string) answer {
	i.t.Helper()
	return i.answer(env, &syscall.SysProcAttr{Chroot: i.root, Credential: &syscall.Credential{Uid: user, Gid: user}}, argv...)
}

// outside runs the image's usagectl beside the image, as it is done while one is built.
func (i *image) outside(args ...string) answer {
	i.t.Helper()
	return i.answer(nil, nil, append([]string{i.path("usr/bin/usagectl")}, args...)...)
}

func (i *image) answer(env []string, how *syscall.SysProcAttr, argv ...string) answer {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir, cmd.SysProcAttr = append([]string{"PATH=/usr/bin:/bin"}, env...), "/", how
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		i.t.Fatalf("%q: %v", argv, err)
	}
	return answer{strings.Join(append(env, argv...), " "), out.String(), msg.String(), cmd.ProcessState.ExitCode()}
}

// refuse refuses everything for everybody in the image, as root and without a home.
func (i *image) refuse() answer {
	i.t.Helper()
	a := i.run(0, nil, "/usr/bin/usagectl", "disable", "--all", "--system")
	if a.code != 0 || a.msg != "" {
		i.t.Error(a)
	}
	return a
}

// seen is a file as anybody can see it: what it is, and when and where it became so.
type seen struct{ what, when string }

// picture is every file of the image.
func (i *image) picture() map[string]seen {
	i.t.Helper()
	files := map[string]seen{}
	must(i.t, filepath.WalkDir(i.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		s := seen{fmt.Sprintf("%v %d:%d", info.Mode(), stat.Uid, stat.Gid), fmt.Sprint(stat.Ino, info.ModTime().UnixNano())}
		switch {
		case info.Mode().IsRegular():
			s.what += fmt.Sprintf(" %d bytes %x", info.Size(), sha256.Sum256(mustRead(i.t, path)))
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			must(i.t, err)
			s.what += " -> " + target
		}
		name, err := filepath.Rel(i.root, path)
		files[name] = s
		return err
	}))
	return files
}

// differences are the files that are new, gone or other than before, sorted.
func differences(before, after map[string]seen, times bool) []string {
	list := []string{}
	for name, now := range after {
		then, was := before[name]
		switch {
		case !was:
			list = append(list, "+"+name)
		case now.what != then.what || times && now.when != then.when:
			list = append(list, "~"+name)
		}
	}
	for name := range before {
		if _, is := after[name]; !is {
			list = append(list, "-"+name)
		}
	}
	slices.Sort(list)
	return list
}

// onlyRefusal is what a refusal of everything adds to an image.
func onlyRefusal(before map[string]seen) []string {
	list := []string{}
	for path := imageRefusal; path != "."; path = filepath.Dir(path) {
		if _, was := before[path]; !was {
			list = append(list, "+"+path)
		}
	}
	slices.Sort(list)
	return list
}

// untouched fails the test if anything happened to the image.
func (i *image) untouched(before map[string]seen, by any) {
	i.t.Helper()
	if changed := differences(before, i.picture(), true); len(changed) > 0 {
		i.t.Errorf("%v\nchanged %q", by, changed)
	}
}

func TestImage(t *testing.T) {
	i := newImage(t)
	t.Run("root and a user", i.lived)
	t.Run("from outside", i.built)
	t.Run("links", i.linked)
	t.Run("no socket", i.traced)
	t.Run("Dockerfile", i.dockerfile)
}

// lived refuses in the image, twice, and has somebody live there.
func (i *image) lived(t *testing.T) {
	i = i.within(t)
	private(t, unix.CLONE_NEWNS)
	i.readOnly("root", 0)
	i.readOnly("home/frozen", imageUser)
	before := i.picture()
	first := i.refuse()
	if first.out != "Refused for everybody: all telemetry, in /"+imageRefusal+"\n" {
		t.Error(first)
	}
	refused := i.picture()
	if got, want := differences(before, refused, false), onlyRefusal(before); !slices.Equal(got, want) {
		t.Errorf("changed were %q, want %q", got, want)
	}
	i.untouched(refused, i.refuse())

	for _, home := range []string{"/root", "/nowhere", "/home/user"} { // read-only, none, and one to write into
		lifted := i.run(0, []string{"HOME=" + home}, "/usr/bin/usagectl", "enable", "--all", "--system")
		again := i.run(0, []string{"HOME=" + home}, "/usr/bin/usagectl", "disable", "--all", "--system")
		if changed := differences(refused, i.picture(), false); lifted.code != 0 || again.code != 0 || len(changed) > 0 {
			t.Errorf("%v\n%v\nchanged %q", lifted, again, changed)
		}
	}
	i.users()
}

// readOnly makes a directory of the image one that cannot be written, not by root either.
func (i *image) readOnly(name string, owner int) {
	i.t.Helper()
	mountTmpfs(i.t, i.path(name), fmt.Sprintf("mode=700,uid=%d", owner))
	must(i.t, unix.Mount("", i.path(name), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
}

// users says yes under the machine's refusal, in every kind of home.
func (i *image) users() {
	i.t.Helper()
	for _, home := range []struct {
		env    []string
		enable int
		told   string
	}{
		{[]string{"HOME=/home/user"}, 0, "telemetry of demo is still off: " + refusedInImage},
		{[]string{"HOME=/home/frozen"}, 73, "the decision is not recorded: mkdir /home/frozen/.config: read-only file system"},
		{[]string{"HOME=/nowhere"}, 0, "telemetry of demo is still off: " + refusedInImage}, // the account's own is found
		{nil, 0, "telemetry of demo is still off: " + refusedInImage},
	} {
		usagectl := func(args ...string) answer {
			return i.run(imageUser, home.env, append([]string{"/usr/bin/usagectl"}, args...)...)
		}
		a := usagectl("enable", "demo")
		if a.code != home.enable || !strings.Contains(a.msg, home.told) || !strings.Contains(a.msg, refusedInImage) {
			i.t.Error(a)
		}
		before := i.picture()
		if a := usagectl("status", "-q", "demo"); a.code != 1 || a.out+a.msg != "" {
			i.t.Error(a)
		}
		if a := usagectl("status", "demo"); a.code != 0 || !strings.Contains(a.out, refusedInImage) {
			i.t.Error(a)
		}
		if a := usagectl("send", "demo", "run.start", "--verbose"); a.code != 0 || a.out != "" || !strings.Contains(a.msg, "off: "+refusedInImage) {
			i.t.Error(a)
		}
		if a := usagectl("env", "--quiet"); a.code != 0 || a.msg != "" || !hasLines(a.out, "export DO_NOT_TRACK=1", "export RAY_USAGE_STATS_ENABLED=0") {
			i.t.Error(a)
		}
		if a := usagectl("disable", "--all", "--system"); a.code != 0 || !strings.Contains(a.out, "not changed") {
			i.t.Error(a)
		}
		if a := usagectl("enable", "--all", "--system"); a.code != 77 || !strings.Contains(a.msg, imageRefusal+" is not changed") {
			i.t.Error(a)
		}
		i.untouched(before, home.env)
	}
}

func hasLines(text string, lines ...string) bool {
	all := strings.Split(text, "\n")
	return !slices.ContainsFunc(lines, func(line string) bool { return !slices.Contains(all, line) })
}

// built refuses from outside of the image: the same as inside, to the byte.
func (i *image) built(t *testing.T) {
	i = i.within(t)
	before := i.picture()
	i.refuse()
	inside := i.picture()
	must(t, os.RemoveAll(i.path("etc/xdg")))
	disable := []string{"disable", "--all", "--system", "--root", i.root}
	a := i.outside(disable...)
	built := i.picture()
	if changed := differences(inside, built, false); a.code != 0 || !strings.Contains(a.out, i.path(imageRefusal)) || len(changed) > 0 {
		t.Errorf("%v\nother than inside are %q", a, changed)
	}
	i.untouched(built, i.outside(disable...))
	if a := i.outside("enable", "--all", "--system", "--root", i.root); a.code != 0 {
		t.Error(a)
	}
	dirs := slices.DeleteFunc(onlyRefusal(before), func(path string) bool { return path == "+"+imageRefusal })
	if got := differences(before, i.picture(), false); !slices.Equal(got, dirs) {
		t.Errorf("lifted, there are %q, want %q", got, dirs)
	}
}

// linked refuses from outside where a link in the image leads out of it.
func (i *image) linked(t *testing.T) {
	i = i.within(t)
	elsewhere := &image{t, t.TempDir()}
	must(t, os.MkdirAll(elsewhere.path("usagectl/consent"), 0o755))
	out, err := filepath.Rel(i.path("etc"), elsewhere.root)
	must(t, err)
	const own = "/usagectl-test-elsewhere" // as the image sees it
	must(t, os.Mkdir(i.path(own), 0o755))
	defer os.RemoveAll(i.path(own))
	for _, target := range []string{elsewhere.root, out, own} {
		must(t, os.RemoveAll(i.path("etc/xdg")))
		must(t, os.Symlink(target, i.path("etc/xdg")))
		before, beforeElsewhere := i.picture(), elsewhere.picture()
		for _, args := range [][]string{{"disable", "--all"}, {"disable", "demo", "--replace"}, {"enable", "--all"}} {
			a := i.outside(append(args, "--system", "--root", i.root)...)
			if a.code != 73 || !strings.Contains(a.msg, "a link in the tree leads out of it") {
				t.Errorf("etc/xdg -> %s: %v", target, a)
			}
		}
		i.untouched(before, target)
		elsewhere.untouched(beforeElsewhere, target)
		if _, err := os.Lstat(own); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("outside of the image there is %s: %v", own, err)
		}
	}
	// For whoever is in the image the last one leads nowhere else.
	i.refuse()
	if a := i.run(imageUser, nil, "/usr/bin/usagectl", "status", "demo"); !strings.Contains(a.out, refusedInImage) {
		t.Error(a)
	}
}

// traced refuses, and opens no socket.
func (i *image) traced(t *testing.T) {
	i = i.within(t)
	for _, program := range []string{"strace", "chroot"} {
		needProgram(t, program)
	}
	file := filepath.Join(t.TempDir(), "trace")
	refuse := exec.Command("strace", "-f", "-qq", "-o", file, "-e", "trace=execve,%network", "chroot", i.root, "/usr/bin/usagectl", "disable", "--all", "--system")
	refuse.Env = []string{"PATH=" + os.Getenv("PATH")}
	if out, err := refuse.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "Refused for everybody: ") {
		t.Fatalf("%v\n%s", err, out)
	}
	trace := strings.Split(strings.TrimSpace(string(mustRead(t, file))), "\n")
	if !slices.ContainsFunc(trace, func(call string) bool { return strings.Contains(call, `execve("/usr/bin/usagectl"`) }) {
		t.Errorf("strace saw nothing: %q", trace)
	}
	for _, call := range trace {
		if network.MatchString(call) || started.MatchString(call) {
			t.Errorf("disable did %s", call)
		}
	}
}

// dockerfile does in the image what the page tells to write into a Dockerfile, and then
// a user logs in.
func (i *image) dockerfile(t *testing.T) {
	i = i.within(t)
	login := []string{"/bin/dash", "-l", "-c", "printenv RAY_USAGE_STATS_ENABLED DO_NOT_TRACK"}
	if a := i.run(imageUser, []string{"HOME=/home/user"}, login...); a.code == 0 || a.out != "" {
		t.Errorf("before: %v", a)
	}
	for _, command := range runLines(imagesPage(t)) {
		if a := i.run(0, []string{"HOME=/root"}, "/bin/sh", "-c", command); a.code != 0 || a.msg != "" {
			t.Error(a)
		}
	}
	for _, home := range []string{"/home/user", "/nowhere"} {
		if a := i.run(imageUser, []string{"HOME=" + home}, login...); a.code != 0 || a.out != "0\n1\n" {
			t.Error(a)
		}
	}
}
