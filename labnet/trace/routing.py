"""Where a namespace sends a packet, and which it refuses to route (net/ipv4/route.c)."""

from __future__ import annotations

from labnet.trace.addresses import address_type
from labnet.trace.namespace import LOOPBACK, Decision, Namespace, is_loopback, is_v4_loopback
from labnet.trace.packet import Packet


_FORWARDING = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}


def output_route(namespace: Namespace, packet: Packet) -> tuple[Decision, str]:
    """The route of a packet that a process sends, and its source, chosen if it has none."""
    decision = namespace.route(packet.dst)
    src = packet.src or decision.src
    if not src and decision.kind == "unicast":
        src = namespace.source(decision.dev, decision.next_hop, packet.family)
    if not src or _is_stuck(namespace, src, decision):
        return Decision("unreachable"), src
    return decision, src


def redirected_route(namespace: Namespace, packet: Packet) -> Decision | str:
    """The route after rules of OUTPUT have changed the destination; or why it is dropped.

    TCP tries again and again, so its sender is not told.
    """
    decision = namespace.route(packet.dst)
    if decision.kind not in {"local", "unicast"}:
        return f"no route to {packet.dst}"
    if _is_stuck(namespace, packet.src, decision):
        return f"{packet.src} does not leave the machine without route_localnet"
    return decision


def _is_stuck(namespace: Namespace, src: str, decision: Decision) -> bool:
    """A source of 127/8 stays on `lo`, unless the interface routes it."""
    if not is_v4_loopback(src) or decision.dev == LOOPBACK:
        return False
    return not namespace.interface_switch("route_localnet", decision.dev)


def input_route(namespace: Namespace, packet: Packet) -> Decision | str:
    """The route of a packet that came in by `packet.iif`; or why it is dropped without a word."""
    if refusal := _martian(namespace, packet):
        return refusal
    if address_type(packet.dst, namespace, "") == "BROADCAST":
        return Decision("local", LOOPBACK, packet.dst)
    decision = namespace.route(packet.dst)
    if refusal := _backwards(namespace, packet):
        return refusal
    if decision.kind != "local" and not namespace.switch(_FORWARDING[packet.family]):
        return f"{namespace.name} does not forward"
    return decision


def _martian(namespace: Namespace, packet: Packet) -> str:
    """Addresses that no packet from a wire may have."""
    is_routed = packet.family == 4 and namespace.interface_switch("route_localnet", packet.iif)
    for address in (packet.dst, packet.src):
        if is_loopback(address) and not is_routed:
            return f"martian: {address} comes in by {packet.iif}"
    if address_type(packet.src, namespace, "") in {"MULTICAST", "BROADCAST"}:
        return f"martian source {packet.src}"
    return ""


def _backwards(namespace: Namespace, packet: Packet) -> str:
    """The source must not be the machine's own, and with rp_filter be on the way back."""
    if packet.family == 6:
        return ""
    is_own = namespace.is_local(packet.src) and not is_loopback(packet.src)
    if is_own and not namespace.interface_switch("accept_local", packet.iif):
        return f"martian: {packet.src} is this machine's own address"
    mode = namespace.interface_switch("rp_filter", packet.iif)
    back = namespace.route(packet.src)
    if mode == 1 and back.dev != packet.iif:
        return f"rp_filter: the way back to {packet.src} is not by {packet.iif}"
    if mode == 2 and back.kind != "unicast":
        return f"rp_filter: no way back to {packet.src}"
    return ""
