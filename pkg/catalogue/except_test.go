package catalogue_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// excepted is a tool with what it obeys as an exception.
func excepted(t *testing.T, known *catalogue.Tool) (catalogue.Exception, *manifest.Manifest) {
	t.Helper()
	id, err := manifest.ParseID(known.ID)
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Library{}.Find(id)
	if err != nil {
		m = nil
	}
	return catalogue.Except(id, known, m), m
}

// butFor are the wishes of a person who refused all tools but some, who stay as they are
// or to whom the person agreed.
func butFor(all []catalogue.Tool, agreed bool, ids ...string) []catalogue.Wish {
	var wishes []catalogue.Wish
	for i := range all {
		switch named := slices.Contains(ids, all[i].ID); {
		case !named:
			wishes = append(wishes, catalogue.Wish{Tool: &all[i], Off: true})
		case agreed:
			wishes = append(wishes, catalogue.Wish{Tool: &all[i]})
		}
	}
	return wishes
}

// TestEachException holds, for each tool as the only exception, that nothing which is set
// switches it off, and that every other one is switched off by each variable that the
// exception does not obey, or is named among those that no variable reaches.
func TestEachException(t *testing.T) {
	all := catalogue.All()
	for i := range all {
		e, m := excepted(t, &all[i])
		for _, agreed := range []bool{false, true} {
			orders := catalogue.Obey(butFor(all, agreed, e.ID), true, e)
			checkException(t, &all[i], m, orders)
			checkOthers(t, all, e, orders)
		}
	}
}

// checkException holds that nothing that is set switches an exception off.
func checkException(t *testing.T, known *catalogue.Tool, m *manifest.Manifest, orders catalogue.Orders) {
	t.Helper()
	env := environment(orders)
	untouched := known.State(catalogue.Machine{})
	if state := known.State(catalogue.Machine{Env: env}); state.Telemetry != catalogue.On && state != untouched {
		t.Errorf("%s is excepted, and %s: %s", known.ID, state.Telemetry, state.Because)
	}
	for _, v := range known.Env {
		if value, set := env(v.Name); set && (v.Role == catalogue.OptOut || v.Role == catalogue.OptIn) && v.Read(value, true) != catalogue.On {
			t.Errorf("%s is excepted, and %s=%s", known.ID, v.Name, value)
		}
	}
	if m == nil {
		return
	}
	if _, set := env(catalogue.DoNotTrackName); set {
		t.Errorf("%s is excepted, and asks usagectl, which obeys DO_NOT_TRACK", known.ID)
	}
	for _, r := range m.Consent.Refuse {
		if value, set := env(r.Env); set && r.Refuses(value) {
			t.Errorf("%s is excepted, and its manifest refuses with %s=%s", known.ID, r.Env, value)
		}
	}
}

// checkOthers holds that all tools but an exception are off, or reported.
func checkOthers(t *testing.T, all []catalogue.Tool, e catalogue.Exception, orders catalogue.Orders) {
	t.Helper()
	env := environment(orders)
	for i := range all {
		other := &all[i]
		if other.ID == e.ID || other.Status != catalogue.Active {
			continue
		}
		b := slices.IndexFunc(orders.Beyond, func(b catalogue.Beyond) bool { return b.Tool.ID == other.ID })
		if state := other.State(catalogue.Machine{Env: env}); b < 0 && state.Telemetry != catalogue.Off {
			t.Errorf("but for %s: %s is %s, and nothing is said: %s", e.ID, other.ID, state.Telemetry, state.Because)
		}
		for _, v := range other.Env {
			switchesOff := v.Role == catalogue.OptOut && v.HasOff && (v.Name != catalogue.DoNotTrackName || v.Read("1", true) == catalogue.Off)
			value, set := env(v.Name)
			switch obeyed := slices.Contains(e.Obeys, v.Name); {
			case !switchesOff:
			case obeyed && b >= 0 && !strings.Contains(orders.Beyond[b].Do, v.Name):
				t.Errorf("but for %s: nothing is said of %s, which would switch off %s: %s", e.ID, v.Name, other.ID, orders.Beyond[b].Do)
			case !obeyed && (!set || v.Read(value, true) != catalogue.Off):
				t.Errorf("but for %s: %s=%q, %v, and %s reads it", e.ID, v.Name, value, set, other.ID)
			case !obeyed && b >= 0 && !v.Part:
				t.Errorf("but for %s: %s switches off %s, which is called beyond reach", e.ID, v.Name, other.ID)
			}
		}
	}
}

