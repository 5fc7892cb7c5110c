package manifest

import "slices"

// The keys of a manifest are listed here and nowhere else. The reader takes the words, the bounds and
// the conditions from the table, and a test holds that it asks for these names and types and for no
// others; docs/manifest.schema.json and docs/manifest.md are made from it.

// KeyTable is a table of a manifest, and what can be in it.
type KeyTable struct {
	Name     string // "consent.refuse"; "" for the file itself
	List     bool   // a list of such tables, of at most 1000
	Required bool
	// OneOf are keys of which exactly one has to be there, where the condition holds if there is one.
	OneOf     []string
	OneOfWith *Condition
	Keys      []Key
}

// Key is one key of a table.
type Key struct {
	Name     string
	Type     KeyType
	Words    []Word // the only values, if there are any
	Min, Max int    // bounds of an integer, or of the length of a list; no bounds if both are 0
	Pattern  string // a regular expression for the string, or "". It takes all that the reader takes
	Required bool   // it has to be there, where the conditions in With hold
	// RequiredWith is where a key has to be there that can be there elsewhere too; nil if there is no such place.
	RequiredWith *Condition
	Default      string // the value that it has if it is left out, as TOML has it; "" if there is none to name
	With         []Condition
	About        string // a sentence or more for people, with code between backquotes
}

// Condition says that a key goes with some words of another key of the same table alone.
type Condition struct {
	Key   string
	Words []string
}

// Word is a word that a key takes.
type Word struct{ Name, About string }

// KeyType is what kind of value a key takes.
type KeyType string

// The types of keys.
const (
	KeyString  KeyType = "a string"
	KeyText    KeyType = "a text" // a string that is not blank
	KeyBool    KeyType = "a boolean"
	KeyInt     KeyType = "an integer"
	KeyNumber  KeyType = "a number"
	KeyStrings KeyType = "a list of strings"
	KeyWords   KeyType = "a list of strings or integers"
	KeyHeaders KeyType = "a table of strings"
	KeyAny     KeyType = "any value" // but no date or time
)

// Keys returns the tables of a manifest, in the order of its documentation. They are shared: nobody
// may change them.
func Keys() []KeyTable { return keyTables }

// keysOf are the keys of a table, by its path.
func keysOf(path string) []Key {
	i := slices.IndexFunc(keyTables, func(t KeyTable) bool { return t.Name == path })
	return keyTables[i].Keys
}

// keyIn is the key of a table, which has to be there.
func keyIn(path, name string) *Key {
	keys := keysOf(path)
	return &keys[slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })]
}

// wordsOf are the values that a key of a table takes.
func wordsOf(path, key string) []string {
	spec := keyIn(path, key)
	words := make([]string, len(spec.Words))
	for i, w := range spec.Words {
		words[i] = w.Name
	}
	return words
}

// strays lists the keys of a table that are there although another key, whose word is given, has none
// with which they go.
func strays(t *table, other, given string) []string {
	var list []string
	for _, key := range keysOf(t.Path()) {
		apart := func(c Condition) bool { return c.Key == other && !slices.Contains(c.Words, given) }
		if t.Has(key.Name) && slices.ContainsFunc(key.With, apart) {
			list = append(list, key.Name)
		}
	}
	return list
}

// depend lists the keys of a table that go with some words of another one only.
func depend(t *table, other string) []string {
	var list []string
	for _, key := range keysOf(t.Path()) {
		if slices.ContainsFunc(key.With, func(c Condition) bool { return c.Key == other }) {
			list = append(list, key.Name)
		}
	}
	return list
}

const (
	webPageStart = `^$|^[Hh][Tt][Tt][Pp][Ss]?://`
	envName      = `^[A-Za-z_][A-Za-z0-9_]*$`
)

