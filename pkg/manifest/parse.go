package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
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
	}
	t.done()
	return r
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
	rest, inHome := strings.CutPrefix(identity.Path, "~/")
	if t.has("path") && (!inHome || rest != path.Clean(rest) || path.IsAbs(rest) || strings.HasPrefix(rest, "../") ||
		!strings.Contains(rest, "/") || strings.ContainsAny(rest, "\\\x00:")) {
		t.fail("path", "%s is %s; it must be a file in a directory of its own in the home, like %q",
			t.name("path"), Quote(identity.Path), "~/.mytool/source")
	}
	if identity.Env != "" && !validEnvName(identity.Env) {
		t.fail("env", "%s is %s, not the name of an environment variable", t.name("env"), Quote(identity.Env))
	}
	t.done()
	return identity
}

func readEvents(root *table, levels int) []Event {
	var events []Event
	for _, t := range root.subs("event") {
		e := Event{Name: t.text("name"), Level: t.level(levels)}
		switch {
		case e.Name == "":
		case !validEventName(e.Name):
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

func readFields(root *table, m *Manifest) []Field {
	var fields []Field
	tables := root.subs("field")
	for _, t := range tables {
		fields = append(fields, readField(t, m))
	}
	for i := range fields {
		for j := range i {
			if clash(tables[i], &fields[i], &fields[j]) {
				break
			}
		}
	}
	return fields
}

func readField(t *table, m *Manifest) Field {
	f := Field{
		Name:     t.text("name"),
		From:     t.source(),
		Format:   t.str("format"),
		Events:   t.strings("events"),
		Level:    t.level(len(m.Consent.Levels)),
		Required: t.flag("required"),
		Purpose:  t.text("purpose"),
	}
	if f.Name != "" && !validFieldName(f.Name) {
		t.fail("name", "field name %s is not valid: it takes up to 128 of a-z, A-Z, 0-9, %q, %q and %q, the first not %q", Quote(f.Name), ".", "_", "-", "-")
	}
	f.Key = t.key(f.Name)
	f.Length = t.count("length", 64)
	t.fieldType(&f)
	t.fieldBounds(&f)
	t.fieldEvents(&f, m)
	t.fieldOptions(&f, m)
	t.done()
	return f
}

func (t *table) source() Source {
	s, ok := take[string](t, "from", "a string")
	if !ok {
		return FromCaller
	}
	if !slices.Contains(Sources(), Source(s)) {
		t.fail("from", "%s is %s, which is no source; the sources are %s", t.name("from"), Quote(s), list(Sources()))
		return FromCaller
	}
	return Source(s)
}

func (t *table) key(name string) Pointer {
	key, ok := take[string](t, "key", "a string")
	if !ok {
		return Pointer{name}
	}
	p, err := ParsePointer(key)
	if err != nil {
		t.fail("key", "%s: %v", t.name("key"), err)
		return Pointer{name}
	}
	return p
}

func (t *table) fieldType(f *Field) {
	types := []string{"string", "int", "float", "bool", "strings", "json"}
	f.Type = Type(t.oneOf("type", types...))
	natural := f.From.natural(f.Format)
	switch {
	case natural != "" && t.has("type") && f.Type != natural:
		t.fail("type", "%s is %s, but %s gives %s", t.name("type"), f.Type, f.From, natural.withArticle())
	case natural != "":
		f.Type = natural
	case f.From == FromConst:
		t.fieldConst(f)
	case !t.has("type"):
		t.missing("type")
	}
	if f.From == FromCaller && t.has("default") {
		f.Default = t.literal("default", f)
	}
}

// fieldConst reads a constant, whose type the value itself can tell.
func (t *table) fieldConst(f *Field) {
	if !t.has("value") {
		t.missing("value")
		return
	}
	if !t.has("type") {
		switch t.vals["value"].(type) {
		case int64:
			f.Type = Int
		case float64:
			f.Type = Float
		case bool:
			f.Type = Bool
		case []any, map[string]any:
			f.Type = JSON
		}
	}
	f.Const = t.literal("value", f)
}

// literal reads a value written in the manifest. A string for a JSON field is
// JSON text, because TOML has no null.
func (t *table) literal(key string, f *Field) any {
	t.use(key)
	v, err := fromTOML(t.vals[key])
	if text, ok := v.(string); ok && f.Type == JSON {
		v, err = parseJSON(text)
	}
	if err == nil {
		v, err = f.typed(v)
	}
	if err != nil {
		t.fail(key, "%s: %v", t.name(key), err)
	}
	return v
}

// fromTOML goes by way of text. The members of a table come out sorted, for
// go-toml does not keep their order.
func fromTOML(v any) (any, error) {
	v, err := jsonLike(v)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jsondoc.Parse(b)
}

// jsonLike spells floats as they are sent, and refuses dates, which
// encoding/json would take for strings.
func jsonLike(v any) (_ any, err error) {
	switch v := v.(type) {
	case string, bool, int64:
		return v, nil
	case float64:
		return jsondoc.Float(v)
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			if list[i], err = jsonLike(e); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		members := make(map[string]any, len(v))
		for name, e := range v {
			if members[name], err = jsonLike(e); err != nil {
				return nil, err
			}
		}
		return members, nil
	}
	return nil, fmt.Errorf("%v is %s, which a payload cannot hold", v, tomlKind(v))
}

func (t *table) fieldBounds(f *Field) {
	f.Min, f.Max = t.number("min"), t.number("max")
	if f.Min != nil && f.Max != nil && *f.Min > *f.Max {
		t.fail("min", "%s is more than max", t.name("min"))
	}
	f.MaxLen = t.count("max_len", 32<<10)
	t.fieldEnum(f)
	if pattern, ok := take[string](t, "pattern", "a string"); ok {
		// By itself first: "a)|(?:b" is wrong, but in parentheses it is not.
		_, err := regexp.Compile(pattern)
		if err == nil {
			f.Pattern, err = regexp.Compile(`\A(?:` + pattern + `)\z`)
		}
		if err != nil {
			t.fail("pattern", "%s: %v", t.name("pattern"), err)
		}
	}
	only := func(key string, types ...Type) {
		if t.has(key) && !slices.Contains(types, f.Type) {
			t.fail(key, "%s does not go with the type %s", t.name(key), f.Type)
		}
	}
	only("min", Int, Float)
	only("max", Int, Float)
	only("enum", String, Strings, Int)
	only("pattern", String, Strings)
	only("max_len", String, Strings, JSON)
	if f.Default != nil {
		if _, err := f.Check(f.Default); err != nil {
			t.fail("default", "%s: %v", t.name("default"), err)
		}
	}
}

func (t *table) fieldEnum(f *Field) {
	raw, ok := take[[]any](t, "enum", "a list")
	if !ok {
		return
	}
	if len(raw) == 0 {
		t.fail("enum", "%s is empty: no value would be allowed", t.name("enum"))
	}
	f.Enum = make([]string, len(raw))
	for i, e := range raw {
		_, isInt := e.(int64)
		_, isString := e.(string)
		if f.Type == Int && !isInt || (f.Type == String || f.Type == Strings) && !isString {
			t.doc.fail(append(t.at("enum"), i), "%s holds %s, which does not go with the type %s", t.name("enum"), tomlKind(e), f.Type)
		}
		f.Enum[i] = fmt.Sprint(e)
	}
}

func (t *table) fieldEvents(f *Field, m *Manifest) {
	if t.empty("events") {
		t.fail("events", "%s is empty: the field would never be sent", t.name("events"))
	}
	for i, name := range f.Events {
		if _, ok := m.Event(name); !ok {
			t.doc.fail(append(t.at("events"), i), "field %s names the event %s, which is not declared", Quote(f.Name), Quote(name))
		}
	}
}

// fieldOptions reports keys that mean nothing for the field's source.
func (t *table) fieldOptions(f *Field, m *Manifest) {
	only := func(ok bool, keys ...string) {
		for _, key := range keys {
			if t.has(key) && !ok {
				t.fail(key, "%s does not go with from = %q", t.name(key), string(f.From))
			}
			t.use(key)
		}
	}
	only(f.From == FromCaller, "required", "default", "min", "max", "enum", "pattern", "max_len")
	only(f.From == FromConst, "value")
	only(f.From == FromNow, "format")
	only(f.From.IsHash(), "length")
	if f.From == FromNow {
		f.Format = t.oneOf("format", "rfc3339", "unix", "unix_float")
	}
	if f.From.IsHash() && f.Length == 0 {
		f.Length = 16
	}
	if f.Required && f.Default != nil {
		t.fail("default", "%s does not go with required = true", t.name("default"))
	}
	if f.From == FromSourceID && !m.Identity.Random {
		t.fail("from", "field %s wants the source ID, but [identity] kind is %q", Quote(f.Name), "none")
	}
}

// clash reports two fields that cannot stand in one document, and tells whether
// they are such.
func clash(t *table, f, other *Field) bool {
	at := "key"
	if !t.has("key") {
		at = "name"
	}
	upper, lower := f, other
	if other.Key.Above(f.Key) {
		upper, lower = other, f
	}
	switch {
	case f.Name == other.Name && f.Name != "":
		t.fail("name", "field %s is declared twice", Quote(f.Name))
	case slices.Equal(f.Key, other.Key) && f.Name != "":
		t.fail(at, "fields %s and %s have the same key %s", Quote(other.Name), Quote(f.Name), f.Key)
	case upper.Key.Above(lower.Key) && !upper.isConstObject():
		t.fail(at, "field %s at %s would stand inside field %s at %s, which is no object",
			Quote(lower.Name), lower.Key, Quote(upper.Name), upper.Key)
	case mixesIndexes(f.Key, other.Key), upper.Key.Above(lower.Key) && IsIndex(lower.Key[len(upper.Key)]):
		t.fail(at, "fields %s at %s and %s at %s make one thing both a list and an object", Quote(other.Name), other.Key, Quote(f.Name), f.Key)
	default:
		return false
	}
	return true
}

func (f *Field) isConstObject() bool {
	_, ok := f.Const.(*jsondoc.Object)
	return ok
}

// mixesIndexes tells whether two keys part at a token that is an index in one
// and a name in the other.
func mixesIndexes(a, b Pointer) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i > 0 && IsIndex(a[i]) != IsIndex(b[i])
		}
	}
	return false
}

