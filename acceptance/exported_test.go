package acceptance

import (
	"errors"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestExported holds that another module can use all that the packages under pkg export: no
// exported function, method, type, field, constant or variable mentions a type of a package
// that only this module may import.
func TestExported(t *testing.T) {
	t.Parallel()
	exports := map[string]string{}
	var public []string
	for _, p := range goList(t, "-deps", "-export", "-json=ImportPath,Export", "./pkg/...") {
		exports[p.ImportPath] = p.Export
		if strings.HasPrefix(p.ImportPath, module+"/pkg/") && !isInternal(p.ImportPath) {
			public = append(public, p.ImportPath)
		}
	}
	if len(public) < 5 {
		t.Fatalf("only %q were found", public)
	}
	read := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, errors.New("the go command built no " + path)
		}
		return os.Open(exports[path])
	})
	var found []string
	for _, path := range public {
		p, err := read.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		s := shownTypes{of: p, seen: map[types.Type]bool{}}
		s.scope()
		found = append(found, s.found...)
	}
	slices.Sort(found)
	for _, what := range found {
		t.Error(what)
	}
}

// isInternal reports whether only this module, or a part of it, may import a package.
func isInternal(path string) bool { return slices.Contains(strings.Split(path, "/"), "internal") }

// shownTypes finds the internal types that a package shows to those who import it.
type shownTypes struct {
	of    *types.Package
	seen  map[types.Type]bool // unexported types of the package itself, which are shown too
	found []string
}

func (s *shownTypes) scope() {
	for _, name := range s.of.Scope().Names() {
		object := s.of.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		at := strings.TrimPrefix(s.of.Path(), module+"/") + "." + name
		if declared, ok := object.(*types.TypeName); ok && !declared.IsAlias() {
			s.declaration(at, declared.Type().(*types.Named))
			continue
		}
		s.mentions(at, object.Type())
	}
}

// declaration looks at what a type of the package consists of, and at its methods.
func (s *shownTypes) declaration(at string, named *types.Named) {
	for i := range named.TypeParams().Len() {
		s.mentions(at, named.TypeParams().At(i).Constraint())
	}
	s.mentions(at, named.Underlying())
	for method := range named.Methods() {
		if method.Exported() {
			s.mentions(at+"."+method.Name(), method.Type())
		}
	}
}

// mentions looks for internal types in a type as it is written at a place.
func (s *shownTypes) mentions(at string, t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		s.name(at, t.Obj())
		s.mentions(at, types.Unalias(t))
	case *types.Named:
		s.name(at, t.Obj())
		for i := range t.TypeArgs().Len() {
			s.mentions(at, t.TypeArgs().At(i))
		}
		if t.Obj().Pkg() == s.of && !t.Obj().Exported() && !s.seen[t] {
			s.seen[t] = true
			s.declaration(at, t)
		}
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() || field.Embedded() {
				s.mentions(at+"."+field.Name(), field.Type())
			}
		}
	case *types.Interface:
		for method := range t.ExplicitMethods() {
			s.mentions(at+"."+method.Name(), method.Type())
		}
		for embedded := range t.EmbeddedTypes() {
			s.mentions(at, embedded)
		}
	case *types.Signature:
		for _, list := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range list.Variables() {
				s.mentions(at, v.Type())
			}
		}
	case *types.Map:
		s.mentions(at, t.Key())
		s.mentions(at, t.Elem())
	case *types.Union:
		for term := range t.Terms() {
			s.mentions(at, term.Type())
		}
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		s.mentions(at, t.Elem())
	}
}

func (s *shownTypes) name(at string, name *types.TypeName) {
	if p := name.Pkg(); p != nil && p != s.of && isInternal(p.Path()) {
		s.found = append(s.found, at+" mentions "+p.Path()+"."+name.Name())
	}
}
