package catalogue_test

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

// TestTraps goes through the tools whose variables are known to be read in a way
// that surprises, where a wrong literal silently does nothing, or breaks the tool.
func TestTraps(t *testing.T) {
	type meaning = catalogue.Meaning
	// Only "true" in any case switches off.
	onlyTrue := map[string]meaning{"true": off, "True": off, "TRUE": off, "1": on, "yes": on, "false": on, "": unset}
	// Anything switches off, "0" too; an empty value does not.
	anything := map[string]meaning{"1": off, "0": off, "false": off, "anything": off, "": unset}
	// Even an empty value switches off.
	evenEmpty := map[string]meaning{"1": off, "0": off, "false": off, "anything": off, "": off}
	only := func(literal string) map[string]meaning {
		m := map[string]meaning{"": unset}
		for _, word := range []string{"1", "0", "true", "True", "false", "False", "no", "off", "anything"} {
			m[word] = on
		}
		m[literal] = off
		return m
	}
	oneOrTrue := map[string]meaning{"1": off, "true": off, "True": off, "TRUE": off, "0": on, "yes": on, "": unset}

	for _, test := range []struct {
		id, name string
		want     map[string]meaning
	}{
		{"ray", "RAY_USAGE_STATS_ENABLED", map[string]meaning{"0": off, "1": on, "false": bad, "true": bad, "off": bad, "": bad}},
		{"azd", "AZURE_DEV_COLLECT_TELEMETRY", only("no")},
		{"azd", "AZURE_DEV_COLLECT_TELEMETRY", map[string]meaning{"No": on, "NO": on}},
		{"bentoml", "BENTOML_DO_NOT_TRACK", onlyTrue},
		{"crewai", "CREWAI_DISABLE_TELEMETRY", onlyTrue},
		{"crewai", "CREWAI_DISABLE_TRACKING", onlyTrue},
		{"crewai", "OTEL_SDK_DISABLED", onlyTrue},
		{"mlflow", "MLFLOW_DISABLE_TELEMETRY", map[string]meaning{"true": off, "1": off, "0": on, "false": on, "yes": bad}},
		{"mlflow", "DO_NOT_TRACK", onlyTrue},
		{"gradio", "GRADIO_ANALYTICS_ENABLED", map[string]meaning{"True": on, "true": off, "1": off, "False": off, "": off}},
		{"flwr", "FLWR_TELEMETRY_ENABLED", map[string]meaning{"1": on, "true": off, "0": off, "": off}},
		{"flwr-datasets", "FLWR_TELEMETRY_ENABLED", map[string]meaning{"1": on, "true": off, "0": off, "": off}},
		{"aws-sam-cli", "SAM_CLI_TELEMETRY", map[string]meaning{"1": on, "true": off, "0": off, "": off}},

		{"homebrew", "HOMEBREW_NO_ANALYTICS", anything},
		{"tilt", "TILT_DISABLE_ANALYTICS", anything},
		{"tilt", "DO_NOT_TRACK", anything},
		{"circleci-cli", "CIRCLE_NO_TELEMETRY", anything},
		{"circleci-cli", "NO_ANALYTICS", anything},
		{"circleci-cli", "DO_NOT_TRACK", anything},
		{"kedro", "KEDRO_DISABLE_TELEMETRY", anything},
		{"kedro", "DO_NOT_TRACK", anything},
		{"ydata-profiling", "YDATA_PROFILING_NO_ANALYTICS", anything},
		{"nextjs", "NEXT_TELEMETRY_DISABLED", anything},
		{"astro", "ASTRO_TELEMETRY_DISABLED", anything},
		{"vercel-cli", "VERCEL_TELEMETRY_DISABLED", anything},
		{"netdata", "DISABLE_TELEMETRY", anything},
		{"netdata", "DO_NOT_TRACK", anything},
		{"pyairbyte", "DO_NOT_TRACK", anything},

		{"evidently", "DO_NOT_TRACK", evenEmpty},
		{"stripepy", "STRIPEPY_NO_TELEMETRY", evenEmpty},
		{"stripepy", "NO_TELEMETRY", evenEmpty},
		{"nannyml", "NML_DISABLE_USAGE_LOGGING", evenEmpty},
		{"whylogs", "WHYLOGS_NO_ANALYTICS", evenEmpty},
		{"etelemetry", "NO_ET", evenEmpty},
		{"vagrant", "VAGRANT_CHECKPOINT_DISABLE", evenEmpty},
		{"nipype", "NIPYPE_NO_ET", evenEmpty},
		{"rover", "APOLLO_TELEMETRY_DISABLED", evenEmpty},

		{"nix-installer", "NIX_INSTALLER_DIAGNOSTIC_ENDPOINT", map[string]meaning{"": off, "0": unknown}},
		{"nix-installer", "DETSYS_IDS_TELEMETRY", only("disabled")},
		{"julia-pkg", "JULIA_PKG_SERVER", map[string]meaning{"": off}},
		{"heroku-cli", "DISABLE_TELEMETRY", only("true")},
		{"heroku-cli", "HEROKU_SKIP_ANALYTICS", only("1")},
		{"redocly-cli", "REDOCLY_TELEMETRY", only("off")},
		{"auth0-cli", "AUTH0_CLI_ANALYTICS", only("false")},
		{"sku", "SKU_TELEMETRY", only("false")},
		{"algolia-cli", "ALGOLIA_CLI_TELEMETRY", only("0")},
		{"ibm-telemetry", "IBM_TELEMETRY_DISABLED", only("true")},
		{"encore", "DISABLE_ENCORE_TELEMETRY", only("1")},
		{"create-cloudflare", "CREATE_CLOUDFLARE_TELEMETRY_DISABLED", only("1")},
		{"github-cli", "GH_TELEMETRY", map[string]meaning{
			"": off, "0": off, "false": off, "no": off, "disabled": off, "off": off, "OFF": off, "log": off,
			"enabled": on, "nope": on, "1": on,
		}},
		{"github-cli", "DO_NOT_TRACK", oneOrTrue},
		{"vllm", "VLLM_DO_NOT_TRACK", map[string]meaning{"1": off, "0": on, "true": on, "": unset}},
		{"vllm", "DO_NOT_TRACK", only("1")},
		{"great-expectations", "GX_ANALYTICS_ENABLED", map[string]meaning{"false": off, "0": off, "true": on}},
		{"mem0", "MEM0_TELEMETRY", map[string]meaning{
			"False": off, "false": off, "0": off, "no": off, "off": off, "true": on, "1": on, "maybe": unknown,
		}},
		{"azure-functions-core-tools", "FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT", map[string]meaning{
			"1": off, "anything": off, "0": on, "false": on, "False": on, "": unset,
		}},
		{"semgrep", "SEMGREP_SEND_METRICS", map[string]meaning{
			"off": off, "OFF": off, "0": off, "false": off, "on": on, "auto": on, "true": on, "never": bad,
		}},
		{"dart-flutter", "DASH__SUPPRESS_ANALYTICS", map[string]meaning{"true": off, "false": on, "1": unknown}},

		// Which values of DO_NOT_TRACK are taken.
		{"atlas-cli", "DO_NOT_TRACK", map[string]meaning{"1": off, "true": off, "yes": off, "0": on, "on": on}},
		{"create-cloudflare", "DO_NOT_TRACK", oneOrTrue},
		{"crush", "DO_NOT_TRACK", map[string]meaning{"1": off, "true": off, "T": off, "0": on, "yes": on}},
		{"dbt-core", "DO_NOT_TRACK", map[string]meaning{"1": off, "true": off, "YES": off, "0": on}},
		{"devbox", "DO_NOT_TRACK", map[string]meaning{"1": off, "true": off, "TRUE": off, "0": on, "yes": on}},
		{"huggingface-hub", "DO_NOT_TRACK", map[string]meaning{"1": off, "true": off, "ON": off, "yes": off, "0": on}},
		{"prefect", "DO_NOT_TRACK", map[string]meaning{"1": off, "true": off, "YES": off, "0": on}},
		{"railway-cli", "DO_NOT_TRACK", oneOrTrue},
		{"stripe-cli", "DO_NOT_TRACK", oneOrTrue},
		{"turborepo", "DO_NOT_TRACK", map[string]meaning{"1": off, "true": off, "True": on, "0": on}},
		{"wrangler", "DO_NOT_TRACK", oneOrTrue},
		{"choosenim", "DO_NOT_TRACK", only("1")},
		{"dagger", "DO_NOT_TRACK", only("1")},
		{"scarf-js", "DO_NOT_TRACK", only("1")},
		{"sst", "DO_NOT_TRACK", only("1")},
		{"supabase-cli", "DO_NOT_TRACK", only("1")},
		{"langflow", "DO_NOT_TRACK", onlyTrue},
		{"unstructured", "DO_NOT_TRACK", only("true")},
		{"earthly", "DO_NOT_TRACK", anything},
		{"bun", "DO_NOT_TRACK", map[string]meaning{"1": off, "true": unknown}},
	} {
		tool, ok := catalogue.Find(test.id)
		if !ok {
			t.Errorf("no %s", test.id)
			continue
		}
		v, ok := variable(tool, test.name)
		if !ok {
			t.Errorf("%s: no %s", test.id, test.name)
			continue
		}
		for value, want := range test.want {
			if got := v.Read(value, true); got != want {
				t.Errorf("%s: %s=%q is %q, not %q", test.id, test.name, value, got, want)
			}
		}
	}
}