var keyTables = []KeyTable{
	{
		Keys: []Key{
			{Name: "schema", Type: KeyInt, Min: Schema, Max: Schema, Required: true, About: "The version of the format. It must be there, before anything else. Of a file with a higher number only that is reported: a newer version reads it."},
		},
	},
	{
		Name: "tool", Required: true,
		Keys: []Key{
			{Name: "id", Type: KeyText, Pattern: `^[a-z0-9][a-z0-9._-]{0,63}$`, Required: true, About: "The tool's ID: a lower-case letter or digit and then up to 63 of `a-z`, `0-9`, `.`, `_` and `-`. `all` is reserved."},
			{Name: "name", Type: KeyString, About: "What people call the tool; the ID if left out."},
			{Name: "homepage", Type: KeyString, Pattern: webPageStart, About: "The address of the tool's web page."},
			{Name: "privacy", Type: KeyString, Pattern: webPageStart, About: "The address of the web page that tells people what is collected."},
			{Name: "contact", Type: KeyString, About: "Whom people can ask."},
			{Name: "purpose", Type: KeyText, Required: true, About: "Why the tool collects data at all, in plain words."},
			{Name: "retention", Type: KeyString, About: "How long collected data is kept, in plain words."},
		},
	},
	{
		Name: "consent",
		Keys: []Key{
			{
				Name: "default", Type: KeyString, Default: "opt-in", About: "What holds for a person who has not decided.",
				Words: []Word{{string(OptIn), "nothing is sent before the person agreed"}, {string(OptOut), "nothing is sent before the person saw the notice, and then until they refuse"}},
			},
			{Name: "levels", Type: KeyStrings, Min: 1, Max: maxLevels, About: "The names of up to nine levels, the first one being level 1. There is one level if this is left out."},
			{Name: "dotenv", Type: KeyBool, Default: "false", About: "`true` looks for the refusals in `.env` files too, from the working directory upwards, and reads them as python-dotenv does; `${NAME}` in a value is not replaced. A file that cannot be read, or is not UTF-8, refuses."},
		},
	},
	{
		Name: "consent.refuse", List: true, OneOf: []string{"when", "unless"},
		Keys: []Key{
			{Name: "env", Type: KeyText, Pattern: envName, Required: true, About: "The variable that says no."},
			{Name: "when", Type: KeyString, About: "It refuses if it is set to this, in any case. `present`: if it is set to anything, even nothing."},
			{Name: "unless", Type: KeyString, About: "It refuses if it is set to anything else."},
		},
	},
	{
		Name: "consent.grant", List: true,
		Keys: []Key{
			{Name: "env", Type: KeyText, Pattern: envName, Required: true, About: "The variable that says yes, to level 1. Its name holds one of the words TELEMETRY, TRACK, ANALYTICS, USAGE, STATS, STATISTICS, METRICS, DIAGNOSTICS, REPORT, COLLECT, CONSENT, PRIVACY, OPT_IN and OPTIN, and does not begin with USAGECTL_, so that nobody agrees by having a home. A name with a word that says no, such as NO, DISABLE, SKIP, OFF or OPT_OUT, is refused, as far as such words are known here."},
			{Name: "when", Type: KeyString, Required: true, About: "It agrees if it is set to this, to the letter. A word that means no is refused, and `present` is any word that means yes."},
		},
	},
	{
		Name: "identity",
		Keys: []Key{
			{
				Name: "kind", Type: KeyString, Default: "random", About: "What stands for one person's install of the tool.",
				Words: []Word{{"random", "a random source ID"}, {"none", "nothing: there is no source ID"}},
			},
			{Name: "path", Type: KeyString, Pattern: `^$|^~/[^/\\:]+(/[^/\\:]+)+$`, About: "The file of the source ID, `~/.ID/source` if left out, in a directory of its own in the home."},
			{Name: "env", Type: KeyString, Pattern: `^$|` + envName, About: "A variable that replaces the directory of the file, as Flower reads `FLWR_HOME`: a relative one begins at the working directory, `~` in it is a name like any other, and an empty one is none."},
		},
	},
	{
		Name: "send", Required: true, OneOf: []string{"write_key", "write_key_env"}, OneOfWith: &Condition{"transport", []string{string(Segment)}},
		Keys: []Key{
			{
				Name: "transport", Type: KeyString, Required: true, About: "How a payload travels; a table below has more on each.",
				Words: []Word{
					{string(HTTP), "posts the document"},
					{string(UDP), "sends it in a datagram"},
					{string(OTLP), "posts a span or a log record made of it"},
					{string(Segment), "posts a track message made of it"},
					{string(File), "appends it as a line to a file"},
				},
			},
			{Name: "endpoint", Type: KeyText, Required: true, About: "Where it goes. For `http`, `otlp` and `segment` an address that is https, or http to this machine, with neither a user nor a fragment; for `udp` `host:port`, which may be written `udp://host:port`; for `file` a path, `~/…` or absolute, whose name ends in `.jsonl`, `.ndjson`, `.log` or `.txt`."},
			{Name: "headers", Type: KeyHeaders, With: []Condition{{"transport", []string{string(HTTP)}}}, About: "HTTP headers, as `{Name = \"value\"}`. `{field}` in a value stands for what the payload holds for that field, and a header whose field is not in the payload is left out. `Host` and the other headers that HTTP or a connection needs (`Connection`, `Keep-Alive`, `Proxy-Connection`, `Content-Length` and so on) cannot be set."},
			{Name: "prefix", Type: KeyString, With: []Condition{{"transport", []string{string(UDP)}}}, About: "What comes before the document in the datagram."},
			{
				Name: "signal", Type: KeyString, Default: "traces", With: []Condition{{"transport", []string{string(OTLP)}}}, About: "What is made of the document.",
				Words: []Word{{"traces", "a span"}, {"logs", "a log record"}},
			},
			{Name: "write_key", Type: KeyString, Pattern: `^[\s\S]`, With: []Condition{{"transport", []string{string(Segment)}}}, About: "The write key. One of `write_key` and `write_key_env` must be there."},
			{Name: "write_key_env", Type: KeyString, Pattern: envName, With: []Condition{{"transport", []string{string(Segment)}}}, About: "A variable that holds the write key, with `WRITE_KEY` or `SEGMENT` in its name."},
			{
				Name: "auth", Type: KeyString, Default: "basic", With: []Condition{{"transport", []string{string(Segment)}}}, About: "Where the write key is sent.",
				Words: []Word{{"basic", "in the header `Authorization`"}, {"body", "in the document"}},
			},
		},
	},
	{
		Name: "forget",
		Keys: []Key{
			{
				Name: "method", Type: KeyString, Default: "none", About: "How the tool takes deletion requests.",
				Words: []Word{
					{string(ForgetNone), "it takes none"},
					{string(ForgetHTTP), "a JSON document is posted"},
					{string(ForgetMail), "the person writes a mail"},
					{string(ForgetEvent), "an event is sent by the tool's own transport"},
				},
			},
			{Name: "endpoint", Type: KeyText, Required: true, With: []Condition{{"method", []string{string(ForgetHTTP)}}}, About: "The address to which requests are posted, by the rules of `[send] endpoint`. [collecting.md](collecting.md) tells how to answer them."},
			{Name: "mail", Type: KeyText, Required: true, With: []Condition{{"method", []string{string(ForgetMail)}}}, About: "The mail address to write to."},
			{Name: "event", Type: KeyText, Required: true, With: []Condition{{"method", []string{string(ForgetEvent)}}}, About: "A declared event that has a field from `identity.source`. That event is the deletion request: `usagectl forget` alone sends it, nobody has to agree to it, and of its fields only those from `identity.source`, `event.name`, `event.id`, `time.now` and `const` are in it."},
		},
	},
	{
		Name: "exec",
		Keys: []Key{
			{Name: "start", Type: KeyText, Required: true, About: "The event for the start of a command."},
			{Name: "end", Type: KeyText, Required: true, About: "The event for its end."},
			{Name: "exit_code", Type: KeyString, About: "The field of the end, an `int`, that takes the exit code."},
			{Name: "duration", Type: KeyString, About: "The field of the end, an `int` or a `float`, that takes the seconds."},
			{Name: "signal", Type: KeyString, About: "The field of the end, a `string` (such as `SIGKILL`) or an `int`, that takes the signal that ended the command."},
		},
	},
	{
		Name: "event", List: true, Required: true,
		Keys: []Key{
			{Name: "name", Type: KeyText, Pattern: `^[!-,.-~]([ -~]{0,126}[!-~])?$`, Required: true, About: "What a caller names: up to 128 printable ASCII characters, the first neither a space nor `-`, the last no space."},
			{Name: "level", Type: KeyInt, Min: 1, Max: maxLevels, Default: "1", About: "The consent level from which on the event is sent, up to the number of `[consent] levels`."},
		},
	},
	{
		Name: "field", List: true,
		Keys: []Key{
			{Name: "name", Type: KeyText, Pattern: `^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,127}$`, Required: true, About: "What a caller sets, with `--set name=value` or `--data`: up to 128 letters, digits, `.`, `_` and `-`, the first not `-`."},
			{Name: "key", Type: KeyString, Pattern: `^[\s\S]`, About: "Its place in the document: the name of a member, or a JSON Pointer; the name if left out. In a pointer a number, from 0 to 999, is the index of a list; it cannot come first, for the document is an object. The elements of a list are numbered from 0 without a gap. An element is sent only if the caller gave a value in it, where there is one to give, and those behind it move up: the numbers are an order."},
			{
				Name: "type", Type: KeyString, RequiredWith: &ofCaller, About: "The type of the value. Must be there for a `caller`; a source has its own, and so has the value of a `const`.",
				Words: []Word{{string(String), ""}, {string(Int), "64 bits"}, {string(Float), ""}, {string(Bool), ""}, {string(Strings), "a list of strings"}, {string(JSON), "any JSON value"}},
			},
			{Name: "from", Type: KeyString, Default: string(FromCaller), About: "Who supplies the value; a table below has all sources.", Words: sourceWords},
			{Name: "purpose", Type: KeyText, Required: true, About: "Why it is collected, in plain words."},
			{Name: "events", Type: KeyStrings, Min: 1, About: "The events that have the field; every one if left out."},
			{Name: "level", Type: KeyInt, Min: 1, Max: maxLevels, Default: "1", About: "The consent level from which on the field is sent, up to the number of `[consent] levels`."},
			{Name: "required", Type: KeyBool, Default: "false", With: []Condition{ofCaller}, About: "The event is not sent without it; not with `default`."},
			{Name: "default", Type: KeyAny, With: []Condition{ofCaller}, About: "What is sent if the caller gives nothing. For the type `json` a string is JSON text."},
			{Name: "min", Type: KeyNumber, With: []Condition{ofCaller, {"type", []string{string(Int), string(Float)}}}, About: "The least number that is taken, integers up to ±2^53."},
			{Name: "max", Type: KeyNumber, With: []Condition{ofCaller, {"type", []string{string(Int), string(Float)}}}, About: "The greatest number that is taken, integers up to ±2^53."},
			{Name: "enum", Type: KeyWords, Min: 1, With: []Condition{ofCaller, {"type", []string{string(String), string(Strings), string(Int)}}}, About: "The only values that are taken: of strings, ints and of each of `strings`."},
			{Name: "pattern", Type: KeyString, With: []Condition{ofCaller, {"type", []string{string(String), string(Strings)}}}, About: "A regular expression (RE2) that a string matches as a whole."},
			{Name: "max_len", Type: KeyInt, Min: 1, Max: 32 << 10, Default: "1024", With: []Condition{ofCaller, {"type", []string{string(String), string(Strings), string(JSON)}}}, About: "The most characters of a string, or bytes of `json`, at most 32,768."},
			{Name: "also", Type: KeyStrings, Min: 1, With: []Condition{ofCaller}, About: "Values that are sent as they are although they are not of the type, each as JSON text: `['\"unknown\"', \"null\"]`. On a command line `--set name=unknown` means such a text, unless the type is `string`; `null` is then given with `--data`."},
			{Name: "otherwise", Type: KeyString, Pattern: `^[\s\S]`, With: []Condition{ofCaller, {"type", []string{string(String)}}}, About: "What is sent instead of a string that does not fit. An empty one then counts as not given."},
			{
				Name: "missing", Type: KeyString, With: []Condition{{"from", []string{string(FromSourceID), string(FromUserHash), string(FromNameHash), string(FromRunID), string(FromEventID)}}},
				About: "What stands for a value that cannot be had; of `run.id` and `event.id` only with `instead_of`. `word` if left out, but `null` with `instead_of` and at `/userId` and `/anonymousId` for Segment, which makes one person of all events with the same value there: `word` is refused in these places.",
				Words: []Word{{"word", "`unavailable`, or `invalid` where the file of the ID holds something else"}, {string(MissingNull), "the null of JSON"}, {string(MissingOmit), "the field is left out"}},
			},
			{Name: "instead_of", Type: KeyString, With: []Condition{{"from", []string{string(FromRunID), string(FromEventID)}}}, About: "The field that this one replaces: this one has a value only if the other has none. Otherwise it is `null`, or left out with `missing = \"omit\"`."},
			{Name: "value", Type: KeyAny, Required: true, With: []Condition{{"from", []string{string(FromConst)}}}, About: "The constant. For the type `json` a string is JSON text, since TOML has no null. A `const` that is an object can have other fields inside."},
			{
				Name: "format", Type: KeyString, Default: "rfc3339", With: []Condition{{"from", []string{string(FromNow)}}}, About: "How a time is written.",
				Words: []Word{{"rfc3339", "as in `2026-11-29T12:00:00.000000+00:00`, a string"}, {"unix", "seconds since 1970, an int"}, {"unix_float", "the same with a fraction, a float"}},
			},
			{Name: "length", Type: KeyInt, Min: 1, Max: 64, Default: "16", With: []Condition{{"from", []string{string(FromUserHash), string(FromNameHash)}}}, About: "How many hex digits of the hash are kept."},
		},
	},
}

