package payload

import (
	"cmp"
	"slices"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// node is one place in a payload being built.
type node struct {
	names []string // of the children, in order
	kids  map[string]*node
	value any
	set   bool
	// An element of an array is there only if the caller gave something for it,
	// where there is something to give: so OpenTelemetry's exception event
	// exists only once an exception has a type.
	asksCaller, fromCaller bool
}

func (n *node) child(name string) *node {
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	kid, ok := n.kids[name]
	if !ok {
		kid = &node{}
		n.kids[name] = kid
		n.names = append(n.names, name)
	}
	return kid
}

// declare notes along the field's way that the caller can fill it.
func (n *node) declare(f *manifest.Field) {
	if f.From != manifest.FromCaller {
		return
	}
	for _, token := range f.Key {
		n = n.child(token)
		n.asksCaller = true
	}
}

func (n *node) put(f *manifest.Field, v any) {
	for _, token := range f.Key {
		n = n.child(token)
		n.fromCaller = n.fromCaller || f.From == manifest.FromCaller
	}
	n.value, n.set = v, true
}

// json is what stands at the node, if anything does.
func (n *node) json() (any, bool) {
	base, isObject := n.value.(*jsondoc.Object)
	switch {
	case len(n.kids) == 0 || n.set && !isObject:
		return n.value, n.set
	case !n.set && n.isArray():
		return n.array()
	}
	o := &jsondoc.Object{}
	for _, m := range base.Members() {
		o.Set(m.Name, m.Value)
	}
	for _, m := range n.object().Members() {
		o.Set(m.Name, m.Value)
	}
	return o, n.set || len(o.Members()) > 0
}

func (n *node) object() *jsondoc.Object {
	o := &jsondoc.Object{}
	for _, name := range n.names {
		if v, ok := n.kids[name].json(); ok {
			o.Set(name, v)
		}
	}
	return o
}

// isArray reports whether the children are elements of an array, by the name of the
// first: the manifest does not let names and indexes be mixed.
func (n *node) isArray() bool { return manifest.IsIndex(n.names[0]) }

func (n *node) array() (any, bool) {
	names := slices.SortedFunc(slices.Values(n.names), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	list := []any{}
	for _, name := range names {
		kid := n.kids[name]
		if kid.asksCaller && !kid.fromCaller {
			continue
		}
		if v, ok := kid.json(); ok {
			list = append(list, v)
		}
	}
	return list, len(list) > 0
}