// TestSharedLiterals: a literal that is meant for all the tools which share a
// name has to be right for all of them.
func TestSharedLiterals(t *testing.T) {
	for name, literal := range map[string]string{
		"ANONYMIZED_TELEMETRY":           "false",
		"CHECKPOINT_DISABLE":             "1",
		"DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
		"DISABLE_TELEMETRY":              "true",
		"MIGAS_OPTOUT":                   "1",
		"NO_ET":                          "1",
		"SCARF_ANALYTICS":                "false",
		"SCARF_NO_ANALYTICS":             "true",
		"TELEMETRY_DISABLED":             "1",
	} {
		n := 0
		for _, tool := range catalogue.All() {
			if v, ok := variable(&tool, name); ok {
				n++
				if v.Read(literal, true) != off {
					t.Errorf("%s: %s=%s does not switch off", tool.ID, name, literal)
				}
			}
		}
		if n < 2 {
			t.Errorf("%s is not shared", name)
		}
	}
}

// TestNoVariable: these tools read no variable that switches them off. Whoever
// finds one has found good news.
func TestNoVariable(t *testing.T) {
	for _, id := range []string{
		"capacitor", "cellprofiler", "dart-flutter", "dolt", "elementary", "flowise", "gemini-cli", "go", "guardrails-ai", "ionic-cli",
		"julia-pkg", "kde-userfeedback", "mage-ai", "mongosh", "netlify-cli", "nextflow", "okteto", "onecodex", "parsl", "sleap", "skaffold",
		"timescaledb", "ubuntu-insights", "ultralytics", "vscode", "wandb", "k0s", "vcluster", "multiqc", "sentry-cli",
		"aws-amplify-cli", "ariga-atlas", "sfctl", "docker-desktop", "eternal-terminal", "infracost", "kics", "pulumi", "serverless",
		"stenciljs", "wapm-cli",
	} {
		tool, ok := catalogue.Find(id)
		if !ok {
			t.Errorf("no %s", id)
			continue
		}
		for _, v := range tool.Env {
			if v.Role == catalogue.OptOut {
				t.Errorf("%s: %s switches it off?", id, v.Name)
			}
		}
	}
}
