//go:build linux

package acceptance

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/cmd"
	"github.com/usagectl/usagectl/internal/manual"
)

// shownRequest is the request ID in the example of "forget --confirm".
const shownRequest = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

// examplesSay is what the examples in the help and the man pages print.
var examplesSay = map[string]string{
	`usagectl`:                     `(?m)^demo +on `,
	`usagectl status`:              `(?m)^demo +on `,
	`usagectl status demo`:         `(?m)^  do-not-track +silent`,
	`usagectl status --all --json`: `^\{"schema":1,"tools":\[.*"tool":"nannyml"`,

	`usagectl status -q demo && echo "demo may send"`:                 `^demo may send\n$`,
	`usagectl enable demo`:                                            `^You agreed to the telemetry of Demo at level 1 of 2`,
	`usagectl enable demo --level 2`:                                  `^You agreed to the telemetry of Demo at level 2 of 2`,
	`usagectl enable --all`:                                           `^There was no refusal of all tools`,
	`usagectl disable demo`:                                           `^You refused the telemetry of Demo\.`,
	`usagectl disable --all`:                                          `^You refused the telemetry of all tools\.`,
	`usagectl disable --all --except demo`:                            `^You refused the telemetry of all tools except Demo\.`,
	`usagectl disable --all --system --root ./image`:                  `^Refused for everybody: all telemetry, in .*image/etc/xdg/usagectl/consent/all\.toml`,
	`usagectl inspect demo`:                                           `^Demo, event run\.start`,
	`usagectl inspect demo run.end --set exit_code=0`:                 `exit_code = 0`,
	`usagectl inspect stripepy call --wire`:                           `(?s)^POST https://.*"resourceSpans"`,
	`usagectl inspect demo --sent`:                                    `run\.start`,
	`usagectl send demo run.start`:                                    `^$`,
	`usagectl send demo run.end --set exit_code=0 --set duration=1.5`: `^$`,
	`echo '{"exit_code": 3}' | usagectl send demo run.end --data -`:   `^$`,
	`usagectl send demo run.end --wait=5s --fail`:                     `^$`,
	`usagectl ask demo || true`:                                       `^$`,
	`usagectl ask demo --json`:                                        `^\{"schema":1,"tool":"demo","telemetry":"on".*"not_asked":"decided"\}`,
	`echo '{"event": "run.end"}' | usagectl send demo --stream`:       `^$`,
	`usagectl exec demo -- sh -c 'exit 0'`:                            `^$`,
	`usagectl exec -v demo -- sleep 0`:                                `(?m)^usagectl: exec demo: run\.end: queued: you agreed`,
	`usagectl flush`:                                                  `^demo: nothing waits\n`,
	`usagectl flush demo --timeout 10s`:                               `^demo: nothing waits\n$`,
	`usagectl flush demo --rejected`:                                  `^demo: nothing waits\n$`,
	`usagectl forget demo`:                                            `\[y/N\] (y\s+)?Demo: forgotten here; .* accepted the deletion request`,
	`usagectl forget --all --yes`:                                     `(?m)^Demo: `,
	`usagectl forget demo --local-only`:                               `\[y/N\] (y\s+)?Demo: forgotten here; nobody was asked`,
	`usagectl forget --confirm ` + shownRequest:                       `(?i)confirmed|settled`,
	`usagectl tools`:                                                  `(?m)^demo +opt-in +built in +`,
	`usagectl tools list`:                                             `(?m)^demo +opt-in +built in +`,
	`usagectl tools lint mytool.toml`:                                 `no mistakes, no advice\n$`,
	`usagectl tools lint --strict mytool.toml`:                        `no mistakes, no advice\n$`,
	"usagectl tools lint mytool.toml\n  usagectl inspect mytool run.end --set exit_code=0 --manifest mytool.toml": `(?m)^  exit_code = 0$`,
	`usagectl tools diff mytool mytool.toml`:             `^mytool: nothing differs\n$`,
	`usagectl tools add mytool.toml --yes`:               `^It was installed before as ~/\.local/share/usagectl/tools/mytool\.toml`,
	`usagectl tools init --id yourtool`:                  `(?m)Wrote yourtool\.toml\.\s*$`,
	`usagectl tools show demo`:                           `^Demo \(demo\)\n`,
	`usagectl tools show demo --markdown > TELEMETRY.md`: `^# What Demo sends\n$`,

	`usagectl tools list --json`: `^\{"schema":1,"tools":\[\{"tool":"demo",`,

	`usagectl env homebrew`:                               `^export HOMEBREW_NO_ANALYTICS=1\n`,
	`eval "$(usagectl env)"`:                              `^1\n$`,
	`usagectl env --all --here --shell dotenv`:            `(?m)^DO_NOT_TRACK=1$`,
	`usagectl env --all --shell docker`:                   `(?m)^ENV DO_NOT_TRACK=1$`,
	`mkdir -p ~/.local/share/bash-completion/completions`: `^$`,

	`usagectl completion bash > ~/.local/share/bash-completion/completions/usagectl`: `^Completion of usagectl in bash\n$`,

	`mkdir -p ~/.config/fish/completions`:                                 `^$`,
	`usagectl completion fish > ~/.config/fish/completions/usagectl.fish`: `^Completion of usagectl in fish\n$`,

	`usagectl exec demo --set features=sort --tool-version 1.2.0 -- sort --version`: `^sort `,

	`usagectl version`:        `(?m)^  Commit +`,
	`usagectl version --json`: `^\{"schema":1,"version":"`,
	`usagectl help send`:      `^Take an event`,
	`usagectl help privacy`:   `sends nothing on its own behalf`,

	"code=$?\n  if command -v usagectl >/dev/null; then\n    usagectl send mytool run.end --set exit_code=$code\n  fi": `^$`,
}

