"""A rule in the very words of iptables-save, which are not those in which rules are given.

iptables-save puts source, destination, interface and protocol first, in this order, then the
matches in the order in which they were given, then the target; it quotes every comment that is not
one plain word, and writes default arguments out.
"""

from __future__ import annotations

from labnet.model import Family


_RECENT_MASK = {4: "255.255.255.255", 6: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}
_REJECT = {4: "icmp-port-unreachable", 6: "icmp6-port-unreachable"}
_RANDOM = 0x8000_0000  # xt_statistic keeps a probability in 31 bits


def comment(text: str) -> str:
    """`-m comment`; the text has to have a blank or a slash in it, or would stand unquoted."""
    return f'-m comment --comment "{text}"'


def host(address: str) -> str:
    """An address as a prefix, `/32` or `/128`."""
    return f"{address}/{128 if ':' in address else 32}"


def to_port(protocol: str, address: str, port: int, text: str) -> str:
    """What is sent to an address and port, with a comment."""
    return f"-d {host(address)} {to_any(protocol, port, text)}"


def to_any(protocol: str, port: int, text: str) -> str:
    """What is sent to a port of any address, with a comment."""
    return f"-p {protocol} {comment(text)} -m {protocol} --dport {port}"


def reject(family: Family) -> str:
    """The target REJECT, with its default: port unreachable."""
    return f"REJECT --reject-with {_REJECT[family]}"


def recent_set(family: Family, name: str) -> str:
    """Remember the source address in a list of xt_recent."""
    return f"-m recent --set --name {name} --mask {_RECENT_MASK[family]} --rsource"


def recent_check(family: Family, name: str, seconds: int) -> str:
    """Whether the source address was put into a list not longer ago than this."""
    mask = _RECENT_MASK[family]
    return f"-m recent --rcheck --seconds {seconds} --reap --name {name} --mask {mask} --rsource"


def one_of(count: int) -> str:
    """One packet of `count`, by chance: what is left of kube-proxy's ten decimals in the kernel."""
    given = float(f"{1 / count:.10f}")
    return f"-m statistic --mode random --probability {round(_RANDOM * given) / _RANDOM:.11f}"
