"""Every file in topologies/ on the real kernel: by labnet, and by hand with its script."""

from __future__ import annotations

import subprocess

import pytest

from kernel.conftest import Bring
from labnet import agent
from labnet.agent.outcome import linux
from labnet.plan import plan_script
from labnet.state import Process
from labs import TOPOLOGIES, topology


pytestmark = pytest.mark.kernel

SETTINGS = {"scale.yaml.j2": {"nodes": 3, "pods": 12}}
FILES = sorted(path.name for path in TOPOLOGIES.iterdir())


@pytest.mark.parametrize("name", FILES)
def test_it_comes_up_and_is_idempotent(bring: Bring, name: str) -> None:
    """After `up` nothing is to do, and every pod reaches its own node."""
    lab = bring(topology(name, **SETTINGS.get(name, {})))
    assert lab.drift() == []
    for pod in lab.cluster.pods:
        if pod.network == "cni":
            assert lab.pings(pod.netns, lab.ip(pod.node, pod.ips[0].version))


@pytest.mark.parametrize("name", FILES)
def test_the_script_builds_the_same_network(name: str) -> None:
    """What `plan -o sh` prints, run by sh with the machine's own tools, leaves only processes."""
    sources = topology(name, **SETTINGS.get(name, {}))
    preview = agent.preview(sources)
    script = plan_script(preview.lab, preview.plan)
    try:
        done = subprocess.run(
            ["sh", "-"], input=script, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        left = agent.preview(sources).plan
        assert [str(op) for op in left if not isinstance(op.object, Process)] == []
    finally:
        linux().remove(preview.lab, wait=True, progress=lambda _: None)
