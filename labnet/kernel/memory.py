"""A kernel that is only a dict, with the laws of the real one, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from labnet.errors import Failed
from labnet.kernel.protocol import Removal
from labnet.plan import Op, Plan, Verb, plan
from labnet.state import (
    Address,
    Bridge,
    FdbEntry,
    Flow,
    Key,
    Neighbour,
    Netns,
    Object,
    Process,
    Route,
    Ruleset,
    State,
    UdpFlows,
    Veth,
    Vxlan,
)


NOTHING = State()


class Died(Exception):
    """The process has been killed, as far as the test is concerned."""


class MemoryKernel:
    """Holds the objects of any number of labs; refuses what Linux refuses.

    `flows` are what conntrack remembers, by namespace and family. `dies_after` is how many more
    operations it carries out before it raises Died, as if the process had been killed.
    """

    def __init__(self) -> None:
        """Begin with a machine that has nothing of any lab."""
        self._objects: dict[Key, Object] = {}
        self.flows: dict[tuple[str, int], set[Flow]] = {}
        self.dies_after: int | None = None

    def observe(self, lab: str, desired: State = NOTHING) -> State:
        """The objects whose namespace is the lab's; flows of the Services that `desired` has."""
        prefix = f"{lab}."
        seen = {k: v for k, v in self._objects.items() if v.key[1].startswith(prefix)}
        for item in desired:
            if isinstance(item, UdpFlows) and ("netns", item.netns) in seen:
                stale = item.lost_among(self.flows.get((item.netns, item.family), ()))
                seen[item.key] = replace(item, stale=stale)
        return State(seen)

    def apply(self, lab: str, plan: Plan, progress: Callable[[Op], None]) -> None:
        """Carry out each operation, or raise Failed as Linux would."""
        del lab
        births = {op.object.key: op.object for op in plan if op.verb is Verb.ADD}
        for op in plan:
            if self.dies_after is not None:
                if self.dies_after == 0:
                    self.dies_after = None
                    raise Died
                self.dies_after -= 1
            if op.verb is Verb.ADD:
                self._add(op.object, births)
            elif op.verb is Verb.DELETE:
                self._delete(op.object)
            else:
                self._change(op)
            progress(op)

    def check(self, plan: Plan) -> None:
        """There is nothing that could be missing."""

    def check_names(self, plan: Plan) -> None:
        """Every namespace here is a lab's."""

    def wait_ready(self, lab: str, desired: State, timeout: float) -> tuple[str, ...]:
        """Processes are only values here, and ready at once."""
        del lab, desired, timeout
        return ()

    def tidy(self) -> None:
        """Labs have nothing in common here."""

    def remove(self, lab: str, *, wait: bool, progress: Callable[[Op], None]) -> Removal:
        """Apply the plan that leads to nothing."""
        del wait
        changes = plan(State(), self.observe(lab))
        self.apply(lab, changes, progress)
        return Removal(changes)

    def _add(self, item: Object, births: dict[Key, Object]) -> None:
        key = item.key
        here = self._objects.get(key)
        if isinstance(item, Netns):
            _refuse(key in self._objects, item, "File exists")
            self._objects[key] = item
            return
        _refuse(("netns", key[1]) not in self._objects, item, "no such namespace")
        if isinstance(item, Veth):
            self._add_veth(item, births)
            return
        _refuse(here is not None and not isinstance(item, Ruleset), item, "File exists")
        self._check_parts(item)
        self._objects[key] = item

    def _add_veth(self, item: Veth, births: dict[Key, Object]) -> None:
        """Both ends are born at once, the other one down and without a bridge."""
        self._check_parts(item)
        if item.key not in self._objects:
            _refuse(("netns", item.peer_netns) not in self._objects, item, "no such namespace")
            _refuse(item.peer in self._objects, item, "File exists")
            peer = births[item.peer]
            assert isinstance(peer, Veth)
            self._objects[peer.key] = Veth(
                netns=peer.netns,
                name=peer.name,
                peer_netns=item.netns,
                peer_name=item.name,
                leaf=peer.leaf,
                mac=peer.mac,
                mtu=peer.mtu,
                up=False,
            )
        self._objects[item.key] = item

    def _check_parts(self, item: Object) -> None:
        """A bridge must be there for its ports, and a link for what hangs on it."""
        if isinstance(item, Veth) and item.master:
            _refuse(("link", item.netns, item.master) not in self._objects, item, "No such device")
        if isinstance(item, Address | Route | Neighbour | FdbEntry) and item.dev:
            _refuse(("link", item.netns, item.dev) not in self._objects, item, "No such device")

    def _change(self, op: Op) -> None:
        item = op.object
        if isinstance(item, UdpFlows):
            flows = self.flows.get((item.netns, item.family), set())
            flows.difference_update(item.stale_among(flows))
            return
        _refuse(item.key not in self._objects, item, "No such object")
        self._check_parts(item)
        self._objects[item.key] = item

    def _delete(self, item: Object) -> None:
        """What hangs on an object goes with it; processes hold on to their namespace."""
        if isinstance(item, Netns):
            for other in list(self._objects.values()):
                if other.key[1] == item.name and not isinstance(other, Process):
                    self._forget(other)
            for family in (4, 6):
                self.flows.pop((item.name, family), None)
        self._forget(item)

    def _forget(self, item: Object) -> None:
        self._objects.pop(item.key, None)
        if isinstance(item, Address):
            self._flush(item)
        if isinstance(item, Veth) and item.peer in self._objects:
            self._forget(self._objects[item.peer])
        if isinstance(item, Bridge | Veth | Vxlan):
            for other in list(self._objects.values()):
                hangs = isinstance(other, Address | Route | Neighbour | FdbEntry)
                if hangs and (other.key[1], getattr(other, "dev", "")) == item.key[1:]:
                    self._objects.pop(other.key)

    def _flush(self, gone: Address) -> None:
        """Without an address of a family, a link has no routes and neighbours of it either."""
        here = [other for other in self._objects.values() if _is_on(other, gone)]
        if not any(isinstance(other, Address) for other in here):
            for other in here:
                self._objects.pop(other.key)


def _is_on(item: Object, address: Address) -> bool:
    """Whether something is on the link of an address and of its family."""
    if not isinstance(item, Address | Route | Neighbour):
        return False
    text = item.address if isinstance(item, Address) else item.dst
    where = item.netns, item.dev, ":" in text
    return where == (address.netns, address.dev, ":" in address.address)


def _refuse(condition: bool, item: Object, why: str) -> None:  # noqa: FBT001  # it reads as a rule
    if condition:
        raise Failed(f"{item}: {why}")
