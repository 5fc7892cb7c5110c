// Package secret decides what is a secret in a request, so that nothing that is
// shown or kept holds one: by the words of a name, by the form of a value, and in
// an address by both. It is the one place that decides this.
package secret

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Mask replaces a secret.
const Mask = "********"

// Name reports whether the name of an HTTP header, a query parameter or the like
// says that its value is a secret, such as X-API-Key, accessToken or token2. It is
// judged word by word: X-Keyword and Monkey are ordinary names, and so is a number of
// tokens.
func Name(name string) bool {
	list := words(name)
	if len(list) > 0 && slices.Contains(amounts[:], list[len(list)-1]) {
		return false
	}
	before := ""
	for _, word := range list {
		if secretWord(word) && !slices.Contains(publicPairs[:], before+" "+word) {
			return true
		}
		before = word
	}
	return false
}

// amounts are last words of the names of numbers.
var amounts = [...]string{"count", "length", "limit", "limits", "size"}

// publicPairs are words that name no secret behind another.
var publicPairs = [...]string{"public key", "key pins", "idempotency key"}

// parameter is [Name] for the query of an address, in which some words are
// secrets that are ordinary in a header.
func parameter(name string) bool {
	return Name(name) || strings.EqualFold(name, "k") || slices.ContainsFunc(words(name), func(word string) bool {
		return word == "access" || word == "code"
	})
}

// secretWord reports whether a lower-case word names a secret: alone, behind a word
// with which it is often written together, as in "userpin", or by how it begins or ends.
func secretWord(word string) bool {
	return slices.ContainsFunc([]string{word, strings.TrimSuffix(word, "s")}, func(word string) bool {
		switch {
		case slices.Contains(ordinaryWords[:], word):
			return false
		case strings.HasPrefix(word, "auth") && !isAuthor(word), slices.ContainsFunc(secretEnds[:], func(end string) bool { return strings.HasSuffix(word, end) }):
			return true
		}
		return slices.ContainsFunc(firstWords[:], func(first string) bool {
			rest, ok := strings.CutPrefix(word, first)
			return ok && slices.Contains(secretWords[:], rest)
		})
	})
}

// isAuthor reports whether a word is about authors or what is authentic, as "authority"
// is and "authorization" is not.
func isAuthor(word string) bool {
	if rest, ok := strings.CutPrefix(word, "author"); ok {
		return !strings.HasPrefix(rest, "is") && !strings.HasPrefix(rest, "iz")
	}
	rest, ok := strings.CutPrefix(word, "authentic")
	return ok && !strings.HasPrefix(rest, "at")
}

// secretEnds are what the names of secrets end in, whatever is before.
var secretEnds = [...]string{"assertion", "cookie", "credential", "jwt", "key", "passphrase", "passwd", "password", "secret", "signature", "token"}

// ordinaryWords end like secrets.
var ordinaryWords = [...]string{"donkey", "hockey", "hotkey", "jockey", "lackey", "malarkey", "monkey", "turkey", "turnkey", "whiskey"}

var secretWords = [...]string{
	"auth", "bearer", "cred", "csrf", "dsn", "hmac", "oauth", "otp", "pass", "passcode", "passwort", "pat",
	"pin", "pw", "pwd", "saml", "sess", "sessid", "session", "sessionid", "sid", "sig", "sign", "signing", "sso", "ticket", "tok", "xsrf",
}

var firstWords = [...]string{
	"", "access", "account", "admin", "api", "app", "auth", "aws", "bearer", "bot", "client", "csrf", "db", "device", "google", "hub", "id",
	"ingest", "jwt", "license", "master", "my", "oauth", "php", "private", "project", "proxy", "refresh", "secret", "server", "service", "session",
	"set", "shared", "sign", "signing", "site", "sub", "user", "web", "webhook", "write", "x", "xsrf",
}

// words splits a name at whatever is no letter, so that a number takes nothing from a
// word, and where a capital begins one, and makes the words lower-case.
func words(name string) []string {
	var list []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			list = append(list, strings.ToLower(string(word)))
		}
		word = nil
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r):
			end()
			continue
		case i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return list
}

// Value reports whether a value has the form of a credential: an authentication
// scheme before a token, such as "Bearer ...", a secret behind its name, a JSON Web
// Token, or what begins like the tokens of a well-known service.
func Value(value string) bool {
	value = strings.TrimSpace(value)
	if i := strings.IndexAny(value, " \t"); i >= 0 && slices.Contains(schemes[:], strings.ToLower(value[:i])) {
		return true
	}
	if strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2 {
		return true
	}
	between := " \t,;&"
	if strings.Contains(value, "?") { // it may be an address, of which only parameters are masked
		between = " \t,"
	}
	parts := strings.FieldsFunc(strings.ReplaceAll(value, ": ", ":"), func(r rune) bool { return strings.ContainsRune(between, r) })
	return slices.ContainsFunc(parts, func(part string) bool {
		i := strings.IndexAny(part, "=:")
		return i >= 0 && i+1 < len(part) && !strings.ContainsAny(part[:i], "/?#") && Name(part[:i]) || known(part[i+1:])
	})
}

