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
// says that its value is a secret, such as X-API-Key or accessToken. It is judged
// word by word: X-Keyword and Monkey are ordinary names.
func Name(name string) bool { return slices.ContainsFunc(words(name), secretWord) }

// parameter is [Name] for the query of an address, in which some words are
// secrets that are ordinary in a header.
func parameter(name string) bool {
	return Name(name) || slices.ContainsFunc(words(name), func(word string) bool {
		return word == "access" || word == "code" || word == "k"
	})
}

// secretWord reports whether a lower-case word names a secret, alone or behind a
// word with which it is often written together, as in "apikey".
func secretWord(word string) bool {
	for _, w := range []string{word, strings.TrimSuffix(word, "s")} {
		if slices.Contains(secretWords[:], w) {
			return true
		}
		for _, first := range firstWords {
			rest, ok := strings.CutPrefix(w, first)
			if ok && slices.Contains(secretWords[:], rest) {
				return true
			}
		}
	}
	return false
}

var secretWords = [...]string{
	"apikey", "auth", "authentication", "authn", "authorisation", "authorization", "authz", "bearer", "cookie", "cred", "credential",
	"csrf", "dsn", "hmac", "jwt", "key", "oauth", "oauth2", "otp", "pass", "passcode", "passphrase", "passwd", "password", "passwort",
	"pin", "pw", "pwd", "saml", "secret", "sess", "sessid", "session", "sessionid", "sid", "sig", "sign", "signature", "signing", "sso", "tok", "token", "xsrf",
}

var firstWords = [...]string{
	"access", "account", "admin", "api", "app", "auth", "aws", "bearer", "bot", "client", "csrf", "db", "device", "google", "hub", "id",
	"ingest", "jwt", "license", "master", "my", "oauth", "php", "private", "project", "proxy", "refresh", "secret", "server", "service", "session",
	"set", "shared", "sign", "signing", "site", "sub", "user", "web", "webhook", "write", "x", "xsrf",
}

// words splits a name at whatever is no letter or digit, and where a capital
// begins a word, and makes the words lower-case.
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
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
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
// scheme before a token, such as "Bearer ...", or a JSON Web Token.
func Value(value string) bool {
	value = strings.TrimSpace(value)
	scheme, token, ok := strings.Cut(value, " ")
	if ok && token != "" && slices.Contains(schemes[:], strings.ToLower(scheme)) {
		return true
	}
	return strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2
}

var schemes = [...]string{
	"apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "dpop", "hawk", "hmac", "key", "negotiate", "ntlm", "oauth",
	"sharedaccesssignature", "sharedkey", "signature", "splunk", "sso-key", "token",
}

// Header is the value of an HTTP header without what is secret in it.
func Header(name, value string) string {
	if Name(name) || Value(value) {
		return Mask
	}
	return URL(value)
}

// URL is an address without what is secret in it: the user, and parameters whose
// name or value is a secret's. The rest is as it was. A text that is no address is
// returned as it is.
func URL(address string) string {
	text, _ := split(address)
	return text
}

// InURL lists the values that [URL] masks, as they are in the address and decoded.
func InURL(address string) []string {
	_, values := split(address)
	return values
}

func split(address string) (masked string, values []string) {
	before, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address, nil
	}
	var out strings.Builder
	out.WriteString(before + "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if at := strings.LastIndexByte(rest[:end], '@'); at >= 0 && strings.Trim(rest[:at], ":") != "" {
		out.WriteString(Mask)
		user, password, _ := strings.Cut(rest[:at], ":")
		values = appendDecoded(appendDecoded(values, user), password)
		rest = rest[at:]
	}
	const marks = "?#&;"
	for rest != "" {
		part := rest
		if end := strings.IndexAny(rest[1:], marks); end >= 0 {
			part = rest[:end+1]
		}
		rest = rest[len(part):]
		name, value, ok := strings.Cut(part, "=")
		if ok && name != "" && value != "" && strings.ContainsAny(name[:1], marks) && (parameter(decoded(name[1:])) || Value(decoded(value))) {
			values = appendDecoded(values, value)
			part = name + "=" + Mask
		}
		out.WriteString(part)
	}
	return out.String(), values
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
