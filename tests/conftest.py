"""What all tests share: golden files, tests that need what may be missing, and a census around.

    --update-golden   write the golden files instead of comparing with them
    --keep            leave the lab of a failed test up, to look at
    --no-census       do not compare the machine before and after: other labs come and go on it
    --brief           run each test with few of its parameters, where time is short

A test that cannot run here is skipped, and the summary says so; with `LABNET_REQUIRE_KERNEL=1`
in the environment it is a failure instead, and so for the other markers in NEEDS. With
`LABNET_SLOW=10` things may take ten times as long as on a usual machine.
"""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import hypothesis
import pytest

from brief import representatives
from census import Census, census, difference
from docked import docker_refusal
from forked import ipv6_refusal


CLONE_NEWNET = 0x40000000

_failed = pytest.StashKey[bool]()
_skipped: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that are ours."""
    group = parser.getgroup("labnet")
    group.addoption("--update-golden", action="store_true", help="write the golden files anew")
    group.addoption("--keep", action="store_true", help="leave the lab of a failed test up")
    group.addoption("--no-census", action="store_true", help="do not look for what tests leave")
    group.addoption("--brief", action="store_true", help="run tests with few of their parameters")


def pytest_configure() -> None:
    """Let what tests start heed Ctrl-C, also if a shell began us with `&` and it is ignored.

    And let no example fail for the time that it takes on a busy machine.
    """
    hypothesis.settings.register_profile("labnet", deadline=None)
    hypothesis.settings.load_profile("labnet")
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests that stand for all, if that was asked for."""
    if config.getoption("--brief"):
        left = representatives(items)
        config.hook.pytest_deselected(items=list(set(items).difference(left)))
        items[:] = left


@functools.cache
def kernel_refusal() -> str:
    """Why this process cannot make network namespaces with names; empty if it can."""
    if not os.access("/run", os.W_OK):
        return "cannot write to /run"
    libc = ctypes.CDLL(None, use_errno=True)
    errors: list[int] = []

    def unshare() -> None:
        """Leave the machine's namespace, in a thread that ends at once."""
        if libc.unshare(CLONE_NEWNET):
            errors.append(ctypes.get_errno())

    thread = threading.Thread(target=unshare)
    thread.start()
    thread.join()
    return f"unshare: {os.strerror(errors[0])}" if errors else ""


def missing(program: str) -> str:
    """Why a test that runs the program cannot run; empty if it is here."""
    return "" if shutil.which(program) else f"there is no {program}"


def root_refusal() -> str:
    """Why this process is no administrator of the machine; empty if it is."""
    if os.geteuid():
        return "this is another user"
    _, _, users = Path("/proc/self/uid_map").read_text(encoding="utf-8").split(maxsplit=2)
    return "there is nobody else in this user namespace" if users.strip() == "1" else ""


@dataclass(frozen=True)
class Need:
    """What the tests with a marker need: why it is not here, and how to have them run."""

    marker: str
    name: str
    where: str
    refusal: Callable[[], str]
    how_to: str


NEEDS = (
    Need("kernel", "the kernel", "on the real kernel", kernel_refusal, "sudo scripts/test"),
    Need("docker", "Docker", "with Docker", docker_refusal, "sudo scripts/dockerd scripts/test"),
    Need("ipv6", "IPv6", "with IPv6", ipv6_refusal, "sudo .ci/run"),
    Need("nginx", "nginx", "of nginx", partial(missing, "nginx"), "sudo scripts/test"),
    Need("openssl", "OpenSSL", "with TLS", partial(missing, "openssl"), "sudo scripts/test"),
    Need("root", "root", "of an administrator", root_refusal, "sudo scripts/test"),
    Need("ruby", "Ruby", "of the Vagrantfile", partial(missing, "ruby"), "sudo .ci/run"),
    Need("shellcheck", "ShellCheck", "of scripts", partial(missing, "shellcheck"), "sudo .ci/run"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test is skipped where what it needs is not there, or fails where it must be."""
    for need in NEEDS:
        if item.get_closest_marker(need.marker) is None or not (refusal := need.refusal()):
            continue
        if os.environ.get(f"LABNET_REQUIRE_{need.marker.upper()}") == "1":
            pytest.fail(f"needs {need.name}: {refusal}", pytrace=False)
        _skipped[need.marker] += 1
        pytest.skip(f"needs {need.name}: {refusal}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, for `leave_up`."""
    report = yield
    if report.failed:
        item.stash[_failed] = True
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud that what matters most was not tested."""
    for need in NEEDS:
        if n := _skipped[need.marker]:
            what = "1 TEST" if n == 1 else f"{n} TESTS"
            text = f"{what} {need.where.upper()} DID NOT RUN. `{need.how_to}` runs all"
            terminalreporter.write_line(text, red=True, bold=True)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(NAME, text)` compares text with the file `golden/NAME` beside the test's file."""
    folder = request.path.parent / "golden"
    update = request.config.getoption("--update-golden")

    def compare(name: str, text: str) -> None:
        """Fail if the text is not the file's, or write it there if asked to."""
        path = folder / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no {path}: pytest --update-golden writes it"
        expected = path.read_text(encoding="utf-8")
        assert expected == text, f"{path} says otherwise: pytest --update-golden rewrites it"

    return compare


@pytest.fixture
def leave_up(request: pytest.FixtureRequest) -> Callable[[], bool]:
    """`leave_up()`, asked at the end: whether this test failed and `--keep` is given."""

    def is_kept() -> bool:
        """Whether the lab is to be left for a person to look at."""
        keep: bool = request.config.getoption("--keep")
        return keep and request.node.stash.get(_failed, False)

    return is_kept


@pytest.fixture(scope="module", autouse=True)
def _module_census(request: pytest.FixtureRequest) -> Iterator[Census | None]:
    """A module with kernel tests leaves the machine as it was, its labs included."""
    tests = [item for item in request.session.items if item.path == request.path]
    is_kernel = any(item.get_closest_marker("kernel") for item in tests)
    if not is_kernel or request.config.getoption("--no-census"):
        yield None
        return
    before = census()
    yield before
    if not request.session.shouldfail:
        _compare(request, before, census())


@pytest.fixture(autouse=True)
def _test_census(
    request: pytest.FixtureRequest, _module_census: Census | None, _own_tmpdir: None
) -> Iterator[None]:
    """A kernel test leaves everything as it was, or, if the module has a lab up, the machine.

    No lab touches the machine: it is compared with what it was before the module's labs came up.
    """
    if _module_census is None or request.node.get_closest_marker("kernel") is None:
        yield
        return
    if Path("/run/labnet").exists():
        yield
        _compare(request, _module_census.of_the_machine(), census().of_the_machine())
    else:
        before = census()
        yield
        _compare(request, before, census())


@pytest.fixture
def _own_tmpdir(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """A kernel test leaves no temporary file."""
    if request.node.get_closest_marker("kernel") is None:
        yield
        return
    folder = tmp_path_factory.mktemp("TMPDIR")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield
    left = sorted(path.name for path in folder.iterdir())
    assert not left, f"temporary files stayed: {left}"


def _compare(request: pytest.FixtureRequest, before: Census, after: Census) -> None:
    """Fail if the machine is not as before, and no lab was left up on purpose."""
    kept = request.config.getoption("--keep") and request.session.testsfailed
    if not kept and (left := difference(before, after)):
        pytest.fail("the machine is not as before:\n" + "\n".join(left), pytrace=False)
