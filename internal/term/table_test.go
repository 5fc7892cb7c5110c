package term

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestTableFits holds what gives way first where there is less and less room: long
// texts, then columns, and last of all the column that grows.
func TestTableFits(t *testing.T) {
	columns := []Column{{Heading: "TOOL"}, {Heading: "ON"}, {Heading: "WHY", Grows: true}, {Heading: "NOTHING"}, {Heading: "ID", Yields: 2}, {Heading: "SENT", Yields: 1}}
	rows := [][]Cell{
		{{Text: "one"}, {Text: "yes"}, {Text: "you agreed in spring", Short: "you agreed"}, {Text: None}, {Text: "1234"}, {Text: "now"}},
		{{Text: "two"}, {Text: "no"}, {Text: "refused"}, {Text: None}, {Text: None}, {Text: None}},
	}
	for _, test := range []struct {
		width   int
		want    string
		leftOut []string
		cut     bool
	}{
		{Unlimited, "TOOL  ON   WHY                   ID    SENT\none   yes  you agreed in spring  1234  now\ntwo   no   refused               -     -\n", nil, false},
		{43, "TOOL  ON   WHY                   ID    SENT\none   yes  you agreed in spring  1234  now\ntwo   no   refused               -     -\n", nil, false},
		{34, "TOOL  ON   WHY          ID    SENT\none   yes  you agreed   1234  now\ntwo   no   refused      -     -\n", nil, false},
		{28, "TOOL  ON   WHY         SENT\none   yes  you agreed  now\ntwo   no   refused     -\n", []string{"ID"}, false},
		{31, "TOOL  ON   WHY            SENT\none   yes  you agreed     now\ntwo   no   refused        -\n", []string{"ID"}, false},
		{21, "TOOL  ON   WHY\none   yes  you agreed\ntwo   no   refused\n", []string{"SENT", "ID"}, false},
		{19, "TOOL  ON   WHY\none   yes  you agr…\ntwo   no   refused\n", []string{"SENT", "ID"}, true},
	} {
		var out bytes.Buffer
		p := Stream{Writer: &out, Width: test.width}.Table(columns, rows)
		if strings.ReplaceAll(out.String(), " ", "") != strings.ReplaceAll(test.want, " ", "") || !slices.Equal(p.LeftOut, test.leftOut) || p.Cut != test.cut || slices.Contains(p.Shown, 3) {
			t.Errorf("%d columns: %+v\n%swant\n%s", test.width, p, &out, test.want)
		}
		for line := range strings.Lines(out.String()) {
			if Width(strings.TrimSuffix(line, "\n")) > test.width {
				t.Errorf("%d columns: %q", test.width, line)
			}
		}
	}
}
