package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usagectl/usagectl/internal/term"
)

// question is the last that a person sees before they answer.
const question = "May Demo collect this? [no] "

// answers has the person at a terminal type lines.
func (p *person) answers(lines ...string) {
	p.world.Interactive = true
	p.world.Stdin = strings.NewReader(strings.Join(append(lines, ""), "\n"))
}

// keeps are the files of the home, and what is in them.
func (p *person) keeps() string {
	p.t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(p.home, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		b.WriteString(path + "\n" + string(text) + "\n")
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return b.String()
}

// askable is a tool that can be refused from a .env file, and sends to a file of the home.
const askable = `schema = 1
tool = {id = "acme", name = "Acme", purpose = "To learn which parts of it are used."}
consent = {default = "DEFAULT", dotenv = true, refuse = [{env = "ACME_TELEMETRY", when = "0"}], grant = [{env = "ACME_TELEMETRY", when = "1"}]}
send = {transport = "file", endpoint = "~/acme.jsonl"}
event = [{name = "run"}]
`

// TestAskRules holds that a person is asked only if nothing has decided, in whatever way,
// at a terminal, in the foreground, and never in CI; and that nothing is changed if not.
func TestAskRules(t *testing.T) {
	const optIn, optOut = "opt-in", "opt-out"
	told := func(p *person) {
		p.world.Stderr.Terminal = true
		p.must("send acme run")
		p.world.Stderr.Terminal = false
	}
	env := func(name, value string) func(*person) { return func(p *person) { p.env[name] = value } }
	does := func(lines ...string) func(*person) {
		return func(p *person) {
			for _, line := range lines {
				p.must(line)
			}
		}
	}
	for name, c := range map[string]struct {
		consent string // the manifest's default
		before  func(*person)
		rule    string
		asks    bool // at a terminal
		code    int  // if it does not ask
		ci      string
	}{
		"nothing":          {optIn, does(), "undecided", true, exitNo, "ci"},
		"nothing, opt-out": {optOut, does(), "notice", true, exitNo, "ci"},
		"do-not-track":     {optIn, env("DO_NOT_TRACK", "1"), "do-not-track", false, exitNo, ""},
		"usagectl-env":     {optIn, env("USAGECTL_TELEMETRY", "off"), "usagectl-env", false, exitNo, ""},
		"tool-env":         {optIn, env("ACME_TELEMETRY", "0"), "tool-env", false, exitNo, ""},
		"dotenv":           {optIn, func(p *person) { p.write(".env", "ACME_TELEMETRY=0\n") }, "dotenv", false, exitNo, ""},
		"system":           {optIn, does("disable acme --system -q"), "system", false, exitNo, ""},
		"system, all":      {optIn, does("disable --all --system -q"), "system", false, exitNo, ""},
		"user":             {optIn, does("disable acme -q"), "user", false, exitNo, ""},
		"user, opt-out":    {optOut, does("disable acme -q"), "user", false, exitNo, ""},
		"user, all":        {optIn, does("disable --all -q"), "user", false, exitNo, ""},
		"all but this":     {optIn, does("disable --all --except acme -q"), "undecided", true, exitNo, "ci"},
		"unreadable":       {optIn, func(p *person) { p.write(".config/usagectl/consent/acme.toml", "state = 17") }, "unreadable", false, exitNo, ""},
		"unreadable, all":  {optIn, func(p *person) { p.write(".config/usagectl/consent/all.toml", "?") }, "unreadable", false, exitNo, ""},
		"endpoint-changed": {optIn, func(p *person) {
			p.must("enable acme -q")
			p.declare(strings.Replace(askable, "acme.jsonl", "new.jsonl", 1), optIn)
		}, "endpoint-changed", false, exitNo, ""},
		"granted":          {optIn, does("enable acme -q"), "granted", false, exitOK, ""},
		"granted, opt-out": {optOut, does("enable acme -q"), "granted", false, exitOK, ""},
		"granted, gained since": {optIn, func(p *person) {
			p.must("enable acme -q")
			p.declare(askable+"field = [{name = \"n\", type = \"int\", purpose = \"A number.\"}]\n", optIn)
		}, "granted", false, exitOK, ""},
		"granted-env": {optIn, env("ACME_TELEMETRY", "1"), "granted-env", false, exitOK, ""},
		"notified":    {optOut, told, "notified", false, exitOK, "ci"},
		"lifted":      {optIn, does("disable acme -q", "disable --all -q", "enable --all -q"), "user", false, exitNo, ""},
	} {
		for _, terminal := range []string{"terminal", "no terminal", "background"} {
			for _, ci := range []string{"", "true", "false"} {
				t.Run(name+", "+terminal+", CI="+ci, func(t *testing.T) {
					p := newPerson(t)
					p.declare(askable, c.consent)
					c.before(p)
					if ci != "" {
						p.env["CI"] = ci
					}
					p.answers("yes")
					p.world.Interactive = terminal != "no terminal"
					p.world.Foreground = func() bool { return terminal != "background" }
					before := p.keeps()
					code := p.run("ask acme --json")
					got, rule, code2 := p.answer(), c.rule, c.code
					if ci == "true" && c.ci != "" {
						rule, code2 = c.ci, exitNo
					}
					asks := c.asks && terminal == "terminal" && ci != "true"
					notAsked := map[bool]string{true: "decided", false: map[string]string{"no terminal": "no-terminal", "background": "background"}[terminal]}[!c.asks || ci == "true"]
					switch shown := strings.Contains(p.errout.String(), "May Acme collect this?"); {
					case got["asked"] != asks || shown != asks:
						t.Fatalf("%v, and on stderr: %s", got, &p.errout)
					case asks && (code != exitOK || got["answer"] != "yes" || got["telemetry"] != "on"):
						t.Errorf("ends with %d: %v", code, got)
					case asks:
					case code != code2 || got["reason"].(map[string]any)["rule"] != rule || got["not_asked"] != notAsked || got["answer"] != nil:
						t.Errorf("ends with %d, want %d, %s, %s: %v", code, code2, rule, notAsked, got)
					case p.keeps() != before || p.errout.Len() > 0:
						t.Errorf("%s\nbefore %s\nand now %s", &p.errout, before, p.keeps())
					}
				})
			}
		}
	}
}

// declare installs a manifest for acme.
func (p *person) declare(text, byDefault string) {
	p.write(".local/share/usagectl/tools/acme.toml", strings.Replace(text, "DEFAULT", byDefault, 1))
}

// TestAskAnswers holds what each answer does, and that it is asked for once.
func TestAskAnswers(t *testing.T) {
	for answer, c := range map[string]struct {
		code   int
		word   string
		level  float64
		rule   string
		refers string // what is said
	}{
		"":           {exitNo, "no", 0, "user", "You refused the telemetry of Demo. Undo it with: usagectl enable demo\n"},
		"n":          {exitNo, "no", 0, "user", "You refused the telemetry of Demo."},
		" No ":       {exitNo, "no", 0, "user", "You refused the telemetry of Demo."},
		"y":          {exitOK, "yes", 1, "granted", "You agreed to the telemetry of Demo at level 1 of 2 (basic). Undo it with: usagectl disable demo\n"},
		"YES":        {exitOK, "yes", 1, "granted", "You agreed to the telemetry of Demo at level 1 of 2 (basic)."},
		"1":          {exitOK, "yes", 1, "granted", "at level 1 of 2 (basic)"},
		"2":          {exitOK, "yes", 2, "granted", "at level 2 of 2 (details)"},
		"details":    {exitOK, "yes", 2, "granted", "at level 2 of 2 (details)"},
		"Basic":      {exitOK, "yes", 1, "granted", "at level 1 of 2 (basic)"},
		"yse\nno":    {exitNo, "no", 0, "user", "\"yse\" is none of the answers: no, yes, a level from 1 to 2, or show\n"},
		"3\n0\n-1\n": {exitNo, "no", 0, "user", "\"-1\" is none of the answers"},
	} {
		p := newPerson(t)
		p.answers(answer)
		if code := p.run("ask demo --json"); code != c.code {
			t.Errorf("%q ends with %d", answer, code)
		}
		got, said := p.answer(), p.errout.String()
		if got["asked"] != true || got["answer"] != c.word || got["level"] != c.level || got["reason"].(map[string]any)["rule"] != c.rule {
			t.Errorf("%q: %v", answer, got)
		}
		if !strings.Contains(said, c.refers) {
			t.Errorf("%q: no %q in %s", answer, c.refers, said)
		}
		if files, _ := filepath.Glob(filepath.Join(p.home, ".config/usagectl/consent/*.asked-*")); len(files) > 0 {
			t.Errorf("%q: what was asked is kept: %q", answer, files)
		}
		p.answers("yes")
		if p.run("ask demo --json"); p.answer()["not_asked"] != "decided" || p.errout.Len() > 0 {
			t.Errorf("%q: asked again: %s%s", answer, &p.out, &p.errout)
		}
		if p.there(".demo") || p.there(".local") {
			t.Errorf("%q makes more than a decision", answer)
		}
	}
}

// TestAskSame holds that a yes and a no are recorded as "enable" and "disable" do.
func TestAskSame(t *testing.T) {
	decision := func(p *person) string {
		text, err := os.ReadFile(filepath.Join(p.home, ".config/usagectl/consent/demo.toml"))
		if err != nil {
			t.Fatal(err)
		}
		lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.HasPrefix(line, "grant = ") })
		return strings.Join(lines, "\n")
	}
	for answer, command := range map[string]string{"yes": "enable demo -q", "2": "enable demo -q --level 2", "no": "disable demo -q"} {
		asked, told := newPerson(t), newPerson(t)
		asked.answers(answer)
		asked.run("ask demo")
		told.must(command)
		if decision(asked) != decision(told) {
			t.Errorf("%s: %s\nis not %s", answer, decision(asked), decision(told))
		}
	}
}

