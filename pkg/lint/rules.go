package lint

// Rule is a kind of advice.
type Rule struct {
	Code  string // stable: scripts and people name it
	Short string // what it finds, in a line of a help page
	About string // what it finds, for people; code between backquotes
	Fix   string // one thing to do about it
}

// The codes of advice.
const (
	FreeText           = "free-text"
	AnyJSON            = "any-json"
	VaguePurpose       = "vague-purpose"
	OptOut             = "opt-out"
	NoDeletion         = "no-deletion"
	NoRetention        = "no-retention"
	NoPrivacyPage      = "no-privacy-page"
	NoContact          = "no-contact"
	EnvCannotSet       = "env-cannot-set"
	GrantWithoutRefuse = "grant-without-refuse"
	UnusedLevel        = "unused-level"
	Unencrypted        = "unencrypted"
)

// Rules lists all advice that there is.
func Rules() []Rule {
	return []Rule{
		{FreeText, `a string from the caller can be any text`, "A `string` or `strings` from the caller that can be a path, a mail address or a person's name: there is no `enum`, and no `pattern` that stops them. `max_len` does not stop them.", "list the values in `enum`, or allow only what is needed with `pattern`"},
		{AnyJSON, `a value from the caller can be any JSON`, "A `json` from the caller, which can be anything.", "declare a field for each value in it"},
		{VaguePurpose, `a purpose does not say why`, "A purpose that does not say why: fewer than four words, or nothing but the name and words such as analytics, telemetry and improve.", "say what you decide by it"},
		{OptOut, `telemetry is on until the person refuses`, "Telemetry is on until the person refuses.", "use `default = \"opt-in\"`"},
		{NoDeletion, `an ID is sent, and nobody can have data deleted`, "A source ID or a hash is sent, and nobody can have the data deleted.", "add a `[forget]` with `http`, `mail` or `event`"},
		{NoRetention, `nothing says how long data is kept`, "Nothing says how long data is kept.", "add `retention` to `[tool]`"},
		{NoPrivacyPage, `no page tells people what is collected`, "There is no page that tells people what is collected.", "add `privacy` to `[tool]`"},
		{NoContact, `nobody is named whom people can ask`, "Nobody is named whom people can ask.", "add `contact` to `[tool]`"},
		{EnvCannotSet, `"usagectl env" does not set a variable that refuses`, "`usagectl env` does not set a variable in `refuse`.", "name it after the tool, as `MYTOOL_NO_TELEMETRY`"},
		{GrantWithoutRefuse, `a variable can say yes, none can say no`, "A variable can say yes, and none can say no.", "add the variable that says no to `refuse`"},
		{UnusedLevel, `no event and no field has a level`, "A level that no event and no field has.", "remove it, or give it to what it is for"},
		{Unencrypted, `UDP can be read by everybody on the way`, "UDP to another machine, which everybody on the way can read.", "use `http` with https"},
	}
}

// fixOf is what to do about advice of a code.
func fixOf(code string) string {
	for _, r := range Rules() {
		if r.Code == code {
			return r.Fix
		}
	}
	return ""
}
