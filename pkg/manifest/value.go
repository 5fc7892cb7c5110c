package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// DefaultMaxLen bounds a value for which the manifest sets no max_len:
// characters of a string or of one item of a list, bytes of a JSON value.
const DefaultMaxLen = 1024

// ParseText reads a caller's value given as text on a command line. For a list
// the text is one item, or a JSON array of them.
func (f *Field) ParseText(text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%s is not valid UTF-8", Quote(text))
	}
	v, err := f.fromText(text)
	if err != nil {
		return nil, err
	}
	return f.Check(v)
}

func (f *Field) fromText(text string) (any, error) {
	if v, ok := f.alsoText(text); ok {
		return v, nil
	}
	switch f.Type {
	case Int, Float:
		return json.Number(strings.TrimSpace(text)), nil
	case Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%s is no bool: true or false is needed", Quote(text))
		}
		return b, nil
	case Strings:
		if !strings.HasPrefix(text, "[") {
			return []any{text}, nil
		}
		return parseJSON(text)
	case JSON:
		return parseJSON(text)
	}
	return text, nil
}

func parseJSON(text string) (any, error) {
	v, err := jsondoc.Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%s is no JSON: %w", Quote(text), err)
	}
	return v, nil
}

// Check reports whether a [jsondoc] value fits the field's type and bounds, and
// returns it in the spelling in which it is sent: a float has a point or an
// exponent. What does not fit is the field's Otherwise, if there is one. An error names
// the value and what is allowed instead.
func (f *Field) Check(v any) (any, error) {
	if f.takesAlso(v) {
		return v, nil
	}
	fits, err := f.typed(v)
	if err == nil {
		err = f.inBounds(fits)
	}
	switch {
	case err == nil:
		return fits, nil
	case f.Otherwise != "":
		return f.Otherwise, nil
	}
	return nil, err
}

// NotGiven reports whether a caller who says this says that there is no value: null, as
// wrappers have it, where null is no value, and the empty string where that could only be
// replaced.
func (f *Field) NotGiven(v any) bool {
	if v == nil {
		return f.Type != JSON && !f.takesAlso(nil)
	}
	return v == "" && f.Otherwise != ""
}

func (f *Field) takesAlso(v any) bool {
	return slices.ContainsFunc(f.Also, func(also any) bool { return equalJSON(v, also) })
}

// alsoText finds the value that a text on a command line means, if that is not one of the
// type: where the type is a string a text is one.
func (f *Field) alsoText(text string) (any, bool) {
	if f.Type == String || f.Type == Strings {
		return nil, false
	}
	for _, also := range f.Also {
		if s, ok := also.(string); ok && s == text || !ok && show(also) == Quote(text) {
			return also, true
		}
	}
	return nil, false
}

func (f *Field) typed(v any) (any, error) {
	switch f.Type {
	case String:
		if _, ok := v.(string); ok {
			return v, nil
		}
	case Bool:
		if _, ok := v.(bool); ok {
			return v, nil
		}
	case Int:
		if n, ok := v.(json.Number); ok {
			return asInt(n)
		}
	case Float:
		if n, ok := v.(json.Number); ok {
			return asFloat(n)
		}
	case Strings:
		if list, ok := v.([]any); ok && allStrings(list) {
			return v, nil
		}
	case JSON:
		if jsondoc.Depth(v) > maxNesting {
			return nil, fmt.Errorf("%s is nested deeper than %d", show(v), maxNesting)
		}
		return v, nil
	}
	return nil, fmt.Errorf("%s is %s, not %s", show(v), jsondoc.Kind(v), f.Type.withArticle())
}

func asInt(n json.Number) (any, error) {
	i, err := strconv.ParseInt(string(n), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, fmt.Errorf("%s is out of range: an int has 64 bits", n)
	case err != nil:
		return nil, fmt.Errorf("%s is no int", Quote(string(n)))
	}
	return jsondoc.Int(i), nil
}

// asFloat reads decimal numbers only: strconv would take Inf, NaN, hexadecimal
// and underscores too.
func asFloat(n json.Number) (any, error) {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || strings.ContainsAny(string(n), "xX_iInN") {
		return nil, fmt.Errorf("%s is no float", Quote(string(n)))
	}
	if math.IsInf(f, 0) {
		return nil, fmt.Errorf("%s is out of range for a float", Quote(string(n)))
	}
	return jsondoc.Float(f)
}

func allStrings(list []any) bool {
	for _, e := range list {
		if _, ok := e.(string); !ok {
			return false
		}
	}
	return true
}

func (f *Field) inBounds(v any) error {
	switch v := v.(type) {
	case json.Number:
		if f.Type == Int || f.Type == Float {
			return f.numberInBounds(v)
		}
	case string:
		if f.Type == String {
			return f.stringInBounds(v)
		}
	case []any:
		if f.Type == Strings {
			for _, e := range v {
				if err := f.stringInBounds(e.(string)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if f.Type == JSON {
		return f.jsonInBounds(v)
	}
	return nil
}

func (f *Field) numberInBounds(n json.Number) error {
	x, err := f.exact(n)
	if err != nil {
		return err
	}
	if f.Min != nil && x.Cmp(big.NewFloat(*f.Min)) < 0 {
		return fmt.Errorf("%s is less than %s", n, plain(*f.Min))
	}
	if f.Max != nil && x.Cmp(big.NewFloat(*f.Max)) > 0 {
		return fmt.Errorf("%s is more than %s", n, plain(*f.Max))
	}
	return f.inEnum(string(n))
}

// exact is the number as it will be sent. As a float64 an int above 2^53 would
// be rounded, maybe to within its bounds.
func (f *Field) exact(n json.Number) (*big.Float, error) {
	if f.Type == Int {
		i, err := n.Int64()
		return new(big.Float).SetInt64(i), err
	}
	x, err := n.Float64()
	return big.NewFloat(x), err
}

func plain(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func (f *Field) stringInBounds(s string) error {
	if n := utf8.RuneCountInString(s); n > f.maxLen() {
		return fmt.Errorf("%s has %d characters, more than %d", Quote(s), n, f.maxLen())
	}
	if err := f.inEnum(s); err != nil {
		return err
	}
	if f.Pattern != nil && !f.Pattern.MatchString(s) {
		return fmt.Errorf("%s does not match %s", Quote(s), f.Pattern)
	}
	return nil
}

func (f *Field) jsonInBounds(v any) error {
	b, err := jsondoc.Append(nil, v)
	if err != nil {
		return err
	}
	if len(b) > f.maxLen() {
		return fmt.Errorf("%s has %d bytes, more than %d", Quote(string(b)), len(b), f.maxLen())
	}
	return nil
}

func (f *Field) inEnum(s string) error {
	if f.Enum == nil || slices.Contains(f.Enum, s) {
		return nil
	}
	return fmt.Errorf("%s is not one of %s", Quote(s), strings.Join(f.Enum, ", "))
}

func (f *Field) maxLen() int {
	if f.MaxLen > 0 {
		return f.MaxLen
	}
	return DefaultMaxLen
}

func (t Type) withArticle() string {
	switch t {
	case Int:
		return "an int"
	case Strings:
		return "a list of strings"
	}
	return "a " + string(t)
}

func show(v any) string {
	b, err := jsondoc.Append(nil, v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return Quote(string(b))
}
