# Completion of usagectl in fish, 3.0 and later.
#
# The program says what may come next. What is being typed is never run.

function __usagectl_complete
    set -l words (commandline -opc)
    while string match -qr '^\w+=' -- "$words[1]" # variables for the command
        set -e words[1]
    end
    set -l program (string replace -r '^~/' "$HOME/" -- "$words[1]")
    command -sq -- $program; or set program usagectl
    set -e words[1]
    set -l word (commandline -ct)
    # A quote that is not closed yet cannot be taken off by unescaping.
    set word (string unescape -- "$word"; or string replace -r '^["\']' '' -- "$word")

    set -l lines (command $program __complete $words "$word" 2>/dev/null)
    set -l directive (string match -r '^:(\d+)$' -- "$lines[-1]")[2]
    test -n "$directive"; or return
    set -e lines[-1]

    # The program answers --flag=VALUE with the value alone.
    set -l flag (string match -r -- '^--[a-z-]+=' "$word")
    set -l value (string replace -- "$flag" '' "$word")
    if test (math "floor($directive / 8) % 2") -eq 1
        __usagectl_files "$flag" "$value" "$lines[1]\$|/\$"
    else if test (math "floor($directive / 16) % 2") -eq 1
        __usagectl_files "$flag" "$value" '/$'
    else
        for line in $lines
            printf '%s\n' "$flag$line"
        end
    end
end

# __usagectl_files offers the paths that begin with VALUE and match PATTERN, behind FLAG.
function __usagectl_files -a flag value pattern
    for path in (complete -C "'' "(string escape -- "$value") | string replace -r '\t.*' '')
        string match -qr -- $pattern $path; and printf '%s\n' "$flag$path"
    end
end

complete -c usagectl -e
complete -c usagectl -k -f -a '(__usagectl_complete)'
