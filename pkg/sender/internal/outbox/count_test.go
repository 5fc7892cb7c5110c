package outbox

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// TestMovedWhileListed moves an event once, there or back, before each of the lists is
// made in turn, and holds that it is found.
func TestMovedWhileListed(t *testing.T) {
	for _, parts := range [][2]string{{"new", "claimed"}, {"claimed", "new"}} {
		for moves := range 4 {
			made := 0
			found, err := queuedIn(func(part string) ([]string, error) {
				at := parts[0]
				if made >= moves {
					at = parts[1]
				}
				made++
				if at != part {
					return nil, nil
				}
				return []string{"event" + map[string]string{"claimed": "~owner"}[part]}, nil
			})
			if _, ok := found["event"]; err != nil || !ok || len(found) != 1 {
				t.Errorf("from %s to %s before list %d: %v, %v", parts[0], parts[1], moves, found, err)
			}
		}
	}
}

// TestNeverNowhere looks for events, again and again, while each is claimed and thrown
// away: it is queued until it is lost.
func TestNeverNowhere(t *testing.T) {
	for range 100 {
		o := outboxWith(t, 1, noon)
		file := waiting(t, o)[0]
		ended := make(chan error)
		go func() {
			cl, err := o.Claim(file, lease.This(), noon)
			if err == nil {
				err = cl.Discard(LostRefused, noon)
			}
			ended <- err
		}()
		for going := true; going; {
			select {
			case err := <-ended:
				sendertest.Must(t, err)
				going = false
			default:
			}
			if count, err := o.Count(); err != nil || count.Queued+count.Dropped == 0 {
				t.Fatalf("%+v, %v", count, err)
			}
		}
	}
}
