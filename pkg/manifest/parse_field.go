package manifest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

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
