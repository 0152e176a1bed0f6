"""A packet's way through the namespaces of a State.

What happens where is the kernel's: routing and its checks (net/ipv4/route.c), the order of the
hooks (net/netfilter), frames on a bridge that netfilter sees (net/bridge/br_netfilter_hooks.c), and
what a link takes off a packet (skb_scrub_packet). Only first packets of connections are followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial

from labnet.state import NftTable, Object, Ruleset, State, Veth, Vxlan
from labnet.trace.hooks import Hooks
from labnet.trace.iptables import base_chains
from labnet.trace.journey import Ending, Journey, Place, fates
from labnet.trace.namespace import LOOPBACK, Decision, Namespace
from labnet.trace.nftables import nft_base_chains
from labnet.trace.outcome import Trace
from labnet.trace.packet import BaseChain, Hook, Packet
from labnet.trace.passage import Passage, hook_passages
from labnet.trace.routing import input_route, output_route, redirected_route
from labnet.trace.wires import Interface, Wires


_BRIDGE_NF = {4: "net.bridge.bridge-nf-call-iptables", 6: "net.bridge.bridge-nf-call-ip6tables"}

Next = Callable[[], "Iterator[Next | Ending]"]
Stage = Iterator[Next | Ending]
Then = Callable[[Journey], Stage]


def trace(
    state: State, netns: str, packet: Packet, memory: Iterable[tuple[str, str, str]] = ()
) -> Trace:
    """Everything that can come of a first packet that a process in a namespace sends.

    An empty source is chosen as the kernel does. `memory` is what earlier packets have left:
    (namespace, list of xt_recent or dynamic set, address), as `Path.memory` has it.

    Errors:
      UnknownRuleError: a rule that decides about the packet is not understood.
      KeyError: there is no such namespace.
    """
    return Tracer(state).trace(netns, packet, memory)


class Tracer:
    """A State, made ready for many packets: a rule is read once, when the first comes to it."""

    def __init__(self, state: State) -> None:
        """Sort the objects into their namespaces."""
        self._objects: dict[str, list[Object]] = {}
        for item in state:
            self._objects.setdefault(item.key[1], []).append(item)
        self._namespaces = {name: Namespace(name, own) for name, own in self._objects.items()}
        self._wires = Wires.of(state, self._namespaces)
        self._hooks: dict[str, Hooks] = {}

    def trace(
        self, netns: str, packet: Packet, memory: Iterable[tuple[str, str, str]] = ()
    ) -> Trace:
        """As the function of this name."""
        start = Journey(packet, self._namespaces[netns], frozenset(memory))
        pending: list[Next | Ending] = [partial(self._send, start)]
        endings = []
        while pending:
            item = pending.pop()
            if isinstance(item, Ending):
                endings.append(item)
            else:
                pending += reversed(list(item()))
        return fates(packet, netns, endings)

    def passages(
        self, netns: str, packet: Packet, memory: Iterable[tuple[str, str, str]] = ()
    ) -> Mapping[Passage, Fraction]:
        """What the rules of one namespace alone can do with a packet, as in `passage`."""
        place = Place(self._namespaces[netns], frozenset(memory))
        return hook_passages(self._hooks_of(netns), packet, place)

    def _send(self, journey: Journey) -> Stage:
        """A process sends: it gets a route and a source, then come the rules, then the way out."""
        decision, src = output_route(journey.namespace, journey.packet)
        if decision.kind not in {"unicast", "local"}:
            yield journey.end("unreachable", "no route")
            return
        packet = replace(journey.packet, src=src, iif="", oif=decision.dev)
        journey = journey.with_packet(packet).tracked()
        yield from self._hook(journey, "output", partial(self._sent, decision, packet.dst))

    def _sent(self, decision: Decision, dst: str, journey: Journey) -> Stage:
        """After OUTPUT: a destination that rules have changed has another route."""
        if journey.packet.dst != dst:
            found = redirected_route(journey.namespace, journey.packet)
            if isinstance(found, str):
                yield journey.end("dropped", found)
                return
            decision = found
        yield from self._leave(decision, journey)

    def _leave(self, decision: Decision, journey: Journey) -> Stage:
        """POSTROUTING, and then the link; what is for the machine itself comes in by `lo`."""
        journey = journey.by(oif=decision.dev)
        if decision.kind == "local":
            then: Then = self._looped
        else:
            then = partial(self._transmit, decision)
        yield from self._hook(journey, "postrouting", then)

    def _looped(self, journey: Journey) -> Stage:
        """A packet on `lo` keeps its connection and its mark, and is routed already."""
        journey = journey.by(iif=LOOPBACK, oif="")
        yield from self._hook(journey, "prerouting", self._enter)

    def _receive(self, iif: str, journey: Journey) -> Stage:
        """A packet comes in by an interface."""
        journey = journey.by(iif=iif, oif="").tracked()
        yield from self._hook(journey, "prerouting", self._route)

    def _route(self, journey: Journey) -> Stage:
        """After PREROUTING: to a process here, or on."""
        found = input_route(journey.namespace, journey.packet)
        if isinstance(found, str):
            yield journey.end("dropped", found)
        elif found.kind == "local":
            yield from self._enter(journey)
        elif found.kind != "unicast":
            yield journey.end(
                "unreachable" if found.kind == "unreachable" else "dropped", "no route"
            )
        elif journey.ttl <= 1:
            yield journey.end("unreachable", "its time to live is over")
        else:
            yield from self._forward(found, journey)

    def _forward(self, decision: Decision, journey: Journey) -> Stage:
        journey = replace(journey, ttl=journey.ttl - 1).by(oif=decision.dev)
        yield from self._hook(journey, "forward", partial(self._forwarded, decision))

    def _forwarded(self, decision: Decision, journey: Journey) -> Stage:
        yield from self._leave(decision, journey.by(iif=""))

    def _enter(self, journey: Journey) -> Stage:
        """INPUT, and then a process, or a VXLAN device for what is in the packet."""
        yield from self._hook(journey.by(oif=""), "input", self._deliver)

    def _deliver(self, journey: Journey) -> Stage:
        device = self._vxlan_of(journey)
        if device is None:
            yield journey.end("delivered", "")
        else:
            yield partial(self._receive, device.name, journey.unwrapped(device.name))

    def _vxlan_of(self, journey: Journey) -> Vxlan | None:
        """The device that takes what is in a VXLAN packet."""
        packet, inside = journey.packet, journey.inside
        for device in journey.namespace.devices.values():
            if inside is not None and isinstance(device, Vxlan):
                own = (device.vni, device.local, device.port)
                if own == (inside.vni, packet.dst, packet.dport):
                    return device
        return None

    def _transmit(self, decision: Decision, journey: Journey) -> Stage:
        """The link that a packet leaves by."""
        start = Interface(journey.netns, decision.dev)
        device = journey.namespace.devices.get(decision.dev)
        if isinstance(device, Vxlan):
            yield from self._encapsulate(device, decision, journey)
            return
        target = self._wires.owner(start, decision.next_hop)
        if isinstance(device, Veth):
            port: Veth | None = device
        else:
            port = self._wires.port_to(start, target) if target else None
        if target is None or port is None:
            yield journey.end("unreachable", f"nobody answers for {decision.next_hop}")
        else:
            yield from self._cross(port, target, journey)

    def _encapsulate(self, device: Vxlan, decision: Decision, journey: Journey) -> Stage:
        """The outer packet is sent by the machine itself, and has the inner one's mark."""
        start = Interface(journey.netns, device.name)
        mac = self._wires.neighbours.get((start, decision.next_hop), "")
        remote = self._wires.fdb.get((start, mac))
        if remote is None:
            yield journey.end("unreachable", f"{device.name} does not know {decision.next_hop}")
        else:
            yield partial(self._send, journey.wrapped(device, remote))

    def _cross(self, veth: Veth, target: Interface, journey: Journey) -> Stage:
        """To the other end of a pair, which is a bridge's port or an interface of its own."""
        peer = self._wires.peer(veth)
        if peer is None:
            yield journey.end("unreachable", f"{veth.name} leads nowhere")
            return
        journey = journey.moved(self._namespaces[peer.netns], keeps_mark=peer.netns == veth.netns)
        if peer.master:
            yield partial(self._bridge, peer, target, journey)
        elif target == (peer.netns, peer.name):
            yield partial(self._receive, peer.name, journey)
        else:
            yield journey.end("dropped", f"the frame is for {target}")

    def _bridge(self, port: Veth, target: Interface, journey: Journey) -> Stage:
        """A frame comes in by a bridge's port; netfilter sees it if bridges are to call it."""
        if not journey.namespace.switch(_BRIDGE_NF[journey.packet.family]):
            yield from self._switch(port, target, journey, is_seen=False)
            return
        packet = replace(journey.packet, iif=port.master, oif="", port_in=port.name)
        journey = journey.with_packet(packet).tracked()
        then = partial(self._bridged, port, target, packet.dst)
        yield from self._hook(journey, "prerouting", then)

    def _bridged(self, port: Veth, target: Interface, dst: str, journey: Journey) -> Stage:
        """After PREROUTING: a new destination on the same bridge gets the frame at once."""
        bridge = Interface(port.netns, port.master)
        if journey.packet.dst != dst:
            found = input_route(journey.namespace, journey.packet)
            if isinstance(found, str) or found.kind not in {"local", "unicast"}:
                yield journey.end("dropped", found if isinstance(found, str) else "no route")
                return
            next_hop = self._wires.owner(bridge, found.next_hop)
            target = bridge
            if found.dev == bridge.dev:
                if next_hop is None:
                    yield journey.end("unreachable", f"nobody answers for {found.next_hop}")
                    return
                target = next_hop
        yield from self._switch(port, target, journey, is_seen=True)

    def _switch(self, port: Veth, target: Interface, journey: Journey, *, is_seen: bool) -> Stage:
        """To the machine itself, or out by another port (or the same, if it is a hairpin)."""
        bridge = Interface(port.netns, port.master)
        if target == bridge:
            journey = journey.noted("bridge", port.master, f"from {port.name} to the machine")
            yield from self._route(journey) if is_seen else self._receive(port.master, journey)
            return
        out = self._wires.port_to(bridge, target)
        if out is None:
            yield journey.end("dropped", f"{target} is behind no port of {port.master}")
        elif out == port and not port.hairpin:
            yield journey.end("dropped", f"{port.name} is no hairpin")
        else:
            journey = journey.noted("bridge", port.master, f"from {port.name} to {out.name}")
            then = partial(self._cross, out, target)
            yield from self._seen(out, then, journey) if is_seen else then(journey)

    def _seen(self, out: Veth, then: Then, journey: Journey) -> Stage:
        """FORWARD and POSTROUTING of a frame that passes a bridge."""
        ports = replace(journey.packet, iif=out.master, oif=out.master, port_out=out.name)
        after = partial(self._forwarded_frame, then)
        yield from self._hook(journey.with_packet(ports), "forward", after)

    def _forwarded_frame(self, then: Then, journey: Journey) -> Stage:
        yield from self._hook(journey.by(iif=""), "postrouting", then)

    def _hook(self, journey: Journey, hook: Hook, then: Then) -> Stage:
        """Ask the rules of a hook; what they let pass goes on."""
        place = Place(journey.namespace, journey.remembered)
        hooks = self._hooks_of(journey.netns)
        known = journey.connection
        for passed in hooks.passages(hook, journey.packet, known, place, place.masquerade_address):
            after = journey.passed(hook, passed)
            if passed.verdict == "drop":
                yield after.end("dropped", "")
            elif passed.verdict == "reject":
                yield after.end("rejected", "")
            else:
                yield partial(then, after)

    def _hooks_of(self, netns: str) -> Hooks:
        if (found := self._hooks.get(netns)) is None:
            own = self._objects[netns]
            chains: list[BaseChain] = [
                *base_chains(item for item in own if isinstance(item, Ruleset)),
                *nft_base_chains(item for item in own if isinstance(item, NftTable)),
            ]
            found = self._hooks[netns] = Hooks.of(chains)
        return found
