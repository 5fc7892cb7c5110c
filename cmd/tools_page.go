package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/markdown"
	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// The page "what is sent", in Markdown, for the documentation of a tool. It is made of the
// manifest alone: the same on every machine, and free of dates and of paths of the machine.
// Its sections are what the telemetry pages of research tools have. Whatever a manifest says
// goes through package markdown, so that it stays text; what is said here is CommonMark and
// tables.

// page is a page that is being written.
type page struct {
	strings.Builder
	m *manifest.Manifest
}

// pageAbout is the page about a tool.
func pageAbout(m *manifest.Manifest) (string, error) {
	p := &page{m: m}
	name, id := markdown.Text(m.Tool.Name), m.Tool.ID
	p.line("# What %s sends", name)
	p.paragraph("This page says what data about its use %s sends, why, where to, and how to refuse. "+
		"`usagectl tools show %s --markdown` wrote it from the manifest, which is also what decides what usagectl sends for %s.", name, id, name)
	p.inShort()
	p.section("Why it is collected")
	p.paragraph("%s", markdown.Text(m.Tool.Purpose))
	p.paragraph("[What is sent](#what-is-sent) says of each field what it is for.")
	p.optIn()
	p.whatIsSent()
	if err := p.examples(); err != nil {
		return "", err
	}
	p.neverSent()
	p.personalData()
	p.howItIsSent()
	p.whenItIsSent()
	p.section("How long it is kept")
	p.paragraph("%s", cmp.Or(markdown.Text(m.Tool.Retention), "The manifest does not say."))
	p.howToSee()
	p.howToRefuse()
	p.howToDelete()
	p.feedback()
	return p.String(), nil
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) paragraph(format string, args ...any) { p.line("\n"+format, args...) }

func (p *page) section(title string) { p.line("\n## %s", title) }

// list is a list of items, set apart.
func (p *page) list(items ...string) {
	p.line("")
	for _, item := range items {
		p.line("- %s", item)
	}
}

// commands are lines to type.
func (p *page) commands(lines ...string) { p.line("\n```sh\n%s\n```", strings.Join(lines, "\n")) }

// inShort is the page in a few lines.
func (p *page) inShort() {
	p.section("In short")
	var ids []string
	if hasSourceID(p.m) {
		ids = append(ids, "a random one of your installation, which says nothing about you")
	}
	if whose := hashed(p.m); whose != "" {
		ids = append(ids, "a hash of "+whose+" under a random key that never leaves the machine")
	}
	items := []string{
		"**By default:** " + map[manifest.Default]string{manifest.OptIn: "off until you agree", manifest.OptOut: "on unless you refuse, once you have seen a notice"}[p.m.Consent.Default],
		"**ID:** " + cmp.Or(strings.Join(ids, "; "), "none"),
		"**Where to:** " + p.receiver(),
		"**Kept:** " + cmp.Or(markdown.Text(p.m.Tool.Retention), "the manifest does not say"),
		"**To refuse:** `usagectl disable " + p.m.Tool.ID.String() + "`" + p.firstVariable(),
		"**To see it:** `usagectl inspect " + p.m.Tool.ID.String() + "`",
	}
	p.list(items...)
}

// receiver is who gets what is sent: the host, or the file.
func (p *page) receiver() string {
	host := markdown.Code(hostOf(secret.URL(p.m.Send.Endpoint)))
	if p.m.Send.Transport == manifest.File {
		return "a file on your machine, " + host
	}
	return host
}

// firstVariable is the first variable that refuses, in words; "" if there is none.
func (p *page) firstVariable() string {
	if len(p.m.Consent.Refuse) == 0 {
		return ""
	}
	return ", or " + variableRule(p.m.Consent.Refuse[0])
}

// variableRule says when a rule about a variable holds.
func variableRule(r manifest.EnvRule) string {
	switch {
	case r.HasUnless:
		return fmt.Sprintf("the variable `%s` set to anything but %s", r.Env, valueText(r.Unless))
	case r.When == manifest.Present:
		return fmt.Sprintf("the variable `%s` set to anything", r.Env)
	}
	return fmt.Sprintf("the variable `%s` set to %s", r.Env, valueText(r.When))
}

func valueText(value string) string { return cmp.Or(markdown.Code(value), "nothing") }

