package main

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/usagectl/usagectl/internal/manual"
)

// manifestPage is usagectl-manifest(5), made of docs/manifest.md.
func manifestPage(source []byte) ([]byte, error) {
	r := newPage("usagectl-manifest", 5)
	r.name("usagectl-manifest", manual.Manifest().Short)
	r.heading("Description")
	if err := r.markdown(source); err != nil {
		return nil, err
	}
	r.heading("Files")
	for _, t := range manual.Files().Terms {
		if strings.Contains(t.Name, "/tools/") {
			r.term(bold(t.Name))
			r.text(escape(t.Text))
		}
	}
	r.heading("Examples")
	r.paragraphs(manual.Manifest().Intro)
	r.seeAlso([]string{reference("usagectl", 1), reference("usagectl-inspect", 1), reference("usagectl-send", 1)})
	return []byte(r.String()), nil
}

// markdown writes a document, but for its title. What it has no form for is an
// error: nothing that somebody wrote may be missing from the page.
func (r *roff) markdown(source []byte) error {
	m := goldmark.New(goldmark.WithExtensions(extension.Table))
	document := m.Parser().Parse(text.NewReader(source))
	for n := document.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			if n.Level > 1 {
				r.heading(plain(n, source))
			}
		case *ast.Paragraph:
			r.parted()
			r.text(inline(n, source))
		case *ast.FencedCodeBlock:
			r.parted()
			r.example(codeLines(n, source))
		case *ast.List:
			for item := n.FirstChild(); item != nil; item = item.NextSibling() {
				r.line(`.IP \(bu 2`)
				r.text(inline(item, source))
			}
		case *east.Table:
			r.table(n, source)
		default:
			return fmt.Errorf("docs/manifest.md: a man page has no form for a %s", n.Kind())
		}
	}
	return nil
}

// parted parts a paragraph from the one before it, but not from a heading.
func (r *roff) parted() {
	lines := strings.Split(strings.TrimSuffix(r.String(), "\n"), "\n")
	if !strings.HasPrefix(lines[len(lines)-1], ".SH") {
		r.line(".PP")
	}
}

// table writes a table as a list of terms: a terminal is too narrow for columns of
// sentences. A column after the second is named by its heading.
func (r *roff) table(table *east.Table, source []byte) {
	var headings []string
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, inline(cell, source))
		}
		if row.Kind() == east.KindTableHeader {
			headings = cells
			continue
		}
		r.term(cells[0])
		said := cells[1]
		for i, cell := range cells[2:] {
			if cell != "" {
				said += divide(said) + headings[i+2] + ": " + cell
			}
		}
		r.text(said)
	}
}

// divide is what stands between what a cell says and the next one.
func divide(said string) string {
	if strings.HasSuffix(said, ".") {
		return " "
	}
	return "; "
}

// inline is the words of a node, code and stress in bold.
func inline(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.WriteString(escape(string(c.Segment.Value(source))))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.CodeSpan:
			b.WriteString(bold(plain(c, source)))
		case *ast.Emphasis:
			b.WriteString(bold(plain(c, source)))
		default:
			b.WriteString(inline(c, source))
		}
	}
	return b.String()
}

// plain is the words of a node, without any form.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(source))
		} else {
			b.WriteString(plain(c, source))
		}
	}
	return b.String()
}

// codeLines are the lines of a code block, indented as examples are.
func codeLines(n *ast.FencedCodeBlock, source []byte) []string {
	var list []string
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		list = append(list, "  "+strings.TrimRight(string(line.Value(source)), "\n"))
	}
	return list
}
