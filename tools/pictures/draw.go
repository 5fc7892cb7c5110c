package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// The measures of a picture, in tenths of a pixel: whole numbers come out the same
// on every machine. A picture of 80 columns is 720 wide, which fits GitHub's page.
const (
	advance    = 84
	lineHeight = 200
	margin     = 240
	bar        = 360 // the bar of the window
	baseline   = 145 // of a line
)

// fonts are those that systems have. Nothing is fetched.
const fonts = `ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace`

// draw makes a picture: a quiet window, the command as it is typed, and what stands
// below it. Each span of text has a place and a length of its own, so that columns
// stand where they do in a terminal, whatever the font.
func draw(s shot, t theme) []byte {
	prompt := []span{{look: look{faint: true}, text: "$", width: 1}, {text: s.command, column: 2, width: len(s.command)}}
	lines := append([][]span{prompt}, s.lines...)
	width, height := columns*advance+2*margin, bar+len(lines)*lineHeight+margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]s" height="%[2]s" viewBox="0 0 %[1]s %[2]s" role="img" aria-labelledby="%[3]s-title %[3]s-desc">`+"\n",
		tenths(width), tenths(height), s.name)
	fmt.Fprintf(&b, "<title id=\"%s-title\">%s</title>\n", s.name, escaped("usagectl "+s.name))
	fmt.Fprintf(&b, "<desc id=\"%s-desc\">%s</desc>\n", s.name, escaped(s.words))
	fmt.Fprintf(&b, "<style>%s</style>\n", t.style(lines))
	fmt.Fprintf(&b, `<rect x="0.5" y="0.5" width="%s" height="%s" rx="8" fill="%s" stroke="%s"/>`+"\n",
		tenths(width-10), tenths(height-10), t.background, t.border)
	for i := range 3 {
		fmt.Fprintf(&b, `<circle cx="%s" cy="18" r="4.5" fill="%s"/>`+"\n", tenths(margin+45+160*i), t.border)
	}
	for i, line := range lines {
		for _, r := range line {
			r.draw(&b, bar+i*lineHeight+baseline)
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// draw writes a span whose letters stand on the line y.
func (r span) draw(b *bytes.Buffer, y int) {
	class := ""
	if names := r.classes(); len(names) > 0 {
		class = fmt.Sprintf(` class="%s"`, strings.Join(names, " "))
	}
	fmt.Fprintf(b, `<text x="%s" y="%s" textLength="%s"%s>%s</text>`+"\n",
		tenths(margin+r.column*advance), tenths(y), tenths(r.width*advance), class, escaped(r.text))
}

// classes are the names under which the style has a look. A faint colour is the
// colour: fainter could not be read.
func (l look) classes() []string {
	var names []string
	if l.bold {
		names = append(names, "b")
	}
	if l.underline {
		names = append(names, "u")
	}
	switch {
	case l.color > 0:
		names = append(names, fmt.Sprintf("c%d", l.color-1))
	case l.faint:
		names = append(names, "f")
	}
	return names
}

// style is the style sheet, with what these lines need of it.
func (t theme) style(lines [][]span) string {
	rules := map[string]string{"b": "font-weight:bold", "u": "text-decoration:underline", "f": "fill:" + t.faint}
	for i, color := range t.colors {
		rules[fmt.Sprintf("c%d", i)] = "fill:" + color
	}
	var used []string
	for _, line := range lines {
		for _, r := range line {
			used = append(used, r.classes()...)
		}
	}
	slices.Sort(used)
	sheet := fmt.Sprintf("text{font:14px %s;fill:%s;white-space:pre}", fonts, t.text)
	for _, name := range slices.Compact(used) {
		sheet += fmt.Sprintf(".%s{%s}", name, rules[name])
	}
	return sheet
}

// tenths writes a number of tenths.
func tenths(n int) string { return strings.TrimSuffix(fmt.Sprintf("%d.%d", n/10, n%10), ".0") }

// escaped is text for a document in XML.
func escaped(text string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}
