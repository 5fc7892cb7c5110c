// Package lint looks at a manifest as a careful reviewer would: it reports every mistake that
// [manifest.Parse] finds, and gives advice on what is allowed and serves people badly, such as a field
// that takes any text. Start with [Check]; [Rules] lists the advice that there is.
//
// All of it is data in, data out, and safe for concurrent use.
package lint

import (
	"errors"
	"slices"

	"github.com/usagectl/usagectl/internal/tomldoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Finding is a mistake, or a piece of advice.
type Finding struct {
	Line    int    // from 1; 0 if the whole file is meant
	Column  int    // from 1, in bytes; 0 if the whole file is meant
	Mistake bool   // false: advice
	Code    string // of a mistake its [manifest.Kind], of advice that of its [Rule]
	Message string
	Fix     string // what to do; "" for a mistake, whose message says it
}

// Check looks at the text of a manifest. file is used for nothing but the manifest that it returns, which is nil if there
// are mistakes; no advice is given then. The others are the tools that have a manifest on this machine, which may
// have a better claim to a variable; the tool itself may be among them. The findings are in the order of the file.
func Check(file string, data []byte, others []manifest.ID) (*manifest.Manifest, []Finding) {
	m, err := manifest.Parse(file, data)
	if err != nil {
		return nil, mistakes(err)
	}
	doc, bad := tomldoc.Parse(data)
	if bad != nil { // it was read a moment ago
		return m, nil
	}
	a := adviser{manifest: m, doc: doc, others: others}
	a.tool()
	a.consent()
	a.transport()
	a.forget()
	for i := range m.Fields {
		a.field(i, &m.Fields[i])
	}
	slices.SortStableFunc(a.findings, func(x, y Finding) int {
		if x.Line != y.Line {
			return x.Line - y.Line
		}
		return x.Column - y.Column
	})
	return m, a.findings
}

// mistakes are the findings about a manifest that cannot be read.
func mistakes(err error) []Finding {
	var all manifest.Errors
	if !errors.As(err, &all) {
		return []Finding{{Mistake: true, Code: string(manifest.KindForm), Message: err.Error()}}
	}
	list := make([]Finding, len(all))
	for i, e := range all {
		list[i] = Finding{Line: e.Line, Column: e.Column, Mistake: true, Code: string(e.Kind), Message: e.Msg}
	}
	return list
}