func readSend(t *table, m *Manifest) Send {
	transports := []string{string(HTTP), string(UDP), string(OTLP), string(Segment), string(File)}
	s := Send{Endpoint: t.text("endpoint")}
	if !t.has("transport") {
		t.missing("transport")
	}
	s.Transport = Transport(t.oneOf("transport", transports...))
	if s.Endpoint != "" {
		if err := checkEndpoint(s.Transport, s.Endpoint); err != nil {
			t.fail("endpoint", "%s: %v", t.name("endpoint"), err)
		}
	}
	switch s.Transport {
	case HTTP:
		s.Headers = readHeaders(t.sub("headers"), m)
	case UDP:
		s.Prefix = t.str("prefix")
	case OTLP:
		s.Signal = t.oneOf("signal", "traces", "logs")
	case Segment:
		s.WriteKey, s.WriteKeyEnv = t.str("write_key"), t.str("write_key_env")
		s.Auth = t.oneOf("auth", "basic", "body")
		if (s.WriteKey == "") == (s.WriteKeyEnv == "") {
			t.doc.fail(t.path, "%s: one of write_key and write_key_env is needed", t.name("transport"))
		}
		if s.WriteKeyEnv != "" && !validEnvName(s.WriteKeyEnv) {
			t.fail("write_key_env", "%s is %s, not the name of an environment variable", t.name("write_key_env"), Quote(s.WriteKeyEnv))
		}
	}
	t.done()
	return s
}

