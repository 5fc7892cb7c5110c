package manifest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/tomldoc"
)

func readFields(tables []*table, m *Manifest) []Field {
	var fields []Field
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
	checkIndexes(tables, fields)
	return fields
}

// checkIndexes holds that the elements of each list are numbered from 0 without a gap. A
// gap would close up, and the elements behind it be elsewhere than their keys say.
func checkIndexes(tables []*table, fields []Field) {
	there := map[string]bool{}
	for i := range fields {
		for n := range fields[i].Key {
			there[fields[i].Key[:n+1].String()] = true
		}
	}
	for i := range fields {
		for n, token := range fields[i].Key {
			index, err := strconv.Atoi(token)
			if n == 0 || err != nil || index == 0 {
				continue
			}
			before := append(slices.Clone(fields[i].Key[:n]), strconv.Itoa(index-1))
			if !there[before.String()] {
				as(tables[i], KindPlace).Fail("key", "field %s at %s: nothing is at %s, and the elements of a list are numbered from 0 without a gap",
					Quote(fields[i].Name), fields[i].Key, before)
				break
			}
		}
	}
}

func readField(t *table, m *Manifest) Field {
	f := Field{
		Name:     text(t, "name"),
		From:     sourceOf(t),
		Format:   t.String("format"),
		Events:   t.Strings("events"),
		Level:    levelOf(t, m.Consent.Levels),
		Required: t.Bool("required"),
		Purpose:  text(t, "purpose"),
	}
	if f.Name != "" && !validFieldName(f.Name) {
		t.Fail("name", "field name %s is not valid: it takes up to 128 of a-z, A-Z, 0-9, %q, %q and %q, the first not %q", Quote(f.Name), ".", "_", "-", "-")
	}
	f.Key = keyOf(t, f.Name)
	f.Length = count(t, "length")
	fieldType(t, &f)
	fieldBounds(t, &f)
	fieldEvents(t, &f, m)
	fieldInstead(t, &f)
	fieldOptions(t, &f, m)
	t.Done()
	return f
}

// sourceOf is who supplies a field's value; "" if that is not to be understood.
func sourceOf(t *table) Source {
	s, ok := tomldoc.Take[string](t, "from", "a string")
	switch {
	case !t.Has("from"):
		return FromCaller
	case !ok:
		return ""
	case !slices.Contains(Sources(), Source(s)):
		words := strings.Split(list(Sources()), ", ")
		t.Fail("from", "%s is %s, which is no source%s; the sources are %s", t.Name("from"), Quote(s), inParentheses(perhaps(s, words)), list(Sources()))
		return ""
	}
	return Source(s)
}

func keyOf(t *table, name string) Pointer {
	key, ok := tomldoc.Take[string](t, "key", "a string")
	if !ok {
		return Pointer{name}
	}
	p, err := ParsePointer(key)
	if err != nil {
		as(t, KindPlace).Fail("key", "%s: %v", t.Name("key"), err)
		return Pointer{name}
	}
	return p
}

// fieldType reads the type of a field; "" if it is not to be understood, or missing.
// What depends on it is not looked at then: the mistake is the type.
func fieldType(t *table, f *Field) {
	f.Type = Type(oneOf(t, "type"))
	natural := f.From.natural(f.Format)
	if !isOneOf(t, "type") || f.From == "" || !f.knownFormat() {
		f.Type = ""
		useAll(t, "value", "default")
		return
	}
	switch {
	case natural != "" && t.Has("type") && f.Type != natural:
		as(t, KindValue).Fail("type", "%s is %s, but %s gives %s", t.Name("type"), f.Type, f.From, natural.withArticle())
	case natural != "":
		f.Type = natural
	case f.From == FromConst:
		fieldConst(t, f)
	case !t.Has("type"):
		t.Missing("type")
		f.Type = ""
		useAll(t, "default")
		return
	}
	if f.From == FromCaller && t.Has("default") {
		f.Default = literal(t, "default", f)
	}
}

