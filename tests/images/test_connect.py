"""connect: the word and the status for each way in which a connection goes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from forked import FAMILIES, IMPATIENT, Forked, free_port
from labnet.images.agnhost import dial
from labnet.images.agnhost.golang import join_host_port


def outcome(*argv: str) -> tuple[int, str]:
    """The status and the standard error of `connect`, whose standard output is always empty."""
    with Forked(["connect", *argv], IMPATIENT) as child:
        status = child.status
        assert child.out == ""
        return status, child.err


@pytest.fixture(params=FAMILIES)
def listening(request: pytest.FixtureRequest) -> Iterator[str]:
    """A TCP address that accepts."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family) as sock:
        sock.bind((request.param, 0))
        sock.listen()
        yield join_host_port(request.param, sock.getsockname()[1])


def test_a_connection_that_works_says_nothing(listening: str) -> None:
    """Status 0, over both families."""
    assert outcome(listening) == (0, "")
    assert outcome("--timeout=5s", "--protocol=tcp", listening) == (0, "")


def test_a_name_is_looked_up() -> None:
    """One of the addresses of localhost accepts."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        assert outcome(f"localhost:{sock.getsockname()[1]}") == (0, "")


@pytest.mark.parametrize("host", FAMILIES)
def test_a_closed_port_is_refused(host: str) -> None:
    """REFUSED, status 1."""
    assert outcome(join_host_port(host, free_port()), "--timeout=5s") == (1, "REFUSED\n")


def test_a_name_that_nobody_has_is_dns() -> None:
    """DNS, with the reason."""
    status, error = outcome("no-such-host.invalid:80", "--timeout=5s")
    assert status == 1
    assert error.startswith("DNS: lookup no-such-host.invalid: ")


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["127.0.0.1"], "UNKNOWN: address 127.0.0.1: missing port in address\n"),
        (["::1:80:a"], "UNKNOWN: address ::1:80:a: too many colons in address\n"),
        (["127.0.0.1:99999"], "DNS: address 99999: invalid port\n"),
        (["127.0.0.1:nosuch"], "DNS: lookup tcp/nosuch: unknown port\n"),
        (["--protocol=udp", "127.0.0.1"], "DNS: address 127.0.0.1: missing port in address\n"),
        (["--protocol=icmp", "127.0.0.1:80"], "Unsupported protocol\nicmp"),
    ],
)
def test_bad_arguments_have_their_word(argv: list[str], error: str) -> None:
    """UNKNOWN for what is no address, DNS for what stands for none."""
    assert outcome(*argv) == (1, error)


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a UDP server that gives back what it gets."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def answer() -> None:
            data, client = sock.recvfrom(100)
            sock.sendto(data if data != b"nothing\n" else b"", client)

        thread = threading.Thread(target=answer)
        thread.start()
        yield sock.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("data", "result"),
    [
        ("hostname", (0, "")),
        (
            "nothing",
            (1, "OTHER: the answer was empty, so the request may not have arrived\n"),
        ),
    ],
)
def test_udp_sends_and_waits_for_an_answer(echo: int, data: str, result: object) -> None:
    """An answer is success, an empty one is not."""
    udp = ["--protocol=udp", "--timeout=5s", f"--udp-data={data}", f"127.0.0.1:{echo}"]
    assert outcome(*udp) == result


def test_udp_is_refused_where_nobody_listens() -> None:
    """The ICMP error is REFUSED, with the two ends."""
    port = free_port(socket.SOCK_DGRAM)
    status, error = outcome("--protocol=udp", "--timeout=5s", f"127.0.0.1:{port}")
    assert status == 1
    assert error.startswith("REFUSED: read udp 127.0.0.1:")
    assert error.endswith(f"->127.0.0.1:{port}: read: connection refused\n")


def test_udp_times_out_where_nobody_answers() -> None:
    """TIMEOUT, after the time given."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        status, error = outcome("--protocol=udp", "--timeout=50ms", f"127.0.0.1:{port}")
        assert status == 1
        assert error.startswith("TIMEOUT: read udp ")
        assert error.endswith("i/o timeout\n")
        assert sock.recv(100) == b"hostname\n"


def _has_sctp() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(_has_sctp(), reason="the kernel has SCTP")
def test_without_sctp_in_the_kernel_it_says_so() -> None:
    """OTHER, in the kernel's words."""
    sctp = ["--protocol=sctp", "--timeout=5s", "127.0.0.1:80"]
    assert outcome(*sctp) == (1, "OTHER: protocol not supported\n")


def test_sctp_sends_and_waits_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is success, the end of the association is not.

    TCP stands in for SCTP, whose one-to-one sockets have the same calls, where there is none.
    """
    if not _has_sctp():
        monkeypatch.setattr(dial, "SCTP", 0)
    protocol = socket.IPPROTO_SCTP if _has_sctp() else 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        argv = ["connect", "--protocol=sctp", "--timeout=5s"]
        argv.append(f"127.0.0.1:{sock.getsockname()[1]}")
        for answer, result in ((b"name", (0, "")), (b"", (1, "OTHER: EOF\n"))):
            with Forked(argv) as child:
                connection, _ = sock.accept()
                with connection:
                    assert connection.recv(100) == b"hostname\n"
                    connection.sendall(answer)
                assert (child.status, child.err) == result


BLACKHOLE = """
set -e
ip link set lo up
ip link add out type veth peer name in
ip link set out up
ip link set in up
ip addr add 192.0.2.1/24 dev out
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev out
ip route add unreachable 198.51.100.0/24
exec "$@"
"""


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["192.0.2.2:80"], "TIMEOUT\n"),
        (["198.51.100.1:80"], "OTHER: dial tcp 198.51.100.1:80: connect: no route to host\n"),
        (["203.0.113.1:80"], "OTHER: dial tcp 203.0.113.1:80: connect: network is unreachable\n"),
        (["--protocol=udp", "192.0.2.2:80"], "i/o timeout\n"),
        (
            ["--protocol=udp", "203.0.113.1:80"],
            "OTHER: dial udp 203.0.113.1:80: connect: network is unreachable\n",
        ),
    ],
)
def test_packets_that_go_nowhere(argv: list[str], error: str) -> None:
    """In a network namespace with a neighbour that is not there and a route that refuses."""
    agnhost = [sys.executable, "-m", "labnet.images.agnhost", "connect", "--timeout=200ms", *argv]
    command = ["unshare", "--net", "sh", "-c", BLACKHOLE, "sh", *agnhost]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == ""
    assert done.stderr.endswith(error)
    assert done.returncode == 1


def test_all_addresses_of_a_name_are_tried() -> None:
    """The first does not accept, the second does; none does: the first one's reason counts."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.2", 0))
        sock.listen()
        port = sock.getsockname()[1]
        addresses = [dial.Address(socket.AF_INET, (f"127.0.0.{n}", port)) for n in (1, 2)]
        dial.connect_first(addresses, "tcp", None).close()
    with pytest.raises(dial.DialError, match=r"127\.0\.0\.1"):
        dial.connect_first(addresses, "tcp", None)
