package manifest

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"
)

// Parse reads a manifest. file is used in messages only. An error is of type
// [Errors] and holds everything that is wrong, each with its place.
func Parse(file string, data []byte) (*Manifest, error) {
	doc, err := newDocument(file, data)
	if err != nil {
		return nil, err
	}
	root := doc.table(nil, doc.root)
	if n, ok := take[int64](root, "schema", "an integer"); !root.has("schema") {
		root.missing("schema")
	} else if ok && n != Schema {
		root.fail("schema", "schema is %d; this program reads schema %d", n, Schema)
	}
	m := &Manifest{File: file}
	m.Tool = readTool(root.sub("tool"))
	m.Consent = readConsent(root.sub("consent"))
	m.Identity = readIdentity(root.sub("identity"), m.Tool.ID)
	m.Events = readEvents(root, len(m.Consent.Levels))
	m.Fields = readFields(root, m)
	m.Send = readSend(root.sub("send"), m)
	m.Forget = readForget(root, m)
	root.use("exec")
	if root.has("exec") {
		m.Exec = readExec(root.sub("exec"), m)
	}
	root.done()
	if err := doc.err(); err != nil {
		return nil, err
	}
	return m, nil
}

func readTool(t *table) Tool {
	tool := Tool{
		Name:      t.str("name"),
		Homepage:  t.webPage("homepage"),
		Privacy:   t.webPage("privacy"),
		Contact:   t.str("contact"),
		Purpose:   t.text("purpose"),
		Retention: t.str("retention"),
	}
	if s := t.text("id"); s != "" {
		id, err := ParseID(s)
		if err != nil {
			t.fail("id", "%v", err)
		}
		tool.ID = id
	}
	if tool.Name == "" {
		tool.Name = tool.ID.String()
	}
	t.done()
	return tool
}

// webPage is the address of a page for people, or "".
func (t *table) webPage(key string) string {
	s := t.str(key)
	if s == "" {
		return ""
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		t.fail(key, "%s is %s, not the address of a web page", t.name(key), Quote(s))
	}
	return s
}

func readConsent(t *table) Consent {
	c := Consent{
		Default: Default(t.oneOf("default", string(OptIn), string(OptOut))),
		Levels:  t.strings("levels"),
		Dotenv:  t.flag("dotenv"),
	}
	if t.empty("levels") || len(c.Levels) > 9 {
		t.fail("levels", "%s needs 1 to 9 names", t.name("levels"))
	}
	if len(c.Levels) == 0 {
		c.Levels = []string{"on"}
	}
	for _, r := range t.subs("refuse") {
		c.Refuse = append(c.Refuse, readEnvRule(r, true))
	}
	for _, r := range t.subs("grant") {
		c.Grant = append(c.Grant, readEnvRule(r, false))
	}
	t.done()
	return c
}

// readEnvRule reads a rule about a variable. Only a refusal may say "unless":
// as a grant it would read every misspelling as a yes.
func readEnvRule(t *table, refusal bool) EnvRule {
	r := EnvRule{Env: t.text("env"), When: t.str("when")}
	if r.Env != "" && !validEnvName(r.Env) {
		t.fail("env", "%s is %s, not the name of an environment variable", t.name("env"), Quote(r.Env))
	}
	if refusal {
		r.Unless, r.HasUnless = t.str("unless"), t.has("unless")
	}
	switch {
	case r.HasUnless && t.has("when"):
		t.fail("unless", "%s and when cannot stand together", t.name("unless"))
	case !r.HasUnless && !t.has("when"):
		t.missing("when")
	case !refusal:
		t.explicitYes(r)
	}
	t.done()
	return r
}

// explicitYes holds that a grant is a yes that a person gave. A manifest that could
// take any variable for one would agree for everybody who has a home; one that begins
// with the tool's name is no better, for a manifest chooses that: "xdg", "slurm".
func (t *table) explicitYes(r EnvRule) {
	// This program's own variables are for all tools, or about none.
	own := strings.HasPrefix(strings.ToUpper(r.Env), "USAGECTL_")
	if r.Env != "" && (own || !AboutTelemetry(r.Env)) {
		t.fail("env", "%s is %s, which nobody sets to agree to telemetry: its name must hold one of %s",
			t.name("env"), Quote(r.Env), strings.Join(telemetryWords(), ", "))
	}
	if _, isText := t.vals["when"].(string); isText && meansNo(r.When) {
		t.fail("when", "%s is %s, which is no yes", t.name("when"), Quote(r.When))
	}
}

