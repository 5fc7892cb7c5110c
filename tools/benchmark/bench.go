package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bench is what the contestants share.
type bench struct {
	dir            string // everything is below it
	product, empty string // the programs
	server         *server
	hole           *hole
}

func newBench(dir string) (*bench, error) {
	b := &bench{dir: dir, product: filepath.Join(dir, "usagectl.exe"), empty: filepath.Join(dir, "empty.exe")}
	source := filepath.Join(dir, "empty.go")
	err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600)
	if err := errors.Join(err, build(b.product, "."), build(b.empty, source)); err != nil {
		return nil, err
	}
	if b.server, err = newServer(); err != nil {
		return nil, err
	}
	if b.hole, err = newHole(); err != nil {
		b.server.http.Close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	b.server.http.Close()
	b.hole.close()
}

// build builds a program as a release does, and installs it by copying: what the
// linker leaves in the page cache starts up to a sixth slower than a copy of it.
func build(path, source string) error {
	c := exec.Command("go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", path+".new", source)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", source, err, said)
	}
	program, err := os.ReadFile(path + ".new")
	return errors.Join(err, os.WriteFile(path, program, 0o700))
}

// contestants are all that can run on this machine, with notes about the others.
func (b *bench) contestants() (list []contestant, notes []string, err error) {
	const many = 1000
	var homes [8]*home
	for i, url := range []string{b.server.url, b.server.url, b.server.url, b.server.url, b.hole.url, b.server.url, b.server.url, b.server.url} {
		if homes[i], err = b.newHome(fmt.Sprint(i), httpManifest(url)); err != nil {
			return nil, nil, err
		}
	}
	mute, busy, full, idle, dead, fresh, refused, wrapping := homes[0], homes[1], homes[2], homes[3], homes[4], homes[5], homes[6], homes[7]
	if err := errors.Join(mute.send("off"), busy.fill(0), full.fill(many), idle.enable(), dead.enable(), wrapping.enable(), refused.refuseAll()); err != nil {
		return nil, nil, err
	}
	send := func(name string, h *home, before, after func() error) contestant {
		return contestant{name, append([]string{b.product}, sendArgs()...), h.env(), before, after}
	}
	looks := func(name string, h *home, args ...string) contestant {
		return contestant{name: name, argv: append([]string{b.product}, args...), env: h.env()}
	}
	list = []contestant{
		{name: empty, argv: []string{b.empty}, env: mute.env()},
		looks(version, fresh, "version"),
		send(off, mute, nil, nil),
		send(atWork, busy, busy.holdLease, func() error { return busy.takeBack(0) }),
		send(waiting, full, full.holdLease, func() error { return full.takeBack(many) }),
		send(started, idle, idle.clear, func() error { return errors.Join(b.server.answered(1), idle.endDeliverer()) }),
		send(blackHole, dead, dead.clear, dead.endDeliverer),
		looks(execOff, mute, "exec", "bench", "--", b.empty),
		{execOn, []string{b.product, "exec", "bench", "--", b.empty}, wrapping.env(), wrapping.clear, func() error { return errors.Join(b.server.answered(2), wrapping.endDeliverer()) }},
		looks(envNone, fresh, "env", "--quiet"),
		looks(envAll, refused, "env", "--quiet"),
		looks(table, fresh, "status"),
		looks(complete, fresh, "__complete", "status", ""),
	}
	for i, name := range []string{curl, python} {
		argv, err := []func(string) ([]string, error){curlArgv, pythonArgv}[i](b.server.url)
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s is left out: %v", name, err))
			continue
		}
		list = append(list, contestant{name, argv, mute.env(), nil, func() error { return b.server.answered(1) }})
	}
	return list, notes, nil
}

// document is what the others post: much like what the product makes.
const document = `{"event":"run.end","event_id":"0b7e5d4c-3f6a-4b1e-9a51-2f1f6f6f8a10","run":"5e0c2e0e-97d5-4d5b-8f3a-6b0e4f3f7c21",` +
	`"source":"c1a9e1f4-5d53-4a57-8b7e-1d2c3b4a5f60","time":1767323045.000006,"os":"linux","exit_code":0,"duration":1.5}`

func curlArgv(url string) ([]string, error) {
	path, err := exec.LookPath("curl")
	return []string{path, "-s", "-o", os.DevNull, "-X", "POST", "-H", "Content-Type: application/json", "-d", document, url}, err
}

// pythonArgv asks Python where it is, for what is on PATH may be a script of a
// version manager, which takes longer than Python itself.
func pythonArgv(url string) ([]string, error) {
	path, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	script := fmt.Sprintf("import urllib.request as u; u.urlopen(u.Request('%s', b'%s', {'Content-Type': 'application/json'})).read()", url, document)
	return []string{strings.TrimSpace(string(path)), "-c", script}, err
}