// TestAskLabel holds in what order a person hears what they decide about, with the question
// last, that nothing of it goes to stdout, and what is said if it is little.
func TestAskLabel(t *testing.T) {
	p := newPerson(t)
	p.answers("no")
	if code := p.run("ask demo"); code != exitNo || p.out.Len() > 0 {
		t.Errorf("ends with %d and prints %s", code, &p.out)
	}
	text := p.errout.String()
	for _, part := range []string{
		"Demo (demo) asks whether it may collect data about how you use it.\n", "  Website: https://", "  Privacy: https://", "Nothing is sent unless you say yes.",
		"Why it is collected\n  Shows how usagectl works.", "What is sent\n  At level 1 (basic)\n    Events: run.start, run.end\n", "    exit_code  To see what share",
		"  At level 2 (details), besides\n", "    cpu_count  To choose", "Where it goes\n  ~/.demo/events.jsonl\n", "How long it is kept\n  until you delete the file\n",
		"How to change your answer\n  usagectl enable demo\n  usagectl enable demo --level 2\n  usagectl disable demo\n",
		"What you can answer\n  no ", "  yes ", "  2 ", "  show ", "  Ctrl-C  Not now. You are asked another day, 2 more times at most.\n", question,
	} {
		_, after, found := strings.Cut(text, part)
		if !found {
			t.Fatalf("no %q in its place in:\n%s", part, &p.errout)
		}
		text = after
	}
	p.declare(askable, "opt-out")
	p.answers("no")
	p.expect(said{"ask acme", exitNo, nil, []string{
		"It is on by default. If you do not answer, it shows a notice", "What is sent\n  Events: run\n", "How long it is kept\n  its maker does not say\n", "  yes     What is listed above is sent.\n",
	}})
	file := word(p.write("own.toml", strings.Replace(strings.Replace(askable, "DEFAULT", "opt-in", 1), `"acme"`, `"mine"`, 1)))
	p.answers("yes")
	p.expect(said{"ask mine -q --manifest " + file, exitOK, nil, []string{"  usagectl enable mine --manifest "}})
}