// TestExamples runs every example that the help and the man pages show, in the
// home of somebody, and holds that each does what it is for.
func TestExamples(t *testing.T) {
	t.Parallel()
	for name, groups := range examples() {
		t.Run(name, func(t *testing.T) {
			for _, lines := range groups {
				home := somebody(t)
				for _, line := range lines {
					want, known := examplesSay[line]
					if !known {
						t.Errorf("what %q prints is not in the list", line)
						continue
					}
					if got := readmeShell(t, home, atTheEnd(t, home, line)); !regexp.MustCompile(want).MatchString(got) {
						t.Errorf("$ %s\nprints, instead of %s:\n%s", line, want, got)
					}
				}
			}
		})
	}
}

// TestExamplesAreShown holds that nothing is in the list that is no example any more.
func TestExamplesAreShown(t *testing.T) {
	shown := map[string]bool{}
	for _, groups := range examples() {
		for _, lines := range groups {
			for _, line := range lines {
				shown[line] = true
			}
		}
	}
	for line := range examplesSay {
		if !shown[line] {
			t.Errorf("%q is no example any more", line)
		}
	}
}

// examples are the lines that are shown, by what they belong to, in groups that belong together.
func examples() map[string][][]string {
	list := map[string][][]string{"manifest": {nil}}
	for _, c := range append(commands(), cmd.Tree()) {
		for _, e := range manual.Examples(c.Example) {
			lines := make([]string, len(e.Lines))
			for i, line := range e.Lines {
				lines[i] = strings.TrimSpace(line)
			}
			list[nameOf(c)] = append(list[nameOf(c)], lines)
		}
	}
	for _, b := range manifestExamples()[1:] { // the first is the manifest itself
		list["manifest"][0] = append(list["manifest"][0], strings.TrimSpace(strings.Join(b.Lines, "\n")))
	}
	return list
}

// manifestExamples are what "usagectl help manifest" shows.
func manifestExamples() []manual.Block {
	return slices.DeleteFunc(manual.Blocks(manual.Manifest().Intro), func(b manual.Block) bool { return !b.Verbatim })
}

// somebody is the home of a person who uses the demo, has refused another tool's
// telemetry, has had a tool forget them that takes requests by mail, and tries the
// manifest that the help shows.
func somebody(t *testing.T) string {
	home := t.TempDir()
	t.Cleanup(func() { awaitDeliverer(filepath.Join(home, ".local", "state")) })
	write(t, filepath.Join(home, ".flwr/source"), "1ffd8f4e-7f1d-4d54-8a1f-3f2b6a0f3e11")
	mytool := strings.Join(manifestExamples()[0].Lines, "\n")
	write(t, filepath.Join(home, "mytool.toml"), mytool)
	write(t, filepath.Join(home, ".local/share/usagectl/tools/mytool.toml"), mytool)
	for _, command := range []string{
		"mkdir image", "usagectl enable -q demo", "usagectl disable -q homebrew",
		"usagectl send demo run.start --wait", "usagectl forget -q flwr --yes",
	} {
		readmeShell(t, home, command)
	}
	return home
}

// atTheEnd is a command with what only a person can supply: the ID of their
// request, and that they say yes.
func atTheEnd(t *testing.T, home, line string) string {
	if strings.Contains(line, shownRequest) {
		status := readmeShell(t, home, "usagectl status --json flwr")
		id := regexp.MustCompile(`"request_id":"([^"]+)"`).FindStringSubmatch(status)
		if id == nil {
			t.Fatalf("no request: %s", status)
		}
		return strings.ReplaceAll(line, shownRequest, id[1])
	}
	if strings.HasPrefix(line, "eval ") {
		return line + `; echo "$HOMEBREW_NO_ANALYTICS"`
	}
	if _, file, ok := strings.Cut(line, " > "); ok {
		return line + "; grep -oE 'Completion of usagectl in [a-z]*|^# What.*' " + file
	}
	if strings.HasPrefix(line, "usagectl tools init") {
		return `printf '\nTo count.\n\nhttps://x.example\nme@x.example\nr\nhttps://x.example\n' | script -qec "` + line + `" /dev/null`
	}
	if strings.HasPrefix(line, "usagectl forget demo") { // the terminal shows the y where it comes in time
		return `echo y | script -qec "` + line + `" /dev/null`
	}
	return line
}
