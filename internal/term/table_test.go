package term

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestTableOfWideCells holds that one long cell is cut before columns are left out, and that
// wide characters count as the two columns that they take.
func TestTableOfWideCells(t *testing.T) {
	columns := []Column{{Heading: "TOOL", Elastic: 8}, {Heading: "WHY", Grows: true}, {Heading: "BY", Yields: 1}, {Heading: "ID", Yields: 2}}
	rows := [][]Cell{
		{{Text: "a-very-long-name-of-a-tool"}, {Text: "理由がある"}, {Text: "me"}, {Text: "1234"}},
		{{Text: "遠隔測定"}, {Text: "no"}, {Text: "me"}, {Text: "1234"}},
	}
	for width, want := range map[int]string{
		48: "TOOL                        WHY         BY  ID\na-very-long-name-of-a-tool  理由がある  me  1234\n遠隔測定                    no          me  1234\n",
		30: "TOOL      WHY         BY  ID\na-very-…  理由がある  me  1234\n遠隔測定  no          me  1234\n",
		24: "TOOL      WHY         BY\na-very-…  理由がある  me\n遠隔測定  no          me\n",
		20: "TOOL  WHY         BY\na-v…  理由がある  me\n遠…   no          me\n",
		18: "TOOL    WHY\na-ver…  理由がある\n遠隔…   no\n",
		14: "TOOL  WHY\na-v…  理由が…\n遠…   no\n",
	} {
		var out bytes.Buffer
		Stream{Writer: &out, Width: width}.Table(columns, rows)
		if out.String() != want {
			t.Errorf("%d columns:\n%swant\n%s", width, &out, want)
		}
	}
}

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
