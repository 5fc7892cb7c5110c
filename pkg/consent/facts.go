package consent

import (
	"os"
	"path/filepath"

	"github.com/usagectl/usagectl/internal/ci"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Env looks an environment variable up.
type Env func(name string) (value string, set bool)

// Facts is everything that the rules look at besides the manifest. It is plain
// data, so that [Decide] can be tried with all of it.
type Facts struct {
	DoNotTrack        string // the value of DO_NOT_TRACK
	UsagectlTelemetry string // the value of USAGECTL_TELEMETRY
	EnvRefusal        string // which of the tool's own variables refuses, and how; "" if none does
	EnvGrant          string // which of them grants
	DotenvRefusal     string // which variable in which .env file refuses
	System            []Statement
	All               Statement // the person's, about all tools
	Tool              Statement // the person's, about this tool
	Asked             bool      // the person was asked about this tool, and has not decided
	MarkProblem       string    // why it cannot be told when a refusal was in force last; "" if it can
	ForeignHome       string    // the home, if root works in somebody else's
	CI                string    // the CI system's vendor, or ""
}

// Gather collects the facts about a tool. m is nil for a tool without a
// manifest, a nil env is an empty environment, and workDir is where the search for .env
// files begins. It reads files and changes nothing.
func Gather(id manifest.ID, m *manifest.Manifest, env Env, d dirs.Dirs, workDir string) Facts {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	var f Facts
	f.DoNotTrack, _ = env("DO_NOT_TRACK")
	f.UsagectlTelemetry, _ = env("USAGECTL_TELEMETRY")
	if m != nil {
		f.EnvRefusal, f.EnvGrant = toolEnv(m.Consent, env)
		if m.Consent.Dotenv && workDir != "" {
			f.DotenvRefusal = dotenvRefusal(workDir, m.Consent.Refuse, env)
		}
	}
	for _, dir := range d.SystemConsent() {
		if missing(dir) {
			continue
		}
		f.System = append(f.System, readFile(fileIn(dir, manifest.ID{}), true, statefile.OwnOrRoots), readSystemTool(dir, id))
	}
	f.All, f.Tool = readUserBoth(d, id)
	f.Asked = f.Tool.Decision.State == "" && f.Tool.Problem == "" && asked(d, id)
	if _, err := RefusedAt(d, id); err != nil {
		f.MarkProblem = err.Error()
	}
	f.ForeignHome = ForeignHome(d)
	f.CI = ci.Detect(env)
	return f
}

// readUser reads the person's word on a tool; the zero ID stands for all of them. Where
// nothing is said in the directory of decisions, a refusal in the usual place counts, from
// which a variable moved that directory: whoever refused knew nothing of the variable.
func readUser(d dirs.Dirs, id manifest.ID) Statement {
	r := readOwn(d, id)
	if r.Problem == "" && r.Decision.State == "" {
		return readUsual(d, id, r)
	}
	return r
}

// readOwn reads what is said in the directory of decisions, where new ones are recorded.
// Where others can write the directory they decide which of the person's
// files are there, so none of them counts.
func readOwn(d dirs.Dirs, id manifest.ID) Statement {
	dir, flaw := userDir(d)
	if dir == "" {
		return flaw
	}
	return readFile(fileIn(dir, id), id.IsZero(), statefile.Own)
}

// readUsual reads a refusal in the usual place, and is silence if there is none. That
// nobody can look there counts only where no decisions were ever recorded in the other
// place: a service whose home is closed to it has its own.
func readUsual(d dirs.Dirs, id manifest.ID, silence Statement) Statement {
	dir := d.UsualConsent()
	if dir == "" || missing(dir) {
		return silence
	}
	r := ownFlaw(dir)
	if r.Problem == "" {
		r = readFile(fileIn(dir, id), id.IsZero(), statefile.Own)
	}
	r.Usual = true
	if r.Decision.State == Refused || r.Problem != "" && unused(d) {
		return r
	}
	return silence
}

// unused reports whether no decisions were ever recorded where they would be now.
func unused(d dirs.Dirs) bool { return missing(d.UserConsent()) }

// readUserBoth is [readUser] of all tools and of one, which looks at the directory once.
func readUserBoth(d dirs.Dirs, id manifest.ID) (all, tool Statement) {
	if d.UsualConsent() != "" {
		return readUser(d, manifest.ID{}), readUser(d, id)
	}
	dir, flaw := userDir(d)
	if dir == "" {
		return flaw, flaw
	}
	return readFile(fileIn(dir, manifest.ID{}), true, statefile.Own), readFile(fileIn(dir, id), id.IsZero(), statefile.Own)
}

// userDir is the directory of the person's decisions; "" if it is not known, or if what
// is in it does not count, as the statement says. Where nobody can look there may be a
// refusal.
func userDir(d dirs.Dirs) (dir string, flaw Statement) {
	dir = d.UserConsent()
	if dir == "" {
		return "", Statement{Problem: "what you decided is not known: " + ErrNoConfigHome.Error()}
	}
	if flaw = ownFlaw(dir); flaw.Problem != "" {
		return "", flaw
	}
	return dir, Statement{}
}

// ownFlaw says why a directory of the person's decisions cannot be relied on; the zero
// value if it can.
func ownFlaw(dir string) Statement {
	for _, dir := range []string{filepath.Dir(dir), dir} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			if err := statefile.Own(info); err != nil {
				return Statement{Path: dir, Problem: problem(err)}
			}
		}
	}
	return Statement{}
}

// missing reports whether a directory of decisions is not there, so that nothing in it has
// to be looked for. That is so below a base directory that is none, such as /dev/null in
// $XDG_CONFIG_DIRS; what stands in the place of the directory itself may mean something.
func missing(dir string) bool {
	if _, err := os.Stat(dir); !statefile.NotThere(err) || statefile.Absent(dir) != nil {
		return false
	}
	parent, err := os.Stat(filepath.Dir(dir))
	return statefile.NotThere(err) || err == nil && parent.IsDir()
}

// readSystemTool reads the machine's word on one tool. It can only refuse, so
// whatever else it says counts as silence.
func readSystemTool(dir string, id manifest.ID) Statement {
	r := readFile(fileIn(dir, id), false, statefile.OwnOrRoots)
	if r.Decision.State != Refused {
		r.Decision = Decision{}
	}
	return r
}

func toolEnv(c manifest.Consent, env Env) (refusal, grant string) {
	for _, r := range c.Refuse {
		if value, ok := env(r.Env); ok && refusal == "" && r.Refuses(value) {
			refusal = r.Describe(value)
		}
	}
	for _, r := range c.Grant {
		if value, ok := env(r.Env); ok && grant == "" && r.Grants(value) {
			grant = r.Describe(value)
		}
	}
	return refusal, grant
}
