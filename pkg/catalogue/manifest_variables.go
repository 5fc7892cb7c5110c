package catalogue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// Whose a variable is. Shells evaluate what "usagectl env" prints, so a manifest
// sets no variable except its tool's own, and nothing that the manifest says about
// itself is evidence: it chooses its ID too, which may be "pip" or "ld". A variable
// is a tool's own if
//
//  1. the catalogue lists it for that tool; for a tool of the catalogue nothing else
//     counts;
//  2. or its name begins with the tool's ID, written as [spelled] says, and the rest of
//     the name consists of words that switch telemetry and of nothing else: see
//     [switchesTelemetry]. This is the guard. A manifest that takes the name of another
//     program can set no path, option or command of it: all that is left is a variable
//     that says it switches that program's telemetry, and its value is a plain word;
//  3. and no tool of the catalogue has a part in it: by its ID, because many programs
//     make a variable of each of their settings, by a command of that name, or by a
//     variable with the same beginning;
//  4. and no other tool that has a manifest has an equal or better claim: of "my" and
//     "my-tool", MY_TOOL_TELEMETRY is the latter's.
//
// Beside that, names of programs that everybody has are not given away: see [reserved].
//
// A tool whose variable is left out loses little: a tool that has a manifest asks
// usagectl, and obeys without any variable.

// notOwn says, for people, why the variable of a rule is not the tool's own to set; "" if
// it is. The others are the IDs of the tools that have a manifest.
func notOwn(tool manifest.ID, rule manifest.EnvRule, others []manifest.ID) string {
	id, variable := tool.String(), rule.Env
	if t, ok := find(id); ok {
		if t.reads(variable) {
			return ""
		}
		return "the catalogue lists no such variable of " + id
	}
	mine := spelled(id, variable)
	if mine.length == 0 {
		return fmt.Sprintf("its name does not begin with %q", usual(id))
	}
	if !manifest.AboutTelemetry(variable[mine.length:]) {
		return fmt.Sprintf("its name does not say after %q that it is about telemetry", variable[:mine.length])
	}
	if !rule.Plain() {
		return "its value is not a plain word"
	}
	if word, _, _ := strings.Cut(strings.ToUpper(variable), "_"); reserved(word) {
		return fmt.Sprintf("names that begin with %q belong to other programs", word+"_")
	}
	if t := rivalIn(tools[:], variable, mine); t != nil {
		return "it can belong to " + t.Name
	}
	for _, other := range others {
		if other != tool && !spelled(other.String(), variable).below(mine) {
			return "it can belong to " + other.String()
		}
	}
	if !switchesTelemetry(variable[mine.length:]) {
		return fmt.Sprintf("its name says more after %q than that it switches telemetry", variable[:mine.length])
	}
	return ""
}

// switchesTelemetry reports whether a name consists of words with which tools name the
// switch of their telemetry, and one of them says that it is telemetry. Words that name other
// things too, such as REPORT and STATS, do not say that alone: they need USAGE or the like.
func switchesTelemetry(name string) bool {
	sure := false
	for word := range strings.SplitSeq(strings.ToUpper(name), "_") {
		sure = sure || oneOf(subjects, word)
		if !oneOf(subjects, word) && !oneOf(beside, word) {
			return false
		}
	}
	return sure
}

