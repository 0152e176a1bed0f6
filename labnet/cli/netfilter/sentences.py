"""A rule of iptables in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from labnet.cli.netfilter.actions import action
from labnet.cli.netfilter.conditions import condition, notes_client
from labnet.cli.netfilter.origins import Origin
from labnet.trace.iptables_rule import Rule, parse_rule
from labnet.trace.targets import Final, Jump, SetMark, Target


_MARK_MASQ = "KUBE-MARK-MASQ"
_MEANING = {
    "KUBE-SVC-": "any of its endpoints",
    "KUBE-SVL-": "any of its endpoints on this node",
    "KUBE-EXT-": "as traffic from outside",
    "KUBE-FW-": "if its source is allowed",
}
_WHY: Mapping[tuple[str, type], str] = {
    (_MARK_MASQ, SetMark): "remember to masquerade it",
    ("KUBE-POSTROUTING", Final): "it is not to be masqueraded",
    ("KUBE-POSTROUTING", SetMark): "off again, so that nobody does it twice",
}


def sentence(line: str, *, rest: bool = False, chains: Mapping[str, Origin]) -> str:
    """`to 10.96.0.10 port 80/tcp: go to KUBE-SVC-… (any of its endpoints)`.

    `rest` says that rules before it in the chain have taken some packets by chance; `chains` are
    those of Services, with what is behind them. A rule that nobody can read is told as such.
    """
    try:
        rule = parse_rule(line)
    except ValueError as error:
        return f"a rule that labnet cannot read ({error})"
    return f"{_condition(rule, chains, rest=rest)}: {_action(rule, chains)}"


def _condition(rule: Rule, chains: Mapping[str, Origin], *, rest: bool) -> str:
    words = condition(rule.matches, rest=rest)
    here = chains.get(rule.chain)
    if here and here.endpoint and rule.target == Jump(_MARK_MASQ):
        return f"{words}, the endpoint itself"
    return words


def _action(rule: Rule, chains: Mapping[str, Origin]) -> str:
    target = rule.target
    if target is None:
        return f"nothing ({rule.comment})" if rule.comment else action(None)
    words = _jump(target, chains) if isinstance(target, Jump) else action(target)
    why = _WHY.get((rule.chain, type(target)))
    note = "note the client, then " if notes_client(rule.matches) else ""
    return f"{note}{words}" + (f" ({why})" if why else "")


def _jump(target: Target, chains: Mapping[str, Origin]) -> str:
    """Where a jump leads; what is behind chains of Services says more than their names."""
    assert isinstance(target, Jump), "nothing else leads to a chain"
    if target.chain == _MARK_MASQ:
        return "remember to masquerade it"
    there = chains.get(target.chain)
    if there and there.endpoint:
        return there.backend
    words = meaning(target.chain) if there else ""
    return action(target) + (f" ({words})" if words else "")


def meaning(chain: str) -> str:
    """What a chain of a Service's own is for, by its name; empty for any other."""
    return next((words for prefix, words in _MEANING.items() if chain.startswith(prefix)), "")
