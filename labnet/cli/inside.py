"""`labnet exec` and `labnet shell`: being somewhere in a lab."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import click

from labnet import agent
from labnet.cli import labs
from labnet.cli.options import container_option, examples, lab_option, namespace_option
from labnet.cli.privilege import require_root
from labnet.cli.targets import Target, find_target
from labnet.cli.words import WordsCommand
from labnet.compile.kubelet import compile_kubelet
from labnet.errors import Failed
from labnet.kernel.runtime.client import connect
from labnet.kernel.runtime.enter import Place, enter_container, enter_netns, enter_pod
from labnet.model import Cluster, Container, Host, Node
from labnet.resolve.etc import HOSTNAME, HOSTS, RESOLV_CONF, machine_hosts, resolv_conf
from labnet.state import Process


_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # `su` and sudo may leave a PATH without them
_REST = ("pause",)  # what stands for the command of a container that runs nothing


@click.command(
    "exec",
    cls=WordsCommand,
    epilog=examples("exec web-1 -- curl -s http://10.244.1.2", "exec node/node1 -- ip route"),
)
@click.argument("target")
@click.argument("command", metavar="CMD...", nargs=-1, required=True, type=click.UNPROCESSED)
@container_option
@namespace_option
@lab_option
@click.option(
    "-i", "--stdin", is_flag=True, help="Nothing: the standard input is always passed on."
)
@click.option("-t", "--tty", is_flag=True, help="Nothing: a terminal is always passed on.")
def execute(  # noqa: PLR0913  # one for each option
    target: str,
    command: tuple[str, ...],
    container: str,
    namespace: str,
    lab: str,
    *,
    stdin: bool,
    tty: bool,
) -> int:
    """Run CMD in TARGET, with its exit status and streams.

    TARGET is a pod (POD or NAMESPACE/POD), node/NAME, host/NAME, container/NAME, or a workload's
    first pod, deployment/NAME.
    """
    del stdin, tty
    require_root("exec")
    cluster = labs.load(lab).cluster
    return _run(cluster, find_target(cluster, target, namespace), container, command)


@click.command()
@click.argument("target")
@container_option
@namespace_option
@lab_option
def shell(target: str, container: str, namespace: str, lab: str) -> int:
    """Be in TARGET, with a prompt that says where.

    TARGET is what `labnet exec` takes. The shell is bash where this machine has it, else sh.
    """
    require_root("shell")
    cluster = labs.load(lab).cluster
    place = find_target(cluster, target, namespace)
    prompt = {"PS1": f"{place.lab}/{place.label} # "}
    return _run(cluster, place, container, shell_words(), prompt)


def shell_words() -> tuple[str, ...]:
    """The command of an interactive shell that takes its prompt from its environment."""
    if shutil.which("bash"):
        interactive = ("-i",) if os.isatty(0) else ()
        return ("bash", "--noprofile", "--norc", *interactive)
    return ("sh",)


def _run(
    cluster: Cluster,
    target: Target,
    container: str,
    command: Sequence[str],
    extra: Mapping[str, str] | None = None,
) -> int:
    """The exit status of a command at a target; `extra` is added to its environment."""
    sys.stdout.flush()
    chosen = target.container(container)
    netns = labs.NETNS_FOLDER / target.netns
    if not netns.exists():
        raise Failed(f"network namespace {target.netns} is missing; `labnet up` makes it again")
    if chosen is None:
        return enter_netns(_machine(cluster, target, extra or {}), command)
    process = process_of(cluster, target, chosen)
    process = replace(process, env=(*process.env, *(extra or {}).items()))
    if process.argv == _REST:
        return enter_pod(netns, target.lab, process, command)
    client = connect(agent.LabFolder(target.lab).path)
    if client is None:
        raise Failed(f"no container of {target.lab} runs; `labnet up` starts them again")
    with client:
        try:
            pidfd = client.open(process.key)
        except Failed as error:
            more = f"`labnet logs {target.label} -c {chosen.name}` may say why"
            what = f"container {chosen.name} of {target.label} is not running"
            raise Failed(f"{what}; {more}") from error
    return enter_container(pidfd, target.lab, process, command)


def process_of(cluster: Cluster, target: Target, container: Container) -> Process:
    """A container as the runtime knows it; one that runs nothing has the command `pause`."""
    assert target.pod is not None, "a machine has no containers"
    rests = not container.argv and not container.builtin
    chosen = replace(container, argv=_REST) if rests else container
    containers = [chosen if one.name == container.name else one for one in target.pod.containers]
    pod = replace(target.pod, containers=tuple(containers))
    parts = compile_kubelet(replace(cluster, pods=(pod,)))
    processes = (part.item for part in parts if isinstance(part.item, Process))
    return next(item for item in processes if item.name == container.name)


def _machine(cluster: Cluster, target: Target, extra: Mapping[str, str]) -> Place:
    """A node or host: this machine's files and rights, but a name and addresses of its own."""
    machines: list[Node | Host] = [*cluster.nodes, *cluster.hosts]
    machine = next(one for one in machines if one.netns == target.netns)
    path = f"{os.environ.get('PATH', os.defpath)}:{_SBIN}"
    files = {
        HOSTS: machine_hosts([str(address.ip) for address in machine.addresses], machine.name),
        HOSTNAME: f"{machine.name}\n",
        RESOLV_CONF: resolv_conf(),
    }
    return Place(
        lab=target.lab,
        netns=labs.NETNS_FOLDER / target.netns,
        hostname=machine.name,
        environment={**os.environ, "PATH": path, **extra},
        files=files,
    )
