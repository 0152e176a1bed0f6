"""Promises tried in a lab that is up, with few processes: in a VM without KVM each takes its time.

One curl asks all that one client asks, one connection after another, and over each first who the
server is and then whom it sees. Datagrams need no process. What must not answer is asked alone, as
it would hold up the rest. Where several may answer, all have to in the end.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

from flows.client import connected
from promises.promise import Heard, Promise, missing, objection, silence
from promises.servers import NGINX


AT_ONCE = 4  # clients; more only wait for CPUs
PATIENCE = 10  # seconds for an answer that must come, in a VM without KVM
DOUBT = 2  # seconds after which none will come
LIMIT = 300.0  # seconds for any one command
STAYING = 6  # times that a client who stays with one of three would by chance once in 243
ROUNDS = (4,) + 6 * (10,)  # times that each of two or more may answer: one of three would at 10⁻¹¹

_PART, _END = "\x1f", "\x1e"
_TOLD = _PART.join(("", "%{exitcode}", "%{http_code}", "%header{server}", "%{errormsg}")) + _END
_NO_ANSWER = ("7", "28")  # curl could not connect, or has waited for too long
_SILENT = 1  # the exit status of a ping without an answer


class Ended(NamedTuple):
    """What came of a command; `error` says why it is not known."""

    status: int = 0
    stdout: str = ""
    stderr: str = ""
    error: str = ""


def run(*argv: str) -> Ended:
    """What comes of a command, which need not end by itself."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(error=f"does not end in {LIMIT:g} s")
    except OSError as error:
        return Ended(error=f"{error.filename}: {error.strerror}")
    return Ended(done.returncode, done.stdout, done.stderr.strip())


def broken(promises: Sequence[Promise]) -> list[str]:
    """What is to be said of promises that are not kept, one line each."""
    wrong = list(_lead("replace", promises))
    heard: list[list[Heard]] = [[] for _ in promises]
    left = list(range(len(promises)))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for times in ROUNDS:
            asked = [(number, _times(promises[number], times)) for number in left]
            jobs = list(_jobs(promises, asked))
            answers = pool.map(lambda job: _asked([(promises[one], n) for one, n in job]), jobs)
            for job, found in zip(jobs, answers, strict=True):
                for (number, _), more in zip(job, found, strict=True):
                    heard[number] += more
            left = [one for one in left if _is_open(promises[one], heard[one])]
    wrong += _lead("delete", promises)
    for promise, own in zip(promises, heard, strict=True):
        wrong.append(objection(promise, own) or silence(promise, own))
    return list(filter(None, wrong))


def _lead(verb: Literal["replace", "delete"], promises: Iterable[Promise]) -> Iterator[str]:
    """Show clients the way to addresses that are nobody's, as a router or a cloud would.

    With `delete` hide it again. What of that fails is said, a line for each.
    """
    for netns, address, via in dict.fromkeys((p.netns, p.address, p.via) for p in promises):
        if via is not None:
            words = ("route", verb, str(address), "via", str(via))
            done = run("ip", "-n", netns, *words)
            if done.status or done.error:
                yield f"ip -n {netns} {' '.join(words)}: {done.error or done.stderr}"


def _times(promise: Promise, several: int) -> int:
    """How often to ask."""
    if len(promise.answers) < 2:
        return 1
    return STAYING if promise.stays else several


def _is_open(promise: Promise, heard: Sequence[Heard]) -> bool:
    return bool(missing(promise, heard)) and not objection(promise, heard)


Job = list[tuple[int, int]]
"""Numbers of promises, and how often to ask."""
Ask = tuple[Promise, int]


def _jobs(promises: Sequence[Promise], asked: Job) -> Iterator[Job]:
    """What is tried at once: by one curl the HTTP of one client that must answer, else one each."""
    together: dict[tuple[str, tuple[str, ...]], Job] = {}
    for number, times in asked:
        promise = promises[number]
        if promise.kind in ("curl", "health") and promise.answers:
            together.setdefault((promise.netns, promise.inside), []).append((number, times))
        else:
            yield [(number, times)]
    yield from together.values()


def _asked(job: Sequence[Ask]) -> list[list[Heard]]:
    """What is heard of each promise of a job."""
    first, times = job[0]
    match first.kind:
        case "ping":
            return [[_pinged(first)]]
        case "tcp":
            return [[_connected(first)]]
        case "udp":
            return [list(_sent_often(first, times))]
        case _:
            return _curled(job)


def _seconds(promise: Promise) -> int:
    return PATIENCE if promise.answers else DOUBT


