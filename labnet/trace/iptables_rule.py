"""Rules of iptables-save as values: what they ask of a packet, and what they do with it.

Known is what kube-proxy, kubelet, flannel, the CNI plugins and Docker write, and what people add by
hand. What is not known becomes an `Unknown` or an `UnknownTarget`, with its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from labnet.trace.iptables_modules import parse_module, parse_own
from labnet.trace.iptables_targets import parse_target
from labnet.trace.iptables_words import Group, parse_words
from labnet.trace.matches import Match, Nth, ProtocolMatch, Random, Unknown
from labnet.trace.targets import Target, UnknownTarget


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: it matches if all of `matches` hold, and then does what `target` says.

    Without a target it only counts. `text` is the line it was parsed from.
    """

    chain: str
    matches: tuple[Match, ...]
    target: Target | None
    comment: str
    text: str

    @property
    def chance(self) -> Fraction:
        """How often it matches a packet for which all of its matches hold."""
        chance = Fraction(1)
        for match in self.matches:
            if isinstance(match, Random | Nth):
                chance *= match.probability
        return chance

    @property
    def unknown(self) -> tuple[str, ...]:
        """What it says that is not understood."""
        words = [match.text for match in self.matches if isinstance(match, Unknown)]
        target = self.target
        return (*words, *([target.text] if isinstance(target, UnknownTarget) else []))


def parse_rule(line: str) -> Rule:
    """The rule of a line `-A CHAIN …`, as iptables-save prints it.

    Errors:
      ValueError: it is not a rule, or an option has a value that it cannot have.
    """
    try:
        return _parse_rule(line)
    except ValueError as error:
        raise ValueError(f"{line.strip()}: {error}") from error


def _parse_rule(line: str) -> Rule:
    words = parse_words(line)
    matches = parse_own(words.own)
    protocol = next((m.protocol for m in matches if isinstance(m, ProtocolMatch)), "")
    comments = []
    for group in words.matches:
        if group.name == "comment":
            comments += [option.value for option in group.options if option.name == "--comment"]
            words.own.options += [option for option in group.options if option.name != "--comment"]
        else:
            matches += parse_module(group)
    matches += _implied(words.own, protocol)
    target = parse_target(words.target, goto=words.goto) if words.target else None
    return Rule(words.chain, tuple(matches), target, " ".join(comments), line.strip())


def _implied(own: Group, protocol: str) -> list[Match]:
    """Options of a protocol's match for which there was no `-m`: `-p tcp --dport 80`."""
    options = [option for option in own.options if option.name.startswith("--")]
    return parse_module(Group(protocol or "?", options)) if options else []
