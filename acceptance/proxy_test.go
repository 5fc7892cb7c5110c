package acceptance

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// TestProxy holds that only what leaves by HTTPS goes through a proxy, events and deletion
// requests alike, and only through that of HTTPS_PROXY. The host is one that cannot be found,
// and nobody looks for it here.
func TestProxy(t *testing.T) {
	t.Parallel()
	const declared = `schema = 1
tool = {id = "%s", purpose = "Shows who uses a proxy."}
send = {transport = "http", endpoint = "%s/v1"}
event = [{name = "run"}]
field = [{name = "source", from = "identity.source", purpose = "To have something to forget."}]
forget = {method = "http", endpoint = "%s/deletions"}
`
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	through := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asked)
	}
	near := newRecorder(t, "200")
	p := newPersonIn(t, t.TempDir(), "HTTPS_PROXY="+proxy.URL, "HTTP_PROXY="+proxy.URL, "ALL_PROXY="+proxy.URL)
	const far = "https://telemetry.mytool.invalid"
	p.declare("near", fmt.Sprintf(declared, "near", near.url(), near.url()))
	p.declare("far", fmt.Sprintf(declared, "far", far, far))
	p.must("", "enable", "-q", "near", "far")

	p.must("", "send", "near", "run", "--wait=30s", "--fail")
	p.must("", "forget", "near", "--yes")
	if n := len(near.all()); n != 2 || len(through()) != 0 {
		t.Errorf("plain HTTP: %d requests arrived, the proxy got %q", n, through())
	}

	p.must("", "send", "far", "run")
	eventually(t, "the proxy is asked for an event", func() bool { return len(through()) > 0 })
	awaitDeliverer(p.stateHome())
	before := len(through())
	p.must("", "forget", "far", "--yes")
	if list := through(); len(list) == before || len(slices.Compact(list)) != 1 || list[0] != "CONNECT telemetry.mytool.invalid:443" {
		t.Errorf("HTTPS: the proxy got %q, %d of an event", list, before)
	}
}
