//go:build linux && long

package acceptance

import (
	"fmt"
	"strings"
	"testing"
)

// TestStreamKilledAtEachCall kills what queues and what unpacks and delivers a bundle at the system
// calls by which it changes something, the first time, the second and so on. What was queued
// arrives all the same, the whole bundle or nothing of it was queued, and nothing but that is left.
func TestStreamKilledAtEachCall(t *testing.T) {
	t.Parallel()
	needProgram(t, "strace")
	const many = 5
	lines := ""
	for n := range many {
		lines += fmt.Sprintf(`{"event":"run.end","set":{"n":%d}}`+"\n", n)
	}
	for _, command := range []string{"send", "flush"} {
		for _, call := range []string{"openat", "write", "rename,renameat,renameat2", "unlink,unlinkat"} {
			t.Run(command+" "+call, func(t *testing.T) {
				t.Parallel()
				killed := 0
				for n := 1; ; n += 1 + n/4 {
					s := newStorm(t, inTurn([]string{"200"}))
					s.holdBack()
					fault := fmt.Sprintf("%s:signal=SIGKILL:when=%d", call, n)
					args := []string{"send", "storm", "--stream"}
					if command == "flush" {
						s.must(lines, args...)
						args = []string{"flush", "--timeout=20s"}
					}
					cmd := s.by([]string{"strace", "-f", "-qq", "-o", "/dev/null", "-E", "GOMAXPROCS=1", "-e", "trace=" + call, "-e", "inject=" + fault}, args...)
					if command == "send" {
						cmd.Stdin = strings.NewReader(lines)
					}
					_ = cmd.Run() // it is killed, or not
					dead := cmd.ProcessState.ExitCode() < 0
					s.flushed()
					s.allHere(command, fault, many, dead)
					if !dead {
						break
					}
					killed++
				}
				if killed == 0 && (command == "flush" || call != "unlink,unlinkat") {
					t.Error("it was never killed, so this showed nothing")
				}
			})
		}
	}
}

// allHere checks that all events of a bundle arrived, or none if the process that queues it was killed, and
// that nothing is left of them.
func (s *storm) allHere(command, fault string, many int, killed bool) {
	s.t.Helper()
	got := s.recorder.taken()
	twice := 0
	for _, bodies := range got {
		s.sameDocument(bodies, "")
		twice += len(bodies) - 1
	}
	if len(got) != many && (len(got) > 0 || command == "flush" || !killed) {
		s.t.Errorf("%s: %d of %d events arrived", fault, len(got), many)
	}
	if twice > 0 && !killed || twice > underWay {
		s.t.Errorf("%s: %d arrived once more than needed", fault, twice)
	}
	if c := s.status(); c.Queued+c.Rejected+c.Dropped > 0 {
		s.t.Errorf("%s: %+v", fault, c)
	}
}
