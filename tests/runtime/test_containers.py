"""Whose turn it is in a pod."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labnet.kernel.runtime.containers import Container, Phase, runnable, stuck
from labnet.state import Process


def container(name: str, *, init: bool = False, order: int = 0) -> Container:
    """A container that waits."""
    process = Process("lab.web", "pod/default/web", name, ("true",), init=init, order=order)
    return Container(process, netns=-1)


def ended(item: Container, status: int) -> Container:
    """The same, ended."""
    item.phase, item.exit_status = Phase.ENDED, status
    return item


def names(containers: list[Container]) -> list[str]:
    """Their names."""
    return [item.process.name for item in containers]


def test_without_init_containers_all_start_at_once() -> None:
    """There is nothing to wait for."""
    pod = [container("b", order=1), container("a")]
    assert names(runnable(pod)) == ["b", "a"]
    pod[0].phase = Phase.RUNNING
    assert names(runnable(pod)) == ["a"]


def test_init_containers_run_one_after_the_other() -> None:
    """In their order, whatever the order of the list; then the rest."""
    app, second, first = (
        container("app", order=2),
        *(container(name, init=True, order=order) for name, order in (("second", 1), ("first", 0))),
    )
    pod = [app, second, first]
    assert names(runnable(pod)) == ["first"]
    first.phase = Phase.RUNNING
    assert runnable(pod) == []
    ended(first, 0)
    assert names(runnable(pod)) == ["second"]
    ended(second, 0)
    assert names(runnable(pod)) == ["app"]


def test_a_failed_init_container_holds_up_the_rest() -> None:
    """They are stuck if it is not tried again."""
    init, app = container("init", init=True), container("app", order=1)
    ended(init, 1)
    assert runnable([init, app]) == []
    assert names(stuck([init, app])) == ["app"]
    assert init.may_retry
    init.process = replace(init.process, restart="Never")
    assert not init.may_retry


def test_trying_again_takes_longer_each_time() -> None:
    """Ten seconds at first, five minutes at last, as kubelet does it."""
    init = container("init", init=True)
    delays = []
    for _ in range(12):
        ended(init, 1)
        delays.append(init.backoff)
        init.wait_again()
        assert runnable([init]) == []
        init.retrying = False
        assert runnable([init]) == [init]
    assert delays == [10, 20, 40, 80, 160, *[300] * 7]


@pytest.mark.parametrize(
    ("phase", "status", "message", "reason"),
    [
        (Phase.WAITING, None, "", "PodInitializing"),
        (Phase.CREATING, None, "", "ContainerCreating"),
        (Phase.RUNNING, None, "", ""),
        (Phase.ENDED, 0, "", "Completed"),
        (Phase.ENDED, 1, "", "Error"),
        (Phase.ENDED, 127, "not found", "ContainerCannotRun"),
    ],
)
def test_the_reason(phase: Phase, status: int | None, message: str, reason: str) -> None:
    """Kubernetes' word for the state of a container."""
    item = container("web")
    item.phase, item.exit_status, item.cannot_run = phase, status, message
    assert item.status.reason == reason
    assert item.status.running is (phase is Phase.RUNNING)
    assert item.is_settled is (phase in {Phase.RUNNING, Phase.ENDED})
