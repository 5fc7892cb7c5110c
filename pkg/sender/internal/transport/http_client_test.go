package transport

import (
	"net/http"
	"net/url"
	"testing"
)

// TestRedirects holds that a payload goes nowhere but to the host that the person
// agreed to, and never unencrypted.
func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		from, to, method string
		follows          bool
	}{
		{"https://a.example/v1", "https://a.example/v2", "POST", true},
		{"https://a.example/v1", "https://b.example/v1", "POST", false},
		{"https://a.example/v1", "https://a.example:444/v1", "POST", false},
		{"https://a.example/v1", "http://a.example/v1", "POST", false},
		{"https://a.example/v1", "https://a.example/v2", "GET", false}, // what a 302 makes of a POST
	} {
		first, next := request(t, c.from, "POST"), request(t, c.to, c.method)
		if err := checkRedirect(next, []*http.Request{first}); (err == nil) != c.follows {
			t.Errorf("%s to %s %s: %v", c.from, c.method, c.to, err)
		}
	}
}

func request(t *testing.T, address, method string) *http.Request {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Request{Method: method, URL: u}
}
