"""What this kernel can do, found out by doing it, in namespaces that nobody else can see.

A forked child leaves the machine's own namespaces, tries one thing after the other and writes what
came of it down a pipe; with the child, all of it is gone.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

from labnet.errors import LabnetError
from labnet.kernel import libc, rtnl
from labnet.kernel.netlink import NetlinkSocket


OK, WARN, MISSING = "ok", "warn", "missing"
_MAC = "02:1a:00:00:00:01"
_SCTP = 132  # IPPROTO_SCTP
_RULES = {
    "match comment": "*filter\n-A FORWARD -m comment --comment x -j ACCEPT",
    "match addrtype": "*filter\n-A FORWARD -m addrtype --dst-type LOCAL -j ACCEPT",
    "match conntrack": "*filter\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "match mark": "*filter\n-A FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT",
    "target REJECT": "*filter\n-A FORWARD -j REJECT",
    "target MARK": "*nat\n-A PREROUTING -j MARK --or-mark 0x4000",
    "target DNAT": "*nat\n-A PREROUTING -p tcp -j DNAT --to-destination {address}",
    "target MASQUERADE": "*nat\n-A POSTROUTING -j MASQUERADE --random-fully",
}
_RULES_OF_SERVICES = {
    "match statistic": "*nat\n-A OUTPUT -m statistic --mode random --probability 0.5 -j ACCEPT",
    "match recent": "*nat\n-A OUTPUT -m recent --name x --rcheck --seconds 9 --reap -j ACCEPT",
    "match multiport": "*nat\n-A OUTPUT -p tcp -m multiport --dports 1,2 -j ACCEPT",
}
_ADDRESS = {"iptables": "10.0.0.1", "ip6tables": "fd00::1"}
_TABLE_OF_NFTABLES = """\
table ip probe {
    set clients { type ipv4_addr; flags dynamic,timeout; timeout 60s; }
    map ports { type ipv4_addr . inet_service : verdict; }
    map endpoints {
        typeof ip daddr . tcp dport . numgen random mod 65536 : ip daddr . tcp dport;
    }
    chain prerouting {
        type nat hook prerouting priority -100;
        ip daddr . tcp dport vmap @ports
        fib daddr type local update @clients { ip saddr }
        dnat ip to ip daddr . tcp dport . numgen random mod 3 map @endpoints
    }
    chain postrouting {
        type nat hook postrouting priority 100;
        ct status dnat masquerade fully-random
    }
}
"""


class Finding(NamedTuple):
    """What came of one check: `ok`, `warn` (some labs cannot) or `missing` (no lab can)."""

    name: str
    verdict: str
    detail: str = ""
    remedy: str = ""

    @property
    def is_fatal(self) -> bool:
        """Whether labs cannot run without it."""
        return self.verdict == MISSING


class Probe(NamedTuple):
    """Something to try; what it raises as OSError is the detail if it cannot be done."""

    name: str
    attempt: Callable[[], str]
    remedy: str
    needed: bool = True


def probe_kernel(*, alone: bool = False) -> list[Finding]:
    """Try everything in a child; with `alone` as root of a user namespace of its own."""
    sys.stdout.flush()
    read, write = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        os.close(read)
        _be_prober(write, alone=alone)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as answers:
        findings = [Finding(*json.loads(line)) for line in answers]
    os.waitpid(child, 0)
    return findings


def _be_prober(answers: int, *, alone: bool) -> NoReturn:
    """In the child: leave, try, and end without touching what the parent has open."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        for finding in _findings(alone=alone):
            os.write(answers, json.dumps(finding).encode() + b"\n")
    except BaseException as error:  # noqa: BLE001  # the parent must hear of it, whatever it is
        finding = Finding("probes", WARN, f"{type(error).__name__}: {error}")
        os.write(answers, json.dumps(finding).encode() + b"\n")
    finally:
        os._exit(0)


def _findings(*, alone: bool) -> Iterator[Finding]:
    if alone:
        _leave_users()
    for probe in _PROBES:
        finding = _tried(probe)
        yield finding
        if probe.name == "network namespaces" and finding.is_fatal:
            return  # what follows would be tried on the machine itself


def _tried(probe: Probe) -> Finding:
    try:
        return Finding(probe.name, OK, probe.attempt())
    except OSError as error:
        verdict = MISSING if probe.needed else WARN
        return Finding(probe.name, verdict, error.strerror or str(error), probe.remedy)


