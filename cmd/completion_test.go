package cmd

import (
	"testing"

	"github.com/usagectl/usagectl/completions"
)

func TestCompletion(t *testing.T) {
	p := newPerson(t)
	p.expect(
		said{"completion bash", exitOK, []string{"complete "}, nil},
		said{"completion zsh", exitOK, []string{"#compdef usagectl"}, nil},
		said{"completion fish", exitOK, []string{"complete "}, nil},
		said{"completion powershell", exitOK, []string{"Register-ArgumentCompleter"}, nil},
		said{"completion fishy", exitUsage, nil, []string{`there is no script for "fishy", but for bash, zsh, fish, powershell`}},
		said{"completion", exitUsage, nil, []string{"the command is: usagectl completion SHELL"}},
	)
	for _, shell := range completions.Shells() {
		p.must("completion " + shell)
		if script, ok := completions.Script(shell); !ok || script != p.out.String() {
			t.Errorf("%s: the script is another one", shell)
		}
	}
}
