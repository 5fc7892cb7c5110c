package acceptance

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReach holds what docs/privacy.md says of the program's own code: which files can
// reach a network, and which can start a process. Those of every system are read.
func TestReach(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{
		`"os/exec"`:                    {"internal/wrap/wrap_windows.go"},
		`"net"\n`:                      {"pkg/manifest/parse_send.go", "pkg/sender/internal/transport/connection.go", "pkg/sender/internal/transport/explain.go", "pkg/sender/internal/transport/udp.go"}, // the first takes addresses apart
		`\b[Cc]lient\.(Do|Post|Get)\(`: {"pkg/sender/internal/transport/post.go"},
		`\b[Dd]ial(er|Context)?\b`:     {"pkg/sender/internal/transport/connection.go", "pkg/sender/internal/transport/explain.go", "pkg/sender/internal/transport/http_client.go", "pkg/sender/internal/transport/udp.go"},
		`\bhttp\.(Get|Head|Post\w*)\(|\bLookup(Host|IP|Addr|TXT|MX|NS|SRV|CNAME)\(`: nil,
		`\b(StartProcess|ForkExec|Exec|CreateProcess)\(`:                            {"internal/wrap/signals_unix.go", "internal/wrap/start_unix.go", "pkg/sender/spawn_unix.go", "pkg/sender/spawn_windows.go"},
	}
	found := map[string][]string{}
	for _, file := range productFiles(t) {
		source, err := os.ReadFile(repository(file))
		if err != nil {
			t.Fatal(err)
		}
		for pattern := range allowed {
			if regexp.MustCompile(pattern).MatchString(withoutComments(string(source))) {
				found[pattern] = append(found[pattern], filepath.ToSlash(file))
			}
		}
	}
	for pattern, files := range allowed {
		slices.Sort(found[pattern])
		if !slices.Equal(found[pattern], files) {
			t.Errorf("%s stands in %q, and may in %q alone", pattern, found[pattern], files)
		}
	}
}

var lineComment = regexp.MustCompile(`(?m)^\s*//.*$`)

func withoutComments(source string) string { return lineComment.ReplaceAllString(source, "") }

// productFiles lists the Go files of the program, of every system, without tests.
func productFiles(t *testing.T) []string {
	t.Helper()
	files := []string{"main.go"}
	for name := range productPackages(t) {
		if name != "" {
			files = append(files, repositoryFiles(t, name+"/*.go")...)
		}
	}
	return slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
}

// productPackages are this module's packages that the program is made of.
func productPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	all := list(t)
	product := map[string]goPackage{"": all[""]}
	for _, dep := range all[""].Deps {
		if p, ok := all[own(dep)]; ok {
			product[own(dep)] = p
		}
	}
	return product
}
