"""The machine that we are on."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from labnet.errors import ForeignNetns, LabnetError, MachineError
from labnet.kernel import netns
from labnet.kernel.apply import Applier
from labnet.kernel.conntrack import observe_flows
from labnet.kernel.containers import Containers
from labnet.kernel.iptables import missing_tool, observe_rules
from labnet.kernel.nft import load_library, observe_tables
from labnet.kernel.observe import observe_networks
from labnet.kernel.protocol import Removal
from labnet.plan import Op, Plan, Verb, plan
from labnet.state import Netns, NftTable, Process, Ruleset, State, UdpFlows


_ROOT = Path("/run/labnet")


class LinuxKernel:
    """Observes and changes this machine's labs, as root or in a user namespace of one's own."""

    def observe(self, lab: str, desired: State) -> State:
        """Everything that is there of a lab; nothing, for anyone, if no namespace has its name."""
        if not netns.names(lab):
            return State()
        with _errors(), netns.Thread() as thread:
            return self._observe(lab, desired, thread)

    def _observe(self, lab: str, desired: State, thread: netns.Thread) -> State:
        seen = observe_networks(lab, desired, thread)
        machines = [
            item.name
            for item in seen.objects.values()
            if isinstance(item, Netns) and item.owner.startswith(("node/", "host/"))
        ]
        seen.add(observe_rules(machines, thread))
        seen.add(observe_tables(machines, thread))
        there = set(machines)
        flows = [item for item in desired if isinstance(item, UdpFlows) and item.netns in there]
        seen.add(observe_flows(flows, thread))
        notes = {}
        for process, note in self._containers(lab).observe(seen.inodes):
            if note:
                notes[process.key] = note
            else:
                seen.add([process])
        return State(seen.objects, notes)

    def rules(self, name: str) -> list[Ruleset | NftTable]:
        """All rules of one namespace, which has to be there, whoever has written them."""
        with _errors(), netns.Thread() as thread:
            return [*observe_rules([name], thread), *observe_tables([name], thread)]

    def check(self, plan: Plan) -> None:
        """Refuse to make a namespace that somebody else has made, and what no tool is there for."""
        for op in plan:
            if isinstance(op.object, Ruleset) and not shutil.which(f"{op.object.tool}-restore"):
                raise MachineError(missing_tool(f"{op.object.tool}-restore"))
            if isinstance(op.object, NftTable):
                load_library()
        self.check_names(plan)

    def check_names(self, plan: Plan) -> None:
        """Refuse to make a namespace that somebody else has made."""
        ours = {op.object.key for op in plan if op.verb is Verb.DELETE}
        taken = [
            op.object.key[1]
            for op in plan
            if op.verb is Verb.ADD
            and isinstance(op.object, Netns)
            and op.object.key not in ours
            and os.path.lexists(netns.FOLDER / op.object.key[1])
        ]
        if taken:
            raise ForeignNetns("\n".join(netns.foreign_message(name) for name in taken))

    def apply(self, lab: str, plan: Plan, progress: Callable[[Op], None]) -> None:
        """Carry out a plan; the container runtime gets ready while the network is built."""
        if not plan:
            return
        _raise_limits()
        with _errors(), netns.Thread() as thread:
            containers = self._containers(lab)
            if any(isinstance(op.object, Process) and op.verb is not Verb.DELETE for op in plan):
                containers.spawn()
            netns.prepare_folder()
            Applier(thread, containers, progress).run(plan)

    def wait_ready(self, lab: str, desired: State, timeout: float) -> tuple[str, ...]:
        """Return when all containers run and the init containers have ended; raises Failed."""
        wanted = [item for item in desired if isinstance(item, Process)]
        return self._containers(lab).wait_ready(wanted, timeout) if wanted else ()

    def remove(self, lab: str, *, wait: bool, progress: Callable[[Op], None]) -> Removal:
        """End all processes first, then let every namespace go; links go with them."""
        _raise_limits()
        with _errors():
            containers = self._containers(lab)
            with netns.Thread() as thread:
                seen = observe_networks(lab, State(), thread)
                changes = plan(State(), State(seen.objects))
                thread.leave()  # or we would find ourselves there
                strangers = containers.end_all(seen.inodes)
                Applier(thread, containers, progress).run(changes, wait=wait)
            return Removal(changes, strangers)

    def tidy(self) -> None:
        """Leave /run/netns as it was before the first lab, if this was the last."""
        with _errors():
            netns.restore_folder()

    def _containers(self, lab: str) -> Containers:
        return Containers(lab, _ROOT / lab)


def _raise_limits() -> None:
    """A namespace that is worked in costs a file descriptor, and the usual limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


_REASONS = {
    errno.EPERM: "labnet needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN)",
    errno.EACCES: "labnet needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN)",
    errno.ENOSPC: "no space left: on /run, or in user.max_net_namespaces (`labnet doctor`)",
    errno.EMFILE: "too many open files: raise the hard limit (`ulimit -Hn`)",
    errno.ENFILE: "too many open files on the machine (fs.file-max)",
    errno.ENOMEM: "out of memory",
}


@contextmanager
def _errors() -> Iterator[None]:
    """What the kernel refuses, as a MachineError that says what to do about it."""
    try:
        yield
    except LabnetError:
        raise
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise MachineError(f"{what}{reason}") from error
