//go:build unix

package acceptance

import "testing"

// TestDelivererInheritsNothing runs lines of shell that end, or do their work a second time,
// only once nobody has a descriptor of theirs any more, while the server keeps the
// deliverer waiting.
func TestDelivererInheritsNothing(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"a lock, as in cron jobs": `exec 9>lock; flock -n 9 && usagectl send mytool run && exec 9>&- && exec 8>lock && flock -n 8`,
		"a pipe":                  `{ usagectl send mytool run; } 3>&1 | cat`,
		"a high one":              `bash -c '{ usagectl send mytool run; } 200>&1' | cat`,
		"many":                    `bash -c '{ usagectl send mytool run; } 3>&1 4>&1 5>&1 63>&1 255>&1' | cat`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needProgram(t, "flock")
			needProgram(t, "bash")
			server := newRecorder(t, "hang")
			p := newPersonIn(t, t.TempDir())
			p.declare("mytool", oneEvent(server.url()))
			p.must("", "enable", "-q", "mytool")
			cmd := p.by([]string{"sh", "-c", line}, "")
			cmd.Args = cmd.Args[:3]
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
			eventually(t, "the deliverer is still at work", func() bool { return server.waiting() == 1 })
			server.goOn()
			eventually(t, "the event arrives", func() bool { return len(server.taken()) == 1 })
		})
	}
}

// oneEvent is the manifest of a tool that sends one kind of event to a server.
func oneEvent(url string) string {
	return `schema = 1
tool = {id = "mytool", purpose = "Shows the background deliverer."}
send = {transport = "http", endpoint = "` + url + `/v1"}
event = [{name = "run"}]
field = [{name = "id", from = "event.id", purpose = "To count an event once that arrives twice."}]
`
}
