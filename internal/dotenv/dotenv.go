// Package dotenv reads .env files.
package dotenv

import (
	"strings"
	"unicode"
)

// Parse reads the variables that a .env file sets, the last statement of a name
// winning. It follows python-dotenv's parser (src/dotenv/parser.py at bca6644d), which is
// what the tools read theirs with: lines end with \n, \r\n or a bare \r, a value in quotes
// can go over several, and a bare KEY sets nothing. It differs in two ways. A statement that
// python-dotenv gives up on counts, if it comes as far as KEY=: whoever wrote that meant
// it, and of what usagectl sends such a file can only refuse. And "${NAME}" in a value is not replaced.
func Parse(data []byte) map[string]string {
	text := strings.TrimPrefix(string(data), "\ufeff")
	r := reader{strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)}
	vars := map[string]string{}
	for {
		r.skip(isPythonSpace)
		if r.rest == "" {
			return vars
		}
		r.statement(vars)
	}
}

// reader is what is left to read, with \n for every end of a line.
type reader struct{ rest string }

// statement reads one statement, which does not begin with white space.
func (r *reader) statement(vars map[string]string) {
	if after, ok := strings.CutPrefix(r.rest, "export"); ok {
		if blank := strings.TrimLeftFunc(after, isBlank); blank != after {
			r.rest = blank
		}
	}
	key := r.key()
	r.skip(isBlank)
	if after, ok := strings.CutPrefix(r.rest, "="); ok && key != "" {
		r.rest = after
		r.skip(isBlank)
		vars[key] = r.value()
		r.line() // a comment, or what does not belong there
		return
	}
	if rest := r.line(); key != "" && (rest == "" || rest[0] == '#') {
		delete(vars, key)
	}
}

// key reads a name, which can be in single quotes; "" if there is none.
func (r *reader) key() string {
	if after, ok := strings.CutPrefix(r.rest, "'"); ok {
		name, after, ok := strings.Cut(after, "'")
		if !ok {
			return ""
		}
		r.rest = after
		return name
	}
	return r.take(func(c rune) bool { return c != '=' && c != '#' && !isPythonSpace(c) })
}

// value reads what is behind the equals sign.
func (r *reader) value() string {
	if r.rest != "" && (r.rest[0] == '\'' || r.rest[0] == '"') {
		if value, n := quoted(r.rest); n > 0 {
			r.rest = r.rest[n:]
			return value
		}
	}
	return withoutComment(r.take(func(c rune) bool { return c != '\n' }))
}

// quoted reads a value in quotes at the beginning of a text, and how long it is with them;
// 0 if the quotes are not closed.
func quoted(text string) (value string, n int) {
	quote, end := text[0], -1
	for i := 1; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && text[i+1] == quote {
			i++
			end = i // closes the value if nothing else does, for then the backslash is one
			continue
		}
		if text[i] == quote {
			end = i
			break
		}
	}
	if end < 0 {
		return "", 0
	}
	return unescape(text[1:end], quote), end + 1
}

// unescape replaces the escapes that each kind of quotes knows.
func unescape(value string, quote byte) string {
	if quote == '\'' {
		return strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(value)
	}
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\a`, "\a", `\b`, "\b", `\f`, "\f",
		`\n`, "\n", `\r`, "\r", `\t`, "\t", `\v`, "\v").Replace(value)
}

// withoutComment cuts off a comment, which begins with white space, and the space at the end.
func withoutComment(line string) string {
	previous := 'x'
	for i, c := range line {
		if c == '#' && isPythonSpace(previous) {
			line = line[:i]
			break
		}
		previous = c
	}
	return strings.TrimRightFunc(line, isPythonSpace)
}

// line reads the rest of the line, and its end.
func (r *reader) line() string {
	line, rest, _ := strings.Cut(r.rest, "\n")
	r.rest = rest
	return line
}

func (r *reader) skip(is func(rune) bool) { r.rest = strings.TrimLeftFunc(r.rest, is) }

func (r *reader) take(is func(rune) bool) string {
	rest := strings.TrimLeftFunc(r.rest, is)
	taken := r.rest[:len(r.rest)-len(rest)]
	r.rest = rest
	return taken
}

// isPythonSpace reports whether Python's \s matches: what Unicode calls space, and the
// separators of ASCII.
func isPythonSpace(c rune) bool { return unicode.IsSpace(c) || '\x1c' <= c && c <= '\x1f' }

// isBlank is white space within a line.
func isBlank(c rune) bool { return c != '\n' && isPythonSpace(c) }
