package sender

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
)

// deadProcess is a process that is no more, of a domain; "" for this one.
func deadProcess(t *testing.T, domain string) owner {
	t.Helper()
	_, here, _ := strings.Cut(thisProcess().String(), ".")
	o, ok := parseOwner(fmt.Sprintf("%d.%s", 1<<30, cmp.Or(domain, here)))
	if !ok {
		t.Fatal("it has no name")
	}
	return o
}
