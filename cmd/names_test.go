package cmd

import (
	"strings"
	"testing"
)

// TestNames holds that a name means the same tool in every command, and that each says
// which one it took it for.
func TestNames(t *testing.T) {
	p := newPerson(t)
	brew := `note: "brew" is a command of Homebrew, the tool "homebrew"`
	p.expect(
		said{"status brew", exitOK, []string{"Homebrew: telemetry is on\n", `  Tool         "brew" is a command of Homebrew, the tool "homebrew"`}, []string{brew}},
		said{"status brew -q", exitOK, nil, nil},
		said{"status az gh", exitOK, []string{"\nazure-cli ", "\ngithub-cli "}, []string{`"az" is a command of Azure CLI`, `"gh" is a command of GitHub CLI`}},
		said{"status dbt", exitOK, []string{"\ndbt-core ", "\ndbt-fusion "}, []string{"*"}},
		said{"status huggingface_hub visual-studio-code", exitOK, []string{"\nhuggingface-hub "}, []string{`"huggingface_hub" is another name of `, `the tool "vscode"`}},
		said{"disable brew", exitOK, []string{"You refused the telemetry of Homebrew.\n", "usagectl enable homebrew"}, []string{brew, "*"}},
		said{"disable dbt -q", exitOK, nil, nil},
		said{"env brew dbt", exitOK, []string{"HOMEBREW_NO_ANALYTICS=1", "DBT_SEND_ANONYMOUS_USAGE_STATS="}, []string{brew, "*"}},
		said{"enable brew", exitOK, []string{"You agreed to the telemetry of Homebrew."}, []string{brew}},
		said{"enable dbt", exitData, nil, []string{`"dbt" is a name of several tools: use one of dbt-core, dbt-fusion`}},
		said{"inspect nml", exitOK, []string{"NannyML, event "}, []string{`"nml" is a command of NannyML, the tool "nannyml"`}},
		said{"inspect brew", exitData, nil, []string{"no manifest says what Homebrew sends", "*"}},
		said{"flush brew", exitOK, []string{"homebrew: nothing waits"}, []string{brew}},
		said{"forget brew --yes", exitData, nil, []string{"nothing was changed for Homebrew", "*"}},
	)
	p.must("status brew --json")
	if s := p.tool(); s["tool"] != "homebrew" || s["named"] != "brew" {
		t.Errorf("%v", s)
	}
	for line, code := range map[string]int{"forget brew --yes --json": exitData, "flush brew --json": exitOK, "env brew --json -q": exitOK} {
		if got := p.run(line); got != code {
			t.Errorf("%s: %d", line, got)
		}
		if s := p.tool(); s["tool"] != "homebrew" || s["named"] != "brew" {
			t.Errorf("%s: %v", line, s)
		}
	}
	for _, line := range []string{"inspect nml --json", "inspect nml --queued --json", "inspect nml --sent --json", "inspect nml --forget --json"} {
		p.must(line)
		if v := p.answer(); v["tool"] != "nannyml" || v["named"] != "nml" {
			t.Errorf("%s: %v", line, v)
		}
	}
	p.must("disable gh --json")
	if s := p.tool(); s["tool"] != "github-cli" || s["named"] != "gh" {
		t.Errorf("%v", s)
	}
}