// readHeaders reads the headers of an http transport. Those that the transport
// itself is in charge of cannot be set.
func readHeaders(t *table, m *Manifest) []Header {
	reserved := []string{"connection", "content-encoding", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"}
	var list []Header
	for _, name := range slices.Sorted(maps.Keys(t.vals)) {
		value := t.str(name)
		switch {
		case strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" || name == "":
			t.fail(name, "%s is no name of an HTTP header", Quote(name))
		case slices.Contains(reserved, strings.ToLower(name)):
			t.fail(name, "the HTTP header %s cannot be set", name)
		case slices.ContainsFunc(list, func(h Header) bool { return strings.EqualFold(h.Name, name) }):
			t.fail(name, "the HTTP header %s is set twice", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			t.fail(name, "the HTTP header %s holds a control character", name)
		}
		for _, field := range HeaderFields(value) {
			if _, ok := m.Field(field); !ok {
				t.fail(name, "the HTTP header %s names the field %s, which is not declared", name, Quote(field))
			}
		}
		list = append(list, Header{name, value})
	}
	return list
}

// HeaderFields lists the fields that a header's value names in braces.
func HeaderFields(value string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(value, "{")
		name, rest, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return names
		}
		names = append(names, name)
		value = rest
	}
}

func readForget(root *table, m *Manifest) Forget {
	t := root.sub("forget")
	f := Forget{Method: "none"}
	if root.has("forget") {
		f.Method = t.oneOf("method", "none", "http", "mail", "event")
	}
	switch f.Method {
	case "http":
		f.Endpoint = t.text("endpoint")
		if f.Endpoint != "" {
			if err := checkEndpoint(HTTP, f.Endpoint); err != nil {
				t.fail("endpoint", "%s: %v", t.name("endpoint"), err)
			}
		}
	case "mail":
		f.Mail = t.text("mail")
		if name, host, ok := strings.Cut(f.Mail, "@"); f.Mail != "" && (!ok || name == "" || host == "" || strings.ContainsAny(f.Mail, " \t\r\n<>,;?&")) {
			t.fail("mail", "%s is %s, not a mail address", t.name("mail"), Quote(f.Mail))
		}
	case "event":
		f.Event = t.event("event", m)
	}
	t.done()
	return f
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

// checkEndpoint holds the rule that what leaves is encrypted or stays on this
// machine. UDP is excepted: it has no encryption that its receivers speak.
func checkEndpoint(transport Transport, endpoint string) error {
	switch transport {
	case File:
		rest := strings.TrimPrefix(endpoint, "~")
		if !path.IsAbs(rest) || path.Clean(rest) != rest || strings.ContainsRune(rest, 0) {
			return fmt.Errorf("%s is no file: an absolute path or one that starts with %q is needed", Quote(endpoint), "~/")
		}
		return nil
	case UDP:
		if _, err := UDPAddress(endpoint); err != nil {
			return err
		}
		return nil
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return fmt.Errorf("%s is no address: %w", Quote(endpoint), err)
	case u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s is no address: one that starts with https:// is needed", Quote(endpoint))
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("%s must hold neither a user nor a fragment", Quote(endpoint))
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return fmt.Errorf("%s is not safe: it must be https, or http to this machine", Quote(endpoint))
	}
	return nil
}

// UDPAddress is the host and port of a UDP endpoint, which may be written with
// a leading "udp://".
func UDPAddress(endpoint string) (string, error) {
	address := strings.TrimPrefix(endpoint, "udp://")
	host, port, err := net.SplitHostPort(address)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" || strings.ContainsAny(host, "/@ ") {
		return "", fmt.Errorf("%s is no address: a host and a port are needed, like %q", Quote(endpoint), "telemetry.example:50077")
	}
	return address, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func list[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}