// TestAskShow holds that the document is the one that "inspect" shows, that nothing is made
// for it, and that the question comes again.
func TestAskShow(t *testing.T) {
	p := newPerson(t)
	p.answers("show", "s 2", "show details", "show 3", "no")
	p.run("ask demo")
	text := p.errout.String()
	if strings.Count(text, question) != 5 || strings.Count(text, `"show 3" is none of the answers`) != 1 {
		t.Errorf("it is not asked again:\n%s", text)
	}
	for part, count := range map[string]int{
		"The document at level 1 of 2 (basic)\n  Event: run.start\n{\n":          1,
		"The document at level 2 of 2 (details)\n  Event: run.end\n{\n":          2,
		"  Filled in by the tool when it sends: exit_code, duration\n":           1,
		"  Filled in by the tool when it sends: exit_code, duration, features\n": 2,
		`"source": "(made when the first event is sent)"`:                        6,
	} {
		if n := strings.Count(text, part); n != count {
			t.Errorf("%d times %q in\n%s", n, part, text)
		}
	}
	p.must("inspect demo run.end --level 2 --payload")
	shape := func(document string) string { // without what differs each time
		return strings.Join(slices.DeleteFunc(strings.Split(document, "\n"), func(line string) bool {
			return strings.Contains(line, `"event_id"`) || strings.Contains(line, `"run"`)
		}), "\n")
	}
	_, shown, _ := strings.Cut(text, "at level 2 of 2 (details)\n  Event: run.end\n")
	shown, _, _ = strings.Cut(shown, "  Filled in")
	if shape(shown) != shape(p.out.String()) {
		t.Errorf("shown is\n%s\nand inspect shows\n%s", shown, &p.out)
	}
	if p.there(".demo") {
		t.Error("an ID is made")
	}
	p.answers("show", "no")
	p.expect(said{"ask nannyml", exitNo, nil, []string{"The document\n  Event: Simple Stats Count fit (", " more with the same fields)\n{"}})
}