// TestUnknownIsNotOff holds that nothing says of a tool of which nothing is known, or
// whose own state cannot be told, that it is off.
func TestUnknownIsNotOff(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"status nosuch", exitData, nil, []string{`error: unknown tool "nosuch"`, findTool}},
		said{"status demmo", exitData, nil, []string{`unknown tool "demmo"; did you mean "demo"?`, "*"}},
		said{"status demo nosuch", exitData, []string{"\ndemo  off "}, []string{`unknown tool "nosuch"`, "*"}},
		said{"status -q nosuch", exitNo, nil, nil},
		said{"flush nosuch", exitData, nil, []string{`unknown tool "nosuch"`, "*"}},
		said{"env nosuch", exitData, nil, []string{`unknown tool "nosuch"`, "*"}},
		said{"disable demmo", exitOK, []string{"*"}, []string{`warning: "demmo" is refused, but no tool of that name is known yet; the refusal counts once there is one; did you mean "demo"?`}},
		said{"status demmo", exitOK, []string{"demmo: telemetry is unknown\n", "no tool of that name is known here, but something is decided: you refused on "}, []string{`hint: did you mean "demo"?`, "*"}},
		said{"status", exitOK, []string{"demmo  unknown    unknown  no        no tool of that name"}, nil},
		said{"flush demmo", exitOK, []string{"demmo: nothing waits"}, nil},
	)
	p.write(".azure/config/x", "") // a directory where its settings would be
	p.expect(
		said{"status az", exitOK, []string{"Azure CLI: telemetry is unknown\n", "~/.azure/config cannot be read: "}, []string{"*"}},
		said{"status az -q", exitNo, nil, nil},
	)
	for _, line := range []string{"status demmo --json", "disable demmo --json"} {
		p.must(line)
		if s := p.tool(); s["telemetry"] != "unknown" || s["reason"].(map[string]any)["rule"] != "unknown" {
			t.Errorf("%s: %v", line, s)
		}
	}
	if code := Main(p.world, strings.Fields("status demo nosuch --json")); code != exitData || !strings.Contains(p.out.String(), `{"tool":"nosuch","name":"nosuch","telemetry":"unknown","reason":{"rule":"unknown"`) {
		t.Errorf("%d: %s", code, p.out.String())
	}
}

// TestBadManifestIsNotUnknown holds what is said of a tool whose manifest cannot be used:
// it is known, and nothing is sent for it.
func TestBadManifestIsNotUnknown(t *testing.T) {
	p := newPerson(t)
	p.write(".local/share/usagectl/tools/bad.toml", "schema = 2\n")
	p.expect(said{"status bad", exitConfig, []string{"bad: telemetry is off", "  Why          its manifest cannot be used: "}, []string{"warning: the manifest of bad cannot be used"}})
	p.must("disable bad --json")
	if s := p.tool(); s["telemetry"] != "off" || s["reason"].(map[string]any)["rule"] != "user" {
		t.Errorf("%v", s)
	}
}

// TestAliasOfAnEarlierVersion holds that a refusal which an earlier version recorded for
// a command, as if it were a tool, can be seen and taken back.
func TestAliasOfAnEarlierVersion(t *testing.T) {
	p := newPerson(t)
	p.write(".config/usagectl/consent/gh.toml", "schema = 1\nstate = \"refused\"\nat = 2026-01-02T03:04:05Z\n")
	p.expect(
		said{"status", exitOK, []string{`gh    unknown    unknown  no        no tool has that ID, and GitHub CLI has its own decision: see "usagectl status gh"`}, nil},
		said{"enable gh", exitOK, []string{"You agreed to the telemetry of GitHub CLI.", "A refusal that was recorded for gh, which is no tool's ID, is lifted too."}, []string{"*"}},
	)
	if p.there(".config/usagectl/consent/gh.toml") {
		t.Error("it is still there")
	}
}

// TestDidYouMean holds which names are listed.
func TestDidYouMean(t *testing.T) {
	many := strings.Fields("aa bb cc dd ee ff gg hh ii jj kk ll mm")
	for _, c := range []struct {
		given string
		known []string
		what  string
		want  string
	}{
		{"strat", []string{"start"}, "events", `; did you mean "start"?`},
		{"zzzzzz", []string{"start", "end"}, "events", "; its events are: start, end"},
		{"zzzzzz", []string{"start"}, "", ""},
		{"zzzzzz", nil, "events", ""},
		{"zzzzzz", many, "events", "; its events are: aa, bb, cc, dd, ee, ff, gg, hh, ii, jj, kk, ll, …"},
	} {
		if got := didYouMean(c.given, c.known, c.what); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
