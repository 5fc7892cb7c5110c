package term

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Cell is one field of a table.
type Cell struct {
	Text  string
	Short string // says the same where there is less room, or ""
	Style Style
}

// None is the text of a cell that says that there is nothing. A column that says
// nothing else is left out.
const None = "-"

// Column is what the cells below one heading have in common.
type Column struct {
	Heading string
	// Yields says which column is left out first where the width does not suffice: the
	// one with the highest number. A column with 0 is never left out for that, and one
	// with 1 only if it does not suffice to cut the column that is elastic.
	Yields int
	// Elastic is how many columns are enough for the cells: where the width does not
	// suffice, what is longer is cut first, so that one odd cell does not cost the others
	// theirs. 0 for a column that is not elastic.
	Elastic int
	Grows   bool // takes the room that is left, and is cut where none is; one of a table does
}

// Printed is what became of a table.
type Printed struct {
	Shown   []int    // the columns that were printed
	LeftOut []string // the headings of columns that say something and had no room
	Cut     bool     // a cell is not whole
}

// Table prints rows in columns below their headings, one line a row. Columns with
// nothing but [None] are left out. Where the width does not suffice, cells give way to
// their short texts, elastic ones are cut, then columns are left out, and at last the
// column that grows is cut. What is cut ends in an [Ellipsis].
func (s Stream) Table(columns []Column, rows [][]Cell) Printed {
	t := newTable(columns, rows)
	p := Printed{LeftOut: t.fit(s.Width)}
	p.Shown = t.shown
	for i := range t.cells {
		line, cut := t.line(s, i)
		p.Cut = p.Cut || cut
		fmt.Fprintln(s.Writer, line)
	}
	return p
}

// Ellipsis is at the end of what is cut off.
const Ellipsis = "…"

// gap is the space between columns.
const gap = 2

// table is a table that is being fitted. Only the columns in shown are printed.
type table struct {
	columns []Column
	cells   [][]Cell // clean; the headings come first
	shown   []int
	widths  []int // of every column
}

func newTable(columns []Column, rows [][]Cell) *table {
	t := &table{columns: columns, widths: make([]int, len(columns))}
	head := make([]Cell, len(columns))
	for i, c := range columns {
		head[i] = Cell{Text: c.Heading, Style: Quiet}
		says := func(row []Cell) bool { return row[i].Text != None && row[i].Text != "" }
		if i == 0 || slices.ContainsFunc(rows, says) {
			t.shown = append(t.shown, i)
		}
	}
	for _, row := range append([][]Cell{head}, rows...) {
		clean := make([]Cell, len(row))
		for i, c := range row {
			clean[i] = Cell{Clean(c.Text), Clean(cmp.Or(c.Short, c.Text)), c.Style}
		}
		t.cells = append(t.cells, clean)
	}
	return t
}

// fit chooses the columns and their widths, and returns the headings of those that
// had to go.
func (t *table) fit(width int) (leftOut []string) {
	full := t.measure(func(c Cell) string { return c.Text })
	short := t.measure(func(c Cell) string { return c.Short })
	t.widths = full
	if t.total() <= width {
		return nil
	}
	t.widths = slices.Clone(short)
	t.shrink(width, 1)
	leftOut = append(t.leaveOut(width, 2), t.thenLeaveOut(width)...)
	slices.Reverse(leftOut)
	t.spread(width, short, full)
	return leftOut
}

// thenLeaveOut cuts more of the elastic column before the last columns are left out.
func (t *table) thenLeaveOut(width int) []string {
	t.shrink(width, 2)
	return t.leaveOut(width, 1)
}

// leaveOut leaves columns out until the rest fits, those that yield at least so much, and
// returns their headings.
func (t *table) leaveOut(width, yields int) (headings []string) {
	for t.total() > width {
		i := t.mostYielding()
		if i < 0 || t.columns[i].Yields < yields {
			break
		}
		headings = append(headings, t.columns[i].Heading)
		t.shown = slices.DeleteFunc(t.shown, func(shown int) bool { return shown == i })
	}
	return headings
}

// shrink cuts the elastic column as far as needed, at most to a part of what is enough.
func (t *table) shrink(width, part int) {
	for _, i := range t.shown {
		if enough := t.columns[i].Elastic / part; enough > 0 && t.widths[i] > enough {
			t.widths[i] = max(enough, t.widths[i]-max(0, t.total()-width))
		}
	}
}

// spread gives the room that is left to the elastic column, then to the one that grows,
// and then to those that become whole by it; or takes away from it what is lacking.
func (t *table) spread(width int, short, full []int) {
	const least = 8
	for _, i := range t.shown {
		if room := width - t.total(); t.columns[i].Elastic > 0 && room > 0 {
			t.widths[i] = min(max(t.columns[i].Elastic, t.widths[i]), short[i], t.widths[i]+room)
		}
	}
	for _, i := range t.shown {
		if room := width - t.total(); t.columns[i].Grows && room < 0 {
			t.widths[i] = max(min(least, t.widths[i]), t.widths[i]+room)
		} else if t.columns[i].Grows {
			t.widths[i] = min(full[i], t.widths[i]+room)
		}
	}
	for _, i := range t.shown {
		if full[i]-t.widths[i] <= width-t.total() {
			t.widths[i] = full[i]
		}
	}
}

// mostYielding is the column that goes first, the last of several; -1 if all stay.
func (t *table) mostYielding() int {
	most := -1
	for _, i := range t.shown {
		if y := t.columns[i].Yields; y > 0 && (most < 0 || y >= t.columns[most].Yields) {
			most = i
		}
	}
	return most
}

// measure finds the widths of all columns, by one of the texts of their cells.
func (t *table) measure(text func(Cell) string) []int {
	widths := make([]int, len(t.columns))
	for _, row := range t.cells {
		for i, c := range row {
			widths[i] = max(widths[i], lipgloss.Width(text(c)))
		}
	}
	return widths
}

// total is the width of a line.
func (t *table) total() int {
	total := -gap
	for _, i := range t.shown {
		total += t.widths[i] + gap
	}
	return total
}

// line is one row in its columns. It reports whether something of it is cut off.
func (t *table) line(s Stream, row int) (text string, isCut bool) {
	var line strings.Builder
	for _, i := range t.shown {
		c := t.cells[row][i]
		text := c.Text
		if lipgloss.Width(text) > t.widths[i] {
			text = cut(c.Short, t.widths[i])
			isCut = isCut || text != c.Short
		}
		pad := strings.Repeat(" ", t.widths[i]-lipgloss.Width(text)+gap)
		line.WriteString(string(s.Style(c.Style, text)) + pad)
	}
	return strings.TrimRight(line.String(), " "), isCut
}

// cut shortens text to a width.
func cut(text string, width int) string {
	if lipgloss.Width(text) <= width {
		return text
	}
	for runes := []rune(text); len(runes) > 0; runes = runes[:len(runes)-1] {
		if short := strings.TrimRight(string(runes), " ") + Ellipsis; lipgloss.Width(short) <= width {
			return short
		}
	}
	return ""
}
