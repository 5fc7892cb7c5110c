package secret

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for _, name := range []string{
		"Authorization", "authorization", "Proxy-Authorization", "X-Auth", "X-Auth-Token", "X-Password", "x-passwd", "X_PWD", "X-Pass",
		"X-Credential", "X-Credentials", "X-Cred", "X-Signature", "X-Hub-Signature-256", "X-Sig", "Cookie", "Set-Cookie", "X-API-Key", "apikey",
		"ApiKey", "APIKey", "X-Apikey", "write_key", "writeKey", "writekey", "accessToken", "ACCESS_TOKEN", "Session", "X-Session-Id", "sessionid",
		"PHPSESSID", "X-JWT", "JWT", "bearer", "X-CSRF-Token", "X-XSRF-TOKEN", "client_secret", "ClientSecret", "Tokens", "DD-API-KEY",
		"Ocp-Apim-Subscription-Key", "x-honeycomb-team-key", "X-Passphrase", "X-OTP", "x.api.key", "XAuth", "X-Sentry-Auth", "sso", "X-Amz-Signature",
		"X-Amz-Credential", "X-Amz-Security-Token", "id_token", "refreshtoken", "signing-key", "Api Key",
		"X-Auth2", "X-Password1", "X-Token2", "X-Key1", "X-Sig2", "token2", "password1", "apikey1", "auth2", "2token", "auth2token", "x1auth", "key01", "X_SECRET_2", "pin2", "oauth2",
		"passkey", "PassKeys", "X-Ticket", "tickets", "assertion", "client_assertion", "authtoken", "xauthtoken", "X-XAuthToken", "authenticate", "WWW-Authenticate", "authcode", "authkey",
		"sastoken", "datakey", "encryptionkey", "subscriptionkey", "subscriptionkeys", "botsecret", "dbuserpassword", "mycookies", "pat", "X-PAT", "github_pat", "userpin",
	} {
		if !Name(name) {
			t.Errorf("%q is taken for an ordinary name", name)
		}
	}
	for _, name := range []string{
		"", "-", "X-Keyword", "Keywords", "Monkey", "X-Monkey", "Turkey", "Keyboard", "Author", "X-Author", "Authority", "Content-Type",
		"Content-Encoding", "User-Agent", "Accept", "Accept-Encoding", "X-Tokenizer", "Secretary", "X-Compass", "Bypass", "Passenger", "Passage", "Design",
		"X-Assign", "Signal", "X-Pinned", "Spin", "X-Request-Id", "Traceparent", "X-Tool", "Cookieless", "X-Possession", "Obsession", "Sidebar", "X-Source",
		"Donkey", "Whiskey", "Hockey", "Access-Control-Allow-Origin", "Status-Code",
		"Authors", "Authorities", "authored", "authorship", "Authentic", "Authenticity", "Jockeys", "Turnkey", "Monkeys", "Monkey2", "Keyword1", "Patch", "X-Path", "Compat", "Pattern",
		"X-Key-Count", "X-Token-Count", "max_token_limit", "X-Public-Key", "Public-Key-Pins", "Public-Key-Pins-Report-Only", "Idempotency-Key", "X-Version2", "X-B3-TraceId", "X-Sha256", "2",
	} {
		if Name(name) {
			t.Errorf("%q is taken for a secret", name)
		}
	}
}

