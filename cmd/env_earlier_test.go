package cmd

import (
	"fmt"
	"maps"
	"testing"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
)

// shellOf is a shell that evaluates scripts, after decisions about some tools.
type shellOf struct {
	env   map[string]string
	tools []*catalogue.Tool
}

// eval evaluates the script for what is decided: 'r' refused, 'a' agreed, 'u' undecided.
func (s shellOf) eval(t *testing.T, decided byte) {
	t.Helper()
	var wishes []catalogue.Wish
	for _, tool := range s.tools {
		if decided != 'u' {
			wishes = append(wishes, catalogue.Wish{Tool: tool, Off: decided == 'r'})
		}
	}
	e := earlier{env: s.lookup, dialect: shell.Sh, wishes: func() []catalogue.Wish { return wishes }, asked: map[string]catalogue.Order{}}
	orders := catalogue.Obey(wishes, false).Variables
	for _, o := range orders {
		e.asked[o.Name] = o
	}
	script := e.script(orders)
	if len(script.warnings) > 0 {
		t.Errorf("%q", script.warnings)
	}
	for _, o := range script.orders {
		if o.Unset {
			delete(s.env, o.Name)
		} else {
			s.env[o.Name] = o.Value
		}
	}
}

func (s shellOf) lookup(name string) (string, bool) { value, ok := s.env[name]; return value, ok }

// TestScriptLosesNothing holds, for each variable that switches a tool of the catalogue, each
// kind of value that a person may have it set to, and each sequence of decisions, that a refusal
// is obeyed, that what refuses already stays, and that the person has what they had once
// nothing is refused: to the letter, and not set if it was not.
func TestScriptLosesNothing(t *testing.T) {
	const none = "\x00"
	var sequences []string
	for _, a := range "rau" {
		for _, b := range "rau" {
			for _, c := range "rau" {
				sequences = append(sequences, string([]rune{a, b, c}))
			}
		}
	}
	all := catalogue.All()
	tried := 0
	for i := range all {
		tool := &all[i]
		for _, v := range tool.Env {
			if v.Role != catalogue.OptOut && v.Role != catalogue.OptIn || v.Name == catalogue.DoNotTrackName {
				continue
			}
			for _, person := range []string{none, "", "0", "1", "true", "false", "mine", v.Off, v.On, "a b=c\n'd' +\\$", "\xff"} {
				for _, sequence := range sequences {
					s := shellOf{map[string]string{}, []*catalogue.Tool{tool}}
					if person != none {
						s.env[v.Name] = person
					}
					for j := range len(sequence) {
						s.eval(t, sequence[j])
						where := fmt.Sprintf("%s: %s=%q after %q", tool.ID, v.Name, person, sequence[:j+1])
						now, set := s.env[v.Name]
						kept := set && now == person || !set && person == none
						read := v.Read(now, set)
						switch sequence[j] {
						case 'r':
							off := read == catalogue.Off || v.Role == catalogue.OptIn && read == catalogue.Unset
							asked := catalogue.Obey([]catalogue.Wish{{Tool: tool, Off: true}}, false).Variables
							if reaches(asked, v.Name) && !off {
								t.Fatalf("%s it is %q, %v, which is no refusal", where, now, set)
							}
							if before := v.Read(person, true); person != none && before == catalogue.Off && !kept {
								t.Fatalf("%s it is %q, though it refused already", where, now)
							}
						case 'a':
							if !kept && (person != none || read != catalogue.On) {
								t.Fatalf("%s it is %q, %v", where, now, set)
							}
						default:
							if !kept {
								t.Fatalf("%s it is %q, %v", where, now, set)
							}
						}
						before := maps.Clone(s.env)
						if s.eval(t, sequence[j]); !maps.Equal(s.env, before) {
							t.Fatalf("%s, once more, %v became %v", where, before, s.env)
						}
						tried++
					}
				}
			}
		}
	}
	if tried < 100000 {
		t.Errorf("only %d tried", tried)
	}
}

func reaches(orders []catalogue.Order, name string) bool {
	for _, o := range orders {
		if o.Name == name {
			return true
		}
	}
	return false
}

// TestScriptOfChanges holds that what a person sets after a script is theirs from then on.
func TestScriptOfChanges(t *testing.T) {
	ray, _ := catalogue.Find("ray")
	const name = "RAY_USAGE_STATS_ENABLED"
	s := shellOf{map[string]string{name: "first"}, []*catalogue.Tool{ray}}
	s.eval(t, 'r')
	s.env[name] = "then this"
	s.eval(t, 'r')
	if s.env[name] != "0" {
		t.Errorf("%v", s.env)
	}
	s.eval(t, 'u')
	if s.env[name] != "then this" {
		t.Errorf("%v", s.env)
	}
	s.eval(t, 'r')
	delete(s.env, name)
	s.eval(t, 'u')
	if _, set := s.env[name]; set || len(s.env) > 0 {
		t.Errorf("what they removed comes back: %v", s.env)
	}
}