// optIn says what holds without a word of the person's, and what they can agree to.
func (p *page) optIn() {
	m := p.m
	p.section("Opt-in or opt-out")
	if m.Consent.Default == manifest.OptOut {
		p.paragraph("It is on unless you refuse (opt-out). The first time that something would be sent, usagectl shows a notice on the terminal and sends nothing; " +
			"without a terminal it shows and sends nothing. So nothing is sent before a person has seen the notice.")
	} else {
		p.paragraph("It is off until you agree (opt-in). To agree:")
		p.commands("usagectl enable " + m.Tool.ID.String())
	}
	if levels := m.Consent.Levels; len(levels) > 1 {
		p.paragraph("There are %d levels, each of which includes those before it. `usagectl enable %s --level N` agrees up to level N:", len(levels), m.Tool.ID)
		p.line("")
		for i, name := range levels {
			p.line("%d. %s", i+1, markdown.Text(name))
		}
	}
	var yes []string
	for _, r := range m.Consent.Grant {
		if r.When == manifest.Present { // to be there is not enough
			yes = append(yes, fmt.Sprintf("the variable `%s` set to a word for yes, such as `1`", r.Env))
		} else {
			yes = append(yes, variableRule(r))
		}
	}
	if len(yes) > 0 {
		p.paragraph("This also agrees to level 1, as long as it holds: %s.", strings.Join(yes, "; "))
	}
	unless := map[bool]string{true: " Where you agree by a variable alone, it covers both, for level 1."}[len(yes) > 0]
	p.paragraph("In a CI system nothing is sent unless somebody has agreed there. What %s begins to collect later is not sent before you have agreed to it%s. "+
		"If it is to go elsewhere, it is off until you agree again.%s", markdown.Text(m.Tool.Name), map[manifest.Default]string{manifest.OptOut: " or seen a notice of it"}[m.Consent.Default], unless)
}

// neverSent says what cannot leave, and where that ends.
func (p *page) neverSent() {
	p.section("What is never sent")
	p.paragraph("Nothing but the fields above is sent, and what [How it is sent](#how-it-is-sent) names. usagectl itself has no field for a user name, host name, address, file name, path, argument, " +
		"environment variable or content of a file, and no manifest can add one.")
	var free []string
	for i := range p.m.Fields {
		if f := &p.m.Fields[i]; isText(f) || f.From == manifest.FromToolVersion {
			free = append(free, f.Name)
		}
	}
	if len(free) > 0 {
		p.paragraph("%s itself chooses the text of these fields: %s. usagectl checks their form and length, and not what they say.", markdown.Text(p.m.Tool.Name), codes(free))
	} else {
		p.paragraph("No field takes text of %s's choosing.", markdown.Text(p.m.Tool.Name))
	}
	if p.m.Send.Transport != manifest.File {
		p.paragraph("As with every connection, whoever receives it sees the network address that it comes from.")
	}
}

// personalData says what can tell people apart.
func (p *page) personalData() {
	m := p.m
	p.section("Personal data")
	whose := hashed(m)
	switch {
	case hasSourceID(m):
		p.paragraph("Events carry a random ID (a UUID), which tells installations apart and is made of nothing that is about you or your machine. "+
			"It is in the file %s%s, made when an event that needs it may be sent, and never in a CI system. `usagectl forget %s` removes it.",
			markdown.Code(m.Identity.Path), p.moved(), m.Tool.ID)
	case whose == "":
		p.paragraph("usagectl sends no ID of you, of your machine or of your installation.")
	}
	if whose != "" {
		p.paragraph("Events carry a hash of %s. It is the same in each, and so an ID by which they can be told to belong together. "+
			"Its key is random and stays on the machine: without it the name cannot be found, and the hash cannot be compared with that of another installation.", whose)
	}
	if m.Send.Transport == manifest.OTLP || slices.ContainsFunc(m.Fields, func(f manifest.Field) bool { return f.From == manifest.FromRunID }) {
		p.paragraph("The ID of a run is random, and new each time, so that it does not connect one run with another. It can also be given: to `usagectl send --run`, or in the variable `USAGECTL_RUN_ID`.")
	}
}

// moved says which variable moves the file of the ID, if one does.
func (p *page) moved() string {
	if p.m.Identity.Env == "" {
		return ""
	}
	return fmt.Sprintf(", in the directory that the variable `%s` names if that is set", p.m.Identity.Env)
}

// howItIsSent says by which way the data goes.
func (p *page) howItIsSent() {
	s := p.m.Send
	p.section("How it is sent")
	to := markdown.Code(secret.URL(s.Endpoint))
	switch s.Transport {
	case manifest.HTTP:
		p.paragraph("As JSON, posted to %s%s.", to, p.encrypted())
	case manifest.OTLP:
		p.paragraph("By OpenTelemetry (OTLP over HTTP, %s) to %s%s. That adds the name and the time of the event, an ID of the event and one of the run, and the tool's ID.", s.Signal, to, p.encrypted())
	case manifest.Segment:
		p.paragraph("As a track message of Segment to %s%s, with the write key of the tool's account there. That adds the name and the time of the event, a random ID of it, and the time of sending.", to, p.encrypted())
	case manifest.UDP:
		p.paragraph("As JSON in a UDP datagram to %s, which is not encrypted, and can be lost. It is sent once.", to)
	case manifest.File:
		p.paragraph("Not over a network: it is appended as a line of JSON to the file %s.", to)
	}
	var headers []string
	for _, h := range s.Headers {
		headers = append(headers, markdown.Code(h.Name+": "+secret.Header(h.Name, h.Value)))
	}
	if len(headers) > 0 {
		p.paragraph("With the HTTP headers %s; `{name}` stands for what the document has for that field.", strings.Join(headers, ", "))
	}
	named := slices.ContainsFunc(s.Headers, func(h manifest.Header) bool { return strings.EqualFold(h.Name, "User-Agent") })
	if !named && (s.Transport == manifest.HTTP || s.Transport == manifest.OTLP || s.Transport == manifest.Segment) {
		p.paragraph("The HTTP header `User-Agent` holds the version of usagectl.")
	}
	p.paragraph("A background process sends it, so that %s does not wait.", markdown.Text(p.m.Tool.Name))
	if s.Transport != manifest.UDP {
		p.paragraph("What cannot be sent is tried again, for up to 30 days.")
	}
}

