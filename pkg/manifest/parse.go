package manifest

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/usagectl/usagectl/internal/tomldoc"
)

// Parse reads a manifest. file is used in messages only. An error is of type
// [Errors] and holds everything that is wrong, each with its place.
func Parse(file string, data []byte) (*Manifest, error) {
	doc, bad := tomldoc.Parse(data)
	if bad != nil {
		return nil, inFile(file, *bad)
	}
	root := doc.Root()
	if !readSchema(doc, root) {
		return nil, inFile(file, doc.Problems()...)
	}
	m := &Manifest{File: file}
	m.Tool = readTool(root.Table("tool"))
	m.Consent = readConsent(root.Table("consent"))
	m.Identity = readIdentity(root.Table("identity"), m.Tool.ID)
	m.Events = readEvents(root, m.Consent.Levels)
	fields := root.Tables("field")
	m.Fields = readFields(fields, m)
	m.Send = readSend(root.Table("send"), m)
	if root.Sound("send") { // else the transport may be another
		checkPlaces(fields, m)
	}
	for i, t := range fields {
		checkInstead(t, &m.Fields[i], m)
	}
	m.Forget = readForget(root, m)
	root.Use("exec")
	if root.Has("exec") {
		m.Exec = readExec(root.Table("exec"), m)
	}
	root.Done()
	if err := inFile(file, doc.Problems()...); err != nil {
		return nil, err
	}
	return m, nil
}

// readSchema holds which format the file says it has. It reports whether the rest can be
// read: nothing is known of the keys of a newer one.
func readSchema(doc *tomldoc.Document, root *table) bool {
	n, ok := tomldoc.Take[int64](root, "schema", "an integer")
	switch {
	case !root.Has("schema"):
		root.Missing("schema")
	case ok && n > Schema:
		root.Fail("schema", "schema is %d, and this version of usagectl reads schema %d: a newer version is needed", n, Schema)
		return false
	case ok && n != Schema:
		root.Fail("schema", "schema is %d, and there is none before schema %d", n, Schema)
	case doc.First() != "schema":
		as(root, KindOrder).Fail("schema", "schema has to come first")
	}
	return true
}

func readTool(t *table) Tool {
	tool := Tool{
		Name:      t.String("name"),
		Homepage:  webPage(t, "homepage"),
		Privacy:   webPage(t, "privacy"),
		Contact:   t.String("contact"),
		Purpose:   text(t, "purpose"),
		Retention: t.String("retention"),
	}
	if s := text(t, "id"); s != "" {
		id, err := ParseID(s)
		if err != nil {
			kind := KindForm
			if validID(s) {
				kind = KindReserved
			}
			as(t, kind).Fail("id", "%v", err)
		}
		tool.ID = id
	}
	if tool.Name == "" {
		tool.Name = tool.ID.String()
	}
	t.Done()
	return tool
}

// webPage is the address of a page for people, or "".
func webPage(t *table, key string) string {
	s := t.String(key)
	if s == "" {
		return ""
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		as(t, KindAddress).Fail(key, "%s is %s, not the address of a web page", t.Name(key), Quote(s))
	}
	return s
}

// maxLevels is how many consent levels a manifest can have.
const maxLevels = 9

func readConsent(t *table) Consent {
	c := Consent{
		Default: Default(oneOf(t, "default")),
		Levels:  t.Strings("levels"),
		Dotenv:  t.Bool("dotenv"),
	}
	if t.Empty("levels") || len(c.Levels) > maxLevels {
		t.Fail("levels", "%s needs 1 to %d names", t.Name("levels"), maxLevels)
	}
	if len(c.Levels) == 0 {
		c.Levels = []string{"on"}
	}
	for _, r := range t.Tables("refuse") {
		c.Refuse = append(c.Refuse, readEnvRule(r, true))
	}
	for _, r := range t.Tables("grant") {
		c.Grant = append(c.Grant, readEnvRule(r, false))
	}
	t.Done()
	return c
}

