# What labnet needs of this machine and of its checkout, and whether it is there; for sourcing,
# after `root` was set to the checkout. Looking starts no process: every command pays for it.
# shellcheck shell=bash

: "${root:?}"
venv=$root/.venv
stamp=$venv/.set-up
level=run # or `dev`: with the tools of developers

# Programs that labs are built with and run in them, and the Debian and Ubuntu package of each. nft
# is there for looking; what labnet loads tables with is its library, on which its package depends.
programs=(
    conntrack:conntrack curl:curl ip:iproute2 ipset:ipset iptables-restore:iptables modprobe:kmod
    nc:netcat-openbsd nft:nftables nginx:nginx nsenter:util-linux ping:iputils-ping ps:procps
    tcpdump:tcpdump
)

# A person's PATH has no sbin on Debian, and `su` keeps it.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Whether we are the administrator of this machine, and not only of a user namespace for one user.
is_root() {
    local users
    [[ $EUID = 0 ]] && read -r _ _ users </proc/self/uid_map && [[ $users != 1 ]]
}

# Puts the packages of the programs that are not there into `missing`.
find_missing() {
    local program
    missing=()
    for program in "${programs[@]}"; do
        type -P "${program%:*}" >/dev/null || [[ " ${missing[*]} " = *" ${program#*:} "* ]] ||
            missing+=("${program#*:}")
    done
}

# Whether bridged packets cannot pass iptables yet, and this kernel has the module for it.
lacks_br_netfilter() {
    local release
    [[ ! -e /proc/sys/net/bridge ]] || return 1
    read -r release </proc/sys/kernel/osrelease
    compgen -G "/lib/modules/$release/kernel/net/bridge/br_netfilter.ko*" >/dev/null
}

# Puts into `wanted` what the stamp of a finished set-up says below its first line. A virtual
# environment cannot be moved, and has what pyproject.toml and scripts/install said then.
read_wanted() {
    local project install
    IFS= read -r -d '' project <"$root/pyproject.toml" || :
    IFS= read -r -d '' install <"$root/scripts/install" || :
    wanted=$root$'\n'$project$install
}

has_venv() {
    local found text wanted
    [[ -x $venv/bin/python3 && -r $stamp ]] || return 1
    { IFS= read -r found && IFS= read -r -d '' text; } <"$stamp" || :
    read_wanted
    [[ ($found = dev || $found = "$level") && $text = "$wanted" ]]
}

has_packages() {
    local missing
    ! is_root || { find_missing && [[ ${#missing[@]} = 0 ]] && ! lacks_br_netfilter; }
}

# What root made in the checkout of a person becomes theirs: they can use it and delete it.
give_back() {
    [[ $EUID != 0 || -O $root ]] ||
        find "$root" -path "$root/.git" -prune -o -user 0 -exec chown -h --reference="$root" {} +
}