def _leave_users() -> None:
    """Be root of a user namespace (user_namespaces(7))."""
    user, group = os.geteuid(), os.getegid()
    libc.unshare(libc.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")


def _network_namespace() -> str:
    libc.unshare(libc.CLONE_NEWNET)
    return ""


def _other_namespaces() -> str:
    _try_pid_namespace()
    libc.unshare(libc.CLONE_NEWNS | libc.CLONE_NEWUTS | libc.CLONE_NEWIPC)
    libc.mount("", "/", "", libc.MS_PRIVATE | libc.MS_REC)
    return "mount, PID, UTS, IPC"


def _try_pid_namespace() -> None:
    """In a child: who has left its PID namespace cannot fork again once its first child is gone."""
    child = os.fork()
    if child == 0:
        try:
            libc.unshare(libc.CLONE_NEWPID)
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise OSError(code, os.strerror(code))


def _request(message: tuple[int, int, bytes]) -> None:
    sock = NetlinkSocket()
    try:
        (code,) = sock.request([message])
    finally:
        sock.close()
    if code:
        raise OSError(code, os.strerror(code))


def _veth() -> str:
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        ends = rtnl.VethEnd("veth0", _MAC, 1500), rtnl.VethEnd("veth1", _MAC, 1500)
        _request(rtnl.veth_add(*ends, here))
    finally:
        os.close(here)
    return ""


def _bridge() -> str:
    _request(rtnl.link_add("br0", "bridge", _MAC))
    return ""


def _vxlan() -> str:
    _request(rtnl.link_set("lo", up=True))
    data = rtnl.vxlan_data(1, "127.0.0.1", 8472)
    _request(rtnl.link_add("vxlan0", "vxlan", _MAC, data=data))
    return ""


def _there(path: str) -> Callable[[], str]:
    """A probe that wants a file of /proc/sys to be there, in the namespace that we are in."""

    def attempt() -> str:
        Path(path).read_bytes()
        return ""

    return attempt


def _overlay() -> str:
    libc.mount("tmpfs", "/tmp", "tmpfs", 0, "mode=0700")  # noqa: S108  # in our own mount namespace
    for name in ("upper", "work", "root"):
        Path("/tmp", name).mkdir()  # noqa: S108  # likewise
    data = "lowerdir=/usr,upperdir=/tmp/upper,workdir=/tmp/work"
    data += ",userxattr" if _is_alone() else ""
    libc.mount("overlay", "/tmp/root", "overlay", 0, data)  # noqa: S108  # likewise
    return ""


def _is_alone() -> bool:
    """Whether this is a user namespace other than the first."""
    return Path("/proc/self/uid_map").read_text(encoding="ascii").split()[2] != "4294967295"


def _rules(tool: str, rules: Mapping[str, str]) -> Callable[[], str]:
    """A probe that loads the rules that labs are made of, one kind at a time."""

    def attempt() -> str:
        for name, rule in rules.items():
            _restore(tool, f"{rule}\nCOMMIT\n".format(address=_ADDRESS[tool]), name)
        return _version(tool)

    return attempt


def _restore(tool: str, text: str, what: str) -> None:
    import subprocess  # noqa: PLC0415  # only the child that probes needs it

    done = subprocess.run(
        [f"{tool}-restore"], input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise OSError(errno.EOPNOTSUPP, f"{what}: {said}")


def _version(tool: str) -> str:
    import subprocess  # noqa: PLC0415  # likewise

    done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _nftables() -> str:
    """What labs in the mode nftables are made of, through the library that loads it."""
    from labnet.kernel.nft import Nft  # noqa: PLC0415  # likewise

    try:
        with Nft() as nft:
            nft.run(_TABLE_OF_NFTABLES)
    except LabnetError as error:
        raise OSError(errno.EOPNOTSUPP, str(error)) from error
    return "libnftables"


def _entries() -> str:
    """Whether stale entries of conntrack can be looked for; there are none here."""
    from labnet.kernel.conntrack import udp_flows  # noqa: PLC0415  # likewise

    udp_flows(4)
    return ""


def _sctp() -> str:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, _SCTP).close()
    return ""


_HOW_TO_IPTABLES = "apt-get install iptables; modprobe what it names"
_PROBES = (
    Probe(
        "network namespaces",
        _network_namespace,
        "kernel option CONFIG_NET_NS; in a container: run it with --privileged",
    ),
    Probe(
        "other namespaces",
        _other_namespaces,
        "kernel options CONFIG_PID_NS, CONFIG_UTS_NS and CONFIG_IPC_NS",
    ),
    Probe("veth", _veth, "modprobe veth (CONFIG_VETH)"),
    Probe("bridge", _bridge, "modprobe bridge (CONFIG_BRIDGE)"),
    Probe(
        "br_netfilter",
        _there("/proc/sys/net/bridge/bridge-nf-call-iptables"),
        "modprobe br_netfilter (CONFIG_BRIDGE_NETFILTER)",
    ),
    Probe(
        "IPv6",
        _there("/proc/sys/net/ipv6/conf/all/forwarding"),
        "boot without ipv6.disable=1 (CONFIG_IPV6)",
    ),
    Probe(
        "vxlan", _vxlan, "modprobe vxlan (CONFIG_VXLAN), for labs with `cni: vxlan`", needed=False
    ),
    Probe(
        "overlayfs",
        _overlay,
        "modprobe overlay (CONFIG_OVERLAY_FS); without it containers cannot write everywhere",
        needed=False,
    ),
    Probe("iptables", _rules("iptables", _RULES), _HOW_TO_IPTABLES),
    Probe("ip6tables", _rules("ip6tables", _RULES), _HOW_TO_IPTABLES),
    Probe(
        "rules of Services",
        _rules("iptables", _RULES_OF_SERVICES),
        "modprobe xt_statistic, xt_recent or xt_multiport, for labs with Services",
        needed=False,
    ),
    Probe(
        "nftables",
        _nftables,
        "apt-get install libnftables1 (1.0.6 or newer), for labs with `kubeProxy.mode: nftables`",
        needed=False,
    ),
    Probe(
        "conntrack",
        _there("/proc/sys/net/netfilter/nf_conntrack_max"),
        "modprobe nf_conntrack (CONFIG_NF_CONNTRACK)",
    ),
    Probe(
        "conntrack entries",
        _entries,
        "modprobe nf_conntrack_netlink (CONFIG_NF_CT_NETLINK), for labs with UDP Services",
        needed=False,
    ),
    Probe("SCTP", _sctp, "modprobe sctp, for agnhost's SCTP server", needed=False),
)
