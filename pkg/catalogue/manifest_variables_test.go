package catalogue_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func toolID(t *testing.T, s string) manifest.ID {
	t.Helper()
	id, err := manifest.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// gets reports whether the manifest of a tool gets to set a variable, where these
// other tools have manifests, and why not.
func gets(t *testing.T, id, variable string, others ...string) (bool, string) {
	t.Helper()
	m := &manifest.Manifest{Tool: manifest.Tool{ID: toolID(t, id)}}
	m.Consent.Refuse = []manifest.EnvRule{{Env: variable, When: "off"}}
	ids := []manifest.ID{m.Tool.ID}
	for _, other := range others {
		ids = append(ids, toolID(t, other))
	}
	declared, leftOut := catalogue.Declared(m, ids)
	if len(declared.Env)+len(leftOut) != 1 {
		t.Fatalf("%s of %s: %d variables and %d that are left out", variable, id, len(declared.Env), len(leftOut))
	}
	if len(leftOut) == 0 {
		return declared.Env[0].Name == variable, ""
	}
	if leftOut[0].Name != variable || leftOut[0].Why == "" {
		t.Errorf("%s of %s is left out as %+v", variable, id, leftOut[0])
	}
	return false, leftOut[0].Why
}

// foreign are variables that change what is not telemetry, or that are somebody
// else's: those of bash(1), zshparam(1), fish, ld.so(8), dyld(1), gcc(1), perlrun(1),
// ruby(1), node(1), of the Python, Java, Go, Rust and .NET runtimes, of pip, npm, cargo,
// git and others, and of programs in the catalogue that are configured by variables.
const foreign = `
	PATH HOME IFS ENV PS1 PS4 BASH_ENV BASHOPTS SHELLOPTS BASH_COMPAT BASH_XTRACEFD BASH_LOADABLES_PATH HISTFILE HISTSIZE HISTCONTROL HISTIGNORE
	HISTTIMEFORMAT PROMPT_COMMAND PROMPT_DIRTRIM COMP_WORDBREAKS CDPATH FIGNORE GLOBIGNORE EXECIGNORE INPUTRC TIMEFORMAT TMOUT MAILCHECK MAILPATH
	FUNCNEST POSIXLY_CORRECT READLINE_LINE FCEDIT HOSTFILE IGNOREEOF
	REPORTTIME REPORTMEMORY TIMEFMT WATCH LOGCHECK ZDOTDIR FPATH MODULE_PATH NULLCMD READNULLCMD KEYTIMEOUT ZLE_RPROMPT_INDENT DIRSTACKSIZE
	STTY fish_user_paths fish_function_path fish_trace fish_history
	LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LD_DEBUG LD_PROFILE LD_STATISTICS LD_USE_LOAD_BIAS GLIBC_TUNABLES MALLOC_CHECK_ MALLOC_STATS_PRINT
	MIMALLOC_SHOW_STATS GCONV_PATH DYLD_INSERT_LIBRARIES DYLD_PRINT_STATISTICS DYLD_PRINT_STATISTICS_DETAILS
	COLLECT_GCC COLLECT_GCC_OPTIONS COLLECT_LTO_WRAPPER GCC_EXEC_PREFIX CCACHE_STATS CCACHE_NOSTATS CCACHE_STATSLOG SCCACHE_STATS CMAKE_BUILD_TYPE
	PERL5OPT PERL5LIB PERL5DB PERL_COLLECT PERLIO RUBYOPT RUBYLIB RUBY_GC_STATS GEM_HOME BUNDLE_GEMFILE BUNDLE_PATH BUNDLE_METRICS
	NODE_OPTIONS NODE_PATH NODE_REPORT_ON_SIGNAL NODE_TLS_REJECT_UNAUTHORIZED NODE_V8_COVERAGE
	NPM_CONFIG_USAGE npm_config_usage NPM_CONFIG_AUDIT NPM_CONFIG_REPORT NPM_CONFIG_REGISTRY NPM_CONFIG_STATISTICS YARN_ENABLE_TELEMETRY PNPM_METRICS
	PYTHONPATH PYTHONSTARTUP PYTHONHOME PYTHONMALLOCSTATS PYTHON_STATS PYTHON_PRESITE PYTHONWARNINGS PYTHONBREAKPOINT
	PIP_REPORT PIP_INDEX_URL PIP_TARGET PIP_NO_INDEX PIP_REPORT_FILE PIPX_REPORT UV_REPORT POETRY_STATS CONDA_REPORT_ERRORS COVERAGE_REPORT PYTEST_REPORT
	JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS JAVA_STATS MAVEN_OPTS GRADLE_OPTS GRADLE_METRICS CLASSPATH
	DOTNET_STARTUP_HOOKS DOTNET_EnableDiagnostics DOTNET_DiagnosticPorts COMPlus_EnableDiagnostics CORECLR_ENABLE_PROFILING DOTNET_DIAGNOSTICS
	GOFLAGS GOPROXY GODEBUG GOTELEMETRY GOTELEMETRYDIR GO_TELEMETRY GO_METRICS GOPRIVATE CGO_CFLAGS
	RUSTC_WRAPPER RUSTC_STATS RUSTFLAGS RUST_BACKTRACE RUST_STATS RUSTUP_TOOLCHAIN CARGO_BUILD_RUSTC CARGO_FUTURE_INCOMPAT_REPORT_FREQUENCY
	PHP_INI_SCAN_DIR COMPOSER_HOME R_PROFILE_USER JULIA_PKG_SERVER JULIA_PKG_TELEMETRY LUA_INIT
	GIT_SSH_COMMAND GIT_EXEC_PATH GIT_CONFIG_COUNT GIT_TRACE GIT_TRACE2_PERF GIT_TRACE_REFS GIT_TRACK_BRANCHES GIT_STATS HG_STATS SVN_STATS GH_TELEMETRY
	LESSOPEN LESS EDITOR VISUAL PAGER BROWSER MANPAGER GREP_OPTIONS TAR_OPTIONS CURL_HOME WGETRC TMUX_STATS TIME_STYLE
	LC_ALL LANG TZ TERM XDG_CONFIG_HOME XDG_USAGE DISPLAY DBUS_SESSION_BUS_ADDRESS QT_PLUGIN_PATH GTK_MODULES SSH_ASKPASS GPG_TTY SUDO_ASKPASS
	DEBIAN_FRONTEND APT_CONFIG APT_REPORT NIX_PATH NIX_STATS NIX_SHOW_STATS HOMEBREW_NO_ANALYTICS HOMEBREW_METRICS
	http_proxy HTTPS_PROXY ALL_PROXY NO_PROXY NO_COLOR SSL_CERT_FILE OPENSSL_CONF SSLKEYLOGFILE KRB5_CONFIG
	AWS_PROFILE AWS_METRICS AWS_USAGE_REPORT AZURE_CORE_COLLECT_TELEMETRY GOOGLE_ANALYTICS CLOUDSDK_METRICS_STATS DOCKER_HOST DOCKER_STATS_FORMAT
	BUILDKIT_COLLECT KUBECONFIG KUBE_STATS HELM_METRICS TF_VAR_usage TF_REPORT TERRAFORM_STATS VAULT_METRICS ANSIBLE_DISPLAY_STATS ANSIBLE_STATS
	CI GITHUB_ACTIONS GITLAB_METRICS JENKINS_USAGE SLURM_STATS SBATCH_REPORT OMP_DISPLAY_ENV OMPI_METRICS UCX_STATS_DEST UCX_STATS_TRIGGER MKL_STATS
	CUDA_USAGE NCCL_STATS TORCH_REPORT XLA_METRICS SPARK_METRICS PGOPTIONS PG_STATS MYSQL_STATISTICS REDIS_STATS
	OTEL_METRICS_EXPORTER OTEL_TRACES_EXPORTER DD_RUNTIME_METRICS_ENABLED DD_TRACE_STATS SENTRY_TRACKING NEWRELIC_METRICS STATSD_HOST
	DO_NOT_TRACK NO_TELEMETRY NO_ANALYTICS NO_ET DISABLE_TELEMETRY ENABLE_TELEMETRY TELEMETRY_DISABLED ANONYMIZED_TELEMETRY COLLECT_ANALYTICS
	OPT_OUT_ANALYTICS SEND_METRICS USAGECTL_TELEMETRY USAGECTL_METRICS USAGECTL_STATS
	AIRFLOW__METRICS__STATSD_ON AIRFLOW__USAGE_DATA_COLLECTION__ENABLED PANTS_COVERAGE_PY_REPORT PANTS_STATS_LOG TRAEFIK_METRICS_STATSD_ADDRESS
	MLFLOW_TRACKING_URI STREAMLIT_BROWSER_GATHER_USAGE_STATS CDK_TELEMETRY NG_TELEMETRY SFDX_TELEMETRY CLOUDSDK_CORE_DISABLE_USAGE_REPORTING
	GATSBY_TELEMETRY_DISABLED GATSBY_TRACKING IBM_TELEMETRY FLWR_TELEMETRY_ENABLED FLWR_USAGE_STATS BREW_TELEMETRY brew_telemetry`

// chosen are all the IDs that a manifest could choose so that a variable begins with
// it: every beginning, separators in each way and left out, and the whole name.
func chosen(variable string) []string {
	name := strings.Trim(strings.ToLower(variable), "_")
	ids := []string{name, strings.ReplaceAll(name, "_", ""), "evil"}
	for i, c := range name {
		if c != '_' || i == 0 {
			continue
		}
		for _, separator := range []string{"_", "-", ".", ""} {
			ids = append(ids, strings.ReplaceAll(name[:i], "_", separator))
		}
		ids = append(ids, name[:i]+".", name[:i]+"_")
	}
	return ids
}

// TestForeignVariables holds that a manifest gets nobody else's variable, whatever
// ID it chooses for that.
func TestForeignVariables(t *testing.T) {
	pairs := 0
	for variable := range strings.FieldsSeq(foreign) {
		for _, id := range chosen(variable) {
			if _, err := manifest.ParseID(id); err != nil {
				continue
			}
			if known, ok := catalogue.Find(id); ok && slices.ContainsFunc(known.Env, func(v catalogue.Variable) bool { return v.Name == variable }) {
				continue // it is that tool's
			}
			pairs++
			if ok, _ := gets(t, id, variable); ok {
				t.Errorf("a manifest of %q sets %s", id, variable)
			}
		}
	}
	if pairs < 1000 {
		t.Errorf("only %d pairs of an ID and a variable", pairs)
	}
}

// TestOwnVariables holds what is a tool's own.
func TestOwnVariables(t *testing.T) {
	for _, test := range []struct {
		id, variable string
		others       []string
		want         bool
	}{
		{"mytool", "MYTOOL_TELEMETRY", nil, true},
		{"mytool", "MYTOOL_NO_TELEMETRY", []string{"other", "my", "mytool-cli"}, true},
		{"mytool", "MYTOOL_DISABLE_ANONYMOUS_USAGE_STATS", nil, true},
		{"mytool", "mytool_telemetry", nil, true},
		{"mytool", "MyTool_DisableTelemetry", nil, true},
		{"mytool", "MY_TOOL_TELEMETRY", nil, false},
		{"mytool", "MYTOOLTELEMETRY", nil, false},
		{"mytool", "MYTOOLS_TELEMETRY", nil, false},
		{"mytool", "_MYTOOL_TELEMETRY", nil, false},
		{"mytool", "X_MYTOOL_TELEMETRY", nil, false},
		{"mytool", "NO_MYTOOL_TELEMETRY", nil, false},
		{"mytool", "MYTOOL_", nil, false},
		{"mytool", "MYTOOL_HOME", nil, false},
		{"mytool", "MYTOOL", nil, false},
		{"telemetry-tool", "TELEMETRY_TOOL_PATH", nil, false},
		{"stats", "STATS_PATH", nil, false},

		// Words that switch telemetry, and no others: no path, option or command.
		{"mytool", "MYTOOL_USAGE", nil, true},
		{"mytool", "MYTOOL_SEND_USAGE_STATISTICS", nil, true},
		{"mytool", "MYTOOL_DO_NOT_TRACK", nil, true},
		{"mytool", "MYTOOL_OPTOUT", nil, true},
		{"mytool", "MYTOOL_ANALYTICS_DISABLED", nil, true},
		{"mytool", "MYTOOL_STATS", nil, false},
		{"mytool", "MYTOOL_REPORT", nil, false},
		{"mytool", "MYTOOL_METRICS", nil, false},
		{"mytool", "MYTOOL_COLLECT", nil, false},
		{"mytool", "MYTOOL_CONFIG_USAGE", nil, false},
		{"mytool", "MYTOOL_USAGE_COMMAND", nil, false},
		{"mytool", "MYTOOL_TRACKING_URI", nil, false},
		{"mytool", "MYTOOL_TELEMETRY_PRELOAD", nil, false},
		{"mytool", "MYTOOL_TELEMETRY_", nil, false},
		{"mytool", "MYTOOL__TELEMETRY", nil, false},
		{"mytool", "MYTOOL_TELEMETRY_1", nil, false},

		// Separators, of every kind, one or more of them, are one underscore or nothing.
		{"my-tool", "MY_TOOL_NO_TELEMETRY", nil, true},
		{"my.tool", "MY_TOOL_NO_TELEMETRY", nil, true},
		{"my_tool", "MY_TOOL_NO_TELEMETRY", nil, true},
		{"my-tool", "MYTOOL_NO_TELEMETRY", nil, true},
		{"my.tool", "MYTOOL_NO_TELEMETRY", nil, true},
		{"my--tool", "MY_TOOL_NO_TELEMETRY", nil, true},
		{"my--tool", "MY__TOOL_NO_TELEMETRY", nil, false},
		{"my-tool-2.x", "MY_TOOL_2_X_NO_TELEMETRY", nil, true},
		{"my-tool-2.x", "MY_TOOL2X_NO_TELEMETRY", nil, false},
		{"my-tool", "MY_NO_TELEMETRY", nil, false},
		{"tool2", "TOOL2_TELEMETRY", nil, true},
		{"tool2", "TOOL_TELEMETRY", nil, false},
		// No name begins with a digit.
		{"7tool", "_7TOOL_TELEMETRY", nil, true},
		{"7tool", "TOOL_TELEMETRY", nil, false},
		{"7tool", "7TOOL_TELEMETRY", nil, false},

		// The longest ID has it; the one with the separators, if both are as long; and
		// nobody, if nothing tells them apart.
		{"my", "MY_TOOL_TELEMETRY", nil, false},
		{"my", "MY_TOOL_TELEMETRY", []string{"my-tool"}, false},
		{"my-tool", "MY_TOOL_TELEMETRY", []string{"my"}, true},
		{"my", "MY_TELEMETRY", []string{"my-tool"}, true},
		{"my-tool", "MYTOOL_TELEMETRY", []string{"mytool"}, false},
		{"mytool", "MYTOOL_TELEMETRY", []string{"my-tool"}, true},
		{"my-tool", "MY_TOOL_TELEMETRY", []string{"mytool"}, true},
		{"my-tool", "MY_TOOL_TELEMETRY", []string{"my.tool"}, false},
		{"my.tool", "MY_TOOL_TELEMETRY", []string{"my-tool"}, false},
		{"my-tool", "MY_TOOL_TELEMETRY", []string{"my-tool-telemetry"}, true},
		{"my-tool", "MY_TOOL_TELEMETRY_STATS", []string{"my-tool-telemetry"}, false},

		// In the catalogue: what it lists for the tool, and nothing else.
		{"homebrew", "HOMEBREW_NO_ANALYTICS", nil, true},
		{"homebrew", "HOMEBREW_TELEMETRY", nil, false},
		{"nannyml", "NML_DISABLE_USAGE_LOGGING", nil, true},
		{"homebrew", "GATSBY_TELEMETRY_DISABLED", nil, false},
		{"homebrew-extra", "HOMEBREW_EXTRA_TELEMETRY", nil, false},
		{"parslet", "PARSLET_TELEMETRY", nil, true},
	} {
		if got, why := gets(t, test.id, test.variable, test.others...); got != test.want {
			t.Errorf("%s of %s, beside %v: %t (%s)", test.variable, test.id, test.others, got, why)
		}
	}
}

// TestNobodySharesAVariable holds that of the tools that have a manifest not two get
// the same variable.
func TestNobodySharesAVariable(t *testing.T) {
	ids := []string{"a", "a-b", "a.b", "ab", "a-b-c", "ab-c", "a-bc", "abc", "a--b", "a_b_c", "1", "1-1", "11"}
	if _, err := manifest.ParseID("a-b."); err == nil { // not on Windows
		ids = append(ids, "a-b.")
	}
	for _, variable := range []string{
		"A_TELEMETRY", "AB_TELEMETRY", "A_B_TELEMETRY", "A_B_C_TELEMETRY", "AB_C_TELEMETRY", "A_BC_TELEMETRY", "ABC_TELEMETRY",
		"a_b_telemetry", "_1_TELEMETRY", "_1_1_TELEMETRY", "_11_TELEMETRY",
	} {
		for i, one := range ids {
			for _, other := range ids[i+1:] {
				first, _ := gets(t, one, variable, other)
				second, _ := gets(t, other, variable, one)
				if first && second {
					t.Errorf("%s is that of %s and that of %s", variable, one, other)
				}
			}
		}
	}
}

// TestPlainValues holds that a manifest sets plain words only, those that its rule
// excepts among them: an agreement sets these.
func TestPlainValues(t *testing.T) {
	for value, want := range map[string]bool{
		"": true, "off": true, "0": true, "opt-out": true, "v1.2_3": true, strings.Repeat("x", 32): true, strings.Repeat("x", 33): false,
		"$(id)": false, "a b": false, "/tmp/x": false, "a=b": false, "a\nb": false, "ü": false, "`id`": false, "a:b": false, "'": false,
	} {
		for _, r := range []manifest.EnvRule{{Env: "MYTOOL_TELEMETRY", When: value}, {Env: "MYTOOL_TELEMETRY", Unless: value, HasUnless: true}} {
			m := &manifest.Manifest{Tool: manifest.Tool{ID: toolID(t, "mytool")}}
			m.Consent.Refuse = []manifest.EnvRule{r}
			if declared, _ := catalogue.Declared(m, nil); (len(declared.Env) == 1) != want {
				t.Errorf("%+v is set: %t", r, !want)
			}
		}
	}
}

// TestBuiltInAreInTheCatalogue holds that no built-in tool depends on the rules for
// manifests: for each the catalogue says what reaches it.
func TestBuiltInAreInTheCatalogue(t *testing.T) {
	for _, id := range (manifest.Library{}).IDs() {
		if _, ok := catalogue.Find(id.String()); !ok {
			t.Errorf("the catalogue has no %s", id)
		}
	}
}
