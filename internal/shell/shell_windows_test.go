package shell_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usagectl/usagectl/internal/shell"
)

// TestPrint is no test: it is what a shell starts to tell the variable, in a file.
func TestPrint(*testing.T) {
	name, ok := os.LookupEnv("USAGECTL_TEST_OUT")
	if !ok {
		return
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	value, set := os.LookupEnv("USAGECTL_TEST")
	fmt.Fprintf(f, "%q %v\n", value, set)
}

// TestCmd holds that what is written means the same to cmd, in a batch file and by
// the line of "usagectl env --help".
func TestCmd(t *testing.T) {
	t.Chdir(t.TempDir())
	print := `"%USAGECTL_TEST_SELF%" -test.run=^TestPrint$ >nul`
	var batch, byLine strings.Builder
	var want []string
	for _, value := range values {
		line, err := shell.Cmd.Set("USAGECTL_TEST", value)
		if err != nil {
			continue
		}
		want = append(want, fmt.Sprintf("%q true", value))
		batch.WriteString(line + "\r\n" + print + "\r\n")
		file := strconv.Itoa(len(want)) + ".txt"
		byLine.WriteString(`for /f "delims=" %%i in ('type ` + file + ` 2^>nul') do @%%i` + "\r\n" + print + "\r\n")
		write(t, file, line+"\n")
	}
	unset, err := shell.Cmd.Unset("USAGECTL_TEST")
	if err != nil {
		t.Fatal(err)
	}
	end := unset + "\r\n" + print + "\r\n"
	want = append(want, `"" false`)
	if len(want) < 30 {
		t.Fatalf("only %d values can be written", len(want))
	}
	for name, script := range map[string]string{"batch": batch.String(), "by line": byLine.String()} {
		t.Run(name, func(t *testing.T) {
			write(t, "script.bat", "@echo off\r\n"+script+end)
			if got := printed(t, "cmd", "/d", "/c", "script.bat"); !slices.Equal(got, want) {
				for i := range want {
					if i >= len(got) || got[i] != want[i] {
						t.Fatalf("%s became %s", want[i], got[min(i, len(got)):])
					}
				}
				t.Errorf("%d values became %d", len(want), len(got))
			}
		})
	}
}

// TestPowerShell holds the same of Windows PowerShell.
func TestPowerShell(t *testing.T) {
	if out, err := exec.Command("powershell", "-NoProfile", "-Command", "1+1").Output(); err != nil || strings.TrimSpace(string(out)) != "2" {
		t.Skipf("no PowerShell, as under wine: it says %q, %v", out, err)
	}
	t.Chdir(t.TempDir())
	print := `& $env:USAGECTL_TEST_SELF '-test.run=^TestPrint$' | Out-Null`
	var script strings.Builder
	var want []string
	for _, value := range values {
		line, err := shell.PowerShell.Set("USAGECTL_TEST", value)
		if err != nil {
			continue
		}
		want = append(want, fmt.Sprintf("%q true", value))
		script.WriteString(line + "\r\n" + print + "\r\n")
	}
	unset, err := shell.PowerShell.Unset("USAGECTL_TEST")
	if err != nil {
		t.Fatal(err)
	}
	script.WriteString(unset + "\r\n" + unset + "\r\n" + print + "\r\n")
	want = append(want, `"" false`)
	write(t, "script.txt", script.String())
	got := printed(t, "powershell", "-NoProfile", "-Command", "Get-Content -Raw script.txt | Invoke-Expression")
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// printed are the values that a script has told.
func printed(t *testing.T, command string, args ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	c := exec.Command(command, args...)
	c.Env = append(os.Environ(), "USAGECTL_TEST_SELF="+self, "USAGECTL_TEST_OUT="+out)
	if msg, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}
