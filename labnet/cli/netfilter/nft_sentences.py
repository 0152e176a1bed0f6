"""A rule of nftables, or an element of a set or map, in plain words.

Known is what kube-proxy's table holds; what else somebody has put there stands as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from labnet.cli.netfilter.actions import masquerade
from labnet.cli.netfilter.conditions import EVERYTHING
from labnet.cli.netfilter.origins import Origin


_COMMENT = re.compile(r'\s*\bcomment "[^"]*"')
_PROTOCOL = {"6": "tcp", "17": "udp", "132": "sctp"}
_SHARED = re.compile(
    r"(nodeport-)?(balance|external-local|external|nodeport-local|nodeport)-\w+-(\d+)(?:-(\d+))?"
)
_Found = re.Match[str]

_MEANING = {
    "service-": "any of its endpoints",
    "local-": "any of its endpoints on this node",
    "external-": "as traffic from outside",
    "firewall-": "if its source is allowed",
}


def rule_words(text: str, chains: Mapping[str, Origin]) -> str:
    """`to one of @cluster-ips, from anywhere but 10.244.0.0/16: remember to masquerade it`."""
    matches: list[str] = []
    actions: list[str] = []
    left = _COMMENT.sub("", text).strip()
    while left:
        words, is_action, left = _next(left, chains)
        (actions if is_action else matches).append(words)
        left = left.strip()
    asked = ", ".join(filter(None, matches)) or EVERYTHING
    return f"{asked}: {', then '.join(actions) or 'only count it'}"


def _next(text: str, chains: Mapping[str, Origin]) -> tuple[str, bool, str]:
    """The words of the first phrase of a rule, whether it does something, and what is left."""
    for pattern, words in _MATCHES:
        found = pattern.match(text)
        if found:
            return words(found), False, text[found.end() :]
    for pattern, act in _ACTIONS:
        found = pattern.match(text)
        if found:
            return act(found, chains), True, text[found.end() :]
    return f"`{text}`", True, ""


def _side(found: _Found) -> str:
    """`from` or `to`."""
    return "from" if found["side"] == "s" else "to"


def _address(found: _Found) -> str:
    if found["set"]:
        outside = "none" if found["not"] else "one"
        return f"{_side(found)} {outside} of {found['set']}"
    anywhere = "anywhere but " if found["not"] else ""
    return f"{_side(found)} {anywhere}{found['where'].strip('{} ')}"


def _interface(found: _Found) -> str:
    way = "in" if found["way"] == "i" else "out"
    name = found["name"].replace("*", "…")
    return f"{way} by {'any interface but ' if found['not'] else ''}{name}"


def _here(found: _Found) -> str:
    return f"{_side(found)} an address of this node"


_STATES = {"0x1": "an invalid", "0x2": "a known", "0x4": "a related", "0x8": "a new"}


def _state(found: _Found) -> str:
    known = _STATES.get(found["state"])
    return f"of {known} connection" if known else f"with ct state {found['state']}"


def _mark(found: _Found) -> str:
    return f"marked {int(found['mark'], 16):#x}"


_ADDRESS = r"(?:ip|ip6) (?P<side>[sd])addr (?P<not>!= )?"
_MATCHES: tuple[tuple[re.Pattern[str], Callable[[_Found], str]], ...] = (
    (
        re.compile(rf"{_ADDRESS}(?:(?P<set>@\S+)|(?P<where>\{{[^}}]*\}}|(?!\.)\S+))(?! \.)"),
        _address,
    ),
    (re.compile(r'(?P<way>[io])ifname (?P<not>!= )?"(?P<name>[^"]*)"'), _interface),
    (re.compile(r"fib (?P<side>[sd])addr type (?:2|local)\b"), _here),
    (re.compile(r"ct state (?P<state>\S+)"), _state),
    (re.compile(r"ct status (?:0x20|dnat)\b"), lambda _: "sent elsewhere by DNAT"),
    (re.compile(r"meta mark & (?P<mark>\S+) != 0x0+\b"), _mark),
    (
        re.compile(r"meta l4proto (?P<number>\d+)\b"),
        lambda found: _PROTOCOL.get(found["number"], f"protocol {found['number']}"),
    ),
    (
        re.compile(r"(?P<protocol>tcp|udp|sctp) dport (?P<port>\d+)\b"),
        lambda found: f"to port {found['port']}/{found['protocol']}",
    ),
    (
        re.compile(r"ip6? saddr \. ip6? daddr \. meta l4proto \. th dport (?P<set>@\S+)"),
        lambda found: f"whose source, destination, protocol and port are in {found['set']}",
    ),
)


def _vmap(found: _Found, chains: Mapping[str, Origin]) -> str:
    del chains
    by = _looked_up(found["key"])
    return f"do what {found['map']} has for its {by}"


def _random_vmap(found: _Found, chains: Mapping[str, Origin]) -> str:
    """`vmap { 0 : goto A, 1 : goto B }`: the endpoints by name, if they are known."""
    names = re.findall(r"goto ([^\s,}]+)", found["choices"])
    there = [chains[name].backend if name in chains else name for name in names]
    return f"choose one by chance, each as likely: {'; '.join(there)}"


def _looked_up(key: str) -> str:
    """`address, protocol and port` of `ip daddr . meta l4proto . th dport`."""
    words = [_KEY.get(part.strip(), part.strip()) for part in key.split(" . ")]
    known = list(dict.fromkeys(words))
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


_KEY = {
    "ip daddr": "destination",
    "ip6 daddr": "destination",
    "meta l4proto": "protocol",
    "th dport": "port",
    "tcp dport": "port",
    "udp dport": "port",
    "sctp dport": "port",
}


def _dnat_map(found: _Found, chains: Mapping[str, Origin]) -> str:
    del chains
    count = int(found["count"])
    chance = "its only endpoint" if count == 1 else f"one of {count} endpoints, each as likely"
    by = _looked_up(f"{found['key']} . a random number")
    return f"send it to {chance} (DNAT to what {found['map']} has for its {by})"


def _dnat(found: _Found, chains: Mapping[str, Origin]) -> str:
    del chains
    return f"send it to {found['where']} instead (DNAT)"


def _go(found: _Found, chains: Mapping[str, Origin]) -> str:
    name = found["chain"]
    meaning = chain_meaning(name, chains.get(name))
    how = "go on in" if found["how"] == "goto" else "go to"
    if chains.get(name) and chains[name].endpoint:
        return meaning
    return f"{how} {name}" + (f" ({meaning})" if meaning else "")


def chain_meaning(name: str, origin: Origin | None) -> str:
    """What happens in a chain of kube-proxy's, in a few words; empty for any other."""
    if name == "reject-chain":
        return "refuse it"
    if origin is not None:
        own = next((words for prefix, words in _MEANING.items() if name.startswith(prefix)), "")
        return origin.backend or own
    shared = _SHARED.fullmatch(name)
    if shared is None:
        return ""
    total = f"{shared[3]} endpoint{'' if shared[3] == '1' else 's'}"
    if shared[2] == "balance":
        return f"1 of {total}"
    if shared[2].endswith("-local"):
        return f"as traffic from outside, {shared[4]} of {total} on this node"
    return f"as traffic from outside, {total}"


