"""Looking for what the kernel can do, without leaving a trace: the census of each test says so."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from labnet.kernel import probes
from labnet.kernel.abilities import examine
from labnet.kernel.probes import MISSING, OK, WARN, Finding, Probe, probe_kernel


pytestmark = pytest.mark.kernel


def refused() -> str:
    """An attempt that the kernel refuses."""
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


def broken() -> str:
    """An attempt with a bug in it."""
    raise ValueError("a bug")


def test_this_kernel_can_all_that_labs_need() -> None:
    """It runs the other tests, after all; each check is there once."""
    findings = probe_kernel()
    assert [finding for finding in findings if finding.is_fatal] == []
    assert len({finding.name for finding in findings}) == len(findings)


def who_we_are() -> tuple[object, ...]:
    """What this process would lose in other namespaces."""
    namespaces = [Path("/proc/self/ns", kind).readlink() for kind in ("net", "user", "mnt", "pid")]
    return os.geteuid(), *namespaces


def test_it_also_looks_as_a_user_would() -> None:
    """In a user namespace of its own, where this process stays what it is."""
    before = (
        os.geteuid(),
        Path("/proc/self/ns/net").readlink(),
        Path("/proc/self/uid_map").read_text(),
    )
    first = probe_kernel(alone=True)[0]
    assert first.name == "network namespaces"
    after = (
        os.geteuid(),
        Path("/proc/self/ns/net").readlink(),
        Path("/proc/self/uid_map").read_text(),
    )
    assert before == after


def test_what_is_refused_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the kernel's word and what helps; a bug is told too, and ends the probing."""
    tried = (
        Probe("a", refused, "do x"),
        Probe("b", refused, "do y", needed=False),
        Probe("c", lambda: "v1", ""),
        Probe("d", broken, ""),
        Probe("e", refused, ""),
    )
    monkeypatch.setattr(probes, "_PROBES", tried)
    assert probe_kernel() == [
        Finding("a", MISSING, "Operation not supported", "do x"),
        Finding("b", WARN, "Operation not supported", "do y"),
        Finding("c", OK, "v1"),
        Finding("probes", WARN, "ValueError: a bug"),
    ]


def test_nothing_is_tried_on_the_machine_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a namespace to try it in, the rest is not tried."""
    tried = (Probe("network namespaces", refused, "x"), Probe("a", lambda: "touched", ""))
    monkeypatch.setattr(probes, "_PROBES", tried)
    assert [finding.name for finding in probe_kernel()] == ["network namespaces"]


def test_tools_that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With the package that has each; labs come up without them."""
    with monkeypatch.context() as here:
        here.setenv("PATH", str(tmp_path_factory.mktemp("bin")))
        here.setattr("labnet.kernel.abilities._SBIN", "")
        here.setattr(probes, "_PROBES", ())
        found = {finding.name: finding for finding in examine()}
    assert found["tcpdump"].verdict == WARN
    assert found["tcpdump"].remedy == "apt-get install tcpdump, for looking around"
    assert found["nginx"].remedy == "apt-get install nginx-light, for the image nginx"