// TestAskNotNow holds that a person who does not answer is asked on two more days, and
// never again.
func TestAskNotNow(t *testing.T) {
	p := newPerson(t)
	now := noon
	p.world.Now = func() time.Time { return now }
	for i, c := range []struct {
		after   time.Duration
		asked   bool
		says    string
		because string
	}{
		{0, true, "Not now: nothing was decided. You are asked another day, 2 more times at most.\n", ""},
		{time.Hour, false, "usagectl: note: demo does not ask: you were asked less than a day ago\n", "asked-lately"},
		{23 * time.Hour, true, "You are asked another day, once more at most.\n", ""},
		{time.Minute, false, "", "asked-lately"},
		{30 * 24 * time.Hour, true, "Not now: nothing was decided, and you are not asked again. Decide with: usagectl enable demo, or usagectl disable demo\n", ""},
		{300 * 24 * time.Hour, false, "usagectl: note: demo does not ask: you were asked 3 times, and are not asked again\n", "asked-enough"},
	} {
		now = now.Add(c.after)
		p.answers()
		p.world.Stdin = strings.NewReader("yes") // and no Enter: the input ends
		if code := p.run("ask demo --json -v"); code != exitNo {
			t.Errorf("%d: ends with %d", i, code)
		}
		got := p.answer()
		if got["asked"] != c.asked || c.asked && got["answer"] != "not-now" || !c.asked && got["not_asked"] != c.because || !strings.Contains(p.errout.String(), c.says) {
			t.Errorf("%d: %v\n%s", i, got, &p.errout)
		}
	}
	p.expect(said{"status demo", exitOK, []string{"you were asked, and have not answered yet", "*"}, []string{"*"}})
	if p.must("forget --all --yes"); p.there(".config/usagectl/consent/demo.asked-1") || p.there(".config/usagectl/consent/demo.asked-3") {
		t.Error("forget leaves when it was asked")
	}
	p.answers("mumble", "mumble", "mumble", "mumble", "mumble", "yes")
	p.expect(said{"ask demo", exitNo, nil, []string{"That was no answer 5 times.\nNot now: "}})
	p.run("forget demo --yes")
	p.answers("yes")
	p.expect(said{"ask demo -q", exitOK, nil, []string{question}})
}

