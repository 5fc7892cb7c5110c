package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/tomldoc"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// adviser collects advice on a manifest that has no mistakes.
type adviser struct {
	manifest *manifest.Manifest
	doc      *tomldoc.Document
	others   []manifest.ID
	findings []Finding
}

// say gives advice on what is at a path of keys and indexes of lists.
func (a *adviser) say(code string, path []any, format string, args ...any) {
	line, column := a.doc.At(path...)
	a.findings = append(a.findings, Finding{Line: line, Column: column, Code: code, Message: fmt.Sprintf(format, args...), Fix: fixOf(code)})
}

func (a *adviser) tool() {
	tool := a.manifest.Tool
	table := []any{"tool"}
	if isVague(tool.Purpose, tool.ID.String(), tool.Name) {
		a.say(VaguePurpose, []any{"tool", "purpose"}, "the purpose of the tool does not say why it collects data: %s", manifest.Quote(tool.Purpose))
	}
	if strings.TrimSpace(tool.Retention) == "" {
		a.say(NoRetention, table, "nothing says how long data is kept")
	}
	if tool.Privacy == "" {
		a.say(NoPrivacyPage, table, "no page tells people what is collected")
	}
	if strings.TrimSpace(tool.Contact) == "" && a.manifest.Forget.Mail == "" {
		a.say(NoContact, table, "nobody is named whom people can ask")
	}
}

func (a *adviser) consent() {
	m := a.manifest
	if m.Consent.Default == manifest.OptOut {
		a.say(OptOut, []any{"consent", "default"}, "telemetry is on until the person refuses")
	}
	if len(m.Consent.Grant) > 0 && len(m.Consent.Refuse) == 0 {
		a.say(GrantWithoutRefuse, []any{"consent", "grant"}, "a variable can say yes, and none can say no")
	}
	for i, name := range m.Consent.Levels {
		isLevel := func(level int) bool { return level == i+1 }
		if !slices.ContainsFunc(m.Events, func(e manifest.Event) bool { return isLevel(e.Level) }) &&
			!slices.ContainsFunc(m.Fields, func(f manifest.Field) bool { return isLevel(f.Level) }) {
			a.say(UnusedLevel, []any{"consent", "levels", i}, "no event and no field has the level %d, %s", i+1, manifest.Quote(name))
		}
	}
	_, leftOut := catalogue.Declared(m, a.others)
	for _, v := range leftOut {
		i := slices.IndexFunc(m.Consent.Refuse, func(r manifest.EnvRule) bool { return r.Env == v.Name })
		a.say(EnvCannotSet, []any{"consent", "refuse", i, "env"}, "\"usagectl env\" does not set %s: %s", v.Name, v.Why)
	}
}

func (a *adviser) transport() {
	send := a.manifest.Send
	if send.Transport == manifest.UDP && !send.IsLocal() {
		a.say(Unencrypted, []any{"send", "transport"}, "UDP is not encrypted, so everybody on the way to %s can read it", send.Endpoint)
	}
}

func (a *adviser) forget() {
	m := a.manifest
	knows := func(f manifest.Field) bool { return f.From.CanBeMissing() } // the sources that tell installs apart
	if m.Forget.Method == manifest.ForgetNone && slices.ContainsFunc(m.Fields, knows) {
		a.say(NoDeletion, []any{"forget", "method"}, "events carry an ID of the install, and nobody can have them deleted")
	}
}

func (a *adviser) field(i int, f *manifest.Field) {
	if isVague(f.Purpose, f.Name) {
		a.say(VaguePurpose, []any{"field", i, "purpose"}, "the purpose of field %s does not say why it is collected: %s", manifest.Quote(f.Name), manifest.Quote(f.Purpose))
	}
	switch {
	case f.From != manifest.FromCaller || f.Enum != nil:
	case f.Type == manifest.JSON:
		a.say(AnyJSON, []any{"field", i, "type"}, "field %s accepts any JSON from the caller, so it can carry personal data", manifest.Quote(f.Name))
	case f.Type == manifest.String || f.Type == manifest.Strings:
		if f.Pattern == nil {
			a.say(FreeText, []any{"field", i, "type"}, "field %s accepts any text from the caller, so it can carry personal data", manifest.Quote(f.Name))
		} else if what := personal(f); what != "" {
			a.say(FreeText, []any{"field", i, "pattern"}, "field %s can carry personal data: its pattern lets %s through", manifest.Quote(f.Name), what)
		}
	}
}

// personal names what kind of personal data the pattern of a field lets through; "" if it stops all that is tried.
func personal(f *manifest.Field) string {
	for _, try := range []struct{ text, what string }{
		{"/home/ada/thesis.tex", "paths"},
		{"ada@example.org", "mail addresses"},
		{"Ada Lovelace", "the names of people"},
	} {
		if f.Pattern.MatchString(try.text) {
			return try.what
		}
	}
	return ""
}
