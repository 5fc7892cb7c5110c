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
		script, err := CompletionScript(Tree(), shell)
		if err != nil || string(script) != p.out.String() {
			t.Errorf("%s: the script of the tree is another one (%v)", shell, err)
		}
	}
}
