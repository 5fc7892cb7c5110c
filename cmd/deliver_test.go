package cmd

import (
	"strings"
	"testing"
)

// TestDeliver holds that the hidden command delivers what is queued, and says nothing.
func TestDeliver(t *testing.T) {
	p := newPerson(t)
	p.must("enable demo -q")
	p.must("send demo run.start")
	p.expect(
		said{"deliver", exitOK, nil, nil},
		said{"inspect demo --queued", exitOK, []string{"Nothing waits for demo.\n"}, nil},
		said{"inspect demo --sent", exitOK, []string{"  run.start  "}, nil},
	)
	p.world.Stdin = strings.NewReader("no event\n")
	if p.run("deliver --stdin"); p.out.Len() > 0 {
		t.Error(p.out.String())
	}
}
