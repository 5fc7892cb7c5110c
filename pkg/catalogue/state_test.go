package catalogue_test

import (
	"errors"
	"testing"

	"github.com/usagectl/usagectl/pkg/catalogue"
)

func TestState(t *testing.T) {
	variable := catalogue.Variable{Name: "T", Role: catalogue.OptOut, Semantics: catalogue.Value, Off: "0", HasOff: true, On: "1", HasOn: true, Else: catalogue.Error}
	unknown, part := variable, variable
	part.Part = true
	unknown.Name, unknown.Else = "U", catalogue.Unknown
	file := catalogue.FileSwitch{Path: "~/.t.json", Key: "/on", Format: "json", Off: "false", On: "true"}
	mark := catalogue.FileSwitch{Path: "~/.t-off", Format: "file", Off: "present", On: "absent"}
	unreadable := catalogue.FileSwitch{Path: "t.config", Off: "0", On: "1"}
	prose := catalogue.FileSwitch{Path: "in Python", Key: "x", Off: "0", On: "1"}
	agreed := catalogue.FileSwitch{Path: "~/.t-on", Format: "file", Off: "absent", On: "present"}
	ini := catalogue.FileSwitch{Path: "~/.t.ini", Key: "/core/on", Format: "configparser", Off: "false", On: "true"}
	over, silent := file, file
	over.OverEnv, silent.Silent = true, catalogue.Off
	all := []catalogue.Variable{variable, unknown}
	for _, test := range []struct {
		name  string
		tool  catalogue.Tool
		env   map[string]string
		files map[string]string // by path; "!" cannot be read
		want  catalogue.Meaning
		why   string
	}{
		{"nothing", catalogue.Tool{}, nil, nil, catalogue.On, "on by default"},
		{"nothing, opt-in", catalogue.Tool{OptIn: true}, nil, nil, catalogue.Off, "off by default"},
		{"removed", catalogue.Tool{Status: catalogue.Removed}, nil, nil, catalogue.Off, "it collects nothing any more (removed)"},
		{"a command alone", catalogue.Tool{CLI: catalogue.CLI{Disable: "t off"}}, nil, nil, catalogue.On, "on by default; its own settings cannot be read here"},
		{"prose alone", catalogue.Tool{Config: []catalogue.FileSwitch{prose}}, nil, nil, catalogue.On, "on by default; its own settings cannot be read here"},
		{"a command alone, opt-in", catalogue.Tool{OptIn: true, CLI: catalogue.CLI{Enable: "t on"}}, nil, nil, catalogue.Unknown, "off by default; its own settings cannot be read here"},
		{"prose alone, opt-in", catalogue.Tool{OptIn: true, Config: []catalogue.FileSwitch{prose}}, nil, nil, catalogue.Unknown, "off by default; its own settings cannot be read here"},
		{"variable off", catalogue.Tool{Env: all}, map[string]string{"T": "0"}, nil, catalogue.Off, `T is set to "0"`},
		{"variable on, opt-in", catalogue.Tool{Env: all, OptIn: true}, map[string]string{"T": "1"}, nil, catalogue.On, `T is set to "1"`},
		{"variable breaks it", catalogue.Tool{Env: all}, map[string]string{"T": "x"}, nil, catalogue.Error, `T is set to "x"`},
		{"variable not known", catalogue.Tool{Env: all}, map[string]string{"U": "x"}, nil, catalogue.Unknown, `U is set to "x", and what the tool makes of that is not known`},
		{"on and off", catalogue.Tool{Name: "T", Env: all}, map[string]string{"T": "1", "U": "0"}, nil, catalogue.Unknown, `U is set to "0", but T is set to "1", and which of them counts for T is not known`},
		{"on and not known", catalogue.Tool{Env: all}, map[string]string{"T": "1", "U": "x"}, nil, catalogue.Unknown, `U is set to "x", and what the tool makes of that is not known`},
		{"variable for a part", catalogue.Tool{Env: []catalogue.Variable{part}}, map[string]string{"T": "0"}, nil, catalogue.On, "on by default"},
		{"another role", catalogue.Tool{Env: []catalogue.Variable{{Name: "T", Role: catalogue.Legacy, Semantics: catalogue.Presence, Off: "1", HasOff: true}}}, map[string]string{"T": "1"}, nil, catalogue.On, "on by default"},
		{"file off", catalogue.Tool{Config: []catalogue.FileSwitch{file}}, nil, map[string]string{"~/.t.json": "false"}, catalogue.Off, "on is false in ~/.t.json"},
		{"file on", catalogue.Tool{OptIn: true, Config: []catalogue.FileSwitch{file}}, nil, map[string]string{"~/.t.json": "true"}, catalogue.On, "on is true in ~/.t.json"},
		{"file of another word", catalogue.Tool{Config: []catalogue.FileSwitch{file}}, nil, map[string]string{"~/.t.json": "maybe"}, catalogue.Unknown, `on is maybe in ~/.t.json, and what the tool makes of that is not known`},
		{"file that cannot be read", catalogue.Tool{Config: []catalogue.FileSwitch{file}}, nil, map[string]string{"~/.t.json": "!"}, catalogue.Unknown, "~/.t.json cannot be read: damaged"},
		{"file that nothing here reads", catalogue.Tool{Name: "T", OptIn: true, Config: []catalogue.FileSwitch{unreadable, file}}, nil, map[string]string{"~/.t.json": "false", "t.config": ""}, catalogue.Unknown, "t.config is there, and usagectl cannot tell what T makes of it"},
		{"file that nothing here reads, behind one that counts", catalogue.Tool{Config: []catalogue.FileSwitch{file, unreadable}}, nil, map[string]string{"~/.t.json": "false", "t.config": ""}, catalogue.Off, "on is false in ~/.t.json"},
		{"file beats variable", catalogue.Tool{Env: all, Config: []catalogue.FileSwitch{over}}, map[string]string{"T": "0"}, map[string]string{"~/.t.json": "true"}, catalogue.On, "on is true in ~/.t.json"},
		{"file that would beat a variable is not there", catalogue.Tool{Env: all, Config: []catalogue.FileSwitch{over}}, map[string]string{"T": "0"}, nil, catalogue.Off, `T is set to "0"`},
		{"file without the switch", catalogue.Tool{Config: []catalogue.FileSwitch{silent, file}}, nil, map[string]string{"~/.t.json": "-"}, catalogue.Off, "~/.t.json is there, and says nothing of it"},
		{"the first file counts", catalogue.Tool{Config: []catalogue.FileSwitch{file, mark}}, nil, map[string]string{"~/.t.json": "true", "~/.t-off": ""}, catalogue.On, "on is true in ~/.t.json"},
		{"variable beats file", catalogue.Tool{Env: all, Config: []catalogue.FileSwitch{file}}, map[string]string{"T": "1"}, map[string]string{"~/.t.json": "false"}, catalogue.On, `T is set to "1"`},
		{"variable that only does not switch off", catalogue.Tool{Env: []catalogue.Variable{{Name: "T", Role: catalogue.OptOut, Semantics: catalogue.Boolean, Off: "1", HasOff: true}}, Config: []catalogue.FileSwitch{file}}, map[string]string{"T": "0"}, map[string]string{"~/.t.json": "false"}, catalogue.Off, "on is false in ~/.t.json"},
		{"file of a word for it", catalogue.Tool{Config: []catalogue.FileSwitch{file}}, nil, map[string]string{"~/.t.json": "no"}, catalogue.Unknown, `on is no in ~/.t.json, and what the tool makes of that is not known`},
		{"file of a word for it in INI", catalogue.Tool{Config: []catalogue.FileSwitch{ini}}, nil, map[string]string{"~/.t.ini": "No"}, catalogue.Off, "[core] on is No in ~/.t.ini"},
		{"mark for on there", catalogue.Tool{OptIn: true, Config: []catalogue.FileSwitch{agreed}}, nil, map[string]string{"~/.t-on": ""}, catalogue.On, "~/.t-on is there"},
		{"mark for on not there", catalogue.Tool{OptIn: true, Config: []catalogue.FileSwitch{agreed}}, nil, nil, catalogue.Off, "off by default"},
		{"a place that is only described, opt-in", catalogue.Tool{OptIn: true, Config: []catalogue.FileSwitch{file, prose}}, nil, nil, catalogue.Unknown, "off by default; its own settings cannot be read here"},
		{"mark there", catalogue.Tool{Config: []catalogue.FileSwitch{mark}}, nil, map[string]string{"~/.t-off": ""}, catalogue.Off, "~/.t-off is there"},
		{"mark not there", catalogue.Tool{Config: []catalogue.FileSwitch{mark}}, nil, nil, catalogue.On, "on by default"},
	} {
		got := test.tool.State(catalogue.Machine{
			Env: func(name string) (string, bool) { value, ok := test.env[name]; return value, ok },
			FileSwitch: func(s catalogue.FileSwitch) (string, bool, error) {
				value, ok := test.files[s.Path]
				if value == "!" {
					return "", false, errors.New("damaged")
				}
				if value == "-" {
					return "", false, catalogue.ErrSilent
				}
				if ok && s.Format == "" {
					return "", false, catalogue.ErrNoReader
				}
				return value, ok, nil
			},
		})
		if got.Telemetry != test.want || got.Because != test.why {
			t.Errorf("%s: got %q, %q; want %q, %q", test.name, got.Telemetry, got.Because, test.want, test.why)
		}
	}
}
