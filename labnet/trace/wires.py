"""The links of a State: who is on the same wire, and through which port of a bridge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from labnet.state import Bridge, FdbEntry, Neighbour, State, Veth, Vxlan
from labnet.trace.namespace import Device, Namespace


class Interface(NamedTuple):
    """An interface of a namespace."""

    netns: str
    dev: str

    def __str__(self) -> str:
        """`two-node.node1 cni0`."""
        return f"{self.netns} {self.dev}"


@dataclass(slots=True)
class Wires:
    """All links of a State, and what is known of who is where on them.

    `reach` says of each bridge which interface is behind which of its ports.
    """

    namespaces: Mapping[str, Namespace]
    devices: dict[Interface, Device]
    ports: dict[Interface, list[Veth]]
    neighbours: dict[tuple[Interface, str], str]
    fdb: dict[tuple[Interface, str], str]
    reach: dict[Interface, dict[Interface, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, state: State, namespaces: Mapping[str, Namespace]) -> Wires:
        """The links of a State."""
        wires = cls(namespaces, {}, {}, {}, {})
        for item in sorted(state, key=lambda item: item.sort_key):
            match item:
                case Bridge() | Veth() | Vxlan():
                    wires.devices[Interface(item.netns, item.name)] = item
                case Neighbour():
                    wires.neighbours[Interface(item.netns, item.dev), item.dst] = item.mac
                case FdbEntry():
                    wires.fdb[Interface(item.netns, item.dev), item.mac] = item.dst
            if isinstance(item, Veth) and item.master:
                wires.ports.setdefault(Interface(item.netns, item.master), []).append(item)
        return wires

    def peer(self, veth: Veth) -> Veth | None:
        """The other end of a pair, if both are up."""
        other = self.devices.get(Interface(veth.peer_netns, veth.peer_name))
        return other if isinstance(other, Veth) and other.up and veth.up else None

    def owner(self, start: Interface, address: str) -> Interface | None:
        """Who answers for an address on the wire of an interface; None if nobody does.

        A machine answers for all of its addresses on each of its interfaces (arp_ignore 0). Of
        several that answer, one whose interface has the address is taken.
        """
        mac = self.neighbours.get((start, address))
        answers = []
        for other in self._others(start):
            if mac is not None:
                if getattr(self.devices[other], "mac", "") == mac:
                    return other
                continue
            namespace = self.namespaces.get(other.netns)
            if namespace is not None and namespace.is_local(address):
                if namespace.is_local(address, other.dev):
                    return other
                answers.append(other)
        return answers[0] if answers else None

    def port_to(self, bridge: Interface, target: Interface) -> Veth | None:
        """The port of a bridge behind which an interface is."""
        name = self._behind(bridge).get(target)
        port = self.devices.get(Interface(bridge.netns, name)) if name else None
        return port if isinstance(port, Veth) else None

    def _others(self, start: Interface) -> Iterator[Interface]:
        """The interfaces on the same wire that packets can be sent to."""
        device = self.devices.get(start)
        if isinstance(device, Bridge):
            yield from self._behind(start)
        elif isinstance(device, Veth) and (peer := self.peer(device)) is not None:
            here = Interface(peer.netns, peer.name)
            if not peer.master:
                yield here
                return
            bridge = Interface(peer.netns, peer.master)
            if self.namespaces[bridge.netns].is_up(bridge.dev):
                yield bridge
                yield from (item for item in self._behind(bridge) if item != start)

    def _behind(self, bridge: Interface) -> dict[Interface, str]:
        """What is behind the ports of a bridge, each with the name of its port."""
        if (found := self.reach.get(bridge)) is None:
            found = self.reach[bridge] = {}
            for port in self.ports.get(bridge, ()):
                for interface in self._through(port, {bridge}):
                    found.setdefault(interface, port.name)
        return found

    def _through(self, port: Veth, seen: set[Interface]) -> Iterator[Interface]:
        """What is on the other side of a port; further bridges are passed."""
        peer = self.peer(port)
        if peer is None:
            return
        if not peer.master:
            yield Interface(peer.netns, peer.name)
            return
        bridge = Interface(peer.netns, peer.master)
        if bridge in seen or not self.namespaces[bridge.netns].is_up(bridge.dev):
            return
        seen.add(bridge)
        yield bridge
        for other in self.ports.get(bridge, ()):
            if other != peer:
                yield from self._through(other, seen)
