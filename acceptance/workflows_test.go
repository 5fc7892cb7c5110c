package acceptance

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// workflow is as much of a GitHub workflow as is looked at here.
type workflow struct {
	On          any               `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Concurrency any               `yaml:"concurrency"`
	Jobs        map[string]job    `yaml:"jobs"`
}

type job struct {
	Uses        string            `yaml:"uses"`
	Needs       any               `yaml:"needs"`
	Permissions map[string]string `yaml:"permissions"`
	Timeout     int               `yaml:"timeout-minutes"`
	Container   struct {
		Image string `yaml:"image"`
	} `yaml:"container"`
	Strategy struct {
		Matrix map[string][]string `yaml:"matrix"`
	} `yaml:"strategy"`
	Steps []struct {
		Uses string         `yaml:"uses"`
		Run  string         `yaml:"run"`
		With map[string]any `yaml:"with"`
	} `yaml:"steps"`
}

// mayWrite are the permissions beyond reading that jobs have.
var mayWrite = []string{"release.yml release attestations", "release.yml release contents", "release.yml release id-token"}

// TestWorkflows holds what keeps the workflows from doing more than they say: nobody
// who moves a tag or opens a pull request gets code of theirs to run with rights.
func TestWorkflows(t *testing.T) {
	var writes []string
	pins := map[string]string{}
	for name, text := range workflows(t) {
		var w workflow
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s: the permissions at the top are %v, not {}", name, w.Permissions)
		}
		if w.Concurrency == nil || strings.Contains(fmt.Sprint(w.On), "pull_request_target") {
			t.Errorf("%s: on %v, concurrency %v", name, w.On, w.Concurrency)
		}
		if on, _ := w.On.(map[string]any); strings.Contains(text, "secrets") && !slices.Equal(slices.Collect(maps.Keys(on)), []string{"push"}) {
			t.Errorf("%s: on %v, it sees secrets", name, w.On)
		}
		checkPins(t, name, text, pins)
		for id, j := range w.Jobs {
			checkJob(t, name+" "+id, j)
			for what, right := range j.Permissions {
				if right == "write" {
					writes = append(writes, name+" "+id+" "+what)
				}
			}
		}
	}
	slices.Sort(writes)
	if !slices.Equal(writes, mayWrite) {
		t.Errorf("these can write: %q, and not just %q", writes, mayWrite)
	}
}

var (
	pinned = regexp.MustCompile(`^\s*(?:- )?uses: ([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$`)
	local  = regexp.MustCompile(`^\s*(?:- )?uses: \./`)
	digest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
)

// checkPins holds that an action is named by its commit, the same one everywhere.
func checkPins(t *testing.T, name, text string, pins map[string]string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.Contains(line, "uses:") || local.MatchString(line) {
			continue
		}
		m := pinned.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%s: %s: an action is named by its commit, with the version behind it", name, strings.TrimSpace(line))
			continue
		}
		if other, known := pins[m[1]]; known && other != m[2] {
			t.Errorf("%s: %s is %s here and %s elsewhere", name, m[1], m[2], other)
		}
		pins[m[1]] = m[2]
	}
}

func checkJob(t *testing.T, name string, j job) {
	t.Helper()
	if j.Permissions == nil {
		t.Errorf("%s: it does not say its permissions", name)
	}
	if j.Uses == "" && (j.Timeout < 1 || j.Timeout > 60) {
		t.Errorf("%s: it may take %d minutes", name, j.Timeout)
	}
	if j.Container.Image != "" && !digest.MatchString(j.Container.Image) {
		t.Errorf("%s: the image %s is not named by its digest", name, j.Container.Image)
	}
	for _, s := range j.Steps {
		if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
			t.Errorf("%s: the checkout leaves its token for the steps behind it", name)
		}
		if strings.Contains(s.Run, "${{") {
			t.Errorf("%s: %q would run what an expression holds; use a variable", name, s.Run)
		}
		if strings.HasPrefix(s.Uses, "actions/setup-go@") && s.With["cache"] != false || strings.Contains(s.Uses, "cache@") {
			t.Errorf("%s: %s takes what another run has left", name, s.Uses)
		}
	}
}

// TestReleaseWorkflow holds that a tag, and nothing else, makes a release once all tests
// have passed, that the checksums of all files are signed without a key, and that each file
// in them has an attestation.
func TestReleaseWorkflow(t *testing.T) {
	var w workflow
	must(t, yaml.Unmarshal([]byte(workflows(t)["release.yml"]), &w))
	if got := fmt.Sprint(w.On); got != "map[push:map[tags:[v[0-9]*]]]" {
		t.Errorf("a release is made on %s", got)
	}
	release := w.Jobs["release"]
	if release.Needs != "test" || w.Jobs["test"].Uses != "./.github/workflows/test.yml" {
		t.Errorf("it needs %v, which is %+v", release.Needs, w.Jobs["test"])
	}
	var attested any
	for _, s := range release.Steps {
		if strings.HasPrefix(s.Uses, "actions/attest-build-provenance@") {
			attested = s.With["subject-checksums"]
		}
	}
	if attested != "dist/checksums.txt" {
		t.Errorf("attested is %v", attested)
	}
	var made struct {
		Checksum struct {
			Name      string   `yaml:"name_template"`
			Algorithm string   `yaml:"algorithm"`
			IDs       []string `yaml:"ids"`
			Disable   any      `yaml:"disable"`
		} `yaml:"checksum"`
		Signs []struct {
			Cmd       string   `yaml:"cmd"`
			Artifacts string   `yaml:"artifacts"`
			Args      []string `yaml:"args"`
		} `yaml:"signs"`
	}
	text, err := os.ReadFile(repository(".goreleaser.yaml"))
	must(t, err)
	must(t, yaml.Unmarshal(text, &made))
	if c := made.Checksum; c.Name != "checksums.txt" || c.Algorithm != "sha256" || c.IDs != nil || c.Disable != nil {
		t.Errorf("the checksums are %+v", c)
	}
	if len(made.Signs) != 1 || made.Signs[0].Cmd != "cosign" || made.Signs[0].Artifacts != "checksum" || strings.Contains(fmt.Sprint(made.Signs[0].Args), "key") {
		t.Errorf("signed is %+v", made.Signs)
	}
}

// TestVulnerabilitiesWorkflow holds that known vulnerabilities are looked for every week.
func TestVulnerabilitiesWorkflow(t *testing.T) {
	text := workflows(t)["vulnerabilities.yml"]
	if !regexp.MustCompile(`cron: "\d+ \d+ \* \* \d"`).MatchString(text) || !strings.Contains(text, "/govulncheck@") {
		t.Errorf("it is\n%s", text)
	}
}

// TestWorkflowSteps holds that the workflow runs all that .ci/run does.
func TestWorkflowSteps(t *testing.T) {
	var w workflow
	if err := yaml.Unmarshal([]byte(workflows(t)["test.yml"]), &w); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(repository(".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`\|\| set -- (.*)`).FindStringSubmatch(string(script))
	if m == nil {
		t.Fatal(".ci/run names no steps")
	}
	want := strings.Fields(m[1])
	got := w.Jobs["debian"].Strategy.Matrix["step"]
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the workflow runs %q, and .ci/run %q", got, want)
	}
}

// workflows are the workflows by their file names.
func workflows(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	files, err := filepath.Glob(repository(".github", "workflows", "*.y*ml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list[filepath.Base(file)] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	if len(list) < 3 {
		t.Fatalf("there are only %q", slices.Collect(maps.Keys(list)))
	}
	return list
}
