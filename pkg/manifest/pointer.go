package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
)

// maxNesting bounds the parts of a key, and the nesting of the value that stands
// there. Together they make a document that [jsondoc.Parse] reads back.
const maxNesting = jsondoc.MaxDepth / 2

// Pointer is where a field stands in the payload: the reference tokens of a
// JSON Pointer (RFC 6901). A token that is a number names an element of an array, except
// as the first: the document is an object.
type Pointer []string

// ParsePointer reads a key as a manifest spells it: a JSON Pointer if it starts
// with a slash, otherwise the name of a member of the document itself. In a pointer every
// number is an index, for nobody could tell a member of that name apart.
func ParsePointer(s string) (Pointer, error) {
	if !strings.HasPrefix(s, "/") {
		if s == "" {
			return nil, errors.New("a key cannot be empty")
		}
		return Pointer{s}, nil
	}
	var p Pointer
	for token := range strings.SplitSeq(s[1:], "/") {
		if token == "" {
			return nil, fmt.Errorf("key %q has an empty part", s)
		}
		if strings.Contains(token, "~") {
			rest := strings.NewReplacer("~0", "", "~1", "").Replace(token)
			if strings.Contains(rest, "~") {
				return nil, fmt.Errorf("key %q: in a JSON Pointer %q is written ~0 and %q is written ~1", s, "~", "/")
			}
			// RFC 6901, section 4: ~1 first, so that ~01 becomes ~1 and not a slash.
			token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		}
		switch number := strings.Trim(token, "0123456789") == ""; {
		case number && len(p) == 0:
			return nil, fmt.Errorf("key %q: the document is an object and has no elements; for a member of that name write %q", s, token)
		case number && !IsIndex(token):
			return nil, fmt.Errorf("key %q: %s is no index: one is a number from 0 to 999 without a leading zero", s, Quote(token))
		}
		p = append(p, token)
	}
	if len(p) > maxNesting {
		return nil, fmt.Errorf("a key with %d parts is too deep: at most %d are allowed", len(p), maxNesting)
	}
	return p, nil
}

// String spells the pointer as RFC 6901 does. Only a member of the document itself whose name
// is a number has no slash: [ParsePointer] takes a number after one for an index.
func (p Pointer) String() string {
	if len(p) == 1 && strings.Trim(p[0], "0123456789") == "" {
		return p[0]
	}
	var b strings.Builder
	for _, token := range p {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// Above reports whether q stands inside what p names.
func (p Pointer) Above(q Pointer) bool {
	return len(p) < len(q) && slices.Equal(p, q[:len(p)])
}

// IsIndex reports whether a token names an element of an array: a decimal number
// below 1,000 without a leading zero.
func IsIndex(token string) bool {
	if token == "" || len(token) > 3 || len(token) > 1 && token[0] == '0' {
		return false
	}
	return strings.Trim(token, "0123456789") == ""
}
