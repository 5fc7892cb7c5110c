//go:build linux && long

package acceptance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// succeeds runs a command in this person's directory, which has to succeed.
func (p *person) succeeds(argv ...string) string {
	p.t.Helper()
	cmd := p.shell(true, argv...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("%q: %v: %s", argv, err, out)
	}
	return string(out)
}

// debianRoot is an empty tree in which dpkg installs.
func debianRoot(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"} {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	mustWrite(t, filepath.Join(root, "var/lib/dpkg/status"), "")
	return root
}

// TestAuthorsDeb builds the Debian package of docs/authors.md, and holds what the page says of
// decisions when it is upgraded, removed, purged and installed again.
func TestAuthorsDeb(t *testing.T) {
	t.Parallel()
	needProgram(t, "dpkg-deb")
	r, elsewhere := newRecorder(t, "200"), newRecorder(t, "200")
	root := debianRoot(t)
	p := author(t, r.url(), "XDG_DATA_DIRS="+filepath.Join(root, "usr/share"))
	must(t, os.Remove(filepath.Join(p.home, ".local/share/usagectl/tools/mytool.toml"))) // the package brings it
	dpkg := func(args ...string) {
		t.Helper()
		p.succeeds(append([]string{"env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "dpkg", "--root=" + root, "--force-not-root", "--log=/dev/null"}, args...)...)
	}
	version := 0
	install := func(manifest string) {
		t.Helper()
		version++
		mustWrite(t, filepath.Join(p.dir, "mytool.toml"), manifest)
		must(t, os.RemoveAll(filepath.Join(p.dir, "deb")))
		script := strings.Replace(authorsBlock(t, "sh", "dpkg-deb"), "Version: 1.0", "Version: 1."+string(rune('0'+version)), 1)
		p.succeeds("sh", "-c", script)
		dpkg("--install", "mytool_1.0_all.deb")
	}
	send := func() {
		t.Helper()
		p.must("", "send", "mytool", "run.end", "--set", "exit_code=3", "--wait=60s", "--fail")
	}
	reason := func() string {
		t.Helper()
		out, _, _ := p.run("", "status", "mytool", "--json")
		_, rule, _ := strings.Cut(out, `"reason":{"rule":"`)
		rule, _, _ = strings.Cut(rule, `"`)
		return rule
	}
	is := func(when, want string) {
		t.Helper()
		if got := reason(); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	first := authorsManifest(t, r.url())
	install(first)
	if fields := p.succeeds("dpkg-deb", "--field", "mytool_1.0_all.deb", "Recommends", "Depends"); strings.TrimSpace(fields) != "Recommends: usagectl" {
		t.Errorf("%q", fields)
	}
	is("installed", "undecided")
	p.must("", "enable", "-q", "mytool")
	send()

	second := first + "\n[[field]]\nname = \"cpus\"\nfrom = \"host.cpu_count\"\npurpose = \"To know how large machines are.\"\n"
	install(second)
	send()
	if out, _, _ := p.run("", "status", "mytool"); strings.Contains(r.bodies()[1], "cpus") || !strings.Contains(out, "cpus") {
		t.Errorf("%s is sent, and status says %s", r.bodies()[1], out)
	}
	p.must("", "enable", "-q", "mytool")
	send()
	if !strings.Contains(r.bodies()[2], "cpus") {
		t.Errorf("%s is sent", r.bodies()[2])
	}

	install(strings.Replace(second, r.url(), elsewhere.url(), 1))
	is("another endpoint", "endpoint-changed")
	p.run("", "send", "mytool", "run.end", "--wait=60s")
	install(strings.NewReplacer("60 days", "5 years", "Counts users", "Counts everything").Replace(second))
	is("another purpose", "granted")

	kept := func() (files []string) {
		for _, file := range []string{".config/usagectl/consent/mytool.toml", ".mytool/source", ".local/state/usagectl/journal/mytool.jsonl"} {
			if _, err := os.Lstat(filepath.Join(p.home, file)); err == nil {
				files = append(files, file)
			}
		}
		return files
	}
	sent := len(r.bodies())
	dpkg("--purge", "mytool")
	if left := kept(); len(left) != 3 {
		t.Errorf("after the purge there is only %q", left)
	}
	p.run("", "send", "mytool", "run.end", "--wait=1s")
	if len(r.bodies()) != sent || len(elsewhere.bodies()) > 0 {
		t.Error("something was sent without a manifest, or to another endpoint")
	}
	install(second)
	is("installed again", "granted")
	p.must("", "disable", "-q", "mytool")
	dpkg("--purge", "mytool")
	install(second)
	is("installed again after a refusal", "user")
	dpkg("--purge", "mytool")
	p.run("", "forget", "mytool", "--yes")
	if left := kept(); slices.Contains(left, ".local/state/usagectl/journal/mytool.jsonl") {
		t.Errorf("after forget there is %q", left)
	}
}

// TestAuthorsRPM builds the RPM package of docs/authors.md, and holds what is in it.
func TestAuthorsRPM(t *testing.T) {
	t.Parallel()
	needProgram(t, "rpmbuild")
	p := author(t, "https://telemetry.mytool.example")
	mustWrite(t, filepath.Join(p.dir, "mytool.spec"), authorsBlock(t, "spec", "Name: mytool"))
	p.succeeds("sh", "-euc", authorsBlock(t, "sh", "rpmbuild"))
	packages := glob(filepath.Join(p.dir, "rpm/RPMS/noarch/*.rpm"))
	if len(packages) != 1 {
		t.Fatalf("%q was built", packages)
	}
	if files := p.succeeds("rpm", "-qpl", packages[0]); files != "/usr/share/usagectl/tools/mytool.toml\n" {
		t.Errorf("it holds %q", files)
	}
	if recommends := p.succeeds("rpm", "-qp", "--recommends", packages[0]); strings.TrimSpace(recommends) != "usagectl" {
		t.Errorf("it recommends %q", recommends)
	}
	if scripts := p.succeeds("rpm", "-qp", "--scripts", packages[0]); strings.TrimSpace(scripts) != "" {
		t.Errorf("it runs %s", scripts)
	}
}

// TestAuthorsCMake holds that the test of docs/authors.md runs under CTest, fails there if
// something is wrong, and is left out where usagectl is missing; and that an event is sent after
// the tests, if somebody agreed.
func TestAuthorsCMake(t *testing.T) {
	t.Parallel()
	needProgram(t, "cmake")
	needProgram(t, "python3")
	r := newRecorder(t, "200")
	p := author(t, r.url())
	p.must("", "enable", "-q", "mytool")
	script := strings.NewReplacer("8765", freePort(t), "20s", "60s").Replace(authorsBlock(t, "sh", "python3 recorder.py 8765 1"))
	mustWrite(t, filepath.Join(p.dir, "CMakeLists.txt"), authorsBlock(t, "cmake", "project(mytool"))
	mustWrite(t, filepath.Join(p.dir, "telemetry-test.sh"), script)
	recorder := filepath.Join(p.dir, "recorder.py")
	mustWrite(t, recorder, strings.Replace(string(mustRead(t, recorder)), "= 30,", "= 3,", 1)) // for the one that gets nothing
	p.succeeds("cmake", "-S", ".", "-B", "build")
	if out := p.succeeds("ctest", "--test-dir", "build", "--output-on-failure"); !strings.Contains(out, "100% tests passed, 0 tests failed out of 1") {
		t.Errorf("%s", out)
	}
	p.flushed()
	if len(r.bodies()) != 1 {
		t.Errorf("after the tests %q was sent", r.bodies())
	}
	mustWrite(t, filepath.Join(p.dir, "telemetry-test.sh"), strings.Replace(script, "exit_code=3 ", "exitcode=3 ", 1))
	if out, err := p.shell(true, "ctest", "--test-dir", "build").CombinedOutput(); err == nil {
		t.Errorf("it passes with a mistake: %s", out)
	}
	for _, argv := range [][]string{{"cmake", "-S", ".", "-B", "without"}, {"ctest", "--test-dir", "without"}} {
		if out, err := p.shell(false, argv...).CombinedOutput(); err != nil || argv[0] == "ctest" && !strings.Contains(string(out), "No tests were found") {
			t.Errorf("without usagectl: %v: %s", err, out)
		}
	}
}

// TestAuthorsSnakemake holds that a workflow with the hooks of docs/authors.md reports how it
// ended, ends as it would without them, and works where usagectl is missing.
func TestAuthorsSnakemake(t *testing.T) {
	t.Parallel()
	needProgram(t, "snakemake")
	file := authorsBlock(t, "snakemake", "onsuccess")
	for _, c := range []struct {
		name string
		work string
		code string
		with bool
	}{
		{"success", "echo done > {output}", "0", true},
		{"error", "exit 7", "1", true},
		{"success, without usagectl", "echo done > {output}", "0", false},
		{"error, without usagectl", "exit 7", "1", false},
	} {
		r := newRecorder(t, "200")
		p := author(t, r.url())
		p.must("", "enable", "-q", "mytool")
		mustWrite(t, filepath.Join(p.dir, "Snakefile"), strings.Replace(file, "echo done > {output}", c.work, 1))
		cmd := p.shell(c.with, "snakemake", "--cores", "1")
		out, err := cmd.CombinedOutput()
		if (err == nil) != (c.code == "0") {
			t.Errorf("%s: %v: %s", c.name, err, out)
		}
		p.flushed()
		if bodies := r.bodies(); c.with && (len(bodies) != 1 || !strings.Contains(bodies[0], `"exit_code":`+c.code)) || !c.with && len(bodies) > 0 {
			t.Errorf("%s: %q was sent: %s", c.name, bodies, out)
		}
	}
}
