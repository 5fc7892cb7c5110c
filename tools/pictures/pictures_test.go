package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/tools/internal/generate"
)

const root = "../.."

// TestFresh holds that the pictures in the repository show what the program prints
// now, and that there are no others.
func TestFresh(t *testing.T) {
	made, err := pictures()
	if err != nil {
		t.Fatal(err)
	}
	generate.Fresh(t, root, made, "go run ./tools/pictures")
}

// TestSameEverywhere holds that nothing of the machine is in a picture: neither
// where its temporary files are, nor what is set there.
func TestSameEverywhere(t *testing.T) {
	here := drawn(t)
	elsewhere := filepath.Join(t.TempDir(), strings.Repeat("a folder with a long name ", 4)+"é")
	if err := os.Mkdir(elsewhere, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"TMPDIR": elsewhere, "TMP": elsewhere, "TEMP": elsewhere, "HOME": elsewhere, "USERPROFILE": elsewhere,
		"CI": "true", "DO_NOT_TRACK": "1", "USAGECTL_TELEMETRY": "off", "NO_COLOR": "1", "TERM": "dumb",
		"XDG_CONFIG_HOME": elsewhere, "XDG_DATA_HOME": elsewhere, "XDG_STATE_HOME": elsewhere, "FLWR_HOME": elsewhere,
	} {
		t.Setenv(name, value)
	}
	for name, content := range drawn(t) {
		if !bytes.Equal(content, here[name]) {
			t.Errorf("%s is another one elsewhere", name)
		}
	}
}

// TestReadme holds that the README shows each picture, for light and for dark
// pages, and says the same in words.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := strings.Join(strings.Fields(string(data)), " ")
	shown := 0
	for _, s := range story() {
		if s.name == "" {
			continue
		}
		shown++
		want := fmt.Sprintf(`<picture> <source media="(prefers-color-scheme: dark)" srcset="%[1]s/%[2]s-dark.svg"> `+
			`<img src="%[1]s/%[2]s-light.svg" alt="%[3]s"> </picture>`, folder, s.name, html.EscapeString(s.words))
		if strings.Count(readme, want) != 1 {
			t.Errorf("the README does not have, once,\n%s", want)
		}
	}
	if n := strings.Count(readme, "<picture>"); n != shown {
		t.Errorf("the README has %d pictures, not %d", n, shown)
	}
}

// TestContrast holds that every colour can be read on its background: 4.5 to 1, as
// the Web Content Accessibility Guidelines 2.2 want it for text (AA).
func TestContrast(t *testing.T) {
	for _, theme := range themes() {
		for i, color := range append(theme.colors[:], theme.text, theme.faint) {
			if c := contrast(t, color, theme.background); c < 4.5 {
				t.Errorf("%s: colour %d, %s, has a contrast of %.2f", theme.name, i, color, c)
			}
		}
	}
	if c := contrast(t, "#ffffff", "#000000"); c != 21 {
		t.Errorf("white on black has a contrast of %v, not 21", c)
	}
	if c := contrast(t, "#777777", "#ffffff"); math.Abs(c-4.48) > 0.01 {
		t.Errorf("#777777 on white has a contrast of %v, not 4.48", c)
	}
}

// contrast is the contrast ratio of two colours.
func contrast(t *testing.T, one, other string) float64 {
	t.Helper()
	a, b := luminance(t, one), luminance(t, other)
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

// luminance is the relative luminance of a colour.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	sum := 0.0
	for i, share := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += share * c
	}
	return sum
}

