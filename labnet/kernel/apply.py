"""Carrying out the operations of a plan on the real kernel, in the plan's order."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Protocol

from labnet.errors import Failed, MachineError
from labnet.kernel import netns, rtnl
from labnet.kernel.conntrack import load_conntrack, remove_flows
from labnet.kernel.loading import Loading
from labnet.kernel.netlink import Message
from labnet.kernel.settle import settle
from labnet.kernel.wire import Progress, Wire
from labnet.plan import Op, Plan, Verb
from labnet.state import (
    Address,
    Bridge,
    FdbEntry,
    Key,
    Neighbour,
    Netns,
    NftTable,
    Object,
    Process,
    Route,
    Ruleset,
    Sysctl,
    UdpFlows,
    Veth,
    Vxlan,
    sysctl_path,
)


_MODULES = {".bridge.": "br_netfilter", ".nf_conntrack_": "nf_conntrack"}
"""What is in the name of a sysctl, and the module without which there is no such sysctl."""


class Processes(Protocol):
    """What starts and ends containers."""

    def apply(self, ops: list[Op], progress: Progress) -> None:
        """Carry out operations on processes; raises LabnetError."""


def _kind(op: Op) -> type[Object]:
    """The type of object; tables of nftables are loaded together with those of iptables."""
    return Ruleset if isinstance(op.object, NftTable) else type(op.object)


class Applier:
    """Carries out plans; what it knows of links is good for as long as it lives."""

    def __init__(self, thread: netns.Thread, processes: Processes, progress: Progress) -> None:
        """`progress` is told of each operation that is done."""
        self._thread = thread
        self._wire = Wire(thread, progress)
        self._processes = processes
        self._progress = progress
        self._births: dict[Key, Veth] = {}
        self._born: set[Key] = set()
        self._next_index: dict[str, int] = {}
        self._first_index = 0
        self._removed = False
        self._loading: Loading | None = None

    def run(self, plan: Plan, *, wait: bool = True) -> None:
        """Carry out all of it; raises LabnetError at the first operation that fails.

        With `wait`, what was removed is gone when it returns.
        """
        self._births = {
            op.object.key: op.object
            for op in plan
            if isinstance(op.object, Veth) and op.verb is Verb.ADD
        }
        try:
            self._carry_out(plan)
        finally:
            if self._loading is not None:  # it failed: nobody may find us at work afterwards
                self._loading.wait()
        if wait:
            self._settle()

    def _carry_out(self, plan: Plan) -> None:
        for kind, some in groupby(plan, key=_kind):
            if kind is Ruleset:
                self._rules(list(some))
            elif kind is Process:
                self._wire.flush()
                self._loaded()
                self._processes.apply(list(some), self._progress)
            else:
                for op in some:
                    if op.verb is Verb.DELETE or kind is UdpFlows:
                        self._loaded()  # until then, old rules lead to what goes
                    self._one(op)
        self._wire.flush()
        self._loaded()

    def _rules(self, ops: list[Op]) -> None:
        self._wire.flush()
        self._loaded()
        self._loading = Loading(ops)

    def _loaded(self) -> None:
        """Wait for the rules that are being loaded, if there are any."""
        loading, self._loading = self._loading, None
        if loading is not None:
            loading.finish()
            for op in loading.ops:
                self._progress(op)

    def _one(self, op: Op) -> None:
        """An operation that is neither of rules nor of processes."""
        item = op.object
        if isinstance(item, Netns):
            self._netns(op, item)
        elif isinstance(item, Sysctl):
            self._sysctl(op, item)
        elif isinstance(item, UdpFlows):
            self._wire.flush()
            remove_flows(item, self._thread)
            self._progress(op)
        elif isinstance(item, Bridge | Veth | Vxlan):
            self._link(op, item)
        elif isinstance(item, Address | Route | Neighbour | FdbEntry):
            index = self._wire.index(item.netns, item.dev) if item.dev else 0
            if item.dev and not index and op.verb is not Verb.DELETE:
                raise Failed(f"{op.verb} {item}: there is no link {item.dev}")
            message = _layer3(item, index, delete=op.verb is Verb.DELETE)
            self._wire.queue(item.netns, op, message)

    def _netns(self, op: Op, item: Netns) -> None:
        mark = rtnl.link_set("lo", up=item.up, alias=item.alias)
        if op.verb is Verb.CHANGE:
            self._wire.queue(item.name, op, mark)
            return
        self._wire.flush()
        if op.verb is Verb.DELETE:
            self._thread.forget(item.name)
            self._wire.forget(item.name)
            netns.delete(item.name)
            self._removed = True
            self._progress(op)
            return
        self._settle()
        with self._thread.newborn(item.name) as sock:
            if not self._first_index:
                dump = sock.dump(*rtnl.links_request())
                self._first_index = 1 + max(rtnl.parse_link(body).number for _, body in dump)
            self._next_index[item.name] = self._first_index
            self._wire.queue(item.name, op, mark)
            self._wire.flush()

    def _settle(self) -> None:
        """Wait until what was removed is gone: the names of its links may be wanted again."""
        if self._removed:
            settle()
            self._removed = False

    def _sysctl(self, op: Op, item: Sysctl) -> None:
        self._wire.flush()
        self._thread.enter(item.netns)
        path = Path(sysctl_path(item.name))
        if ".nf_conntrack_" in item.name and not path.exists():
            load_conntrack()
        try:
            path.write_text(item.value, encoding="ascii")
        except FileNotFoundError as error:
            modules = (module for part, module in _MODULES.items() if part in item.name)
            hint = next((f"`modprobe {module}` loads it" for module in modules), "is IPv6 off?")
            raise MachineError(f"this kernel has no {item.name}: {hint}") from error
        except OSError as error:
            raise Failed(f"{op.verb} {item}: {error.strerror}") from error
        self._progress(op)

    def _link(self, op: Op, item: Bridge | Veth | Vxlan) -> None:
        if op.verb is Verb.DELETE:
            self._wire.queue(item.netns, op, rtnl.link_delete(item.name))
        elif op.verb is Verb.CHANGE:
            assert op.old is not None, "a change has something to change"
            self._wire.queue(item.netns, op, *self._changes(item, op.old))
        elif isinstance(item, Veth):
            self._veth(op, item)
        else:
            kind, data = "bridge", b""
            if isinstance(item, Vxlan):
                kind, data = "vxlan", rtnl.vxlan_data(item.vni, item.local, item.port)
            index = self._choose_index(item.netns, item.name)
            made = rtnl.link_add(item.name, kind, item.mac, index=index, data=data)
            # A bridge whose MTU was not set after its birth takes on the least of its ports'.
            self._wire.queue(item.netns, op, made, rtnl.link_set(item.name, mtu=item.mtu))

    def _veth(self, op: Op, item: Veth) -> None:
        """The first end that comes makes the pair; the other finds itself made."""
        hairpin = [rtnl.port_set(item.name, hairpin=True)] if item.hairpin else []
        if item.key in self._born:
            self._wire.queue(item.netns, op, self._second(item), *hairpin)
            return
        self._settle()
        fd = netns.open_netns(item.peer_netns)
        self._wire.queue(item.netns, op, self._birth(item, fd), *hairpin, fd=fd)

    def _birth(self, item: Veth, peer_fd: int) -> Message:
        """Both ends at once, with what can be said at birth."""
        peer = self._births[item.peer]
        master = self._wire.index(item.netns, item.master) if item.master else 0
        index = self._choose_index(peer.netns, peer.name)
        self._born.add(peer.key)
        there = rtnl.VethEnd(peer.name, peer.mac, peer.mtu, number=index)
        here_index = self._choose_index(item.netns, item.name)
        here = rtnl.VethEnd(item.name, item.mac, item.mtu, master, here_index)
        return rtnl.veth_add(here, there, peer_fd)

    def _choose_index(self, where: str, dev: str) -> int:
        """The index of the next link of a namespace that we have made, so that nobody need ask.

        0, which is the kernel's choice, in a namespace that was there before.
        """
        index = self._next_index.get(where, 0)
        if index:
            self._next_index[where] = index + 1
            self._wire.expect(where, dev, index)
        return index

    def _second(self, item: Veth) -> Message:
        """What could not be said at birth."""
        alias = item.alias or None
        master = self._wire.index(item.netns, item.master) if item.master else None
        return rtnl.link_set(item.name, up=item.up, alias=alias, master=master)

    def _changes(self, new: Bridge | Veth | Vxlan, old: Object) -> list[Message]:
        """The least that makes `new` of `old`."""
        assert isinstance(old, Bridge | Veth | Vxlan)
        mac = new.mac if new.mac != old.mac else ""
        mtu = new.mtu if new.mtu != old.mtu else 0
        master = None
        messages = []
        if isinstance(new, Veth) and isinstance(old, Veth):
            if new.master != old.master:
                master = self._wire.index(new.netns, new.master) if new.master else 0
            if new.hairpin != old.hairpin or (new.hairpin and master is not None):
                messages.append(rtnl.port_set(new.name, hairpin=new.hairpin))
        return [rtnl.link_set(new.name, up=new.up, mac=mac, mtu=mtu, master=master), *messages]


def _layer3(item: Address | Route | Neighbour | FdbEntry, index: int, *, delete: bool) -> Message:
    """The request for an object that hangs on the link with this index."""
    if isinstance(item, Address):
        return rtnl.address(index, item.address, delete=delete)
    if isinstance(item, Route):
        what = (item.via, item.src, item.onlink, item.metric, item.kind)
        entry = rtnl.RouteEntry(item.dst, index, *what)
        return rtnl.route_delete(entry) if delete else rtnl.route(entry)
    if isinstance(item, Neighbour):
        return rtnl.neighbour(index, item.dst, item.mac, delete=delete)
    return rtnl.fdb(index, item.mac, item.dst, delete=delete)
