package shell_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/shell"
)

// values are what a variable can hold that a shell might trip over.
var values = []string{
	"", "1", "true", "False", "no", "off", "a b", " lead and trail ", "it's", `"quoted"`, `back\slash`, `\`, `'`, `''`, `'\''`,
	"$HOME", "${HOME}", "$(id)", "`id`", "!history", "#comment", "~", "*", "a;b", "a&b", "a|b", "<a>", "(a)", "[a]", "{a,b}",
	"a\nb", "\n", "\n\n a \n", "a\\\nb", "'\n'", "a\rb\r\n", "\r", "\x1b[1m", "\x7f", "\x01'\x02\\\x03", "'a'\nrm", "$\n(", "\xff\xfe", "a\xc3", "\u2028", "😀", "a+20b",
	"%PATH%", "^caret", "=", "a=b", "-n", "tab\there", "ü", "日本", "‘typographic’", "\u201b", "--", ":", "https://h.example/?a=b&c=d",
}

// bytesOfShells are all bytes that a variable can hold, each alone, and before and behind
// what ends a string or begins another.
func bytesOfShells() []string {
	var list []string
	for c := 1; c < 256; c++ {
		one := string([]byte{byte(c)})
		list = append(list, one, "'"+one+"'", one+"\\"+one, "a"+one+"0", "$"+one+"\n")
	}
	return list
}

// randomValues are texts of what shells trip over, in any order.
func randomValues(n int) []string {
	random := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"'", "''", `"`, `\`, "\n", "\r", "$", "`", "!", "#", "~", " ", "\t", "a", "0", "(", ")", "{", "}", ";", "&", "|", "%", "=", "+", "ü", "\xff", "\x01"}
	list := make([]string, n)
	for i := range list {
		for range random.IntN(12) {
			list[i] += pieces[random.IntN(len(pieces))]
		}
	}
	return list
}

// interpreters run a script on stdin and print the variables given, each between
// two NUL bytes, by the shell's own means.
var interpreters = []struct {
	dialect shell.Dialect
	command []string
}{
	{shell.Sh, []string{"dash"}},
	{shell.Sh, []string{"sh"}},
	{shell.Bash, []string{"bash", "--norc"}},
	{shell.Sh, []string{"bash", "--posix"}},
	{shell.Zsh, []string{"zsh", "-f"}},
	{shell.Fish, []string{"fish", "--no-config"}},
}

// TestSetInShells holds that what is written means the same to the shell: a
// program that the shell starts gets the value to the letter.
func TestSetInShells(t *testing.T) {
	want := slices.Concat(values, bytesOfShells(), randomValues(500))
	for _, in := range interpreters {
		t.Run(strings.Join(in.command, " "), func(t *testing.T) {
			t.Parallel()
			needProgram(t, in.command[0])
			var script strings.Builder
			for i, value := range want {
				line, err := in.dialect.Set(fmt.Sprintf("USAGECTL_TEST_%d", i), value)
				if err != nil {
					t.Fatalf("%q: %v", value, err)
				}
				script.WriteString(line + "\n")
			}
			script.WriteString("env -0\n")
			got := map[string]string{}
			for _, pair := range runShell(t, in.command, script.String()) {
				name, value, _ := strings.Cut(pair, "=")
				got[name] = value
			}
			for i, value := range want {
				if g, set := got[fmt.Sprintf("USAGECTL_TEST_%d", i)]; !set || g != value {
					t.Errorf("%q became %q, %v", value, g, set)
				}
			}
		})
	}
}

// TestWord holds that a word is one argument, to the letter, for every shell of Unix alike.
func TestWord(t *testing.T) {
	want := slices.Concat(values, bytesOfShells(), randomValues(500))
	for _, in := range interpreters {
		t.Run(strings.Join(in.command, " "), func(t *testing.T) {
			t.Parallel()
			needProgram(t, in.command[0])
			script := "/usr/bin/printf '%s\\0'"
			for _, value := range want {
				script += " " + shell.Word("/"+value)
			}
			got := runShell(t, in.command, script+"\n")
			if len(got) != len(want) {
				t.Fatalf("%d words became %d", len(want), len(got))
			}
			for i, value := range want {
				if got[i] != "/"+value {
					t.Errorf("%q became %q", "/"+value, got[i])
				}
			}
		})
	}
}

// TestHide holds that a universal variable of fish, which is that of every shell, is kept
// from programs and not erased.
func TestHide(t *testing.T) {
	needProgram(t, "fish")
	hide, err := shell.Fish.Hide("USAGECTL_TEST")
	if err != nil {
		t.Fatal(err)
	}
	const show = "printenv -0 USAGECTL_TEST; or printf 'none\\0'\n"
	for script, want := range map[string][]string{
		hide + "\n" + show: {"none"},
		"set -gx USAGECTL_TEST 1\n" + hide + "\n" + show:                                    {"none"},
		"set -Ux USAGECTL_TEST 1\n" + hide + "\n" + show + "set -eg USAGECTL_TEST\n" + show: {"", "1"},
	} {
		if got := runShell(t, []string{"fish"}, script); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", script, got, want)
		}
	}
	for _, d := range shell.Dialects() {
		unset, _ := d.Unset("X")
		if got, _ := d.Hide("X"); d != shell.Fish && got != unset {
			t.Errorf("%s: %q", d, got)
		}
	}
}

// TestUnsetInShells holds that the variable is gone for programs, and that it is
// no failure if it was not there.
func TestUnsetInShells(t *testing.T) {
	for _, in := range interpreters {
		t.Run(strings.Join(in.command, " "), func(t *testing.T) {
			needProgram(t, in.command[0])
			set, err := in.dialect.Set("USAGECTL_TEST", "1")
			if err != nil {
				t.Fatal(err)
			}
			unset, err := in.dialect.Unset("USAGECTL_TEST")
			if err != nil {
				t.Fatal(err)
			}
			script := strings.Join([]string{unset, set, "printenv -0 USAGECTL_TEST", unset, "printenv -0 USAGECTL_TEST", unset, "printf 'end\\0'"}, "\n") + "\n"
			if got := runShell(t, in.command, script); !slices.Equal(got, []string{"1", "end"}) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestSetUnderSetE holds that the lines do not end a script that stops at the
// first failure, nor one that forbids unset variables.
func TestSetUnderSetE(t *testing.T) {
	for _, command := range [][]string{{"dash", "-eu"}, {"bash", "-eu"}, {"zsh", "-feu"}} {
		needProgram(t, command[0])
		unset, _ := shell.Sh.Unset("USAGECTL_TEST")
		set, _ := shell.Sh.Set("USAGECTL_TEST", "a b")
		if got := runShell(t, command, unset+"\n"+set+"\nprintenv -0 USAGECTL_TEST\n"); !slices.Equal(got, []string{"a b"}) {
			t.Errorf("%q: got %q", command, got)
		}
	}
}

func runShell(t *testing.T, command []string, script string) []string {
	t.Helper()
	c := exec.Command(command[0], command[1:]...)
	c.Stdin = strings.NewReader(script)
	c.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "LC_ALL=C.UTF-8"}
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if stderr.Len() > 0 {
		t.Errorf("%q: %v: %s", command, err, stderr.String())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// needProgram skips a test that takes a program which is not there.
func needProgram(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
}

// TestFiles holds the forms of those whose reader is not at hand in a test, by
// what their documentation says.
func TestFiles(t *testing.T) {
	for _, test := range []struct {
		dialect     shell.Dialect
		value, want string // want is "" where it cannot be written
	}{
		{shell.PowerShell, "1", `$env:X = '1'`},
		{shell.PowerShell, "it's $HOME `a` \"b\"", "$env:X = 'it''s $HOME `a` \"b\"'"},
		{shell.PowerShell, "‘a’", "$env:X = '' + [char]8216 + 'a' + [char]8217 + ''"}, // these quotes would end it too
		{shell.PowerShell, "a\nü😀", "$env:X = 'a' + [char]10 + '' + [char]252 + '' + [char]55357 + '' + [char]56832 + ''"},
		{shell.PowerShell, "\x1b", "$env:X = '' + [char]27 + ''"},
		{shell.PowerShell, "\xff", ""},
		{shell.PowerShell, "", ""}, // it would remove the variable
		{shell.Cmd, "1", `set "X=1"`},
		{shell.Cmd, "a & b | c > d ^ e", `set "X=a & b | c > d ^ e"`},
		{shell.Cmd, "%PATH%", ""},
		{shell.Cmd, "a\nb", ""},
		{shell.Cmd, strings.Repeat("a", 8191), ""}, // no line is longer
		{shell.Cmd, "ü", ""},
		{shell.Cmd, "\x1a", ""}, // ends a batch file
		{shell.Cmd, "a!b", ""},
		{shell.Cmd, `a"b`, ""},
		{shell.Cmd, "", ""},
		{shell.Docker, "1", "ENV X=1"},
		{shell.Docker, "a b", `ENV X="a b"`},
		{shell.Docker, `$HOME "a" \`, `ENV X="\$HOME \"a\" \\"`},
		{shell.Docker, "", `ENV X=""`},
		{shell.GitHub, "a b 'c' \"d\" $e", "X=a b 'c' \"d\" $e"},
		{shell.GitHub, "", "X="},
		{shell.Dotenv, "1", "X=1"},
		{shell.Dotenv, "a b", "X='a b'"},
		{shell.Dotenv, "it's", ""},
		{shell.Dotenv, "", "X=''"},
	} {
		got, err := test.dialect.Set("X", test.value)
		if got != test.want || errors.Is(err, shell.ErrValue) != (test.want == "") {
			t.Errorf("%s %q: got %q, %v; want %q", test.dialect, test.value, got, err, test.want)
		}
	}
	for _, d := range shell.Dialects() {
		never := d == shell.Docker || d == shell.GitHub || d == shell.Dotenv
		for _, value := range []string{"a\nb", "a\rb", "a\x00b"} {
			if line, err := d.Set("X", value); (never || d == shell.Cmd || strings.Contains(value, "\x00")) != errors.Is(err, shell.ErrValue) {
				t.Errorf("%s %q: got %q, %v", d, value, line, err)
			}
		}
		_, err := d.Unset("X")
		if errors.Is(err, shell.ErrUnset) != never {
			t.Errorf("%s: unset: %v", d, err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, d := range shell.Dialects() {
		if got, err := shell.Parse(string(d)); got != d || err != nil {
			t.Errorf("%s: got %q, %v", d, got, err)
		}
	}
	if _, err := shell.Parse("csh"); err == nil || !strings.Contains(err.Error(), "sh, bash, zsh, fish, powershell, cmd, docker, github, dotenv") {
		t.Errorf("csh: %v", err)
	}
}
