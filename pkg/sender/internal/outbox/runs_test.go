package outbox

import (
	"errors"
	"slices"
	"testing"

	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestOthers lists a queue, and then has others put an event back, claim one and take a new one.
func TestOthers(t *testing.T) {
	o := outboxWith(t, 1, noon, noon.Add(1), noon.Add(2), noon.Add(3))
	all := waiting(t, o)
	first, err := o.Claim(all[0], lease.This(), noon)
	sendertest.Must(t, err)
	listed := waiting(t, o)[:2] // as if the last one was taken later
	_, err = o.Claim(all[1], lease.This(), noon)
	sendertest.Must(t, errors.Join(err, first.Release()))
	if got := o.Others(listed); !slices.Equal(got, all[:2]) {
		t.Errorf("besides %q there are %q, want %q", listed, got, all[:2])
	}
}
