package acceptance

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// TestOrderOfRuns has a server fail now and then, and two processes deliver at once. The
// events of each run arrive in the order in which they were taken all the same.
func TestOrderOfRuns(t *testing.T) {
	t.Parallel()
	server := newRecorderBy(t, func(n int, _ string) string {
		switch n % 9 {
		case 3:
			return "503"
		case 7:
			return "close"
		}
		return "200"
	})
	p := newPersonIn(t, t.TempDir())
	p.toolID = "mytool"
	p.declare("mytool", `schema = 1
tool = {id = "mytool", purpose = "Shows in which order events arrive."}
send = {transport = "http", endpoint = "`+server.url()+`/v1"}
event = [{name = "step"}]
[[field]]
name = "n"
type = "int"
purpose = "To see the order."
[[field]]
name = "run"
from = "run.id"
purpose = "To tell runs apart."
`)
	p.must("", "enable", "-q", "mytool")
	p.holdBack()
	const runs, steps = 3, 8
	for n := range steps {
		for run := range runs {
			p.must("", "send", "mytool", "step", "--run", orderRun(run), "--set", fmt.Sprintf("n=%d", n))
		}
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { p.run("", "flush", "--timeout=30s") })
	}
	both.Wait()
	p.flushed()
	next := map[string]int{}
	for _, got := range server.all() {
		var document struct {
			Run string
			N   int
		}
		must(t, json.Unmarshal(got.body, &document))
		switch {
		case document.N > next[document.Run]:
			t.Errorf("run %s: %d was sent before %d", document.Run, document.N, next[document.Run])
		case got.taken && document.N == next[document.Run]:
			next[document.Run]++
		}
	}
	for run := range runs {
		if n := next[orderRun(run)]; n != steps {
			t.Errorf("of run %d %d events arrived, want %d", run, n, steps)
		}
	}
}

func orderRun(n int) string { return uuid.UUID{15: byte(n + 1)}.String() }
