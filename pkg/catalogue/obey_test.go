package catalogue_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

func refuseAll() []catalogue.Wish {
	var wishes []catalogue.Wish
	tools := catalogue.All()
	for i := range tools {
		wishes = append(wishes, catalogue.Wish{Tool: &tools[i], Off: true})
	}
	return wishes
}

func tool(t *testing.T, id string) *catalogue.Tool {
	t.Helper()
	found, ok := catalogue.Find(id)
	if !ok {
		t.Fatalf("the catalogue has no %s", id)
	}
	return found
}

// environment is what programs see once the orders are carried out.
func environment(o catalogue.Orders) func(string) (string, bool) {
	values := map[string]string{}
	for _, v := range o.Variables {
		if !v.Unset {
			values[v.Name] = v.Value
		}
	}
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

// TestEveryToolObeys holds, for each tool that still collects, refused alone and
// refused with all the others, that it is off by its own rule once the variables
// are set, or is named among those that no variable reaches, with what to do.
func TestEveryToolObeys(t *testing.T) {
	together := catalogue.Obey(refuseAll(), true)
	for _, w := range refuseAll() {
		if w.Tool.Status != catalogue.Active {
			continue
		}
		for how, orders := range map[string]catalogue.Orders{
			"alone":    catalogue.Obey([]catalogue.Wish{w}, false),
			"with all": together,
		} {
			i := slices.IndexFunc(orders.Beyond, func(b catalogue.Beyond) bool { return b.Tool.ID == w.Tool.ID })
			if i >= 0 {
				if orders.Beyond[i].Do == "" {
					t.Errorf("%s, %s: nothing is said about it", w.Tool.ID, how)
				}
				continue
			}
			state := w.Tool.State(catalogue.Machine{
				Env:        environment(orders),
				FileSwitch: func(catalogue.FileSwitch) (string, bool, error) { return "", false, nil },
			})
			if state.Telemetry != catalogue.Off {
				t.Errorf("%s, %s: it is %q: %s", w.Tool.ID, how, state.Telemetry, state.Because)
			}
		}
	}
	for _, name := range []string{"go", "vscode", "parsl"} {
		if !slices.ContainsFunc(together.Beyond, func(b catalogue.Beyond) bool { return b.Tool.ID == name }) {
			t.Errorf("%s is not among those that no variable reaches", name)
		}
	}
}

// TestNoVariableBreaksATool holds that whatever is set for one tool is an error
// to none that reads the same variable.
func TestNoVariableBreaksATool(t *testing.T) {
	orders := catalogue.Obey(refuseAll(), true)
	env := environment(orders)
	for _, known := range catalogue.All() {
		for _, v := range known.Env {
			if value, set := env(v.Name); v.Read(value, set) == catalogue.Error {
				t.Errorf("%s breaks at %s=%s", known.ID, v.Name, value)
			}
		}
	}
	if len(orders.Warnings) > 0 {
		t.Errorf("%+v", orders.Warnings)
	}
}

// TestLiterals holds the traps that are known by name.
func TestLiterals(t *testing.T) {
	env := environment(catalogue.Obey(refuseAll(), true))
	for name, want := range map[string]string{
		"DO_NOT_TRACK":                      "1",
		"RAY_USAGE_STATS_ENABLED":           "0",
		"AZURE_DEV_COLLECT_TELEMETRY":       "no",
		"NIX_INSTALLER_DIAGNOSTIC_ENDPOINT": "",
		"DISABLE_TELEMETRY":                 "true",
		"HEROKU_SKIP_ANALYTICS":             "1",
		"REDOCLY_TELEMETRY":                 "off",
		"FLWR_TELEMETRY_ENABLED":            "0",
		"MLFLOW_DISABLE_TELEMETRY":          "true",
		"HOMEBREW_NO_ANALYTICS":             "1",
		"SCARF_NO_ANALYTICS":                "true",
		"LANGFLOW_DO_NOT_TRACK":             "true",
	} {
		if got, set := env(name); got != want || !set {
			t.Errorf("%s is %q, %v; want %q", name, got, set, want)
		}
	}
	for _, name := range []string{"OTEL_SDK_DISABLED", "HF_HUB_OFFLINE", "PARSL_DUMMY", "HOMEBREW_NO_ANALYTICS_THIS_RUN", "JULIA_PKG_SERVER"} {
		if value, set := env(name); set {
			t.Errorf("%s is set to %q, which does more, or less, than switching off telemetry", name, value)
		}
	}
}

// TestDoNotTrackIsForAll holds that it is never set for one tool alone, since the
// others read it too, and never to anything but 1.
func TestDoNotTrackIsForAll(t *testing.T) {
	for _, w := range refuseAll() {
		orders := catalogue.Obey([]catalogue.Wish{w}, false)
		if value, set := environment(orders)(catalogue.DoNotTrackName); set {
			t.Errorf("for %s it is set to %q", w.Tool.ID, value)
		}
	}
	orders := catalogue.Obey([]catalogue.Wish{{Tool: tool(t, "dagger"), Off: true}}, false)
	if len(orders.Beyond) != 1 || !strings.Contains(orders.Beyond[0].Do, "DO_NOT_TRACK=1") {
		t.Errorf("dagger, which reads nothing else: %+v", orders)
	}
}

// TestAgreements holds that an agreement sets nothing, but for tools that are off
// without it, and that a variable whose presence means off must go.
func TestAgreements(t *testing.T) {
	for id, want := range map[string][]catalogue.Order{
		"homebrew": {{Name: "HOMEBREW_NO_ANALYTICS", Unset: true, Tools: []string{"homebrew"}}},
		"traefik":  {{Name: "TRAEFIK_GLOBAL_SENDANONYMOUSUSAGE", Value: "true", Tools: []string{"traefik"}}},
		"gradio":   nil,
		"ray":      nil,
		"onecodex": {{Name: "ONE_CODEX_AUTO_TELEMETRY", Value: "1", Tools: []string{"onecodex"}}},
	} {
		orders := catalogue.Obey([]catalogue.Wish{{Tool: tool(t, id)}}, false)
		if !reflect.DeepEqual(orders.Variables, want) || len(orders.Beyond)+len(orders.Warnings) > 0 {
			t.Errorf("%s: got %+v, want %+v", id, orders, want)
		}
	}
	for _, w := range refuseAll() {
		w.Off = false
		orders := catalogue.Obey([]catalogue.Wish{w}, false)
		env := environment(orders)
		for _, v := range w.Tool.Env {
			if value, set := env(v.Name); set && v.Read(value, true) != catalogue.On {
				t.Errorf("%s: %s=%s does not switch it on", w.Tool.ID, v.Name, value)
			}
		}
	}
}

// TestSharedVariables holds that a refusal wins over an agreement, and that this
// is told.
func TestSharedVariables(t *testing.T) {
	orders := catalogue.Obey([]catalogue.Wish{{Tool: tool(t, "packer")}, {Tool: tool(t, "terraform"), Off: true}}, false)
	if value, set := environment(orders)("CHECKPOINT_DISABLE"); value != "1" || !set {
		t.Errorf("CHECKPOINT_DISABLE is %q, %v", value, set)
	}
	if want := []string{"CHECKPOINT_DISABLE is shared: it is right for terraform, and not for packer"}; !slices.Equal(texts(orders.Warnings), want) {
		t.Errorf("got %+v", orders.Warnings)
	}
	for id, off := range map[string]bool{"terraform": true, "packer": false} {
		orders := catalogue.Obey([]catalogue.Wish{{Tool: tool(t, id), Off: off}}, false)
		if len(orders.Warnings) > 0 {
			t.Errorf("%s alone: %+v", id, orders.Warnings)
		}
	}
	// Only one of the spellings that either asks for may be wrong for the other.
	orders = catalogue.Obey([]catalogue.Wish{{Tool: tool(t, "heroku-cli"), Off: true}, {Tool: tool(t, "huggingface-hub")}}, false)
	if len(orders.Warnings) != 1 || !strings.Contains(orders.Warnings[0].Text, "not for huggingface-hub") {
		t.Errorf("got %+v", orders.Warnings)
	}
}

// TestSameWishesSameOrders holds that the order in which tools are looked at does
// not show.
func TestSameWishesSameOrders(t *testing.T) {
	wishes := refuseAll()
	for i := range wishes {
		wishes[i].Off = i%3 > 0
	}
	want := catalogue.Obey(wishes, false)
	if !slices.IsSortedFunc(want.Variables, func(a, b catalogue.Order) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the variables are not sorted")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(wishes), func(i, j int) { wishes[i], wishes[j] = wishes[j], wishes[i] })
		if got := catalogue.Obey(wishes, false); !reflect.DeepEqual(got, want) {
			t.Fatal("the same wishes in another order gave other orders")
		}
	}
}
