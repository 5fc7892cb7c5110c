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
// alone, and that nobody calls messageOf but newMessage, which takes a permit, and
// Preview, which sends nothing.
func TestMessagesAreMadeHere(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var makers, callers []string
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
							makers = append(makers, where)
						}
					}
				case *ast.CallExpr:
					if fn, ok := n.Fun.(*ast.Ident); ok && fn.Name == "messageOf" {
						callers = append(callers, where)
					}
				}
				return true
			})
		}
	}
	slices.Sort(makers)
	slices.Sort(callers)
	if want := []string{"deletionMessage", "messageOf"}; !slices.Equal(makers, want) {
		t.Errorf("messages are made in %q, and may be in %q", makers, want)
	}
	if want := []string{"Preview", "newMessage"}; !slices.Equal(callers, want) {
		t.Errorf("messageOf is called in %q, and may be in %q", callers, want)
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
