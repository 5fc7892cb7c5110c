package transport

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestRedirects holds that a payload goes nowhere but to the host that the person
// agreed to, never unencrypted, and not round and round.
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
	again := request(t, "https://a.example/v1", "POST")
	for asked := range 10 {
		if err := checkRedirect(again, slices.Repeat([]*http.Request{again}, asked+1)); (err == nil) != (asked < 4) {
			t.Errorf("after %d redirects: %v", asked, err)
		}
	}
}

// TestRedirectsEnd holds that a server that sends a request on and on to itself is
// followed four times, with the same document, and has refused it then. Go adds where it
// was before.
func TestRedirectsEnd(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		var bodies, referers []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, r.Method+" "+string(body))
			referers = append(referers, r.Header.Get("Referer"))
			http.Redirect(w, r, "/again", status)
		}))
		out := users(t)["strict http"](t.Context(), NewClient(), server.URL)
		server.Close()
		if out.Result != Rejected || out.Status != status || len(bodies) != 5 || len(slices.Compact(bodies)) != 1 || !strings.HasPrefix(bodies[0], `POST {"name":"run"`) {
			t.Errorf("%d: %+v after %q", status, out, bodies)
		}
		if referers[0] != "" || !strings.HasPrefix(referers[1], server.URL) {
			t.Errorf("Referer: %q", referers)
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