// TestPairsOfExceptions is TestEachException for two of the tools that share variables.
func TestPairsOfExceptions(t *testing.T) {
	readers := map[string]int{}
	for _, known := range catalogue.All() {
		for _, v := range known.Env {
			readers[v.Name]++
		}
	}
	sharing := slices.DeleteFunc(catalogue.All(), func(known catalogue.Tool) bool {
		return !slices.ContainsFunc(known.Env, func(v catalogue.Variable) bool { return readers[v.Name] > 1 })
	})
	for i := range sharing {
		for j := range i {
			a, ma := excepted(t, &sharing[i])
			b, mb := excepted(t, &sharing[j])
			orders := catalogue.Obey(butFor(sharing, false, a.ID, b.ID), true, a, b)
			checkException(t, &sharing[i], ma, orders)
			checkException(t, &sharing[j], mb, orders)
		}
	}
}

// TestSpared holds what is said about a variable that is left out for an exception.
func TestSpared(t *testing.T) {
	e, _ := excepted(t, tool(t, "packer"))
	orders := catalogue.Obey(butFor(catalogue.All(), true, "packer"), true, e)
	want := []string{"cdktf", "consul", "prisma", "terraform", "weave-net", "wksctl"}
	if s := orders.Spared; len(s) != 1 || s[0].Name != "CHECKPOINT_DISABLE" || len(s[0].For) != 1 || s[0].For[0].ID != "packer" || !slices.Equal(idsOf(s[0].Missed), want) {
		t.Errorf("got %+v, want %q", s, want)
	}
	i := slices.IndexFunc(orders.Beyond, func(b catalogue.Beyond) bool { return b.Tool.ID == "terraform" })
	if do := "it reads only CHECKPOINT_DISABLE, which is not set because Packer obeys it too and is an exception: set CHECKPOINT_DISABLE=1 when you run it, or set disable_checkpoint to true in ${TF_CLI_CONFIG_FILE:-${TERRAFORM_CONFIG:-~/.terraformrc}}"; i < 0 || orders.Beyond[i].Do != do {
		t.Errorf("Terraform: %+v", orders.Beyond)
	}

	// DO_NOT_TRACK likewise. Netdata has a variable beside it, and then it has none.
	e, _ = excepted(t, tool(t, "bun"))
	orders = catalogue.Obey(butFor(catalogue.All(), false, "bun"), true, e)
	if s := orders.Spared; len(s) != 1 || s[0].Name != catalogue.DoNotTrackName || !slices.Contains(idsOf(s[0].Missed), "dagger") || slices.Contains(idsOf(s[0].Missed), "netdata") {
		t.Errorf("got %+v", orders.Spared)
	}
	e, _ = excepted(t, tool(t, "huggingface-hub"))
	orders = catalogue.Obey(butFor(catalogue.All(), false, "huggingface-hub"), true, e)
	i = slices.IndexFunc(orders.Beyond, func(b catalogue.Beyond) bool { return b.Tool.ID == "netdata" })
	if i < 0 || !strings.Contains(orders.Beyond[i].Do, "it reads only DISABLE_TELEMETRY and DO_NOT_TRACK, which are not set because ") {
		t.Errorf("Netdata: %+v", orders.Beyond)
	}
}

