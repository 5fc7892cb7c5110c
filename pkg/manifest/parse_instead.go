package manifest

import (
	"slices"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// fieldInstead reads what is sent in place of a value: for one that does not fit, and
// for one that cannot be had.
func fieldInstead(t *table, f *Field) {
	f.Also = jsonTexts(t, "also")
	f.Otherwise = t.String("otherwise")
	_, isText := t.Value("otherwise").(string)
	switch err := f.inBounds(f.Otherwise); {
	case f.Type == "": // what is wrong with it is said
	case f.Type != String: // likewise
	case isText && f.Otherwise == "":
		t.Fail("otherwise", "%s is empty", t.Name("otherwise"))
	case f.Otherwise != "" && err != nil:
		as(t, KindValue).Fail("otherwise", "%s: %v", t.Name("otherwise"), err)
	}
	f.InsteadOf = t.String("instead_of")
	if word := oneOf(t, "missing"); word != "word" {
		f.Missing = Missing(word)
	}
}

// jsonTexts reads a list of JSON texts, which is how a manifest writes null.
func jsonTexts(t *table, key string) []any {
	raw := t.Strings(key)
	if t.Empty(key) {
		t.Fail(key, "%s is empty", t.Name(key))
	}
	var values []any
	for i, text := range raw {
		v, err := parseJSON(text)
		if err != nil {
			as(t, KindValue).FailElement(key, i, "%s: %v", t.Name(key), err)
			continue
		}
		values = append(values, v)
	}
	return values
}

// CanBeMissing reports whether a source gives, where it has no value, a word instead
// that is the same for everybody.
func (s Source) CanBeMissing() bool { return s == FromSourceID || s.IsHash() }

// checkInstead holds what the fields of a manifest say of each other, and that no word
// becomes an ID at a receiver that merges whoever has the same one.
func checkInstead(t *table, f *Field, m *Manifest) {
	to := m.Send.Transport
	merged := f.From.CanBeMissing() && mergesBy(to, f.Key)
	if f.InsteadOf != "" {
		checkInsteadOf(t, f, m)
	}
	if f.Missing != MissingWord || !merged && f.InsteadOf == "" {
		return
	}
	f.Missing = MissingNull
	if !t.Has("missing") {
		return
	}
	if !merged {
		as(t, KindReference).Fail("missing", "%s = %q does not go with instead_of", t.Name("missing"), "word")
		return
	}
	as(t, KindReference).Fail("missing", "%s is %q, and %s takes all events with the same %s for one person's: use %q or %q",
		t.Name("missing"), "word", to, f.Key[0], string(MissingNull), string(MissingOmit))
}

func checkInsteadOf(t *table, f *Field, m *Manifest) {
	other, ok := m.Field(f.InsteadOf)
	switch {
	case !ok:
		as(t.Relying("field", "name"), KindReference).Fail("instead_of", "%s names the field %s, which is not declared%s", t.Name("instead_of"), Quote(f.InsteadOf), perhaps(f.InsteadOf, m.fieldNames()))
	case other.From == "": // what is wrong with it is said
	case !other.From.CanBeMissing():
		as(t, KindReference).Fail("instead_of", "%s names the field %s, which is never missing: it is from %q",
			t.Name("instead_of"), Quote(f.InsteadOf), string(other.From))
	case slices.ContainsFunc(m.Events, func(e Event) bool { return f.In(e.Name) && !other.In(e.Name) }):
		as(t, KindReference).Fail("instead_of", "%s names the field %s, which does not belong to all events of %s",
			t.Name("instead_of"), Quote(f.InsteadOf), Quote(f.Name))
	}
}

// mergesBy reports whether a receiver takes all events with the same value at a place for
// one person's.
func mergesBy(to Transport, p Pointer) bool {
	return to == Segment && len(p) == 1 && (p[0] == "userId" || p[0] == "anonymousId")
}

// equalJSON compares two [jsondoc] values as they are written.
func equalJSON(a, b any) bool {
	x, errX := jsondoc.Append(nil, a)
	y, errY := jsondoc.Append(nil, b)
	return errX == nil && errY == nil && string(x) == string(y)
}
