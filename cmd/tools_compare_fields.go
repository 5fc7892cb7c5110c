package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

func (c *comparison) fields() {
	for i := range c.old.Fields {
		f := &c.old.Fields[i]
		if _, there := c.new.Field(f.Name); !there {
			c.add(change{Key: "field", Name: f.Name, Old: fieldText(f), Effect: nothing})
		}
	}
	for i := range c.new.Fields {
		now := &c.new.Fields[i]
		old, there := c.old.Field(now.Name)
		before := len(c.list)
		switch {
		case !there:
			c.add(change{Key: "field", Name: now.Name, New: fieldText(now), Ask: true, Effect: leftOut})
		case old.Terms() != now.Terms():
			c.add(change{Key: "field", Name: now.Name, Old: fieldText(old), New: fieldText(now), Ask: true, Effect: leftOut, Note: "with another type or source it is another field"})
		default:
			c.field(old, now)
		}
		if !slices.ContainsFunc(c.new.EventNames(), now.In) { // nobody has to agree to a deletion request
			for n := range c.list[before:] {
				ch := &c.list[before+n]
				ch.Ask, ch.Effect, ch.Note = false, nothing, ""
			}
		}
	}
}

// fieldText is what a person agrees to of a field.
func fieldText(f *manifest.Field) string {
	return fmt.Sprintf("%s from %s, level %d", f.Type, f.From, f.Level)
}

// field compares two forms of what is one field by an agreement.
func (c *comparison) field(old, now *manifest.Field) {
	differ := func(key, before, after string, wider bool) {
		if before == after {
			return
		}
		ch := change{Key: "field." + key, Name: now.Name, Old: before, New: after, Effect: nothing}
		if wider {
			ch.Ask, ch.Effect = true, covered
		}
		c.add(ch)
	}
	c.level("field.level", now.Name, old.Level, now.Level)
	differ("purpose", old.Purpose, now.Purpose, true)
	differ("events", strings.Join(old.Events, ", "), strings.Join(now.Events, ", "), c.gains(old, now))
	differ("key", old.Key.String(), now.Key.String(), false)
	differ("required", yesNo(old.Required), yesNo(now.Required), false)
	differ("value", jsonText(old.Const), jsonText(now.Const), false)
	differ("default", jsonText(old.Default), jsonText(now.Default), false)
	differ("format", old.Format, now.Format, false)
	differ("length", numberText(old.Length), numberText(now.Length), now.Length > old.Length)
	differ("min", boundText(old.Min), boundText(now.Min), old.Min != nil && (now.Min == nil || *now.Min < *old.Min))
	differ("max", boundText(old.Max), boundText(now.Max), old.Max != nil && (now.Max == nil || *now.Max > *old.Max))
	differ("enum", strings.Join(old.Enum, ", "), strings.Join(now.Enum, ", "), old.Enum != nil && (now.Enum == nil || lacks(old.Enum, now.Enum)))
	differ("pattern", patternText(old), patternText(now), old.Pattern != nil)
	differ("max_len", numberText(old.MaxLen), numberText(now.MaxLen), maxLen(now) > maxLen(old))
	differ("also", jsonText(old.Also), jsonText(now.Also), lacks(jsonTextsOf(old.Also), jsonTextsOf(now.Also)))
	differ("otherwise", old.Otherwise, now.Otherwise, false)
	differ("missing", string(old.Missing), string(now.Missing), false)
	differ("instead_of", old.InsteadOf, now.InsteadOf, false)
}

// gains reports whether a field comes to be in an event that there was before.
func (c *comparison) gains(old, now *manifest.Field) bool {
	return slices.ContainsFunc(c.new.EventNames(), func(event string) bool {
		_, there := agreedTo(c.old, event)
		return there && now.In(event) && !old.In(event)
	})
}

// lacks reports whether a list lacks something that another one has.
func lacks(list, other []string) bool {
	return slices.ContainsFunc(other, func(s string) bool { return !slices.Contains(list, s) })
}

func yesNo(b bool) string { return map[bool]string{true: "yes", false: "no"}[b] }

func numberText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func boundText(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

func patternText(f *manifest.Field) string {
	if p := patternOf(f); p != nil {
		return *p
	}
	return ""
}

// jsonText is a value that a manifest holds as JSON; "" for none.
func jsonText(v any) string {
	if list, isList := v.([]any); v == nil || isList && len(list) == 0 {
		return ""
	}
	text, err := jsondoc.Append(nil, v)
	if err != nil {
		return fmt.Sprint(v) // a manifest holds no such value
	}
	return string(text)
}

func jsonTextsOf(values []any) []string {
	var list []string
	for _, v := range values {
		list = append(list, cmp.Or(jsonText(v), "null"))
	}
	return list
}
