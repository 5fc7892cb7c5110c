package catalogue_test

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

// TestRefuses holds which values of a person need no other in their place.
func TestRefuses(t *testing.T) {
	refused := func(ids ...string) (list []catalogue.Wish) {
		for _, id := range ids {
			list = append(list, catalogue.Wish{Tool: tool(t, id), Off: true})
		}
		return list
	}
	for _, test := range []struct {
		wishes      []catalogue.Wish
		name, value string
		want        bool
	}{
		{refused("homebrew"), "HOMEBREW_NO_ANALYTICS", "anything", true},
		{refused("homebrew"), "HOMEBREW_NO_ANALYTICS", "", false},
		{refused("dotnet-sdk"), "DOTNET_CLI_TELEMETRY_OPTOUT", "TRUE", true},
		{refused("dotnet-sdk"), "DOTNET_CLI_TELEMETRY_OPTOUT", "mine", false},
		{refused("dotnet-sdk"), "DOTNET_CLI_TELEMETRY_OPTOUT", "0", false},
		{refused("onecodex"), "ONE_CODEX_AUTO_TELEMETRY", "1", false},
		{refused("onecodex"), "ONE_CODEX_AUTO_TELEMETRY", "", true},
		{refused("onecodex"), "ONE_CODEX_NO_TELEMETRY", "True", false}, // only old releases read it
		{refused("dotnet-sdk", "mlnet-cli"), "DOTNET_CLI_TELEMETRY_OPTOUT", "1", true},
		{refused("homebrew"), "RAY_USAGE_STATS_ENABLED", "0", false},
		{[]catalogue.Wish{{Tool: tool(t, "homebrew")}}, "HOMEBREW_NO_ANALYTICS", "1", false}, // agreed
		{refused("homebrew"), catalogue.DoNotTrackName, "1", true},
		{refused("homebrew"), catalogue.DoNotTrackName, "true", false},
		{[]catalogue.Wish{{}, {Off: true}}, "X", "1", false},
	} {
		if got := catalogue.Refuses(test.wishes, test.name, test.value); got != test.want {
			t.Errorf("%s=%q: got %v", test.name, test.value, got)
		}
	}
}
