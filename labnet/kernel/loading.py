"""Rules on their way into the kernel while networks are built beside them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from labnet.kernel import netns
from labnet.kernel.iptables import apply_rules
from labnet.kernel.nft import apply_tables
from labnet.plan import Op
from labnet.state import NftTable, Ruleset


class Loading:
    """A thread of its own loads rules: it can be in other namespaces than the one that builds.

    The namespaces must be there. iptables-restore mostly waits for the kernel to let go of old
    rules (20 to 30 ms for each namespace), which costs nobody any time then.
    """

    def __init__(self, ops: Sequence[Op]) -> None:
        """Begin with these operations."""
        self.ops = ops
        self._error: BaseException | None = None
        self._worker = threading.Thread(target=self._load, name="rules")
        self._worker.start()

    def _load(self) -> None:
        try:
            with netns.Thread() as thread:
                apply_rules([op for op in self.ops if isinstance(op.object, Ruleset)], thread)
                apply_tables([op for op in self.ops if isinstance(op.object, NftTable)], thread)
        except BaseException as error:  # noqa: BLE001  # it is raised again where it is waited for
            self._error = error

    def wait(self) -> None:
        """Return when it has ended, however it did."""
        self._worker.join()

    def finish(self) -> None:
        """Return when all are loaded; raises what went wrong."""
        self.wait()
        if self._error is not None:
            raise self._error
