package sender

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestMessagesAreMadeHere holds who makes what is sent: messageOf and deletionMessage
// alone, and that nobody calls messageOf but newMessage, which takes a permit, shown, which
// sends nothing, and loopbackMessage; and that nobody calls that but takeForTest.
func TestMessagesAreMadeHere(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var makers, writers []string
	callers := map[string][]string{}
	for _, file := range files {
		if name := file.Name(); !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			where := "a declaration of " + file.Name()
			if fn, ok := d.(*ast.FuncDecl); ok {
				where = fn.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CompositeLit:
					if isMessage(n.Type) && len(n.Elts) > 0 || spellsOne(n) {
						makers = append(makers, where)
					}
				case *ast.AssignStmt:
					for _, left := range n.Lhs {
						if s, ok := left.(*ast.SelectorExpr); ok && s.Sel.Name == "Document" {
							writers = append(writers, where)
						}
					}
				case *ast.CallExpr:
					if fn, ok := n.Fun.(*ast.Ident); ok {
						callers[fn.Name] = append(callers[fn.Name], where)
					}
				}
				return true
			})
		}
	}
	slices.Sort(makers)
	slices.Sort(writers)
	if want := []string{"deletionMessage", "messageOf"}; !slices.Equal(makers, want) {
		t.Errorf("messages are made in %q, and may be in %q", makers, want)
	}
	if want := []string{"requestOf", "shown", "takeForTest"}; !slices.Equal(writers, want) { // whose Document is another
		t.Errorf("a Document is written in %q, and may be in %q", writers, want)
	}
	for maker, want := range map[string][]string{
		"messageOf":       {"loopbackMessage", "newMessage", "shown"},
		"loopbackMessage": {"takeForTest"},
	} {
		slices.Sort(callers[maker])
		if !slices.Equal(callers[maker], want) {
			t.Errorf("%s is called in %q, and may be in %q", maker, callers[maker], want)
		}
	}
}

// isMessage reports whether an expression is the type transport.Message.
func isMessage(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Message" {
		return false
	}
	from, ok := s.X.(*ast.Ident)
	return ok && from.Name == "transport"
}

// spellsOne reports whether a list or a map of messages spells one without its type.
func spellsOne(list *ast.CompositeLit) bool {
	var element ast.Expr
	switch t := list.Type.(type) {
	case *ast.ArrayType:
		element = t.Elt
	case *ast.MapType:
		element = t.Value
	}
	return isMessage(element) && slices.ContainsFunc(list.Elts, func(e ast.Expr) bool {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			e = pair.Value
		}
		untyped, ok := e.(*ast.CompositeLit)
		return ok && untyped.Type == nil
	})
}
