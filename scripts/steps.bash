# How scripts say what they do, for sourcing, after `log` was set to the file that takes the output
# of what they run.
# shellcheck shell=bash

open_line=

# One line on standard error, or the end of the line that `step` began.
say() {
    printf '%s%s\n' "${open_line:-labnet: }" "$*" >&2
    open_line=
}

# This machine cannot, and one line says why.
fail() {
    say "$*"
    exit 3
}

# step WHAT COMMAND…: says what is done and how long it took.
step() {
    local start=$SECONDS
    printf 'labnet: %s …' "$1" >&2
    open_line=' '
    "${@:2}" >"${log:?}" 2>&1 </dev/null 9<&- || return 1
    say "$((SECONDS - start)) s"
}

# The last line of the log that says what went wrong.
reason() {
    grep -aiE '^(E|error|fatal):' "$log" | tail -n 1 || tail -n 1 "$log"
}
