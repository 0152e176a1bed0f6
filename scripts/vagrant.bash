# What scripts/vagrant-box and scripts/vagrant-ci share, for sourcing after needs.bash and
# steps.bash.
# shellcheck shell=bash

# The box, as Vagrant calls it
box=${LABNET_BOX:-labnet/bookworm64}

# can_make_vm WHAT: ends with a line unless this is a machine where a VM can be made at all.
can_make_vm() {
    [[ $box =~ ^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$ ]] ||
        { say "LABNET_BOX=$box: the name of a box is wanted here" && exit 2; }
    [[ $(uname -m) = x86_64 ]] || fail "$1 is for x86_64; this machine is $(uname -m)"
    is_root || fail "$1 needs root: \`sudo $0\`"
    need_namespaces "$1"
}

# The folder where Vagrant keeps the boxes of whoever called, also of a person who used sudo.
vagrant_home() {
    local home=${HOME:-/root}
    [[ -z ${SUDO_USER-} ]] || home=$(getent passwd "$SUDO_USER" | cut -d : -f 6)
    printf '%s' "${VAGRANT_HOME:-$home/.vagrant.d}"
}

# The folder of the box, empty if there is none; Vagrant writes a slash in a name so.
box_folder() {
    printf '%s\n' "$(vagrant_home)/boxes/${box//\//-VAGRANTSLASH-}"/*/libvirt | grep -v '\*' |
        sort -V | tail -n 1
}

# apart SIGNAL FLAG… -- COMMAND…: runs COMMAND in namespaces of its own, which the kernel empties
# when we end, however we end. When we are asked to end, COMMAND gets SIGNAL, and may take its time.
apart() {
    local signal=$1 flags=() child='' status=0 asked=
    shift
    while [[ $1 != -- ]]; do
        flags+=("$1")
        shift
    done
    trap 'asked=130 && pass_on "$signal" "$child"' INT
    trap 'asked=143 && pass_on "$signal" "$child"' TERM HUP
    {
        trap '' HUP INT QUIT # what a terminal sends to everybody is ours to pass on
        exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
            "${flags[@]}" "${@:2}"
    } &
    child=$!
    [[ -z $asked ]] || pass_on "$signal" "$child" # it came before there was a child
    while
        status=0
        wait "$child" || status=$?
        kill -0 "$child" 2>/dev/null
    do :; done
    trap - INT TERM HUP
    return "${asked:-$status}"
}

# pass_on SIGNAL UNSHARE: `unshare` heeds none while it waits for its child; and that, as the first
# process of its namespace, is spared all but KILL until it catches them.
pass_on() {
    local inner
    [[ -n $2 ]] || return 0
    while kill -0 "$2" 2>/dev/null; do
        inner=
        read -r inner _ 2>/dev/null <"/proc/$2/task/$2/children" || : # there is no newline
        if [[ -n $inner ]] && { [[ $1 = KILL ]] || catches "$inner" "$1"; }; then
            kill -s "$1" "$inner" 2>/dev/null || :
            return 0 # in a trap, `return` alone has the status of what was interrupted
        fi
        sleep 0.05
    done
}

# Whether the process catches the signal, of which it says so in hexadecimal.
catches() {
    local key mask
    while read -r key mask; do
        [[ $key != SigCgt: ]] || return $((!(16#$mask >> ($(kill -l "$2") - 1) & 1)))
    done 2>/dev/null <"/proc/$1/status" || :
    return 1
}