// oneOf reports whether a word is in a list of words.
func oneOf(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

const (
	// subjects are the words that say what is switched.
	subjects = `TELEMETRY NOTELEMETRY ANALYTICS NOANALYTICS TRACK TRACKING NOTRACK NOTRACKING USAGE OPTOUT OPTIN
		DISABLETELEMETRY ENABLETELEMETRY TELEMETRYOPTOUT`
	// beside are the words that stand beside them, and name nothing by themselves.
	beside = `NO NOT DO DISABLE DISABLED ENABLE ENABLED ALLOW ALLOWED SEND SHARE SKIP OPT OUT IN OFF ON ACTIVE
		DATA INFO ANON ANONYMOUS STATS STATISTICS REPORT REPORTS REPORTING METRICS COLLECT COLLECTION CONSENT PRIVACY DIAGNOSTICS`
)

// reads reports whether the catalogue lists the variable for the tool.
func (t *Tool) reads(variable string) bool {
	return slices.ContainsFunc(t.Env, func(v Variable) bool { return v.Name == variable })
}

// rivalIn finds a tool of the catalogue that has a part in a variable; nil if none has.
func rivalIn(tools []Tool, variable string, mine spelling) *Tool {
	prefix := variable[:mine.length]
	alike := func(v Variable) bool {
		return len(v.Name) >= len(prefix) && strings.EqualFold(v.Name[:len(prefix)], prefix)
	}
	named := func(command string) bool { return !spelled(command, variable).below(mine) }
	for i := range tools {
		t := &tools[i]
		if spelled(t.ID, variable).length > 0 || slices.ContainsFunc(t.Commands, named) || slices.ContainsFunc(t.Env, alike) {
			return t
		}
	}
	return nil
}

// spelling is how a variable's name begins with an ID.
type spelling struct {
	length int  // of the beginning, its last underscore included; 0 if it does not begin so
	joined bool // separators are left out
}

// below reports whether another spelling of the same variable is a better claim: it
// is longer, or it has the separators which this one has not.
func (s spelling) below(other spelling) bool {
	return s.length < other.length || s.length == other.length && s.joined && !other.joined
}

// spelled finds out how a variable's name begins with an ID and an underscore: with
// one underscore for each run of separators (MY_TOOL_ for my-tool), or without them
// (MYTOOL_). Before a digit, with which no name begins, is one more (_7ZIP_ for 7zip).
// Letter case does not count, because it does not on Windows.
func spelled(id, variable string) spelling {
	for _, joined := range []bool{false, true} {
		if n := begins(variable, id, joined); n > 0 {
			return spelling{n, joined}
		}
	}
	return spelling{}
}

// begins is the length of the ID and an underscore at the beginning of a variable's
// name; 0 if they are not there. It is asked for each variable and each tool.
func begins(variable, id string, joined bool) int {
	rest, ok := variable, true
	if startsWithDigit(id) {
		rest, ok = strings.CutPrefix(rest, "_")
	}
	for word := range strings.FieldsFuncSeq(id, separates) {
		if !ok || len(rest) < len(word) || !strings.EqualFold(rest[:len(word)], word) {
			return 0
		}
		rest = rest[len(word):]
		if !joined {
			rest, ok = strings.CutPrefix(rest, "_")
		}
	}
	if joined {
		rest, ok = strings.CutPrefix(rest, "_")
	}
	if !ok {
		return 0
	}
	return len(variable) - len(rest)
}

// usual is how the names of a tool's variables begin, for people.
func usual(id string) string {
	prefix := strings.ToUpper(strings.Join(strings.FieldsFunc(id, separates), "_")) + "_"
	if startsWithDigit(id) {
		return "_" + prefix
	}
	return prefix
}

// separates reports whether an ID's character parts words of it.
func separates(c rune) bool { return c == '.' || c == '-' || c == '_' }

func startsWithDigit(id string) bool { return id != "" && '0' <= id[0] && id[0] <= '9' }

// reserved reports whether no manifest gets variables whose names begin with this
// word. The list is a courtesy and no guard: it is not complete, and nothing rests on it.
func reserved(word string) bool { return oneOf(reservedWords, word) }

// reservedWords are those with which variables begin that are nobody's, or that belong
// to what is in environ(7), ld.so(8), bash(1), zsh(1), and the manuals of the programs.
const reservedWords = `
USAGECTL TELEMETRY ANALYTICS TRACKING TRACK USAGE STATS STATISTICS METRICS DIAGNOSTICS REPORT REPORTING COLLECT CONSENT PRIVACY
OPT OPTOUT OPTIN DO NO NOT DISABLE ENABLE ALLOW SKIP SEND USE ALL DEBUG LOG VERBOSE

SH BASH ZSH FISH KSH DASH CSH TCSH ASH BUSYBOX NU XONSH PWSH POWERSHELL PS PS1 PS2 PS4 CMD COMSPEC ENV IFS OPTIND
BASHOPTS SHELLOPTS COMP READLINE INPUTRC HIST HISTFILE HISTORY PROMPT PATH CDPATH FPATH MANPATH FIGNORE KEYTIMEOUT
HOME USER LOGNAME SHELL SHLVL LANG LANGUAGE LC TZ TERM TERMINFO TERMCAP COLORTERM COLUMNS LINES MAIL PWD OLDPWD TMP TMPDIR TEMP
EDITOR VISUAL PAGER BROWSER DISPLAY WAYLAND X XAUTHORITY XDG DBUS DESKTOP SESSION GDK GTK GIO GSETTINGS G QT KDE GNOME SDL PULSE PIPEWIRE
SSH GPG GNUPG SUDO DOAS PAM SYSTEMD JOURNAL NOTIFY LISTEN INVOCATION INIT WSL WSLENV
SYSTEM SYSTEMROOT WINDIR APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES PROCESSOR OS USERPROFILE USERNAME PATHEXT PSMODULEPATH
MSYS MINGW CYGWIN WINE WINEPREFIX

LD DYLD GLIBC LIBC MALLOC JEMALLOC MIMALLOC TCMALLOC GCONV NSS RES LOCALDOMAIN HOSTALIASES NIS OBJC
ASAN LSAN MSAN TSAN UBSAN GCOV LLVM GODEBUG VALGRIND GDB

PYTHON PYTHON2 PYTHON3 PY PYPI PIP PIPX PIPENV UV POETRY PDM HATCH RYE CONDA MAMBA MICROMAMBA VIRTUALENV VIRTUAL VENV PYENV TWINE
SETUPTOOLS DISTUTILS PYTEST TOX NOX COVERAGE MYPY RUFF JUPYTER IPYTHON DJANGO FLASK CELERY NUMBA NUMPY
PERL PERL5 PERL5LIB PERL5OPT PERLDB CPAN PROVE RUBY RUBYOPT RUBYLIB GEM BUNDLE BUNDLER RAILS RAKE RBENV RVM
NODE NODEJS NPM NPX NVM FNM VOLTA YARN PNPM BUN DENO COREPACK TS TSX WEBPACK VITE BABEL JEST ESLINT PLAYWRIGHT CYPRESS ELECTRON
JAVA JDK JRE JVM JAVAC MAVEN MVN GRADLE ANT SBT SDKMAN KOTLIN SCALA CLOJURE GROOVY SPRING CATALINA TOMCAT CLASSPATH
DOTNET COMPLUS CORECLR CORHOST NUGET MSBUILD ASPNETCORE MONO GO GOENV CGO GOPROXY RUST RUSTC RUSTUP RUSTDOC CARGO
PHP COMPOSER XDEBUG LUA LUAROCKS R RSTUDIO RENV JULIA ERL ELIXIR MIX HEX REBAR3 GHC HASKELL STACK CABAL GHCUP OCAML OPAM DUNE
SWIFT XCODE DART FLUTTER PUB ZIG NIM CRYSTAL TCL GUILE SBCL RACKET OCTAVE MATLAB TEX TEXMF

GIT GH GITHUB GLAB GITLAB GITEA HG SVN CVS BZR JJ P4 LFS
MAKE GNUMAKE MAKEFLAGS CMAKE CTEST CPACK NINJA MESON BAZEL BAZELISK SCONS CC CXX CPP GCC CLANG CL LINK NM AR CCACHE SCCACHE DISTCC ICECC
PKG PKGCONF LIBTOOL AUTOCONF AUTOMAKE ACLOCAL M4 SPACK EASYBUILD MODULE MODULES LMOD ASDF MISE DIRENV
APT APTITUDE DPKG DEB DEBIAN DEBCONF NEEDRESTART UCF RPM DNF YUM ZYPP ZYPPER PACMAN MAKEPKG APK PORTAGE EMERGE NIX NIXOS NIXPKGS GUIX
SNAP FLATPAK APPIMAGE HOMEBREW BREW MACPORTS WINGET SCOOP CHOCOLATEY

LESS LESSOPEN MORE MAN GROFF GREP EGREP LS EZA TAR GZIP BZIP BZIP2 XZ ZSTD ZIP UNZIP CURL WGET RSYNC RCLONE RESTIC BORG TMUX SCREEN STARSHIP
TIME DATE BLOCK BLOCKSIZE DU DF POSIXLY DIFF PATCH FZF BAT RIPGREP RG FD JQ YQ AWK GAWK SED VIM NVIM EMACS NANO HELIX VSCODE CODE
HTTP HTTPS FTP RSH SOCKS PROXY SSL OPENSSL TLS SSLKEYLOGFILE GNUTLS REQUESTS KRB5 KRB5CCNAME P11 PKCS11 LDAP TSS TPM2

AWS AZURE AZ ARM GOOGLE GCLOUD GCP CLOUDSDK BOTO OCI DIGITALOCEAN HCLOUD LINODE ALIBABA IBM IBMCLOUD
DOCKER COMPOSE BUILDKIT BUILDX BUILDAH PODMAN SKOPEO CONTAINER CONTAINERD CONTAINERS CRI NERDCTL LXC LXD INCUS QEMU LIBVIRT
KUBE KUBECTL KUBECONFIG KUBERNETES K3S K9S HELM MINIKUBE KIND ETCD ETCDCTL ISTIO OC OPENSHIFT ARGOCD FLUX
TF TERRAFORM TOFU TERRAGRUNT VAULT CONSUL NOMAD PACKER VAGRANT ANSIBLE PULUMI CHEF PUPPET SALT
CI RUNNER ACTIONS JENKINS HUDSON TRAVIS CIRCLE CIRCLECI BUILDKITE APPVEYOR BITBUCKET DRONE TEAMCITY AGENT CODEBUILD CIRRUS
SLURM SBATCH SRUN SALLOC SQUEUE PBS TORQUE LSF LSB SGE CONDOR PMI PMIX PRTE OMPI MPI MPICH MV2 I FI UCX HCOLL
OMP GOMP KMP MKL OPENBLAS BLIS NUMEXPR CUDA NVIDIA NV NVCC NCCL CUDNN HIP ROCM ROCR HSA GPU ONEAPI SYCL TORCH PYTORCH XLA JAX KERAS
HF TRANSFORMERS WANDB MLFLOW RAY SPARK PYSPARK HADOOP HDFS FLINK DASK APPTAINER SINGULARITY
PG POSTGRES POSTGRESQL MYSQL MARIADB MONGO MONGODB REDIS SQLITE ORACLE MSSQL SQLCMD ELASTIC KAFKA CASSANDRA NEO4J
OTEL DD DATADOG SENTRY NEWRELIC PROMETHEUS GRAFANA LOKI JAEGER ZIPKIN STATSD HONEYCOMB`
