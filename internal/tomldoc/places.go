package tomldoc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// deepest is how many steps a path takes to the deepest thing that a message is
// about, with some to spare. Places below are not kept, because keys of a
// thousand dotted parts are valid TOML.
const deepest = 8

// places maps a path, spelled by [pathKey], to its offset in the file.
type places map[string]int

func pathKey(path []any) string {
	var b strings.Builder
	for _, p := range path {
		fmt.Fprintf(&b, "%v\x00", p)
	}
	return b.String()
}

// nearest is the place of the path, or of the closest thing around it.
func (p places) nearest(path []any) int {
	for n := len(path); n > 0; n-- {
		if at, ok := p[pathKey(path[:n])]; ok {
			return at
		}
	}
	return 0
}

// positions finds where every key of a valid TOML file stands.
func positions(data []byte) places {
	found := places{}
	counts := map[string]int{} // elements seen of each list of tables
	var p unstable.Parser
	p.Reset(data)
	var prefix []any
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table:
			prefix = found.key(e, nil, counts)
		case unstable.ArrayTable:
			prefix = found.key(e, nil, counts)
			list := pathKey(prefix)
			prefix = append(prefix, counts[list])
			counts[list]++
			found[pathKey(prefix)] = found[list]
		case unstable.KeyValue:
			found.keyValue(e, prefix, counts)
		}
	}
	return found
}

// key records the key of an expression below prefix and returns its path. Where
// it passes through a list of tables, TOML means the last element.
func (found places) key(e *unstable.Node, prefix []any, counts map[string]int) []any {
	path := slices.Clone(prefix)
	for it := e.Key(); it.Next() && len(path) < deepest; {
		if n := counts[pathKey(path)]; n > 0 && len(path) > 0 {
			path = append(path, n-1)
		}
		path = append(path, string(it.Node().Data))
		place := pathKey(path)
		if _, known := found[place]; !known || it.IsLast() { // [send.headers] is not where [send] stands
			found[place] = int(it.Node().Raw.Offset)
		}
	}
	return path
}

func (found places) keyValue(e *unstable.Node, prefix []any, counts map[string]int) {
	path := found.key(e, prefix, counts)
	found.value(e.Value(), path, counts)
}

func (found places) value(v *unstable.Node, path []any, counts map[string]int) {
	if len(path) >= deepest {
		return
	}
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			found.keyValue(it.Node(), path, counts)
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); {
			if it.Node().Kind == unstable.Comment {
				continue
			}
			element := append(slices.Clone(path), i)
			if it.Node().Raw.Length > 0 {
				found[pathKey(element)] = int(it.Node().Raw.Offset)
			}
			found.value(it.Node(), element, counts)
			i++
		}
	}
}

// lineStarts lists the offsets at which lines start.
func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, c := range data {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}
