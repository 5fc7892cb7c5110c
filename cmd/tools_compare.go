package cmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// What differs between two manifests of a tool, and what that means for somebody who agreed to
// the old one. The rule: they would have to be asked about everything by which more is
// collected, by which it goes to somebody else or is kept longer, or by which it is harder to
// refuse or to have deleted, whether the program asks them about it or not. What it does about
// it follows from package consent, and is held against that by a test.

// effect is what becomes of an agreement to the old manifest.
type effect string

// The effects.
const (
	leftOut effect = "left-out" // what is new is left out until the person agrees again
	turned  effect = "off"      // telemetry is off until the person agrees again
	covered effect = "covered"  // the agreement covers it, and nobody is asked
	nothing effect = "none"     // nothing becomes of it
)

// change is one thing that differs.
type change struct {
	Key    string `json:"key"`    // the manifest's key, such as "send.endpoint", or "field" for a whole one
	Name   string `json:"name"`   // of the field, the event, the variable, the header; the number of the level; or ""
	Old    string `json:"old"`    // "" if there was nothing
	New    string `json:"new"`    // "" if there is nothing any more
	Ask    bool   `json:"ask"`    // a person who agreed to the old manifest would have to be asked
	Effect effect `json:"effect"` // on their agreement
	Note   string `json:"note"`   // more about that, for people; or ""
}

// comparison compares two manifests.
type comparison struct {
	old, new *manifest.Manifest
	list     []change
}

// compare lists what differs, in the order of a manifest's tables.
func compare(old, now *manifest.Manifest) []change {
	c := &comparison{old: old, new: now}
	c.tool()
	c.consent()
	c.identity()
	c.send()
	c.forget()
	c.exec()
	c.events()
	c.fields()
	if slices.ContainsFunc(c.list, func(ch change) bool { return ch.Effect == turned }) {
		for i := range c.list { // no agreement is left to cover anything
			if c.list[i].Effect == covered {
				c.list[i].Effect = turned
			}
		}
	}
	return c.list
}

// add adds a change.
func (c *comparison) add(ch change) { c.list = append(c.list, ch) }

// differ adds a change of one value, if it is one.
func (c *comparison) differ(key, old, now string, ask bool, e effect, note string) {
	if old != now {
		c.add(change{Key: key, Old: old, New: now, Ask: ask, Effect: e, Note: note})
	}
}

func (c *comparison) tool() {
	old, now := c.old.Tool, c.new.Tool
	c.differ("tool.id", old.ID.String(), now.ID.String(), true, turned, "decisions are recorded by the ID: to the program this is another tool")
	c.differ("tool.name", old.Name, now.Name, false, nothing, "")
	c.differ("tool.homepage", old.Homepage, now.Homepage, false, nothing, "")
	c.differ("tool.privacy", old.Privacy, now.Privacy, false, nothing, "")
	c.differ("tool.contact", old.Contact, now.Contact, false, nothing, "")
	c.differ("tool.purpose", old.Purpose, now.Purpose, true, covered, "")
	if old.Retention == "" {
		c.differ("tool.retention", old.Retention, now.Retention, false, nothing, "")
	} else {
		c.differ("tool.retention", old.Retention, now.Retention, true, covered, "")
	}
}

func (c *comparison) consent() {
	old, now := c.old.Consent, c.new.Consent
	if now.Default == manifest.OptOut {
		c.differ("consent.default", string(old.Default), string(now.Default), true, nothing, "who has not answered is shown a notice, and is not asked any more")
	} else {
		c.differ("consent.default", string(old.Default), string(now.Default), true, nothing, "who has only seen the notice is off until they agree")
	}
	c.levels(old.Levels, now.Levels)
	c.rules("consent.refuse", ruleText, old.Refuse, now.Refuse,
		change{Effect: nothing},
		change{Ask: true, Effect: covered, Note: "it does not keep telemetry off any more where it is set"})
	c.rules("consent.grant", grantText, old.Grant, now.Grant,
		change{Ask: true, Effect: nothing, Note: "where it is set, telemetry is on at level 1 unless somebody refused"},
		change{Ask: true, Effect: nothing, Note: "who agreed by it alone is off until they agree again"})
	c.differ("consent.dotenv", yesNo(old.Dotenv), yesNo(now.Dotenv), old.Dotenv, map[bool]effect{true: covered, false: nothing}[old.Dotenv], "")
}

// levels compares the names of levels. That of a single one is shown to nobody.
func (c *comparison) levels(old, now []string) {
	for i := range max(len(old), len(now)) {
		number := strconv.Itoa(i + 1)
		switch {
		case i >= len(old):
			c.add(change{Key: "consent.levels", Name: number, New: now[i], Effect: nothing, Note: "nobody has agreed to it yet"})
		case i >= len(now):
			c.add(change{Key: "consent.levels", Name: number, Old: old[i], Effect: nothing, Note: "who agreed to it keeps what is left"})
		case old[i] != now[i] && len(old) > 1:
			c.add(change{Key: "consent.levels", Name: number, Old: old[i], New: now[i], Ask: true, Effect: covered, Note: "an agreement is to the number"})
		case old[i] != now[i]:
			c.add(change{Key: "consent.levels", Name: number, Old: old[i], New: now[i], Effect: nothing})
		}
	}
}

// rules compares rules about variables. A rule that is changed is one that is removed and one that is added.
func (c *comparison) rules(key string, text func(manifest.EnvRule) string, old, now []manifest.EnvRule, added, removed change) {
	for _, r := range old {
		if !slices.Contains(now, r) {
			removed.Key, removed.Name, removed.Old = key, r.Env, text(r)
			c.add(removed)
		}
	}
	for _, r := range now {
		if !slices.Contains(old, r) {
			added.Key, added.Name, added.New = key, r.Env, text(r)
			c.add(added)
		}
	}
}