// TestRefusedByName holds that a refusal of a tool by name sets its variable though an
// exception obeys it, and that this is told.
func TestRefusedByName(t *testing.T) {
	e, _ := excepted(t, tool(t, "packer"))
	for _, agreed := range []bool{false, true} {
		wishes := butFor(catalogue.All(), agreed, "packer")
		for i := range wishes {
			wishes[i].ByName = wishes[i].Tool.ID == "terraform"
		}
		orders := catalogue.Obey(wishes, true, e)
		if value, _ := environment(orders)("CHECKPOINT_DISABLE"); value != "1" {
			t.Errorf("CHECKPOINT_DISABLE is %q", value)
		}
		if want := []string{"CHECKPOINT_DISABLE is shared: it is right for terraform, and not for packer"}; !slices.Equal(texts(orders.Warnings), want) || len(orders.Spared) > 0 {
			t.Errorf("got %+v", orders.Warnings)
		}
	}
	// One that has another variable gets that.
	e, _ = excepted(t, tool(t, "dandi-cli"))
	orders := catalogue.Obey([]catalogue.Wish{{Tool: tool(t, "nipype"), Off: true, ByName: true}}, false, e)
	if len(orders.Variables) != 1 || orders.Variables[0].Name != "NIPYPE_NO_ET" || len(orders.Warnings)+len(orders.Beyond) > 0 {
		t.Errorf("Nipype: %+v", orders)
	}
	// One whose other variable switches off only a part of it has both.
	e, _ = excepted(t, tool(t, "huggingface-hub"))
	orders = catalogue.Obey([]catalogue.Wish{{Tool: tool(t, "heroku-cli"), Off: true, ByName: true}}, false, e)
	if len(orders.Variables) != 2 || len(orders.Warnings) != 1 || len(orders.Beyond) > 0 {
		t.Errorf("Heroku: %+v", orders)
	}
	// If nobody refused it by name it keeps what switches off a part, and is told of the rest.
	orders = catalogue.Obey([]catalogue.Wish{{Tool: tool(t, "heroku-cli"), Off: true}}, false, e)
	if len(orders.Variables) != 1 || orders.Variables[0].Name != "HEROKU_SKIP_ANALYTICS" || len(orders.Beyond) != 1 {
		t.Errorf("Heroku: %+v", orders)
	}
	e, _ = excepted(t, tool(t, "bun"))
	orders = catalogue.Obey([]catalogue.Wish{{Tool: tool(t, "dagger"), Off: true, ByName: true}}, true, e)
	if _, set := environment(orders)(catalogue.DoNotTrackName); set || len(orders.Beyond) != 1 {
		t.Errorf("DO_NOT_TRACK for one tool: %+v", orders)
	}
}

// TestNothingRefusedIsSwitchedOn holds that what an exception needs to be on is not set if
// another tool, which is refused, would be on by it.
func TestNothingRefusedIsSwitchedOn(t *testing.T) {
	all := catalogue.All()
	for _, known := range all {
		e, _ := excepted(t, &known)
		orders := catalogue.Obey(butFor(all, true, known.ID), true, e)
		env := environment(orders)
		for _, other := range all {
			for _, v := range other.Env {
				if value, set := env(v.Name); other.ID != known.ID && set && v.HasOn && v.Role != catalogue.Related && v.Role != catalogue.Legacy && v.Read(value, true) == catalogue.On {
					t.Errorf("but for %s: %s=%s switches on %s", known.ID, v.Name, value, other.ID)
				}
			}
		}
	}
	orders := catalogue.Obey(butFor(catalogue.All(), true, "parsl-2024"), true, catalogue.Exception{ID: "parsl-2024", Name: "Parsl", Obeys: []string{"PARSL_TRACKING"}})
	if want := "PARSL_TRACKING is not set: without it parsl-2024 is off, and with it parsl-2023 and parsl-legacy are on, though refused"; len(orders.Warnings) != 1 || orders.Warnings[0].Text != want {
		t.Errorf("got %+v, want %q", orders.Warnings, want)
	}
}

// TestBesideWishes holds that what a tool is asked to do undoes nothing that another one,
// which is not asked about, needs.
func TestBesideWishes(t *testing.T) {
	packer, terraform := tool(t, "packer"), tool(t, "terraform")
	orders := catalogue.Obey([]catalogue.Wish{{Tool: packer}, {Tool: terraform, Off: true, ByName: true, Beside: true}}, false)
	if len(orders.Variables) != 0 || len(orders.Warnings) != 1 {
		t.Errorf("Packer is agreed to: %+v", orders)
	}
	orders = catalogue.Obey([]catalogue.Wish{{Tool: packer, Beside: true}, {Tool: terraform, Off: true, ByName: true}}, false)
	if value, _ := environment(orders)("CHECKPOINT_DISABLE"); value != "1" || !slices.Equal(orders.Variables[0].Tools, []string{"terraform"}) || len(orders.Warnings) != 1 {
		t.Errorf("Terraform is refused: %+v", orders)
	}
	orders = catalogue.Obey([]catalogue.Wish{{Tool: packer, Beside: true}, {Tool: tool(t, "go"), Off: true, Beside: true}}, false)
	if len(orders.Variables)+len(orders.Warnings)+len(orders.Beyond) != 0 {
		t.Errorf("nothing is asked: %+v", orders)
	}
}

// texts are warnings for people.
func texts(warnings []catalogue.Warning) []string {
	var list []string
	for _, w := range warnings {
		list = append(list, w.Text)
	}
	return list
}

// idsOf are the IDs of tools.
func idsOf(tools []*catalogue.Tool) []string {
	var list []string
	for _, known := range tools {
		list = append(list, known.ID)
	}
	return list
}
