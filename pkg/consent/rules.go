package consent

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// A rule is one row of the table.
type rule struct {
	name   Rule
	about  func(*question) bool   // the tools that it is about
	answer Answer                 // what it says, if it says something
	says   func(*question) string // why, for people; "" if it is silent
}

// rules is the table of the design's section "Consent", row by row. The first row
// that is not silent decides; all that switch off come before all that switch on.
func rules() [15]rule {
	return [...]rule{
		{DoNotTrack, everyTool, Off, doNotTrack},           // DO_NOT_TRACK is set to anything but a word for no
		{UsagectlEnv, everyTool, Off, usagectlEnv},         // USAGECTL_TELEMETRY is a word for no
		{ToolEnv, everyTool, Off, toolEnvRefusal},          // one of the tool's own variables refuses
		{Dotenv, everyTool, Off, dotenvFileRefusal},        // the same, in a .env file
		{System, everyTool, Off, systemRefusal},            // the machine refuses all tools, or this one
		{User, everyTool, Off, userRefusal},                // the person refuses this tool, or all and has not agreed to it since
		{Unreadable, everyTool, Off, unreadable},           // a consent file, or a mark, cannot be relied on
		{NotYourHome, everyTool, Off, foreignHome},         // root in somebody else's home
		{EndpointChanged, everyTool, Off, endpointChanged}, // the manifest's endpoint is not the one agreed to
		{CI, everyTool, Off, inCI},                         // a CI system, and nobody agreed
		{Undecided, optInTools, Off, undecided},            // nobody agreed
		{Notice, optOutTools, Off, unnoticed},              // nobody agreed, or has seen the notice

		{ByGrant, everyTool, On, granted},      // the person agreed
		{ByEnv, everyTool, On, grantedByEnv},   // one of the tool's own variables agrees
		{ByNotice, everyTool, On, wasNotified}, // the person has seen the notice of an opt-out tool
	}
}

// A question is what the rules look at.
type question struct {
	Facts
	tool     manifest.ID
	manifest *manifest.Manifest // nil if the tool has none
	given    Decision           // the person's about this tool; the zero value if it cannot be read
}

func newQuestion(id manifest.ID, m *manifest.Manifest, f Facts) *question {
	q := &question{Facts: f, tool: id, manifest: m}
	if f.Tool.Problem == "" {
		q.given = f.Tool.Decision
	}
	return q
}

func (q *question) granted() bool  { return q.given.State == Granted }
func (q *question) notified() bool { return q.given.State == Notified }
func (q *question) optOut() bool {
	return q.manifest != nil && q.manifest.Consent.Default == manifest.OptOut
}

// terms is what the yes is for: what the person agreed to or was told, and else, by
// a variable, what there is at the lowest level.
func (q *question) terms() Terms {
	if q.granted() || q.notified() && q.optOut() {
		return agreed(q.given).clone() // whoever gathered the facts can still change them
	}
	return Offer(q.manifest, 1)
}

func everyTool(*question) bool     { return true }
func optOutTools(q *question) bool { return q.optOut() }
func optInTools(q *question) bool  { return !q.optOut() }

// negative reports whether a value is one of the words that mean no in DO_NOT_TRACK and USAGECTL_TELEMETRY.
func negative(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "0", "false", "no", "off":
		return true
	}
	return false
}

func doNotTrack(q *question) string {
	value := q.DoNotTrack
	if strings.TrimSpace(value) == "" || negative(value) {
		return ""
	}
	return "DO_NOT_TRACK is set to " + manifest.Quote(value)
}

func usagectlEnv(q *question) string {
	value := q.UsagectlTelemetry
	if !negative(value) {
		return ""
	}
	return "USAGECTL_TELEMETRY is set to " + manifest.Quote(value)
}

func toolEnvRefusal(q *question) string { return q.EnvRefusal }

func dotenvFileRefusal(q *question) string { return q.DotenvRefusal }

func systemRefusal(q *question) string { return refusedByMachine(q.tool, q.System...) }

func refusedByMachine(id manifest.ID, files ...Statement) string {
	for _, r := range files {
		if r.Decision.concerns(id, Decision{}) {
			return "refused for this machine in " + r.Path
		}
	}
	return ""
}

func userRefusal(q *question) string { return refusedByPerson(q.tool, q.All, q.Tool) }

func refusedByPerson(id manifest.ID, all, tool Statement) string {
	switch {
	case all.Decision.concerns(id, tool.Decision):
		return "you refused all tools" + dated(all.Decision) + placed(all)
	case tool.Decision.State == Refused:
		return "you refused" + dated(tool.Decision) + placed(tool)
	}
	return ""
}

// placed says where a decision is, if it is not where decisions are recorded now.
func placed(r Statement) string {
	if !r.Usual {
		return ""
	}
	return ", in " + r.Path
}

func dated(d Decision) string {
	if d.At.IsZero() {
		return ""
	}
	return " on " + d.At.Format("2006-01-02")
}

func unreadable(q *question) string {
	return cmp.Or(firstProblem(q.System...), firstProblem(q.All, q.Tool), q.MarkProblem)
}

func firstProblem(files ...Statement) string {
	for _, r := range files {
		switch {
		case r.Problem != "" && r.Path == "":
			return r.Problem
		case r.Problem != "":
			return r.Path + ": " + r.Problem
		}
	}
	return ""
}

func foreignHome(q *question) string {
	if q.ForeignHome == "" {
		return ""
	}
	return "root in somebody else's home, " + q.ForeignHome
}

func endpointChanged(q *question) string {
	if q.manifest == nil || !q.granted() && !q.notified() || q.given.Endpoint == q.manifest.Send.Endpoint {
		return ""
	}
	said := "you agreed to"
	if q.notified() {
		said = "you were told of"
	}
	return fmt.Sprintf("%s %s, now it is %s", said, secret.URL(q.given.Endpoint), secret.URL(q.manifest.Send.Endpoint))
}

func inCI(q *question) string {
	if q.CI == "" || q.granted() || q.EnvGrant != "" {
		return ""
	}
	return fmt.Sprintf("this is a CI system (%s) and nobody has said yes", q.CI)
}

func undecided(q *question) string {
	switch {
	case q.manifest == nil:
		return "no manifest is known, so there is nothing to agree to"
	case q.granted() || q.EnvGrant != "":
		return ""
	case q.Asked:
		return "you were asked, and have not answered yet"
	}
	return "you have not been asked yet"
}

func unnoticed(q *question) string {
	if q.granted() || q.notified() || q.EnvGrant != "" {
		return ""
	}
	return "you have not seen its notice yet"
}

func granted(q *question) string {
	if !q.granted() {
		return ""
	}
	detail, level := "you agreed"+dated(q.given), q.given.Level
	if m := q.manifest; m != nil && len(m.Consent.Levels) > 1 && level >= 1 && level <= len(m.Consent.Levels) {
		detail += fmt.Sprintf(" to level %d (%s)", level, m.Consent.Levels[level-1])
	}
	return detail
}

func grantedByEnv(q *question) string { return q.EnvGrant }

func wasNotified(q *question) string {
	if !q.notified() || !q.optOut() {
		return ""
	}
	return "you were told" + dated(q.given)
}