func readIdentity(t *table, id ID) Identity {
	identity := Identity{
		Random: t.oneOf("kind", "random", "none") == "random",
		Path:   t.str("path"),
		Env:    t.str("env"),
	}
	if identity.Path == "" {
		identity.Path = "~/." + id.String() + "/source"
	}
	if t.has("path") && !IsIDPath(identity.Path) {
		t.fail("path", "%s is %s; it must be a file in a directory of its own in the home, like %q",
			t.name("path"), Quote(identity.Path), "~/.mytool/source")
	}
	if identity.Env != "" && !validEnvName(identity.Env) {
		t.fail("env", "%s is %s, not the name of an environment variable", t.name("env"), Quote(identity.Env))
	}
	t.done()
	return identity
}

// IsIDPath reports whether a path, with "~/" for the home and slashes, can be that of
// an ID file: one in a directory of its own in the home.
func IsIDPath(file string) bool {
	rest, inHome := strings.CutPrefix(file, "~/")
	return inHome && rest == path.Clean(rest) && !path.IsAbs(rest) && !strings.HasPrefix(rest, "../") &&
		strings.Contains(rest, "/") && !strings.ContainsAny(rest, "\\\x00:")
}

func readEvents(root *table, levels int) []Event {
	var events []Event
	for _, t := range root.subs("event") {
		e := Event{Name: t.text("name"), Level: t.level(levels)}
		switch {
		case e.Name == "":
		case !ValidEventName(e.Name):
			t.fail("name", "event name %s is not valid: it takes up to 128 printable ASCII characters, the first neither a space nor %q", Quote(e.Name), "-")
		case slices.ContainsFunc(events, func(o Event) bool { return o.Name == e.Name }):
			t.fail("name", "event %s is declared twice", Quote(e.Name))
		}
		t.done()
		events = append(events, e)
	}
	if !root.has("event") || root.empty("event") {
		root.doc.fail(nil, "no event is declared: at least one [[event]] is needed")
	}
	return events
}

// level is a consent level from 1 to the number of levels; 1 if it is not there.
func (t *table) level(levels int) int { return max(1, t.count("level", levels)) }

func readForget(root *table, m *Manifest) Forget {
	t := root.sub("forget")
	f := Forget{Method: ForgetNone}
	if root.has("forget") {
		methods := []string{string(ForgetNone), string(ForgetHTTP), string(ForgetMail), string(ForgetEvent)}
		f.Method = ForgetMethod(t.oneOf("method", methods...))
	}
	switch f.Method {
	case ForgetHTTP:
		f.Endpoint = t.text("endpoint")
		if f.Endpoint != "" {
			if err := checkEndpoint(HTTP, f.Endpoint); err != nil {
				t.fail("endpoint", "%s: %v", t.name("endpoint"), err)
			}
		}
	case ForgetMail:
		f.Mail = t.text("mail")
		if f.Mail != "" && !isMail(f.Mail) {
			t.fail("mail", "%s is %s, not a mail address", t.name("mail"), Quote(f.Mail))
		}
	case ForgetEvent:
		f.Event = t.event("event", m)
		fields := m.FieldsOf(f.Event)
		if f.Event != "" && !slices.ContainsFunc(fields, func(f *Field) bool { return f.From == FromSourceID }) {
			t.fail("event", "%s names the event %s, which has no field from %q", t.name("event"), Quote(f.Event), string(FromSourceID))
		}
	}
	t.done()
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

// event is the name of a declared event.
func (t *table) event(key string, m *Manifest) string {
	name := t.text(key)
	if _, ok := m.Event(name); name != "" && !ok {
		t.fail(key, "%s names the event %s, which is not declared", t.name(key), Quote(name))
		return ""
	}
	return name
}

func readExec(t *table, m *Manifest) *Exec {
	e := &Exec{Start: t.event("start", m), End: t.event("end", m)}
	field := func(key string, types ...Type) string {
		name := t.str(key)
		if name == "" {
			return ""
		}
		f, ok := m.Field(name)
		switch {
		case !ok:
			t.fail(key, "%s names the field %s, which is not declared", t.name(key), Quote(name))
		case f.From != FromCaller || e.End != "" && !f.In(e.End) || !slices.Contains(types, f.Type):
			t.fail(key, "%s names the field %s, which does not take it: it must come from the caller, belong to %s and be of type %s",
				t.name(key), Quote(name), Quote(e.End), list(types))
		}
		return name
	}
	e.ExitCode = field("exit_code", Int)
	e.Duration = field("duration", Int, Float)
	t.done()
	return e
}

func list[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}
