package transport

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// kept are the statuses that somebody can repair, which are tried again.
var kept = []int{401, 403, 404, 407, 408, 421, 423, 425, 429}

// wanted is the table once more: what becomes of a message that got a status.
func wanted(status int) Result {
	switch {
	case status == 501, status == 505:
		return Rejected
	case status < 200, status >= 500, slices.Contains(kept, status):
		return Retry
	case status < 300:
		return Accepted
	}
	return Rejected
}

// odd are statuses that HTTP does not know; it is three digits, of which the first is 1 to 5.
var odd = []int{0, 1, 99, 600, 666, 700, 999}

// TestStatuses holds what every status makes of a message, for everybody who makes
// requests, with a web page, JSON or nothing as the answer.
func TestStatuses(t *testing.T) {
	t.Parallel()
	answers := map[string]struct{ kind, body string }{
		"page": {"text/html; charset=utf-8", "<!DOCTYPE html><title>Log in</title>"}, "json": {"application/json", `{"text":"<html>"}`}, "empty": {"", ""},
	}
	for user, use := range users(t) {
		for kind, answer := range answers {
			for _, status := range append(every(), odd...) {
				client := &http.Client{CheckRedirect: checkRedirect, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {answer.kind}}, Body: io.NopCloser(strings.NewReader(answer.body))}, nil
				})}
				want := wanted(status)
				if kind == "page" && status >= 200 && status != 410 { // of 1xx no body is read
					want = Retry
				}
				if out := use(t.Context(), client, nowhere); out.Result != want || out.Status != status || (out.Note == "") != (want == Accepted) {
					t.Fatalf("%s, %s, %d: %+v, want the result %v", user, kind, status, out, want)
				}
			}
		}
	}
}

// every is each status that HTTP knows.
func every() []int {
	var list []int
	for status := 100; status < 600; status++ {
		list = append(list, status)
	}
	return list
}

// TestStatusTable holds that the table in the documentation is the one that counts.
func TestStatusTable(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "collecting.md"))
	if err != nil {
		t.Fatal(err)
	}
	said, withPage := map[int]string{}, map[int]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([1-9][^|]*) \| (accepted|tried again|rejected) \| (tried again|rejected) \|`).FindAllSubmatch(page, -1) {
		for _, part := range strings.Split(string(row[1]), ",") {
			part = strings.TrimSpace(part)
			if class, ok := strings.CutSuffix(part, "xx"); ok {
				n, err := strconv.Atoi(class)
				if err != nil {
					t.Fatal(err)
				}
				for status := n * 100; status < n*100+100; status++ {
					if said[status] == "" { // single statuses stand above their class
						said[status], withPage[status] = string(row[2]), string(row[3])
					}
				}
				continue
			}
			n, err := strconv.Atoi(part)
			if err != nil || said[n] != "" {
				t.Fatalf("%q: %v, %q", part, err, said[n])
			}
			said[n], withPage[n] = string(row[2]), string(row[3])
		}
	}
	words := [...]string{Accepted: "accepted", Retry: "tried again", Rejected: "rejected"}
	for _, status := range every() {
		if want := words[resultOf(status, false)]; said[status] != want {
			t.Errorf("%d: the page says %q, the program does %q", status, said[status], want)
		}
		if want := words[resultOf(status, true)]; withPage[status] != want {
			t.Errorf("%d with a web page: the page says %q, the program does %q", status, withPage[status], want)
		}
	}
}