// encrypted says whether an HTTP connection is.
func (p *page) encrypted() string {
	if strings.HasPrefix(strings.ToLower(p.m.Send.Endpoint), "https:") {
		return ", encrypted (HTTPS)"
	}
	return ", which is on the same machine"
}

// whenItIsSent says which events there are.
func (p *page) whenItIsSent() {
	m := p.m
	p.section("When it is sent")
	if events := m.EventNames(); len(events) > mostNamed {
		p.paragraph("Shortly after each of the %d events of [What is sent](#what-is-sent).", len(events))
	} else {
		p.paragraph("Shortly after each of these events: %s.", codes(events))
	}
	if m.Exec != nil {
		p.paragraph("Under `usagectl exec` %s is sent when a command begins, and %s when it has ended.", markdown.Code(m.Exec.Start), markdown.Code(m.Exec.End))
	}
	if m.Forget.Method == manifest.ForgetEvent {
		p.paragraph("The event %s is a deletion request, which only `usagectl forget` sends.", markdown.Code(m.Forget.Event))
	}
}

// howToSee says how everybody can look.
func (p *page) howToSee() {
	id := p.m.Tool.ID.String()
	p.section("How to see what is sent")
	p.paragraph("The first of these shows what would be sent now, field by field; it works when telemetry is off, and sends nothing. " +
		"The second shows it as it goes over the network, the third everything that was sent and what became of it.")
	p.commands("usagectl inspect "+id, "usagectl inspect "+id+" --wire", "usagectl inspect "+id+" --sent")
}

// howToRefuse lists everything that switches it off.
func (p *page) howToRefuse() {
	id := p.m.Tool.ID.String()
	p.section("How to turn it off")
	p.paragraph("Each of these turns it off:")
	items := []string{
		"`usagectl disable " + id + "`",
		"`usagectl disable --all`, for all tools",
		"`usagectl disable " + id + " --system` by the administrator, for everybody on the machine",
		"the variable `DO_NOT_TRACK` set to `1`, for all tools",
	}
	for _, r := range p.m.Consent.Refuse {
		items = append(items, variableRule(r))
	}
	p.list(items...)
	if p.m.Consent.Dotenv && len(p.m.Consent.Refuse) > 0 {
		p.paragraph("The tool's own variables count in a `.env` file too, in the working directory or one above it.")
	}
	p.paragraph("After `usagectl disable` what is waiting to be sent is never sent. While only a variable turns it off it waits, and can be sent once none does.")
}

// howToDelete says how what was collected is deleted.
func (p *page) howToDelete() {
	m, forget := p.m, "`usagectl forget "+p.m.Tool.ID.String()+"`"
	p.section("How to have it deleted")
	switch m.Forget.Method {
	case manifest.ForgetHTTP:
		p.paragraph("%s removes the ID and what is kept on the machine, and asks %s to delete what was collected under it, until that acknowledges the request.", forget, markdown.Code(secret.URL(m.Forget.Endpoint)))
	case manifest.ForgetEvent:
		p.paragraph("%s removes the ID and what is kept on the machine, and asks for the deletion of what was collected under it, by the event %s.", forget, markdown.Code(m.Forget.Event))
	case manifest.ForgetMail:
		p.paragraph("%s removes the ID and what is kept on the machine, and writes the message to send to %s, which asks for the deletion of what was collected under it.", forget, markdown.Code(m.Forget.Mail))
	default:
		p.paragraph("The manifest names no way to ask for it.")
		if !hasID(m) {
			p.paragraph("Events carry no ID by which yours could be found.")
		}
	}
}

// feedback says whom to ask.
func (p *page) feedback() {
	p.section("Questions and feedback")
	var items []string
	if m := p.m.Tool; m.Contact != "" {
		items = append(items, "Contact: "+markdown.Text(m.Contact))
	}
	if m := p.m.Tool; m.Homepage != "" {
		items = append(items, "Homepage: "+markdown.Link(m.Homepage))
	}
	if m := p.m.Tool; m.Privacy != "" {
		items = append(items, "About telemetry: "+markdown.Link(m.Privacy))
	}
	if len(items) == 0 {
		p.paragraph("The manifest names nobody to ask.")
		return
	}
	p.list(items...)
}
