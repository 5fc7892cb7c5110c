package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender"
)

// flushed is what a flush did for one tool.
type flushed struct {
	Tool     manifest.ID `json:"tool"`
	Named    string      `json:"named,omitempty"` // the name that was given, if it is not the tool's ID
	Sent     int         `json:"sent"`
	Rejected int         `json:"rejected"`
	Dropped  int         `json:"dropped"`
	Queued   count       `json:"queued"` // still
	Detail   string      `json:"detail"` // why something still waits

	Deletions  requests `json:"deletions"`   // the requests that waited
	Unrecorded string   `json:"unrecorded"`  // why something that was sent is not in the journal
	OverBounds int      `json:"over_bounds"` // of those: because the queue was full, or they were too old

	Earlier int `json:"over_bounds_earlier"` // dropped for the same reason before this flush, which nobody was told of

	unerased []string // why not all that is to be forgotten could be removed
}

// line is the result in words: "2 sent, nothing waits".
func (r flushed) line() string {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{r.Sent, "sent"},
		{r.Rejected, "rejected"},
		{r.OverBounds, "dropped because the queue was full, or they were too old"},
		{r.Dropped - r.OverBounds, "dropped because consent was withdrawn, or the source ID forgotten"},
		{r.Earlier, "dropped earlier because the queue was full, or they were too old"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	for _, d := range r.Deletions.list {
		parts = append(parts, d.outcome())
	}
	if r.Deletions.unknown != nil && r.Queued >= 0 {
		parts = append(parts, r.Deletions.reason())
	}
	if left := leftOver(r.unerased); left != "" {
		parts = append(parts, left)
	}
	switch {
	case r.Queued < 0:
		parts = append(parts, "it is not known what still waits: "+r.Detail)
	case r.Queued == 0 && (len(r.unerased) > 0 || r.Deletions.unknown != nil):
	case r.Queued == 0 && r.in(sender.Pending):
		parts = append(parts, "no event waits")
	case r.Queued == 0:
		parts = append(parts, "nothing waits")
	case r.Detail == "":
		parts = append(parts, fmt.Sprintf("%d still waiting", r.Queued))
	default:
		parts = append(parts, fmt.Sprintf("%d still waiting: %s", r.Queued, r.Detail))
	}
	if r.Unrecorded != "" {
		parts = append(parts, r.Unrecorded)
	}
	return strings.Join(parts, ", ")
}

// waits reports whether something is left to do of the tool, or may be.
func (r flushed) waits() bool {
	return r.Queued != 0 || r.Deletions.unknown != nil || len(r.unerased) > 0 || r.in(sender.Pending)
}

// in reports whether a deletion request is in a state.
func (r flushed) in(state sender.DeletionState) bool {
	return slices.ContainsFunc(r.Deletions.list, func(d deletion) bool { return d.State == state })
}

// leftOver says what could not be removed here, or "".
func leftOver(unerased []string) string {
	if len(unerased) == 0 {
		return ""
	}
	return "not all that is to be forgotten could be removed: " + strings.ReplaceAll(unerased[0], "\n", "; ")
}

// verdictOf finds the exit code.
func verdictOf(results []flushed) error {
	code := exitOK
	for _, r := range results {
		switch {
		case r.Queued < 0 || r.Deletions.unknown != nil:
			return fail(exitIO, nil)
		case r.waits():
			return fail(exitTempFail, nil)
		case r.Unrecorded != "":
			code = exitIO
		case r.Rejected > 0 || r.in(sender.Failed):
			code = exitRejected
		}
	}
	if code != exitOK {
		return fail(code, nil)
	}
	return nil
}

// showFlushed shows what a flush did, tool by tool.
func showFlushed(u *ui, results []flushed) error {
	if u.json {
		return u.printJSON(struct {
			Schema int       `json:"schema"`
			Tools  []flushed `json:"tools"`
		}{1, results})
	}
	if u.quiet {
		return nil
	}
	if len(results) == 0 {
		u.stdout.Printf("nothing is queued\n")
	}
	for _, r := range results {
		u.stdout.Printf("%s: %s\n", r.Tool, r.line())
	}
	return nil
}