// readEnvRule reads a rule about a variable. Only a refusal may say "unless":
// as a grant it would read every misspelling as a yes.
func readEnvRule(t *table, refusal bool) EnvRule {
	r := EnvRule{Env: text(t, "env"), When: t.String("when")}
	if r.Env != "" && !validEnvName(r.Env) {
		t.Fail("env", "%s is %s, not the name of an environment variable", t.Name("env"), Quote(r.Env))
	}
	if refusal {
		r.Unless, r.HasUnless = t.String("unless"), t.Has("unless")
	}
	switch {
	case r.HasUnless && t.Has("when"):
		t.Fail("unless", "%s and when cannot be combined", t.Name("unless"))
	case !r.HasUnless && !t.Has("when"):
		t.Missing("when")
	case !refusal:
		explicitYes(t, r)
	}
	t.Done()
	return r
}

// explicitYes holds that a grant is a yes that a person gave. A manifest that could
// take any variable for one would agree for everybody who has a home; one that begins
// with the tool's name is no better, for a manifest chooses that: "xdg", "slurm".
func explicitYes(t *table, r EnvRule) {
	// This program's own variables are for all tools, or about none.
	own := strings.HasPrefix(strings.ToUpper(r.Env), "USAGECTL_")
	switch {
	case r.Env == "":
	case own || !AboutTelemetry(r.Env):
		as(t, KindVariable).Fail("env", "%s is %s, which nobody sets to agree to telemetry: its name must hold one of %s",
			t.Name("env"), Quote(r.Env), strings.Join(slices.DeleteFunc(telemetryWords(), saysNo), ", "))
	case saysNo(r.Env):
		as(t, KindVariable).Fail("env", "%s is %s, which people set to refuse telemetry, perhaps that of another tool", t.Name("env"), Quote(r.Env))
	}
	if _, isText := t.Value("when").(string); isText && meansNo(r.When) {
		as(t, KindVariable).Fail("when", "%s is %s, which is no yes", t.Name("when"), Quote(r.When))
	}
}

func readIdentity(t *table, id ID) Identity {
	identity := Identity{
		Random: oneOf(t, "kind") == "random",
		Path:   t.String("path"),
		Env:    t.String("env"),
	}
	if identity.Path == "" {
		identity.Path = "~/." + id.String() + "/source"
	}
	if t.Has("path") && !IsIDPath(identity.Path) {
		as(t, KindAddress).Fail("path", "%s is %s; it must be a file in a directory of its own in the home, like %q",
			t.Name("path"), Quote(identity.Path), "~/.mytool/source")
	}
	if identity.Env != "" && !validEnvName(identity.Env) {
		t.Fail("env", "%s is %s, not the name of an environment variable", t.Name("env"), Quote(identity.Env))
	}
	t.Done()
	return identity
}

// IsIDPath reports whether a path, with "~/" for the home and slashes, can be that of
// an ID file: one in a directory of its own in the home.
func IsIDPath(file string) bool {
	rest, inHome := strings.CutPrefix(file, "~/")
	return inHome && rest == path.Clean(rest) && !path.IsAbs(rest) && !strings.HasPrefix(rest, "../") &&
		strings.Contains(rest, "/") && !strings.ContainsAny(rest, "\\\x00:")
}

func readEvents(root *table, levels []string) []Event {
	var events []Event
	for _, t := range root.Tables("event") {
		e := Event{Name: text(t, "name"), Level: levelOf(t, levels)}
		switch {
		case e.Name == "":
		case !ValidEventName(e.Name):
			last := ""
			if strings.HasSuffix(e.Name, " ") {
				last = ", and the last no space"
			}
			t.Fail("name", "event name %s is not valid: it takes up to 128 printable ASCII characters, the first neither a space nor %q%s", Quote(e.Name), "-", last)
		case slices.ContainsFunc(events, func(o Event) bool { return o.Name == e.Name }):
			as(t, KindTwice).Fail("name", "event %s is declared twice", Quote(e.Name))
		}
		t.Done()
		events = append(events, e)
	}
	if !root.Has("event") || root.Empty("event") {
		root.FailMissing("event", "no event is declared: at least one [[event]] is needed")
	}
	return events
}

// levelOf is a consent level from 1 to the number of the levels; 1 if it is not there.
func levelOf(t *table, levels []string) int {
	t.Use("level")
	if name, isString := t.Value("level").(string); isString {
		remark := ""
		if i := slices.Index(levels, name); i >= 0 {
			remark = fmt.Sprintf(": that of %s is %d", Quote(name), i+1)
		}
		t.Fail("level", "%s is %s, not the number of a level%s", t.Name("level"), Quote(name), remark)
		return 1
	}
	return max(1, countUpTo(t.Relying("consent", "levels"), "level", len(levels)))
}