// TestColorsOfThemes holds that a picture has no colour but those of its theme,
// whose contrast is known.
func TestColorsOfThemes(t *testing.T) {
	for name, content := range drawn(t) {
		for _, theme := range themes() {
			if !strings.HasSuffix(name, "-"+theme.name+".svg") {
				continue
			}
			known := append(theme.colors[:], theme.background, theme.border, theme.text, theme.faint)
			for _, color := range regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`).FindAllString(string(content), -1) {
				if !slices.Contains(known, color) {
					t.Errorf("%s: %s is no colour of the theme", name, color)
				}
			}
		}
	}
}

// TestStandsAlone holds that a picture is what a page may show: elements and
// attributes of a short list, none of which can fetch or run anything, with words
// for whoever does not see it, and all text within the window.
func TestStandsAlone(t *testing.T) {
	elements := map[string][]string{
		"svg": {"xmlns", "width", "height", "viewBox", "role", "aria-labelledby"}, "title": {"id"}, "desc": {"id"}, "style": nil,
		"rect": {"x", "y", "width", "height", "rx", "fill", "stroke"}, "circle": {"cx", "cy", "r", "fill"},
		"text": {"x", "y", "textLength", "class"},
	}
	for name, content := range drawn(t) {
		seen, window := map[string]int{}, 0.0
		for d := xml.NewDecoder(bytes.NewReader(content)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			seen[start.Name.Local]++
			allowed, known := elements[start.Name.Local]
			value := map[string]string{}
			for _, a := range start.Attr {
				value[a.Name.Local] = a.Value
				known = known && slices.Contains(allowed, a.Name.Local)
			}
			switch {
			case !known:
				t.Errorf("%s: %v is not on the list", name, start)
			case start.Name.Local == "svg":
				window = number(t, value["width"]) - float64(margin)/10
				if value["role"] != "img" || value["aria-labelledby"] == "" {
					t.Errorf("%s: %v has no words", name, start)
				}
			case start.Name.Local == "text" && number(t, value["x"])+number(t, value["textLength"]) > window:
				t.Errorf("%s: %v is outside of the window", name, start)
			}
		}
		if seen["svg"] != 1 || seen["title"] != 1 || seen["desc"] != 1 || seen["text"] < 10 {
			t.Errorf("%s has %v", name, seen)
		}
		style := regexp.MustCompile("(?s)<style>.*</style>").FindString(string(content))
		if strings.ContainsAny(style, "@\\") || strings.Contains(style, "url") || strings.Contains(style, "//") {
			t.Errorf("%s: the style fetches something: %s", name, style)
		}
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestParse holds that each piece of text has its look and its place.
func TestParse(t *testing.T) {
	for _, test := range []struct {
		screen string
		want   [][]span
	}{
		{"", [][]span{nil}},
		{"one two\n", [][]span{{{text: "one two", width: 7}}}},
		{"a\n\nb\n", [][]span{{{text: "a", width: 1}}, nil, {{text: "b", width: 1}}}},
		{"  one  two", [][]span{{{text: "one", column: 2, width: 3}, {text: "two", column: 7, width: 3}}}},
		{
			"\x1b[1mTOOL\x1b[0m  \x1b[2;4mx\x1b[22my\x1b[mz",
			[][]span{{
				{look{bold: true}, "TOOL", 0, 4},
				{look{faint: true, underline: true}, "x", 6, 1},
				{look{underline: true}, "y", 7, 1},
				{look{}, "z", 8, 1},
			}},
		},
		{
			"\x1b[30ma\x1b[37mb\x1b[90mc\x1b[97md\x1b[39me", // and the line ends in the look it has
			[][]span{{
				{look{color: 1}, "a", 0, 1},
				{look{color: 8}, "b", 1, 1},
				{look{color: 9}, "c", 2, 1},
				{look{color: 16}, "d", 3, 1},
				{look{}, "e", 4, 1},
			}},
		},
		{
			"\x1b[32mon\noff\x1b[0m",
			[][]span{{{look{color: 3}, "on", 0, 2}}, {{look{color: 3}, "off", 0, 3}}},
		},
		{
			"ce9a7f3b… 潮見 cafe\u0301s",
			[][]span{{
				{text: "ce9a7f3b", width: 8},
				{text: "…", column: 8, width: 1},
				{text: "潮見", column: 10, width: 4},
				{text: "cafe\u0301", column: 15, width: 4},
				{text: "s", column: 19, width: 1},
			}},
		},
	} {
		got, err := parse(test.screen)
		if err != nil {
			t.Errorf("%q: %v", test.screen, err)
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want) {
			t.Errorf("%q is read as\n%+v\nwant\n%+v", test.screen, got, test.want)
		}
	}
}

// TestParseRefuses holds that what no picture can show is not left out in silence.
func TestParseRefuses(t *testing.T) {
	for _, screen := range []string{"\x1b[7mx", "\x1b[38;5;1mx", "\x1b[2Jx", "\x1b]0;x\a", "a\rb", "a\tb", "a\x7f", "\x1b[99999999999999999999m"} {
		if lines, err := parse("fine\n" + screen); err == nil {
			t.Errorf("%q is read as %+v", screen, lines)
		} else if !strings.HasPrefix(err.Error(), "line 2: ") {
			t.Errorf("%q: %v does not tell the line", screen, err)
		}
	}
}

// TestDraw holds what a span becomes.
func TestDraw(t *testing.T) {
	s := shot{scene{name: "x", command: "usagectl x", words: `"a" & b`}, [][]span{{
		{look{color: 4, bold: true, faint: true}, "<on> & 潮", 3, 9},
	}}}
	got := string(draw(s, themes()[0]))
	for _, want := range []string{
		`<svg xmlns="http://www.w3.org/2000/svg" width="720" height="100" viewBox="0 0 720 100" role="img" aria-labelledby="x-title x-desc">`,
		`<title id="x-title">usagectl x</title>`,
		`<desc id="x-desc">&#34;a&#34; &amp; b</desc>`,
		`.b{font-weight:bold}.c3{fill:#7d4e00}.f{fill:#59636e}</style>`,
		`<text x="24" y="50.5" textLength="8.4" class="f">$</text>`,
		`<text x="40.8" y="50.5" textLength="84">usagectl x</text>`,
		`<text x="49.2" y="70.5" textLength="75.6" class="b c3">&lt;on&gt; &amp; 潮</text>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no\n%s\nin\n%s", want, got)
		}
	}
}

// TestStoryTellsOfFailures holds that a command that fails makes no picture.
func TestStoryTellsOfFailures(t *testing.T) {
	for command, want := range map[string]string{
		"usagectl enable no-such-tool":        "exit code 65",
		"usagectl inspect tidewatch no-event": `has no event "no-event"`,
	} {
		if _, err := play([]scene{{command: command, name: "x"}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// pictures makes them all.
// drawn are the pictures by their paths.
func drawn(t *testing.T) map[string][]byte {
	t.Helper()
	made, err := pictures()
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Files) != 8 {
		t.Fatalf("%d pictures were made", len(made.Files))
	}
	return made.Files
}