// fieldConst reads a constant, whose type the value itself can tell.
func fieldConst(t *table, f *Field) {
	if !t.Has("value") {
		t.Missing("value")
		return
	}
	if !t.Has("type") {
		switch t.Value("value").(type) {
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
	f.Const = literal(t, "value", f)
}

// literal reads a value written in the manifest. A string for a JSON field is
// JSON text, because TOML has no null.
func literal(t *table, key string, f *Field) any {
	t.Use(key)
	v, err := fromTOML(t.Value(key))
	if text, ok := v.(string); ok && f.Type == JSON {
		v, err = parseJSON(text)
	}
	if err == nil {
		v, err = f.typed(v)
	}
	if err != nil {
		as(t, KindValue).Fail(key, "%s: %v", t.Name(key), err)
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
	return nil, fmt.Errorf("%v is %s, which a payload cannot hold", v, tomldoc.Kind(v))
}

// knownFormat reports whether the format of a time, which tells its type, can be
// understood.
func (f *Field) knownFormat() bool {
	return f.From != FromNow || f.Format == "" || slices.Contains(wordsOf("field", "format"), f.Format)
}

func fieldBounds(t *table, f *Field) {
	f.Min, f.Max = bound(t, "min"), bound(t, "max")
	if f.Min != nil && f.Max != nil && *f.Min > *f.Max {
		as(t, KindValue).Fail("min", "%s is more than max", t.Name("min"))
	}
	f.MaxLen = count(t, "max_len")
	fieldEnum(t, f)
	if pattern, ok := tomldoc.Take[string](t, "pattern", "a string"); ok {
		// By itself first: "a)|(?:b" is wrong, but in parentheses it is not.
		_, err := regexp.Compile(pattern)
		if err == nil {
			f.Pattern, err = regexp.Compile(`\A(?:` + pattern + `)\z`)
		}
		if err != nil {
			as(t, KindPattern).Fail("pattern", "%s: %v", t.Name("pattern"), err)
		}
	}
	if f.Type != "" {
		for _, key := range strays(t, "type", string(f.Type)) {
			t.Fail(key, "%s does not go with the type %s", t.Name(key), f.Type)
		}
	}
	if f.Default != nil {
		if _, err := f.Check(f.Default); err != nil {
			as(t, KindValue).Fail("default", "%s: %v", t.Name("default"), err)
		}
	}
}

func fieldEnum(t *table, f *Field) {
	raw, ok := tomldoc.Take[[]any](t, "enum", "a list")
	if !ok {
		return
	}
	if len(raw) == 0 {
		t.Fail("enum", "%s is empty: no value would be allowed", t.Name("enum"))
	}
	f.Enum = make([]string, len(raw))
	for i, e := range raw {
		_, isInt := e.(int64)
		_, isString := e.(string)
		if f.Type == Int && !isInt || (f.Type == String || f.Type == Strings) && !isString {
			kind := Kind(cmp.Or(tomldoc.LooksLike(e, int64(0)), tomldoc.LooksLike(e, "")))
			if isInt || isString {
				kind = KindValue
			}
			as(t, kind).FailElement("enum", i, "%s holds %s, which does not go with the type %s", t.Name("enum"), tomldoc.Kind(e), f.Type)
		}
		f.Enum[i] = fmt.Sprint(e)
	}
}

func fieldEvents(t *table, f *Field, m *Manifest) {
	if t.Empty("events") {
		t.Fail("events", "%s is empty: the field would never be sent", t.Name("events"))
	}
	for i, name := range f.Events {
		if _, ok := m.Event(name); !ok {
			as(t.Relying("event", "name"), KindReference).FailElement("events", i, "field %s names the event %s, which is not declared%s", Quote(f.Name), Quote(name), perhaps(name, m.EventNames()))
		}
	}
}

// fieldOptions reports keys that mean nothing for the field's source.
func fieldOptions(t *table, f *Field, m *Manifest) {
	useAll(t, depend(t, "from")...)
	astray := func(t *table, key string) { t.Fail(key, "%s does not go with from = %q", t.Name(key), string(f.From)) }
	if f.From != "" {
		for _, key := range strays(t, "from", string(f.From)) {
			astray(t, key)
		}
	}
	if t.Has("missing") && (f.From == FromRunID || f.From == FromEventID) && f.InsteadOf == "" {
		astray(as(t, KindReference), "missing")
	}
	if f.From == FromNow {
		f.Format = oneOf(t, "format")
	}
	if f.From.IsHash() && f.Length == 0 {
		f.Length = 16
	}
	if f.Required && f.Default != nil {
		as(t, KindValue).Fail("default", "%s does not go with required = true", t.Name("default"))
	}
	if f.From == FromSourceID && !m.Identity.Random {
		as(t, KindReference).Fail("from", "field %s wants the source ID, but [identity] kind is %q", Quote(f.Name), "none")
	}
}

// clash reports two fields that cannot stand in one document, and tells whether
// they are such.
func clash(t *table, f, other *Field) bool {
	at := "key"
	if !t.Has("key") {
		at = "name"
	}
	upper, lower := f, other
	if other.Key.Above(f.Key) {
		upper, lower = other, f
	}
	switch {
	case f.Name == other.Name && f.Name != "":
		as(t, KindTwice).Fail("name", "field %s is declared twice", Quote(f.Name))
	case slices.Equal(f.Key, other.Key) && f.Name != "":
		as(t, KindPlace).Fail(at, "fields %s and %s have the same key %s", Quote(other.Name), Quote(f.Name), f.Key)
	case upper.Key.Above(lower.Key) && !upper.isConstObject():
		as(t, KindPlace).Fail(at, "field %s at %s would stand inside field %s at %s, which is no object",
			Quote(lower.Name), lower.Key, Quote(upper.Name), upper.Key)
	case mixesIndexes(f.Key, other.Key), upper.Key.Above(lower.Key) && IsIndex(lower.Key[len(upper.Key)]):
		as(t, KindPlace).Fail(at, "fields %s at %s and %s at %s make one thing both a list and an object", Quote(other.Name), other.Key, Quote(f.Name), f.Key)
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
