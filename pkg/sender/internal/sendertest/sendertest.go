// Package sendertest holds what the tests of pkg/sender and of the packages below it
// share.
package sendertest

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// Noon is the time at which tests take place.
func Noon() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// ToolID is the ID of that name.
func ToolID(t testing.TB, name string) manifest.ID {
	t.Helper()
	id, err := manifest.ParseID(name)
	Must(t, err)
	return id
}

// Must ends the test with an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// DeadProcess is a process that is no more, of a domain; "" stands for this machine's.
func DeadProcess(t testing.TB, domain string) lease.Owner {
	t.Helper()
	_, here, _ := strings.Cut(lease.This().String(), ".")
	o, ok := lease.ParseOwner(fmt.Sprintf("%d.%s", 1<<30, cmp.Or(domain, here)))
	if !ok {
		t.Fatal("it has no name")
	}
	return o
}