func readForget(root *table, m *Manifest) Forget {
	t := root.Table("forget")
	f := Forget{Method: ForgetNone}
	if root.Has("forget") {
		f.Method = ForgetMethod(oneOf(t, "method"))
		if !isOneOf(t, "method") {
			useAll(t, depend(t, "method")...)
			t.Done()
			return f
		}
		goesWith(t, "method")
	}
	switch f.Method {
	case ForgetHTTP:
		f.Endpoint = text(t, "endpoint")
		if f.Endpoint != "" {
			if err := checkEndpoint(HTTP, f.Endpoint); err != nil {
				as(t, KindAddress).Fail("endpoint", "%s: %v", t.Name("endpoint"), err)
			}
		}
	case ForgetMail:
		f.Mail = text(t, "mail")
		if f.Mail != "" && !isMail(f.Mail) {
			as(t, KindAddress).Fail("mail", "%s is %s, not a mail address", t.Name("mail"), Quote(f.Mail))
		}
	case ForgetEvent:
		f.Event = eventName(t, "event", m)
		fields := m.FieldsOf(f.Event)
		if f.Event != "" && !slices.ContainsFunc(fields, func(f *Field) bool { return f.From == FromSourceID }) {
			as(t, KindReference).Fail("event", "%s names the event %s, which has no field from %q", t.Name("event"), Quote(f.Event), string(FromSourceID))
		}
	}
	t.Done()
	return f
}

// isMail reports whether a text can be a mail address and nothing else.
func isMail(s string) bool {
	name, host, ok := strings.Cut(s, "@")
	return ok && name != "" && host != "" && !strings.ContainsAny(s, " <>,;?&") && !strings.ContainsFunc(s, unicode.IsControl)
}

// Check is nil for what [Parse] takes as the receiver of deletion requests, or what
// is wrong with it. It is for one that was kept in a file and is read back; the method
// event has the receiver of its [Send].
func (f Forget) Check() error {
	switch f.Method {
	case ForgetHTTP:
		return checkEndpoint(HTTP, f.Endpoint)
	case ForgetMail:
		if !isMail(f.Mail) {
			return fmt.Errorf("%s is no mail address", Quote(f.Mail))
		}
	case ForgetEvent:
		if !ValidEventName(f.Event) {
			return fmt.Errorf("%s is no name of an event", Quote(f.Event))
		}
	case ForgetNone:
	default:
		return fmt.Errorf("there is no method %s", Quote(string(f.Method)))
	}
	return nil
}

// eventName is the name of a declared event.
func eventName(t *table, key string, m *Manifest) string {
	name := text(t, key)
	if _, ok := m.Event(name); name != "" && !ok {
		as(t.Relying("event", "name"), KindReference).Fail(key, "%s names the event %s, which is not declared%s", t.Name(key), Quote(name), perhaps(name, m.EventNames()))
		return ""
	}
	return name
}

func readExec(t *table, m *Manifest) *Exec {
	e := &Exec{Start: eventName(t, "start", m), End: eventName(t, "end", m)}
	field := func(key string, types ...Type) string {
		name := t.String(key)
		if name == "" {
			return ""
		}
		f, ok := m.Field(name)
		switch {
		case !ok:
			as(t.Relying("field", "name"), KindReference).Fail(key, "%s names the field %s, which is not declared%s", t.Name(key), Quote(name), perhaps(name, m.fieldNames()))
		case f.From == "" || f.Type == "" || slices.ContainsFunc(f.Events, m.lacks): // what is wrong is said where the field is
		case f.From != FromCaller || e.End != "" && !f.In(e.End) || !slices.Contains(types, f.Type):
			as(t, KindReference).Fail(key, "%s names the field %s, which does not take it: it must come from the caller, belong to %s and be of type %s",
				t.Name(key), Quote(name), Quote(e.End), list(types))
		}
		return name
	}
	e.ExitCode = field("exit_code", Int)
	e.Signal = field("signal", String, Int)
	e.Duration = field("duration", Int, Float)
	t.Done()
	return e
}

func list[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}
