#compdef usagectl
# Completion of usagectl in zsh.
#
# The program says what may come next. What is being typed is never run.

_usagectl() {
    local program=${${(Q)words[1]}/#\~\//$HOME/} directive line
    local -a lines choices space
    (( $+commands[$program] )) || [[ -x $program ]] || program=usagectl
    lines=("${(@f)$("$program" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    directive=${lines[-1]#:}
    [[ $directive == <-> ]] || return 1
    lines[-1]=()

    # The program answers --flag=VALUE with the value alone.
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    if (( directive & 8 )); then
        _files -g "*${lines[1]:+.$lines[1]}"
    elif (( directive & 16 )); then
        _files -/
    else
        for line in $lines; do
            choices+=("${${line//:/\\:}/$'\t'/:}")
        done
        (( directive & 2 )) && space=(-S '')
        _describe -V usagectl choices "${space[@]}"
    fi
}

# As a file in $fpath this is the body of the function; else it is being sourced.
if [[ $funcstack[1] == _usagectl ]]; then
    _usagectl "$@"
else
    compdef _usagectl usagectl
fi
