package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// module is one whose packages are linked into the program on some system.
type module struct {
	name string // with its version
	dir  string
}

// targets are the systems that there are programs for, as in .goreleaser.yaml.
var targets = []string{
	"linux/amd64", "linux/arm64", "linux/arm", "linux/riscv64", "darwin/amd64", "darwin/arm64",
	"windows/amd64", "windows/arm64", "freebsd/amd64", "freebsd/arm64",
}

const noticesHead = `The program usagectl holds code of the modules below, unchanged, under the licences
that follow their names. The source of each is at its name, and at its version from
"go mod download NAME@VERSION". The licence of usagectl itself is in LICENSE.
`

// thirdPartyNotices are the licences of everything that is linked into the program
// on any system, to the letter: they all ask that their text goes with the program.
func thirdPartyNotices(root string) ([]byte, error) {
	modules, err := linked(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(noticesHead)
	for _, m := range modules {
		texts, err := licences(m.dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n\n", m.name, strings.Repeat("=", len(m.name)))
		b.Write(bytes.Join(texts, []byte("\n\n")))
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

// linked are Go itself and the modules, in order.
func linked(root string) ([]module, error) {
	dirs := map[string]string{}
	for _, target := range targets {
		out, err := goCommand(root, target, "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(out) {
			if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				dirs[name] = dir
			}
		}
	}
	std, err := goCommand(root, targets[0], "env", "GOVERSION", "GOROOT")
	if err != nil {
		return nil, err
	}
	version, goroot, _ := strings.Cut(strings.TrimSpace(std), "\n")
	modules := []module{{"The Go standard library, " + version, goroot}}
	for name, dir := range dirs {
		modules = append(modules, module{name, dir})
	}
	slices.SortFunc(modules[1:], func(a, b module) int { return strings.Compare(a.name, b.name) })
	return modules, nil
}

// goCommand is what the go command prints for a target.
func goCommand(dir, target string, args ...string) (string, error) {
	system, arch, _ := strings.Cut(target, "/")
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", args[0], err)
	}
	return string(out), nil
}

// licences are the texts at the top of a module. That there is none is an error:
// then nobody may pass the module on.
func licences(dir string) ([][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var texts [][]byte
	for _, e := range entries {
		if !isLicence(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, bytes.TrimSpace(text))
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("no licence in %s", dir)
	}
	return texts, nil
}

// isLicence tells by the name of a file whether it is one that must go along.
func isLicence(name string) bool {
	name = strings.ToUpper(name)
	for _, start := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"} {
		if strings.HasPrefix(name, start) && !strings.HasSuffix(name, ".GO") {
			return true
		}
	}
	return false
}