def _in(netns: str) -> tuple[str, ...]:
    """The words that run a command in a namespace."""
    return "ip", "netns", "exec", netns


def _pinged(promise: Promise) -> Heard:
    words = ("ping", "-n", "-q", "-c", "1", "-W", str(_seconds(promise)), str(promise.address))
    done = run(*_in(promise.netns), *words)
    if done.error or done.status not in (0, _SILENT):
        return Heard(error=done.error or done.stderr, failed=True)
    return Heard(error="silence") if done.status else Heard("")


def _sent_often(promise: Promise, times: int) -> Iterator[Heard]:
    """Datagrams until one is not answered."""
    for _ in range(times):
        yield (heard := _sent(promise))
        if heard.who is None:
            return


def _sent(promise: Promise) -> Heard:
    """A datagram for each question, from one socket, so that one server gets both."""
    try:
        sock = connected(promise.netns, "udp", promise.address.version)
        with sock as client:
            client.settimeout(_seconds(promise))
            try:
                client.connect((str(promise.address), promise.port))
                client.send(b"hostname")
                who = client.recv(512).decode()
                client.send(b"clientip")
                return Heard(who, _address(client.recv(512).decode()))
            except OSError as error:
                return Heard(error=error.strerror or "time-out")
    except OSError as error:
        return Heard(error=f"{error.filename}: {error.strerror}", failed=True)


def _connected(promise: Promise) -> Heard:
    """Whether somebody takes the connection."""
    try:
        with connected(promise.netns, "tcp", promise.address.version) as client:
            client.settimeout(_seconds(promise))
            try:
                client.connect((str(promise.address), promise.port))
            except OSError as error:
                return Heard(error=error.strerror or "time-out")
            return Heard("")
    except OSError as error:
        return Heard(error=f"{error.filename}: {error.strerror}", failed=True)


def _address(client: str) -> str:
    """The address of `ADDRESS:PORT`."""
    return client.strip().rpartition(":")[0].strip("[]")


def _curled(job: Sequence[Ask]) -> list[list[Heard]]:
    """All that a job asks: by one curl, and by another for what comes after no answer."""
    heard: list[list[Heard]] = []
    while len(heard) < len(job):
        heard += _told_by_curl(job[len(heard) :])
    return heard


def _told_by_curl(job: Sequence[Ask]) -> list[list[Heard]]:
    """What is heard of the first promises of a job, up to the one that has no answer."""
    first = job[0][0]
    place = ("labnet", "exec", *first.inside, "--") if first.inside else _in(first.netns)
    urls = [words for promise, times in job for words in times * _urls(promise)]
    argv = [word for words in urls for word in (*words, "--next")]
    done = run(*place, "curl", "--fail-early", *argv[:-1])
    told = [part.split(_PART) for part in done.stdout.split(_END)[:-1]]
    if done.error or not told:
        return [[Heard(error=done.error or done.stderr or "curl says nothing", failed=True)]]
    heard: list[list[Heard]] = []
    for promise, times in job:
        per_try = len(_urls(promise))
        own, told = told[: times * per_try], told[times * per_try :]
        if own:
            tries = range(0, len(own), per_try)
            heard.append([_heard(promise, own[at : at + per_try]) for at in tries])
    return heard


def _urls(promise: Promise) -> list[tuple[str, ...]]:
    """The words for curl, for each question over one connection, which ends after the last.

    A health check and an nginx are asked for `/`, which is all that they have.
    """
    where = f"[{promise.address}]" if promise.address.version == 6 else str(promise.address)
    paths = ["hostname", "clientip"] if promise.answers else ["hostname"]
    if promise.kind == "health" or promise.names == {NGINX}:
        paths = [""]
    options = ("-s", "-g", "-m", str(_seconds(promise)), "-w", _TOLD)
    urls = [(*options, f"http://{where}:{promise.port}/{path}") for path in paths]
    return [*urls[:-1], ("-H", "Connection: close", *urls[-1])]


def _heard(promise: Promise, told: Sequence[Sequence[str]]) -> Heard:
    """What curl has told of one connection."""
    for _, code, status, server, error in told:
        if code != "0":
            return Heard(error=error, failed=code not in _NO_ANSWER)
        if promise.kind != "health" and not server.startswith(NGINX) and status != "200":
            return Heard(error=f"status {status}")
    who, _, status, server, _ = told[0]
    if promise.kind == "health":
        return Heard(status)
    if server.startswith(NGINX):
        return Heard(NGINX)
    return Heard(who.strip(), _address(told[-1][0]) if len(told) > 1 else "")