func TestValue(t *testing.T) {
	for value, want := range map[string]bool{
		"Bearer abc": true, "bearer abc": true, "Basic a2V5Og==": true, "Token 123": true, "TOKEN 123": true, " Bearer abc": true,
		`Digest username="a"`: true, "AWS4-HMAC-SHA256 Credential=x": true, "eyJhbGciOi.eyJzdWIi.c2ln": true,
		"Bearer\tabc": true, "Bearer \t abc": true, "ApiKey=abc": true, "apikey: abc": true, "v=1; token2=abc": true, `{"password":"abc"}`: true, "a=b&sig=c": true,
		"ghp_abcdef123": true, "gho_abcdef123": true, "github_pat_11ABCDEFG0": true, "glpat-abc_def-123": true, "sk-abcdef123": true, "xoxb-12-34-abcdef": true, "AKIAABCDEF123": true,
		"v1 ghp_abcdef123": true, "as=glpat-abcdef123": true, `"sk-abcdef123"`: true,
		"sk-SK": false, "sk-SK,sk;q=0.9": false, "AKIA": false, "ghp_": false, "text/html; charset=utf-8": false, "keyword=abc": false, "key=": false, "12:30:15": false, "no-cache": false,
		"6282ac78-ba9e-4c6f-a849-732aae44989d": false, "/cb?token=abc": false, "https://a.example/?token=abc": false,
		"": false, "Bearer": false, "Basic ": false, "Basically fine": false, "application/json": false, "usagectl/1.2": false, "a b c": false, "eyJ is a prefix": false,
	} {
		if got := Value(value); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, c := range [][3]string{
		{"X-Auth", "abc", Mask},
		{"X-Thing", "Bearer abc", Mask},
		{"X-Thing", "abc", "abc"},
		{"X-Callback", "/cb?token=abc", "/cb?token=" + Mask},
		{"X-Callback", "//a.example/cb?v=1&token2=abc", "//a.example/cb?v=1&token2=" + Mask},
		{"X-Callback", "https%3A%2F%2Fh%2F%3Ftoken%3Dabc", Mask},
		{"X-Callback", "https%3A%2F%2Fh%2F%3Fv%3Dabc", "https%3A%2F%2Fh%2F%3Fv%3Dabc"},
		{"X-Callback", "cb?v=keyboard", "cb?v=keyboard"},
		{"X-Callback", "https://a.example/?token=abc", "https://a.example/?token=" + Mask},
	} {
		if got := Header(c[0], c[1]); got != c[2] {
			t.Errorf("%s: %s: %q", c[0], c[1], got)
		}
	}
}

func TestURL(t *testing.T) {
	for _, c := range []struct {
		address, want string
		values        []string
	}{
		{"", "", nil},
		{"~/usage.log", "~/usage.log", nil},
		{"a@b.example", "a@b.example", nil},
		{"https://a.example", "https://a.example", nil},
		{"https://a.example/v1?v=2&page=keyboard", "https://a.example/v1?v=2&page=keyboard", nil},
		{"https://a.example/v1?token=abc", "https://a.example/v1?token=" + Mask, []string{"abc"}},
		{"https://a.example/v1?v=2&api_key=abc&z=1#x", "https://a.example/v1?v=2&api_key=" + Mask + "&z=1#x", []string{"abc"}},
		{"https://a.example?sig=a%2Fb", "https://a.example?sig=" + Mask, []string{"a%2Fb", "a/b"}},
		{"https://a.example/?access=a&code=b&apikey=c&k=d", "https://a.example/?access=" + Mask + "&code=" + Mask + "&apikey=" + Mask + "&k=" + Mask, []string{"a", "b", "c", "d"}},
		{"https://a.example/?T%6Fken=abc", "https://a.example/?T%6Fken=" + Mask, []string{"abc"}},
		{"https://a.example/v1;key=abc/x?y=1", "https://a.example/v1;key=" + Mask + "?y=1", []string{"abc/x"}},
		{"https://a.example/?x=Bearer%20abc", "https://a.example/?x=" + Mask, []string{"Bearer%20abc", "Bearer abc"}},
		{"https://a.example/?token2=abc&x1=abc", "https://a.example/?token2=" + Mask + "&x1=abc", []string{"abc"}},
		{"https://a.example/?url=https%3A%2F%2Fh%2F%3Ftoken%3Dabc", "https://a.example/?url=" + Mask, []string{"https%3A%2F%2Fh%2F%3Ftoken%3Dabc", "https://h/?token=abc", "abc"}},
		{"https://a.example/?url=https%253A%252F%252Fh%252F%253Ftoken%253Dabc", "https://a.example/?url=" + Mask, []string{"https%253A%252F%252Fh%252F%253Ftoken%253Dabc", "https%3A%2F%2Fh%2F%3Ftoken%3Dabc", "abc", "https://h/?token=abc"}},
		{"https://a.example/?url=%2Fcb%3Ftoken%3Dabc", "https://a.example/?url=" + Mask, []string{"%2Fcb%3Ftoken%3Dabc", "/cb?token=abc", "abc"}},
		{"https://a.example/?url=https%3A%2F%2Fme:word%40h", "https://a.example/?url=" + Mask, []string{"https%3A%2F%2Fme:word%40h", "https://me:word@h", "me", "word"}},
		{"https://a.example/?url=https%3A%2F%2Fh%2F%3Fpage%3D1", "https://a.example/?url=https%3A%2F%2Fh%2F%3Fpage%3D1", nil},
		{"https://a.example/?https%3A%2F%2Fh%2F%3Ftoken%3Dabc", "https://a.example/?" + Mask, []string{"https%3A%2F%2Fh%2F%3Ftoken%3Dabc", "https://h/?token=abc", "abc"}},
		{"https://a.example/?x=ghp_abcdef123", "https://a.example/?x=" + Mask, []string{"ghp_abcdef123"}},
		{"https://a.example/v1?0123456789abcdefghij", "https://a.example/v1?" + Mask, []string{"0123456789abcdefghij"}},
		{"https://a.example/v1?v=1&abcdefghij-abcdefghij#x", "https://a.example/v1?v=1&" + Mask + "#x", []string{"abcdefghij-abcdefghij"}},
		{"https://a.example/v1?0123456789abcdefghi", "https://a.example/v1?0123456789abcdefghi", nil},
		{"https://a.example/v1?a/very/long/path/that/is/no/token", "https://a.example/v1?a/very/long/path/that/is/no/token", nil},
		{"//me:word@a.example/cb", "//" + Mask + "@a.example/cb", []string{"me", "word"}},
		{"https://a.example/#token=abc", "https://a.example/#token=" + Mask, []string{"abc"}},
		{"https://key@a.example/1", "https://" + Mask + "@a.example/1", []string{"key"}},
		{"http://me:word@a.example:8080", "http://" + Mask + "@a.example:8080", []string{"me", "word"}},
		{"https://a.example/@x?token=", "https://a.example/@x?token=", nil},
		{"https://a.example/hooks/0123456789abcdefghij/ghp_abcdef123", "https://a.example/hooks/0123456789abcdefghij/ghp_abcdef123", nil}, // not in a path
		{"https://a.example/?token=a=b?c=d", "https://a.example/?token=" + Mask + "?c=d", []string{"a=b"}},
	} {
		if got := URL(c.address); got != c.want {
			t.Errorf("%s: %q", c.address, got)
		}
		if got := InURL(c.address); !slices.Equal(got, c.values) {
			t.Errorf("%s: %q", c.address, got)
		}
	}
}

// FuzzURL holds that masking fails on nothing, and changes only what it masks.
func FuzzURL(f *testing.F) {
	f.Add("https://me:word@a.example/v1;key=abc?token=abc&x=1#sig=2")
	f.Add("https://=abc")
	f.Fuzz(func(t *testing.T, address string) {
		masked := URL(address)
		if len(InURL(address)) == 0 && masked != address {
			t.Errorf("%q was changed into %q, and nothing masked", address, masked)
		}
	})
}

// TestDeepEscapes holds that an address in an address in an address costs little, and
// that one that is escaped too often to be looked at is masked.
func TestDeepEscapes(t *testing.T) {
	deep := "https://a.example/?url=" + "%3Fx%3D1"
	for range 8 {
		deep = "https://a.example/?url=" + url.QueryEscape(deep)
	}
	if got := URL(deep); got != "https://a.example/?url="+Mask {
		t.Errorf("%q", got)
	}
	if got := URL(strings.Repeat("?x=%"+strings.Repeat("25", 100)+"41", 20)); got != strings.Repeat("?x="+Mask, 20) {
		t.Errorf("%q", got)
	}
}
