"""Containers together: the nodes that they are on, the networks that they join, their ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from labnet.model import BridgeContainer, Lab, PublishedPort
from labnet.parse.bridge import JOINED
from labnet.parse.documents import Contents, Document
from labnet.parse.findings import Findings, Keys, place
from labnet.parse.references import nearest
from labnet.parse.tree import descend, quote


_NODE: Keys = ("spec", "node")
_NETWORK: Keys = ("spec", "network")
_MOST_JOINS = 20
_SHOWN_JOINS = 5
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 - nothing is bound here, these words mean any address


class _Published(NamedTuple):
    """A published port and where it stands."""

    document: Document
    keys: Keys
    port: PublishedPort


def check_bridges(contents: Contents, findings: Findings) -> None:
    """Every node and Container that a Container names is there, and no port is given twice."""
    containers = {each.name: (document, each) for document, each in contents.of(BridgeContainer)}
    for _, lab in contents.of(Lab):
        nodes = [node.name for node in lab.nodes if node.name]
        if not nodes:
            continue  # that there is no node was said already
        for document, container in contents.of(BridgeContainer):
            if container.node and container.node not in nodes:
                what = f"there is no node {quote(container.node)}"
                hint = nearest(container.node, nodes, "node")
                findings.error(document.root, what, hint, below=_NODE)
        for document, container in contents.of(BridgeContainer):
            _check_join(document, container, containers, nodes, findings)
        _check_published(contents, nodes, findings)


def _home(container: BridgeContainer, nodes: list[str]) -> str:
    """The node of a container that joins no other: the first unless it says otherwise."""
    return container.node or nodes[0]


def _check_join(
    document: Document,
    container: BridgeContainer,
    containers: Mapping[str, tuple[Document, BridgeContainer]],
    nodes: list[str],
    findings: Findings,
) -> None:
    """`network: container:NAME` leads to a container with a network, on the same node."""
    seen = [container.name]
    end = container
    while end.network.startswith(JOINED):
        name = end.network.removeprefix(JOINED)
        if name not in containers:
            # A wrong link further on is that other container's problem.
            if end is container:
                what = f"there is no Container {quote(name)}"
                hint = nearest(name, containers, "Container")
                findings.error(document.root, what, hint, below=_NETWORK)
            return
        if name in seen or len(seen) > _MOST_JOINS:
            what = f"{' joins '.join([*seen[:_SHOWN_JOINS], name])}: none of them has a network"
            findings.error(document.root, what, "one of them needs the bridge", below=_NETWORK)
            return
        seen.append(name)
        end = containers[name][1]
    home = _home(end, nodes)
    if end is not container and container.node not in {"", home}:
        what = f"Container {end.name}, whose network it joins, is on node {home}"
        hint = f"remove the field, or set it to {home}"
        findings.error(document.root, what, hint, below=_NODE)


def _check_published(contents: Contents, nodes: list[str], findings: Findings) -> None:
    """One port of a node goes to one container, as docker says `port is already allocated`."""
    taken: dict[tuple[str, int, str], dict[str, _Published]] = {}
    for document, container in contents.of(BridgeContainer):
        for index, port in enumerate(container.publish):
            mine = _Published(document, ("spec", "publish", index), port)
            node = _home(container, nodes)
            others = taken.setdefault((node, port.host_port, port.protocol), {})
            clash = _clash(port.host_ip, others)
            if clash is not None and port.host_port:
                tree = descend(clash.document.root, clash.keys)
                owner = f"{clash.document.title} ({place(tree, document.root)})"
                what = f"port {port.host_port}/{port.protocol} of node {node} is taken by {owner}"
                findings.error(document.root, what, below=mine.keys)
            others.setdefault(port.host_ip, mine)


def _clash(address: str, others: Mapping[str, _Published]) -> _Published | None:
    """One of `others`, which are by their address, that has an address in common."""
    if address in _ANY:
        return next(iter(others.values()), None)
    return next((others[each] for each in (address, *_ANY) if each in others), None)