var schemes = [...]string{
	"apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "dpop", "hawk", "hmac", "key", "negotiate", "ntlm", "oauth",
	"sharedaccesssignature", "sharedkey", "signature", "splunk", "sso-key", "token",
}

// known reports whether a text begins like the tokens of a well-known service.
func known(text string) bool {
	return slices.ContainsFunc(tokenPrefixes[:], func(prefix string) bool {
		rest, ok := strings.CutPrefix(strings.Trim(text, `"'`), prefix)
		return ok && isToken(rest, 6)
	})
}

var tokenPrefixes = [...]string{
	"AIza", "AKIA", "ASIA", "dop_v1_", "ghp_", "gho_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "hf_", "npm_", "pk_live_", "pypi-", "rk_live_",
	"shpat_", "sk-", "sk_live_", "sk_test_", "whsec_", "xapp-", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "ya29.",
}

// isToken reports whether a text is one word with that many letters and digits.
func isToken(text string, least int) bool {
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			least--
		case !strings.ContainsRune("-._~+=", r):
			return false
		}
	}
	return least <= 0
}

// Header is the value of an HTTP header without what is secret in it.
func Header(name, value string) string {
	masked, values := split(value, mostEscapes)
	if Name(name) || Value(value) {
		return Mask
	}
	if found, _ := inside(value, mostEscapes); found && len(values) == 0 {
		return Mask
	}
	return masked
}

// URL is an address, be it a relative one, without what is secret in it: the user, and
// parameters whose name or value is a secret's, or whose value is an address with one.
// The rest is as it was, and so is a text that is no address.
func URL(address string) string {
	text, _ := split(address, mostEscapes)
	return text
}

// InURL lists the values that [URL] masks, as they are in the address and decoded, and
// those in an address that is escaped as a whole.
func InURL(address string) []string {
	_, values := split(address, mostEscapes)
	_, more := inside(address, mostEscapes)
	var list []string
	for _, value := range append(values, more...) {
		if !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list
}

// mostEscapes is how often an address in another may be escaped to be looked at. One
// that is escaped more often counts as a secret: looking costs twice as much each time.
const mostEscapes = 3

func split(address string, escapes int) (masked string, values []string) {
	rest := address
	var out strings.Builder
	if i := strings.Index(address, "//"); i == 0 || i > 0 && address[i-1] == ':' {
		out.WriteString(address[:i+2])
		user := ""
		if user, rest = cutUser(address[i+2:]); user != "" {
			name, password, _ := strings.Cut(user, ":")
			values = appendDecoded(appendDecoded(values, name), password)
			out.WriteString(Mask)
		}
	}
	const marks = "?#&;"
	for rest != "" {
		part := rest
		if end := strings.IndexAny(rest[1:], marks); end >= 0 {
			part = rest[:end+1]
		}
		rest = rest[len(part):]
		name, value, ok := strings.Cut(part, "=")
		if name == "" || !strings.ContainsAny(name[:1], marks) {
			out.WriteString(part)
			continue
		}
		start := name + "="
		if !ok {
			start, value = name[:1], name[1:]
		}
		found, inner := inside(value, escapes-1)
		if value != "" && (found || ok && parameter(decoded(name[1:])) || !ok && isToken(decoded(value), leastBare)) {
			values = append(appendDecoded(values, value), inner...)
			part = start + Mask
		}
		out.WriteString(part)
	}
	return out.String(), values
}

// leastBare is how many letters and digits make a token of a query without a name.
const leastBare = 20

// inside reports whether a value is a secret, or an address with one, and lists those
// in the address. It may be escaped.
func inside(value string, escapes int) (found bool, values []string) {
	plain := decoded(value)
	if escapes < 0 {
		return plain != value || Value(value), nil
	}
	_, values = split(plain, escapes)
	found = Value(plain) || len(values) > 0
	if plain != value {
		deeper, more := inside(plain, escapes-1)
		found, values = found || deeper, append(values, more...)
	}
	return found, values
}

// cutUser splits the user off what is behind the two slashes of an address.
func cutUser(address string) (user, rest string) {
	end := strings.IndexAny(address, "/?#")
	if end < 0 {
		end = len(address)
	}
	at := strings.LastIndexByte(address[:end], '@')
	if at < 0 || strings.Trim(address[:at], ":") == "" {
		return "", address
	}
	return address[:at], address[at:]
}

func appendDecoded(list []string, value string) []string {
	if value == "" {
		return list
	}
	list = append(list, value)
	if plain := decoded(value); plain != value {
		list = append(list, plain)
	}
	return list
}

func decoded(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}
