//go:build unix

package acceptance

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// needProc skips a test where processes cannot be found by what they are.
func needProc(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("finding the deliverers takes Linux's /proc")
	}
}

// deliverers finds the background deliverers that work in a home: the processes
// called "usagectl deliver" whose environment names it.
func deliverers(home string) []int {
	var pids []int
	for _, name := range filesIn("/proc") {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		argv, err := os.ReadFile(filepath.Join("/proc", name, "cmdline"))
		if err != nil || !bytes.HasPrefix(argv, []byte("usagectl\x00deliver\x00")) {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", name, "environ"))
		if err == nil && bytes.Contains(environ, []byte("="+home+"\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// standsStill reports whether all threads of a process are stopped, or gone.
func standsStill(pid int) bool {
	tasks := filepath.Join("/proc", strconv.Itoa(pid), "task")
	for _, task := range filesIn(tasks) {
		stat, err := os.ReadFile(filepath.Join(tasks, task, "stat"))
		_, state, _ := bytes.Cut(stat, []byte(") "))
		if err == nil && !bytes.ContainsAny(state[:min(1, len(state))], "TtZX") {
			return false
		}
	}
	return true
}

// endDeliverers kills what is still at work in a home, so that it can be removed.
func endDeliverers(t testing.TB, home string) {
	t.Helper()
	eventually(t, "the deliverers end", func() bool {
		pids := deliverers(home)
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone or next time
		}
		return len(pids) == 0
	})
}

// alone waits until no deliverer is at work: one in 256 events starts one, to trim the
// outbox, also while the tool has to wait.
func (p *person) alone() {
	p.t.Helper()
	eventually(p.t, "no deliverer is at work", func() bool { return len(deliverers(p.home)) == 0 })
}
