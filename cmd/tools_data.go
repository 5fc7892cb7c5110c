package cmd

import (
	"strings"

	"github.com/usagectl/usagectl/internal/secret"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// declaration is a manifest as data, without what is secret in it. Its members have the names
// of the manifest's keys, and stand where the manifest has them.
type declaration struct {
	Schema   int              `json:"schema"`
	Manifest string           `json:"manifest"` // its file, or "builtin"
	Tool     declaredTool     `json:"tool"`
	Consent  declaredConsent  `json:"consent"`
	Identity declaredIdentity `json:"identity"`
	Send     declaredSend     `json:"send"`
	Forget   declaredForget   `json:"forget"`
	Exec     *declaredExec    `json:"exec"`
	Events   []declaredEvent  `json:"events"`
	Fields   []declaredField  `json:"fields"`
}

type declaredTool struct {
	ID        manifest.ID `json:"id"`
	Name      string      `json:"name"`
	Homepage  string      `json:"homepage"`
	Privacy   string      `json:"privacy"`
	Contact   string      `json:"contact"`
	Purpose   string      `json:"purpose"`
	Retention string      `json:"retention"`
}

type declaredConsent struct {
	Default string         `json:"default"`
	Levels  []string       `json:"levels"`
	Refuse  []declaredRule `json:"refuse"`
	Grant   []declaredRule `json:"grant"`
	Dotenv  bool           `json:"dotenv"`
}

// declaredRule has one of When and Unless.
type declaredRule struct {
	Env    string  `json:"env"`
	When   *string `json:"when"`
	Unless *string `json:"unless"`
}

type declaredIdentity struct {
	Kind string `json:"kind"`
	Path string `json:"path"` // "" for the kind none
	Env  string `json:"env"`
}

type declaredSend struct {
	Transport   string            `json:"transport"`
	Endpoint    string            `json:"endpoint"`
	Headers     []manifest.Header `json:"headers"`
	Prefix      string            `json:"prefix"`
	Signal      string            `json:"signal"`
	WriteKey    string            `json:"write_key"`
	WriteKeyEnv string            `json:"write_key_env"`
	Auth        string            `json:"auth"`
}

type declaredForget struct {
	Method   string `json:"method"`
	Endpoint string `json:"endpoint"`
	Mail     string `json:"mail"`
	Event    string `json:"event"`
}

type declaredExec struct {
	Start    string `json:"start"`
	End      string `json:"end"`
	ExitCode string `json:"exit_code"`
	Duration string `json:"duration"`
	Signal   string `json:"signal"`
}

type declaredEvent struct {
	Name  string `json:"name"`
	Level int    `json:"level"`
}

type declaredField struct {
	Name      string   `json:"name"`
	Key       string   `json:"key"` // as a JSON pointer, but for a plain number
	Type      string   `json:"type"`
	From      string   `json:"from"`
	Events    []string `json:"events"` // null: every event
	Level     int      `json:"level"`
	Required  bool     `json:"required"`
	Value     any      `json:"value"`   // of a const
	Default   any      `json:"default"` // null: none
	Format    string   `json:"format"`
	Length    int      `json:"length"`
	Min       *float64 `json:"min"`
	Max       *float64 `json:"max"`
	Enum      []string `json:"enum"` // null: any
	Pattern   *string  `json:"pattern"`
	MaxLen    int      `json:"max_len"` // 0: the usual bound, if the type has one
	Also      []any    `json:"also"`    // null: none
	Otherwise string   `json:"otherwise"`
	Missing   string   `json:"missing"`
	InsteadOf string   `json:"instead_of"`
	Purpose   string   `json:"purpose"`
}

// declarationOf is a manifest as data.
func declarationOf(m *manifest.Manifest) declaration {
	d := declaration{
		Schema: 1, Manifest: m.File, Tool: declaredTool(m.Tool),
		Consent:  declaredConsent{string(m.Consent.Default), m.Consent.Levels, rulesOf(m.Consent.Refuse), rulesOf(m.Consent.Grant), m.Consent.Dotenv},
		Identity: declaredIdentity{Kind: "none"},
		Send: declaredSend{
			string(m.Send.Transport), secret.URL(m.Send.Endpoint),
			[]manifest.Header{},
			m.Send.Prefix, m.Send.Signal, masked(m.Send.WriteKey), m.Send.WriteKeyEnv, m.Send.Auth,
		},
		Forget: declaredForget{string(m.Forget.Method), secret.URL(m.Forget.Endpoint), m.Forget.Mail, m.Forget.Event},
		Events: []declaredEvent{}, Fields: []declaredField{},
	}
	if m.Identity.Random {
		d.Identity = declaredIdentity{"random", m.Identity.Path, m.Identity.Env}
	}
	for _, h := range m.Send.Headers {
		d.Send.Headers = append(d.Send.Headers, manifest.Header{Name: h.Name, Value: secret.Header(h.Name, h.Value)})
	}
	if e := m.Exec; e != nil {
		d.Exec = &declaredExec{e.Start, e.End, e.ExitCode, e.Duration, e.Signal}
	}
	for _, e := range m.Events {
		d.Events = append(d.Events, declaredEvent(e))
	}
	for i := range m.Fields {
		d.Fields = append(d.Fields, fieldOf(&m.Fields[i]))
	}
	return d
}

func rulesOf(list []manifest.EnvRule) []declaredRule {
	rules := []declaredRule{}
	for _, r := range list {
		if r.HasUnless {
			rules = append(rules, declaredRule{Env: r.Env, Unless: &r.Unless})
		} else {
			rules = append(rules, declaredRule{Env: r.Env, When: &r.When})
		}
	}
	return rules
}

func fieldOf(f *manifest.Field) declaredField {
	return declaredField{
		f.Name, f.Key.String(), string(f.Type), string(f.From), f.Events, f.Level, f.Required, f.Const, f.Default, f.Format, f.Length,
		f.Min, f.Max, f.Enum, patternOf(f), f.MaxLen, f.Also, f.Otherwise, string(f.Missing), f.InsteadOf, f.Purpose,
	}
}

// patternOf is a pattern as the manifest has it, without what makes it match as a whole; nil
// if there is none.
func patternOf(f *manifest.Field) *string {
	if f.Pattern == nil {
		return nil
	}
	pattern := strings.TrimSuffix(strings.TrimPrefix(f.Pattern.String(), `\A(?:`), `)\z`)
	return &pattern
}

// masked is what is shown of a secret, which may be "".
func masked(s string) string {
	if s == "" {
		return ""
	}
	return secret.Mask
}