func (c *comparison) identity() {
	old, now := c.old.Identity, c.new.Identity
	kind := map[bool]string{true: "random", false: "none"}
	c.differ("identity.kind", kind[old.Random], kind[now.Random], false, nothing, "")
	if old.Random && now.Random {
		c.differ("identity.path", old.Path, now.Path, true, covered, "another file can hold the ID of another tool")
		c.differ("identity.env", old.Env, now.Env, true, covered, "another file can hold the ID of another tool")
	}
}

func (c *comparison) send() {
	old, now := c.old.Send, c.new.Send
	c.differ("send.transport", string(old.Transport), string(now.Transport), true, covered, "")
	if old.Endpoint != now.Endpoint {
		c.add(change{Key: "send.endpoint", Old: secret.URL(old.Endpoint), New: secret.URL(now.Endpoint), Ask: true, Effect: turned})
	}
	c.headers(old.Headers, now.Headers)
	c.differ("send.prefix", old.Prefix, now.Prefix, false, nothing, "")
	c.differ("send.signal", old.Signal, now.Signal, false, nothing, "")
	c.differ("send.auth", old.Auth, now.Auth, false, nothing, "")
	const account = "the account of another owner can be behind it"
	if old.WriteKey != now.WriteKey {
		c.add(change{Key: "send.write_key", Old: masked(old.WriteKey), New: masked(now.WriteKey), Ask: true, Effect: covered, Note: account})
	}
	c.differ("send.write_key_env", old.WriteKeyEnv, now.WriteKeyEnv, true, covered, account)
}

func (c *comparison) headers(old, now []manifest.Header) {
	find := func(list []manifest.Header, name string) (manifest.Header, bool) {
		i := slices.IndexFunc(list, func(h manifest.Header) bool { return strings.EqualFold(h.Name, name) })
		if i < 0 {
			return manifest.Header{}, false
		}
		return list[i], true
	}
	shown := func(h manifest.Header) string { return secret.Header(h.Name, h.Value) }
	for _, h := range old {
		if other, there := find(now, h.Name); !there {
			c.add(change{Key: "send.headers", Name: h.Name, Old: shown(h), Effect: nothing})
		} else if other.Value != h.Value {
			c.add(change{Key: "send.headers", Name: h.Name, Old: shown(h), New: shown(other), Ask: true, Effect: covered})
		}
	}
	for _, h := range now {
		if _, there := find(old, h.Name); !there {
			c.add(change{Key: "send.headers", Name: h.Name, New: shown(h), Ask: true, Effect: covered})
		}
	}
}

// forget compares how deletion is requested. That there is a way where there was none is no
// reason to ask.
func (c *comparison) forget() {
	old, now := c.old.Forget, c.new.Forget
	ask, e := true, covered
	if old.Method == manifest.ForgetNone {
		ask, e = false, nothing
	}
	c.differ("forget.method", string(old.Method), string(now.Method), ask, e, "")
	c.differ("forget.endpoint", secret.URL(old.Endpoint), secret.URL(now.Endpoint), ask, e, "")
	c.differ("forget.mail", old.Mail, now.Mail, ask, e, "")
	c.differ("forget.event", old.Event, now.Event, ask, e, "")
}

func (c *comparison) exec() {
	old, now := c.old.Exec, c.new.Exec
	if old == nil {
		old = &manifest.Exec{}
	}
	if now == nil {
		now = &manifest.Exec{}
	}
	c.differ("exec.start", old.Start, now.Start, false, nothing, "")
	c.differ("exec.end", old.End, now.End, false, nothing, "")
	c.differ("exec.exit_code", old.ExitCode, now.ExitCode, false, nothing, "")
	c.differ("exec.signal", old.Signal, now.Signal, false, nothing, "")
	c.differ("exec.duration", old.Duration, now.Duration, false, nothing, "")
}

// agreedTo finds an event that a person agrees to, which a deletion request is not.
func agreedTo(m *manifest.Manifest, name string) (manifest.Event, bool) {
	e, ok := m.Event(name)
	return e, ok && !m.IsDeletion(name)
}

func (c *comparison) events() {
	for _, name := range c.old.EventNames() {
		e, _ := c.old.Event(name)
		if _, there := agreedTo(c.new, name); !there {
			c.add(change{Key: "event", Name: name, Old: levelText(e.Level), Effect: nothing})
		}
	}
	for _, name := range c.new.EventNames() {
		now, _ := c.new.Event(name)
		old, there := agreedTo(c.old, name)
		if !there {
			c.add(change{Key: "event", Name: name, New: levelText(now.Level), Ask: true, Effect: leftOut})
			continue
		}
		c.level("event.level", name, old.Level, now.Level)
	}
}

func levelText(level int) string { return fmt.Sprintf("level %d", level) }

// level compares the level of an event or a field. Who agreed to a lower one than the old has
// not agreed to it.
func (c *comparison) level(key, name string, old, now int) {
	ch := change{Key: key, Name: name, Old: strconv.Itoa(old), New: strconv.Itoa(now), Effect: nothing}
	switch {
	case now < old:
		ch.Ask, ch.Effect, ch.Note = true, leftOut, fmt.Sprintf("for those who agreed to less than level %d", old)
	case now > old:
		ch.Note = fmt.Sprintf("who agreed to less than level %d does not send it any more", now)
	default:
		return
	}
	c.add(ch)
}
