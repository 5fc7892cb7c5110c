# Completion of usagectl in bash, 3.2 and later -*- shell-script -*-
#
# The program says what may come next. What is being typed is never run.

# __usagectl_split sets words to the words before the cursor as the shell would read
# them. COMP_WORDS are split at "=", ":" and the like too.
__usagectl_split() {
    local line=${COMP_LINE:0:COMP_POINT} rest part i n=-1
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${line#"${line%%[![:space:]]*}"}
        part=$rest
        ((i < COMP_CWORD)) && part=${COMP_WORDS[i]}
        if ((i == 0)) || [[ $rest != "$line" ]]; then
            words[++n]=
        fi
        words[n]+=$part
        line=${rest#"$part"}
    done
}

# __usagectl_unquote sets word to what a word means, if reading it runs nothing. An
# older bash finds the end of $'...' elsewhere than eval does.
__usagectl_unquote() {
    word=$1
    case $1 in
    *[\`\(\)\{\[\<\>\;\&\|]* | *$'\n'* | *\$\'*) ;;
    *[\\\'\"\$~]*) eval "word=$1" 2>/dev/null || word=$1 ;;
    esac
}

# __usagectl_files offers directories, and files that match a pattern, if there is
# one, each behind a flag, if there is one.
__usagectl_files() {
    local line
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do
        COMPREPLY+=("$3$line")
    done < <(
        compgen -d -- "$1"
        [[ $2 ]] && compgen -f -X "!$2" -- "$1"
    )
}

# __usagectl_show puts the choices, with their descriptions if there are several.
__usagectl_show() {
    local i choice about room longest=0
    for ((i = 0; i < ${#choices[@]}; i++)); do
        ((${#choices[i]} > longest)) && longest=${#choices[i]}
    done
    room=$((${COLUMNS:-80} - longest - 4))
    for ((i = 0; i < ${#choices[@]}; i++)); do
        choice=${choices[i]} about=${abouts[i]}
        if ((${#choices[@]} > 1 && COMP_TYPE != 37 && COMP_TYPE != 42 && room > 8)) && [[ $about ]]; then
            ((${#about} > room)) && about=${about:0:room-1}…
            printf -v choice '%-*s  (%s)' "$longest" "$choice" "$about"
        fi
        COMPREPLY+=("$choice")
    done
}

_usagectl() {
    local words word given=() lines=() choices=() abouts=() line directive cur value flag quote= drop= c
    COMPREPLY=()
    __usagectl_split
    cur=${words[${#words[@]} - 1]}
    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == *[\<\>]* ]]; then
        __usagectl_files "$cur" '*' ''
        return
    fi
    for word in "${words[@]:1:${#words[@]}-2}"; do
        __usagectl_unquote "$word"
        given+=("$word")
    done
    case $cur in
    [\'\"]*) quote=${cur:0:1} cur=${cur:1} ;;
    *) __usagectl_unquote "$cur" && cur=$word ;;
    esac
    __usagectl_unquote "${words[0]}"
    type -P "$word" >/dev/null || word=usagectl

    while IFS= read -r line; do
        lines+=("$line")
    done < <("$word" __complete ${given[@]+"${given[@]}"} "$cur" 2>/dev/null)
    ((${#lines[@]})) || return
    directive=${lines[${#lines[@]} - 1]#:}
    [[ $directive && $directive != *[!0-9]* ]] || return
    unset "lines[${#lines[@]}-1]"

    # The program answers --flag=VALUE with the value alone, and bash replaces only
    # what is behind the last of the characters at which it breaks words.
    value=$cur flag=
    if [[ $cur == --*=* ]]; then
        value=${cur#*=}
        [[ $COMP_WORDBREAKS == *=* ]] || flag=${cur%%=*}=
    fi
    if ((directive & 8)); then
        __usagectl_files "$value" "*${lines[0]+.${lines[0]}}" "$flag"
        return
    elif ((directive & 16)); then
        __usagectl_files "$value" '' "$flag"
        return
    fi
    for c in = : @; do
        if [[ ! $quote && $COMP_WORDBREAKS == *$c* && $value == *$c* ]]; then
            word=${value%"${value##*$c}"}
            ((${#word} > ${#drop})) && drop=$word
        fi
    done
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    compopt -o nosort 2>/dev/null
    for line in ${lines[@]+"${lines[@]}"}; do
        word=${line%%$'\t'*}
        [[ $word == "$value"* ]] || continue
        word=${word#"$drop"}
        [[ $quote ]] || printf -v word %q "$word"
        choices+=("$flag$word")
        abouts+=("${line#"${line%%$'\t'*}"}")
        abouts[${#abouts[@]}-1]=${abouts[${#abouts[@]}-1]#$'\t'}
    done
    __usagectl_show
}

if type compopt >/dev/null 2>&1; then
    complete -F _usagectl usagectl
else
    complete -o nospace -F _usagectl usagectl
fi
