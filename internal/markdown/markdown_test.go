package markdown

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"github.com/usagectl/usagectl/internal/term"
)

// hostile are texts that would do something in Markdown.
var hostile = []string{
	"plain words, with a comma; and (these). 50 % of 3-4!",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a<b>c", "<!-- -->", "&lt;b&gt; &amp; &copy;", "<https://evil.example>", "</td></tr></table>",
	"[a](https://evil.example)", "[a][b]", "[b]: https://evil.example", "![a](https://evil.example/x.png)", "[a](javascript:alert(1))", "[ ] todo", "[^1]",
	"https://evil.example/a_b_c", "http://evil.example|x", "www.evil.example", "WWW.EVIL.EXAMPLE", "(www.evil.example)", "ftp://evil.example", "a@evil.example",
	"mailto:a@evil.example", "evil.example", "*www.evil.example*", "`https://evil.example`", "https://`evil`.example|", "|`https://a.b`|`",
	"# heading", "## h", "=====", "-----", "- item", "* item", "+ item", "1. item", "12) item", "> quote", "***", "___", "- - -", "    code", "\tcode", "~~~", "```", "``` js", ": definition", ":::note", "% comment",
	"a | b | c", "| a |", "|---|", "\\| a", "a \\", "\\", "\\\\|", "`a|b`", "a`b", "`", "``", "a `` b ` c",
	"*emphasis*", "_emphasis_", "a_b_c", "**strong**", "~~gone~~", "$x$", "$$x$$", "^up^", "==mark==", "{{ site.x }}", "{% include x %}", "{: .class}", "H~2~O",
	"line\nline", "line\n\n# heading", "line\n---", "a\n|b|\n|---|", "\u202eright", "\x1b[31mred", "\u00a0# x", "tab\tbed", "", " ", "日本語 日本語", "é", "1986\\. A", "\u2028# x", "&#35; x", "&", "a&b", "-", "+", "1.", "1", "ａ．ｂ", "пример.рф",
}

// shown is what is left of a text where it is shown.
func shown(s string) string { return strings.Join(strings.Fields(term.Clean(s)), " ") }

// renderer knows every kind of link and block that goldmark does.
func renderer() goldmark.Markdown {
	return goldmark.New(goldmark.WithExtensions(extension.GFM, extension.DefinitionList, extension.Footnote), goldmark.WithRendererOptions(html.WithUnsafe()))
}

// kindsIn are the kinds of nodes in a document, but for those of text.
func kindsIn(t testing.TB, m goldmark.Markdown, source string) (kinds []string) {
	t.Helper()
	data := []byte(source)
	err := ast.Walk(m.Parser().Parse(text.NewReader(data)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text, *ast.String, *ast.CodeSpan:
		default:
			kinds = append(kinds, n.Kind().String())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// places are where a text can stand: before and after it.
func places() map[string][2]string {
	return map[string][2]string{
		"paragraph": {"", "\n"},
		"heading":   {"## ", "\n"},
		"item":      {"- ", "\n"},
		"sentence":  {"It is ", ", and more.\n"},
		"under one": {"A paragraph.\n\n", "\n\nAnother.\n"},
		"bold":      {"**Why:** ", "\n"},
		"cell":      {"| a | b |\n|---|---|\n| ", " | x |\n"},
		"last cell": {"| a | b |\n|---|---|\n| x | ", " |\n"},
	}
}

// check holds that a text shows as itself and makes nothing, wherever it stands.
func check(t testing.TB, s string) {
	t.Helper()
	for name, place := range places() {
		m := renderer()
		for _, made := range []string{Text(s), Code(s)} {
			want := kindsIn(t, m, place[0]+"word"+place[1])
			if shown(s) == "" {
				want = kindsIn(t, m, place[0]+place[1])
			}
			source := place[0] + made + place[1]
			if kinds := kindsIn(t, m, source); !slices.Equal(kinds, want) {
				t.Errorf("%s: %q becomes %q, which makes %q, not %q", name, s, source, kinds, want)
			}
			var before, after bytes.Buffer
			if err := m.Convert([]byte(source), &after); err != nil {
				t.Fatal(err)
			}
			if err := m.Convert([]byte(place[0]+"word"+place[1]), &before); err != nil {
				t.Fatal(err)
			}
			code := strings.NewReplacer("<code>", "", "</code>", "")
			escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(shown(s))
			got := strings.Join(strings.Fields(code.Replace(after.String())), " ")
			wanted := strings.Join(strings.Fields(strings.Replace(before.String(), "word", escaped, 1)), " ")
			if shown(s) != "" && !sameText(got, wanted) {
				t.Errorf("%s: %q becomes %q, which shows\n%s\nnot\n%s", name, s, source, got, wanted)
			}
		}
	}
}

// sameText compares HTML, but for the names that headings get.
func sameText(a, b string) bool {
	return dropIDs(a) == dropIDs(b)
}

func dropIDs(s string) string {
	before, rest, found := strings.Cut(s, ` id="`)
	if !found {
		return s
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + dropIDs(after)
}

func TestHostileTexts(t *testing.T) {
	for _, s := range hostile {
		check(t, s)
	}
	for _, s := range hostile { // as a part of a text
		check(t, "x "+s+" y "+s)
		check(t, s+s)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 200 {
			t.Skip("long")
		}
		check(t, s)
	})
}

func TestLink(t *testing.T) {
	for address, want := range map[string]string{
		"https://mytool.example/telemetry?a=b&c=d#e": "<https://mytool.example/telemetry?a=b&c=d#e>",
		"http://mytool.example":                      "<http://mytool.example>",
		"https://mytool.example/a b":                 "`https://mytool.example/a b`",
		"https://mytool.example/>x<b>":               "`https://mytool.example/>x<b>`",
		"https://mytool.example/`x`":                 "`https://mytool.example/`&#96;x&#96;",
		"javascript:alert(1)":                        "`javascript:alert(1)`",
		"//mytool.example":                           "`//mytool.example`",
		"https://":                                   "`https://`",
		"":                                           "",
	} {
		if got := Link(address); got != want {
			t.Errorf("%q becomes %s, want %s", address, got, want)
		}
	}
}

func ExampleText() {
	fmt.Println(Text("To count <runs> of my_tool, see https://mytool.example."))
	// Output: To count \<runs\> of my\_tool, see `https://mytool.example.`
}