// TestAskKeys holds what keys mean in a terminal that leaves them as they are, and that Enter
// counts once where it is two characters.
func TestAskKeys(t *testing.T) {
	for keys, word := range map[string]string{
		"yes\r": "yes", "\r": "no", "show\r\nyes\r\n": "yes", "mumble\r2\r": "yes", "show\n\ryes\n": "no",
		"\x03": "not-now", "yes\x03": "not-now", "\x04": "not-now", "ye\x1cs\r": "not-now", "yes": "not-now", "show\r": "not-now",
	} {
		p := newPerson(t)
		p.world.Interactive, p.world.Stdin = true, strings.NewReader(keys)
		if p.run("ask demo --json"); p.answer()["answer"] != word {
			t.Errorf("%q: %v", keys, p.answer())
		}
	}
}

// TestAskTypedAhead holds that nobody agrees to what they have not seen yet.
func TestAskTypedAhead(t *testing.T) {
	p := newPerson(t)
	p.answers("yes")
	p.world.DropTyped = func() bool {
		if !strings.Contains(p.errout.String(), "What you can answer") {
			t.Error("the question is not shown yet")
		}
		p.world.Stdin.(*strings.Reader).Reset("")
		return true
	}
	p.expect(said{"ask demo", exitNo, nil, []string{"usagectl: note: what was typed before the question does not count as an answer\n\n" + question, "Not now: "}})
}

// meanwhile is the keyboard of somebody who types a line after something else was done.
type meanwhile struct {
	do   func()
	line string
}

func (m *meanwhile) Read(b []byte) (int, error) {
	if m.do != nil {
		m.do()
		m.do = nil
	}
	n := copy(b, m.line)
	m.line = m.line[n:]
	return n, nil
}

