package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// EnvRule is a tool's own rule about one of its environment variables.
type EnvRule struct {
	Env    string
	When   string // the rule holds if the variable is this, or is set at all for [Present]
	Unless string // the rule holds if the variable is set to anything else, if HasUnless
	// HasUnless tells an Unless that is the empty string from none.
	HasUnless bool
}

// Present as [EnvRule.When]: the variable is set, to whatever, the empty string included.
const Present = "present"

// Refuses reports whether the rule, as a refusal, holds for a variable that has
// this value. Case does not count for When, because some tools fold it and
// refusing too much harms nobody.
func (r EnvRule) Refuses(value string) bool {
	switch {
	case r.HasUnless:
		return value != r.Unless
	case r.When == Present:
		return true
	}
	return strings.EqualFold(value, r.When)
}

// Grants reports whether the rule, as a grant, holds for a variable that has this
// value. A grant is taken to the letter; for [Present] it takes a word that means
// yes, because a variable can be there for another reason; "unless" grants nothing.
func (r EnvRule) Grants(value string) bool {
	switch {
	case r.HasUnless:
		return false
	case r.When == Present:
		return meansYes(value)
	}
	return value == r.When
}

// meansYes reports whether a value is one of the words with which people say yes.
func meansYes(value string) bool {
	yes := []string{"1", "true", "yes", "on", "y", "t", "enable", "enabled"}
	return slices.Contains(yes, strings.ToLower(strings.TrimSpace(value)))
}

// meansNo reports whether a value is one of the words with which people say no.
func meansNo(value string) bool {
	no := []string{"", "0", "false", "no", "off", "n", "f", "none", "never", "disable", "disabled"}
	return slices.Contains(no, strings.ToLower(strings.TrimSpace(value)))
}

// Plain reports whether the values of the rule are plain words, of up to 32 letters,
// digits, hyphens, underscores and full stops. The empty string is one.
func (r EnvRule) Plain() bool {
	odd := func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.')
	}
	plain := func(value string) bool { return len(value) <= 32 && !strings.ContainsFunc(value, odd) }
	return plain(r.When) && plain(r.Unless)
}

// AboutTelemetry reports whether the name of a variable, or a part of it, says that it
// is about telemetry, in any case. It does not say about whose.
func AboutTelemetry(name string) bool {
	name = strings.ToUpper(name)
	return slices.ContainsFunc(telemetryWords(), func(word string) bool { return strings.Contains(name, word) })
}

// telemetryWords are those of which the names of variables about telemetry hold one.
func telemetryWords() []string {
	return []string{"TELEMETRY", "TRACK", "ANALYTICS", "USAGE", "STATS", "STATISTICS", "METRICS", "DIAGNOSTICS", "REPORT", "COLLECT", "CONSENT", "PRIVACY", "OPT_OUT", "OPTOUT", "OPT_IN", "OPTIN"}
}

// saysNo reports whether the name of a variable says that whoever sets it does not want something, as
// NO_ANALYTICS, DISABLE_TELEMETRY and TELEMETRY_OPTOUT do.
func saysNo(name string) bool {
	name = strings.ToUpper(name)
	joined := strings.ReplaceAll(name, "_", "")
	anywhere := []string{"DISABLE", "OPTOUT", "OPTEDOUT", "OPTSOUT", "OPTINGOUT", "DONOT", "DONTTRACK", "DECLINE", "BYPASS", "UNSUBSCRIBE"}
	no := []string{
		"NO", "NOT", "NON", "NEVER", "WITHOUT", "DONT", "DNT", "OFF", "SKIP", "STOP", "BLOCK", "DENY", "DENIED", "HIDE", "MUTE", "IGNORE",
		"EXCLUDE", "PREVENT", "PROHIBIT", "FORBID", "REFUSE", "REFUSED", "REJECT", "SUPPRESS", "AVOID", "REVOKE", "WITHDRAW", "UNSET", "ANTI",
		"KILL", "CANCEL", "OMIT", "DROP", "QUIT", "EXIT", "LEAVE", "FORGO", "PRIVATE", "INCOGNITO", "ANONYMOUS", "OBJECT", "OUT",
	}
	return slices.ContainsFunc(strings.Split(name, "_"), func(word string) bool {
		rest, negated := strings.CutPrefix(word, "NO")
		before, off := strings.CutSuffix(word, "OFF")
		return slices.Contains(no, word) || negated && AboutTelemetry(rest) || off && AboutTelemetry(before)
	}) || slices.ContainsFunc(anywhere, func(part string) bool { return strings.Contains(joined, part) })
}

// Describe says which value of the variable made the rule hold, for people.
func (r EnvRule) Describe(value string) string {
	return fmt.Sprintf("%s is set to %s", r.Env, Quote(value))
}
