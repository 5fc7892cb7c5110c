package acceptance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
)

// TestImagesPageCounts holds the numbers of docs/images.md: how many tools the variables
// reach, that each of the others is reported, and that the file which GitLab gets from --all
// is too long for its default limits.
func TestImagesPageCounts(t *testing.T) {
	var wishes []catalogue.Wish
	tools := catalogue.All()
	for i := range tools {
		wishes = append(wishes, catalogue.Wish{Tool: &tools[i], Off: true})
	}
	orders := catalogue.Obey(wishes, true)
	lines, reached := []string{}, map[string]bool{}
	for _, v := range orders.Variables {
		if line, err := shell.Dotenv.Set(v.Name, v.Value); err == nil && !v.Unset {
			lines = append(lines, line)
		}
		for _, id := range v.Tools {
			reached[id] = true
		}
	}
	rest := len(tools) - len(reached) - len(orders.Beyond)
	size := len(strings.Join(lines, "\n"))
	page := string(mustRead(t, repository("docs/images.md")))
	for _, claim := range []string{
		fmt.Sprintf("of the %d tools that are known, %d have variables", len(tools), len(reached)),
		fmt.Sprintf("%d are out of their reach", len(orders.Beyond)),
		fmt.Sprintf("%d no longer collect", rest),
		fmt.Sprintf("%d variables in %.1f KB", len(lines), float64(size)/1000),
	} {
		if !strings.Contains(strings.Join(strings.Fields(page), " "), claim) {
			t.Errorf("the page does not say %q", claim)
		}
	}
	_, notes, _ := newPersonIn(t, t.TempDir()).run("", "env", "--all")
	if got := strings.Count(notes, "usagectl: note: no variable reaches "); got != len(orders.Beyond) {
		t.Errorf("of %d tools that are out of reach %d are reported:\n%s", len(orders.Beyond), got, notes)
	}
	for _, tool := range tools {
		beyond := false
		for _, b := range orders.Beyond {
			beyond = beyond || b.Tool.ID == tool.ID
		}
		if !reached[tool.ID] && !beyond && tool.Status == catalogue.Active {
			t.Errorf("%s is active, and nothing says what reaches it (DO_NOT_TRACK: %q)", tool.ID, tool.DoNotTrack)
		}
	}
}
