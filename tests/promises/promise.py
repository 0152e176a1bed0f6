"""What a promise is, and whether what was heard keeps it: values, and no lab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from labnet.model.net import IPAddress


Kind = Literal["ping", "tcp", "curl", "udp", "health"]
Reason = Literal[
    "pod",
    "loopback",
    "service",
    "node port",
    "external IP",
    "load balancer",
    "health check",
    "host port",
    "published port",
]


class Answerer(NamedTuple):
    """Somebody who may answer, by the name that it tells.

    An agnhost tells its hostname, an nginx that it is `nginx`, a health check its status; to a ping
    nobody tells any, nor to a mere connection. `seen` is what it may see as the client's address,
    empty if nothing is promised of that or it does not tell.
    """

    name: str = ""
    seen: frozenset[IPAddress] = frozenset()


@dataclass(frozen=True, slots=True)
class Promise:
    """That each of `answers`, and nobody else, answers a client who asks an address often enough.

    Without any, no answer may come. `port` is 0 for a ping. `reason` is what kind of object
    promises it. With `stays` it is always the same one of them. `via` is the machine by which
    somebody has to lead the client to the address, as no network does. `inside` are the words by
    which `labnet exec` knows the client, where its namespace is what is promised.
    """

    source: str
    netns: str
    kind: Kind
    address: IPAddress
    port: int
    reason: Reason
    answers: tuple[Answerer, ...] = ()
    stays: bool = False
    via: IPAddress | None = None
    inside: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What a person would say was tried."""
        where = str(self.address)
        if self.port:
            where = f"[{where}]" if self.address.version == 6 else where
            where += f":{self.port}"
        return f"{self.kind} from {self.source} to {where} ({self.reason})"

    @property
    def names(self) -> frozenset[str]:
        """Who may answer."""
        return frozenset(one.name for one in self.answers)


class Heard(NamedTuple):
    """An answer: who, and what it has seen as the client (empty if it did not tell).

    `who` is None if there was none, and `error` the reason. `failed` means that it could not even
    be asked.
    """

    who: str | None = None
    seen: str = ""
    error: str = ""
    failed: bool = False


def objection(promise: Promise, heard: Iterable[Heard]) -> str:
    """What is to be said against answers, be they all or only the first; nothing if they are fine.

    An attempt that failed proves nothing, also where no answer may come.
    """
    answered: set[str] = set()
    for one in heard:
        if one.failed:
            return f"{promise}: {one.error}"
        if one.who is None:
            if promise.answers:
                return f"{promise}: no answer ({one.error})"
            continue
        if one.who not in promise.names:
            return f"{promise}: {_stranger(promise, one.who)}"
        allowed = [own.seen for own in promise.answers if own.name == one.who]
        if not any(not seen or one.seen in map(str, seen) for seen in allowed):
            addresses = _words(str(address) for seen in allowed for address in seen)
            return f"{promise}: {one.who} has seen {one.seen or 'nobody'}, not {addresses}"
        answered.add(one.who)
    if promise.stays and len(answered) > 1:
        return f"{promise}: {_words(answered)} have answered, where one client stays with one"
    return ""


def _stranger(promise: Promise, who: str) -> str:
    if not promise.answers:
        return f"an answer that nobody promised{who and ', from '}{who}"
    return f"{who} has answered, and not {_words(promise.names)}"


def missing(promise: Promise, heard: Sequence[Heard]) -> frozenset[str]:
    """Who has not answered yet and is bound to, sooner or later."""
    left = promise.names - {one.who for one in heard}
    return frozenset() if promise.stays and len(left) < len(promise.names) else left


def silence(promise: Promise, heard: Sequence[Heard]) -> str:
    """What is to be said of those who never answered; nothing if all have."""
    left = missing(promise, heard)
    return f"{promise}: {_words(left)} never, in {len(heard)} times" if left else ""


def _words(names: Iterable[str]) -> str:
    return " or ".join(sorted(set(names)))
