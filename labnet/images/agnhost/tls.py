"""TLS for the server; imported only by a program that is given a certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from labnet.images.agnhost.golang import error_text
from labnet.images.agnhost.loop import READ, WRITE
from labnet.images.agnhost.server import WouldBlock


class _PolledSocket(ssl.SSLSocket):
    """A TLS socket that tells the loop what it waits for, and hides no input from it."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            data = super().recv(buflen, flags)
            while self.pending():  # decrypted already: epoll would not report it again
                data += super().recv(self.pending(), flags)
        except ssl.SSLWantReadError:
            raise WouldBlock(READ) from None
        except ssl.SSLWantWriteError:
            raise WouldBlock(WRITE) from None
        return data

    def send(self, data: memoryview, flags: int = 0) -> int:  # type: ignore[override]  # narrower
        try:
            return super().send(data, flags)
        except ssl.SSLWantReadError:
            raise WouldBlock(READ) from None
        except ssl.SSLWantWriteError:
            raise WouldBlock(WRITE) from None

    def shutdown(self, how: int) -> None:
        # The first half of unwrap, our close_notify, is all that Go sends too.
        with suppress(OSError, ValueError):
            self.unwrap()
        super().shutdown(how)


def tls_wrapper(certificate: str, key: str) -> Callable[[socket.socket], socket.socket]:
    """What makes a TLS socket of an accepted one; raises ValueError for a bad pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslsocket_class = _PolledSocket
    context.set_alpn_protocols(["http/1.1"])
    for path in (certificate, key):
        try:
            Path(path or certificate).read_bytes()
        except OSError as error:
            raise ValueError(f"open {path}: {error_text(error)}") from None
    try:
        context.load_cert_chain(certificate, key or None)
    except ssl.SSLError as error:
        raise ValueError(f"tls: {certificate}, {key}: {error.reason or error}") from None

    def wrap(sock: socket.socket) -> socket.socket:
        return context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)

    return wrap
