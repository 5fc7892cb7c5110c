package catalogue_test

import (
	"fmt"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

// What switches a tool's own telemetry off, and whether it is off now.
func Example() {
	homebrew, ok := catalogue.Find("homebrew")
	if !ok {
		fmt.Println("not known")
		return
	}
	orders := catalogue.Obey([]catalogue.Wish{{Tool: homebrew, Off: true}}, false)
	for _, v := range orders.Variables {
		fmt.Printf("%s=%s\n", v.Name, v.Value)
	}
	state := homebrew.State(catalogue.Machine{
		Env: func(name string) (string, bool) { return "1", name == "HOMEBREW_NO_ANALYTICS" },
	})
	fmt.Println(state.Telemetry, "because", state.Because)
	// Output:
	// HOMEBREW_NO_ANALYTICS=1
	// off because HOMEBREW_NO_ANALYTICS is set to "1"
}
