//go:build unix && long

package acceptance

import "testing"

// TestStormLong is TestStormWithKills with many more events.
func TestStormLong(t *testing.T) { stormWithKills(t, 3000) }

func TestStormWithoutKills(t *testing.T) {
	t.Parallel()
	s := newStorm(t, inTurn([]string{"200"}))
	ids := s.sendMany(300, stormSenders)
	s.flushAll()
	s.allArrived(ids, casualties{})
}

// TestStormBadReceiver storms receivers that misbehave at first.
func TestStormBadReceiver(t *testing.T) {
	t.Parallel()
	needProc(t)
	for how, bad := range map[string]int{ // that many requests
		"503:1": 4, // each makes all senders wait at least a second
		"hang":  30, "close": 30, "rubbish": 30,
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t, func(n int, _ string) string {
				if n <= bad {
					return how
				}
				return "200"
			})
			stop := s.hunt()
			ids := s.sendMany(150, stormSenders/4)
			dead := stop()
			s.recorder.goOn()
			s.flushAll()
			s.allArrived(ids, dead) // what was answered badly was not taken
		})
	}
}
