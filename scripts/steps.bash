# How scripts get what they need and say what they do, for sourcing after needs.bash.
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

# What `--help` prints: the first comment of the script, up to its decisions.
show_help() {
    sed -n '2,${/^#/!q;/^# Decisions$/q;s/^# \{0,1\}//;p}' "$0" | sed '${/^$/d}'
    exit
}

# need_namespaces WHAT: ends with a line unless we can make them; the root of a container often
# cannot.
need_namespaces() {
    unshare --mount --pid --fork true 2>/dev/null || fail "$1 needs a root who can make namespaces"
}

# need WHAT PROGRAM:PACKAGE…: has what is missing installed, or ends with a line that names it.
need() {
    local what=$1 missing programs=("${@:2}")
    find_missing
    [[ ${#missing[@]} = 0 ]] || type -P apt-get >/dev/null ||
        fail "$what needs ${missing[*]}, and there is no apt-get to install it"
    [[ ${#missing[@]} = 0 ]] || is_root ||
        fail "$what needs ${missing[*]}: \`sudo scripts/install ${programs[*]}\` installs it"
    "${root:?}/scripts/install" --dev "${programs[@]}" || exit
    find_missing
    [[ ${#missing[@]} = 0 ]] || fail "$what needs ${missing[*]}, which brought no such program"
}

# step WHAT COMMAND…: says what is done and how long it took. What COMMAND says goes to the file
# `log`.
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