// TestAskMeanwhile checks what an answer does if somebody decided while the question was open: a refusal
// counts, regardless of the order.
func TestAskMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile, answer string
		code              int
		says, rule        string
	}{
		"refused, yes":       {"disable demo -q", "yes", exitNo, "your yes is not recorded, because it was decided meanwhile: telemetry of demo is off: you refused on 2026-03-04", "user"},
		"all refused, yes":   {"disable --all -q", "yes", exitNo, "your yes is not recorded, because it was decided meanwhile: telemetry of demo is off: you refused all tools on", "user"},
		"machine refused":    {"disable demo --system -q", "yes", exitNo, "your yes is not recorded, because it was decided meanwhile: telemetry of demo is off: refused for this machine", "system"},
		"agreed, yes to all": {"enable demo -q", "2", exitOK, "your yes is not recorded, because it was decided meanwhile: telemetry of demo is on: you agreed on 2026-03-04 to level 1", "granted"},
		"agreed, no":         {"enable demo -q", "no", exitNo, "you had agreed to demo meanwhile, elsewhere: this refusal counts", "user"},
		"refused, no":        {"disable demo -q", "no", exitNo, "You refused the telemetry of Demo.", "user"},
	} {
		p := newPerson(t)
		p.answers()
		other := *p
		p.world.Stdin = &meanwhile{func() {
			if code := Main(other.world, wordsOf(c.meanwhile)); code != exitOK {
				t.Errorf("%s: %d: %s", name, code, &p.errout)
			}
		}, c.answer + "\n"}
		if code := p.run("ask demo --json"); code != c.code || !strings.Contains(p.errout.String(), c.says) {
			t.Errorf("%s: ends with %d: %s", name, code, &p.errout)
		}
		if got := p.answer()["reason"].(map[string]any)["rule"]; got != c.rule {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAskMistakes holds how it ends where there is nothing to ask about.
func TestAskMistakes(t *testing.T) {
	p := newPerson(t)
	p.answers("yes")
	p.write(".local/share/usagectl/tools/bad.toml", "schema = 2")
	p.expect(
		said{"ask", exitUsage, nil, []string{"the command is: usagectl ask TOOL"}},
		said{"ask demo flwr", exitUsage, nil, []string{"the command is: usagectl ask TOOL"}},
		said{"ask demo --levle 2", exitUsage, nil, []string{`there is no flag "--levle"`}},
		said{"ask nosuch", exitData, nil, []string{`unknown tool "nosuch"`, findTool}},
		said{"ask homebrew", exitData, nil, []string{"no manifest says what Homebrew sends"}},
		said{"ask bad", exitConfig, nil, []string{"bad.toml"}},
		said{"ask demo --manifest nowhere.toml", exitConfig, nil, []string{"nowhere.toml"}},
	)
}

// TestAskUnderstands holds what the words of the question mean if a manifest calls its levels so.
func TestAskUnderstands(t *testing.T) {
	levels := []string{"2", "no", "yes", "show", "Every  Thing", "s 1"}
	for line, want := range map[string]reply{
		"no": {refused: true}, "yes": {level: 1}, "show": {level: 1, show: true}, "2": {level: 1}, "4": {level: 4}, "every thing": {level: 5},
		"show yes": {level: 3, show: true}, "s 1": {level: 1, show: true}, "6": {level: 6}, "\t": {refused: true},
	} {
		if got, ok := understand(line, levels); !ok || got != want {
			t.Errorf("%q: %+v", line, got)
		}
	}
	for _, line := range []string{"7", "0", "showall", "show 7", "show nothing", "yes please", "ja", "01", "1.0"} {
		if got, ok := understand(line, levels); ok {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

// TestAskNames holds that a name is offered as an answer only where it means that level.
func TestAskNames(t *testing.T) {
	p := newPerson(t)
	p.declare(strings.Replace(askable, `dotenv = true`, `dotenv = true, levels = ["low", "yes", "1", "show", "no", "much"]`, 1), "opt-in")
	p.answers("no")
	p.expect(said{"ask acme", exitNo, nil, []string{
		"Level 2 (yes) and below.\n", "Level 3 (1) and below.\n", "Level 4 (show) and below.\n", "Level 5 (no) and below.\n", "Level 6 (much) and below; its name is an answer too.\n",
	}})
}

// TestAskFits holds that the question fits in terminals of 40, 80 and 140 columns, and that
// no manifest can write to one.
func TestAskFits(t *testing.T) {
	p := newPerson(t)
	p.declare(strings.NewReplacer(`"Acme"`, `"Ac\u001b[2Jme\u202e"`, "parts of", `parts\u0007 of`).Replace(askable), "opt-out")
	for _, tool := range []string{"demo", "parsl", "flwr", "nannyml", "stripepy", "acme"} {
		for _, width := range []int{40, 80, 140} {
			p.atTerminal(width)
			p.answers("mumble", "show", "no")
			if code := p.run("ask " + tool); code != exitNo {
				t.Fatalf("%s ends with %d: %s", tool, code, &p.errout)
			}
			for line := range lines(strings.ReplaceAll(p.errout.String(), "[no] ", "[no]\n")) {
				whole := len(strings.Fields(line)) <= 2 || strings.HasPrefix(strings.TrimSpace(line), `"`) // which cannot be broken
				if term.Width(line) > width && !whole {
					t.Errorf("%s at %d: %q", tool, width, line)
				}
				if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x202e }) {
					t.Errorf("%s at %d: %q", tool, width, line)
				}
			}
			p.must("enable -q " + tool)
			if err := os.RemoveAll(filepath.Join(p.home, ".config")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestAskedAgain checks that somebody who does not answer is told what a tool does that is on by default.
func TestAskedAgain(t *testing.T) {
	for byDefault, want := range map[string]string{
		"opt-in":  "Not now: nothing was decided. You are asked another day, 2 more times at most.\n",
		"opt-out": ", unless it has shown its notice by then, after which it sends.\n",
	} {
		p := newPerson(t)
		p.world.Interactive = true
		p.declare(askable, byDefault)
		p.world.Stdin = strings.NewReader("")
		p.run("ask acme")
		if text := strings.Join(strings.Fields(p.errout.String()), " ") + "\n"; !strings.Contains(text, want) {
			t.Errorf("%s: %s", byDefault, text)
		}
	}
}