// ofCaller is the condition of keys about what a caller gives.
var ofCaller = Condition{"from", []string{string(FromCaller)}}

// sourceWords are the sources, in the order in which the documentation has them.
var sourceWords = []Word{
	{string(FromCaller), "the caller"},
	{string(FromConst), "the manifest, in `value`"},
	{string(FromEventName), "the name of the event"},
	{string(FromEventID), "the same ID for every try of an event"},
	{string(FromRunID), "one ID for the events of a run"},
	{string(FromSourceID), "the source ID; `missing` says what stands for one that cannot be had"},
	{string(FromLevel), "the level to which the person agreed, an int"},
	{string(FromNow), "when the event was taken"},
	{string(FromToolVersion), "what `--tool-version` says, up to 64 printable characters"},
	{string(FromUsagectlVersion), "the version of usagectl"},
	{string(FromHostOS), "`linux`; on Windows `windows`"},
	{string(FromHostSystem), "`Linux`; on Windows `Windows`"},
	{string(FromHostKernelRelease), "`uname -r`; on Windows `11`"},
	{string(FromHostKernelVersion), "`uname -v`; on Windows `10.0.22631`"},
	{string(FromHostDistribution), "`debian`, the ID in os-release; on Windows `windows`"},
	{string(FromHostDistributionVersion), "`12.5`; on Windows `10.0.22631`"},
	{string(FromHostPlatform), "the system, its kernel, the processor and the distribution in one line"},
	{string(FromHostArch), "`x86_64`"},
	{string(FromHostCPUCount), "the machine's logical processors, as Python's `os.cpu_count()` gives them, an int"},
	{string(FromHostMemoryGiB), "its memory, rounded to a power of two, an int"},
	{string(FromHostContainer), "`docker`, `podman`, `kubernetes`, `lxc`, `wsl`, `none`"},
	{string(FromHostRuntime), "NannyML's words for the container"},
	{string(FromHostCI), "the vendor of the CI system, or nothing"},
	{string(FromUserHash), "HMAC-SHA256 of the login name under a random key that never leaves"},
	{string(FromNameHash), "HMAC-SHA256 of the host name under the same key"},
}