def _masquerade(found: _Found, chains: Mapping[str, Origin]) -> str:
    del chains
    return masquerade(random_port=bool(found["random"]))


_PLAIN = {
    "drop": "drop it",
    "accept": "accept it",
    "reject": "refuse it (icmp-port-unreachable)",
    "return": "leave this chain",
    "counter": "count it",
}
_Act = Callable[[_Found, Mapping[str, Origin]], str]
_ACTIONS: tuple[tuple[re.Pattern[str], _Act], ...] = (
    (
        re.compile(r"meta mark set meta mark \| (\S+)"),
        lambda found, _: f"remember to masquerade it (set mark {int(found[1], 16):#x})",
    ),
    (
        re.compile(r"meta mark set meta mark \^ (\S+)"),
        lambda found, _: f"flip mark {int(found[1], 16):#x} (off again)",
    ),
    (re.compile(r"numgen random mod \d+ vmap \{(?P<choices>[^}]*)\}"), _random_vmap),
    (re.compile(r"(?P<key>\S.*?) vmap (?P<map>@\S+)"), _vmap),
    (
        re.compile(
            r"dnat ip6? to (?P<key>\S.*?) \. numgen random mod (?P<count>\d+) map (?P<map>@\S+)"
        ),
        _dnat_map,
    ),
    (re.compile(r"dnat (?:ip6? )?to (?P<where>\S+)"), _dnat),
    (
        re.compile(r"(?:update|add) @\S+ \{ ip6? saddr \}"),
        lambda _found, _chains: "note the client",
    ),
    (re.compile(r"(?P<how>jump|goto) (?P<chain>\S+)"), _go),
    (re.compile(r"masquerade(?P<random> fully-random)?"), _masquerade),
    (
        re.compile(r"(drop|accept|return|counter|reject)\b(?: with .*)?"),
        lambda found, _: _PLAIN[found[1]],
    ),
)


_SETS = {
    "@cluster-ips": "a cluster IP that is in use",
    "@nodeport-ips": "an address at which the node takes NodePorts",
}


def element_words(name: str, text: str, origin: Origin, chains: Mapping[str, Origin]) -> str:
    """What an element of a set or map says: of a map `to 10.96.0.1 port 443/tcp: drop it`."""
    key, colon, value = _COMMENT.sub("", text).partition(" : ")
    if name == "@hairpin-connections":
        return "from this endpoint to itself"
    if not colon:
        return _SETS.get(name, f"an element of {name}")
    asked = ", ".join(_asked(key.split(" . "), with_number=bool(origin.endpoint)))
    if origin.endpoint:
        return f"{asked}: {origin.backend}"
    return f"{asked}: {rule_words(value, chains).removeprefix(f'{EVERYTHING}: ')}"


def _asked(fields: list[str], *, with_number: bool) -> Iterator[str]:
    """What a key stands for: (address,) (protocol,) port (and the number that was drawn)."""
    number = f"with the number {fields.pop()}" if with_number else ""
    port = fields.pop()
    protocol = f"/{_PROTOCOL.get(fields[-1], fields[-1])}" if fields and not with_number else ""
    if protocol:
        fields.pop()
    address = f"{fields[0]} " if fields else ""
    yield f"to {address}port {port}{protocol}"
    if number:
        yield number
