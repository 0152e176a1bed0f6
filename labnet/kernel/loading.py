"""Rules on their way into the kernel while networks are built beside them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from labnet.kernel import netns
from labnet.kernel.iptables import apply_rules
from labnet.plan import Op
from labnet.state import Ruleset


class Loading:
    """A thread of its own loads rules: it can be in other namespaces than the one that builds.

    The namespaces must be there. iptables-restore mostly waits for the kernel to let go of old
    rules (20 to 30 ms for each namespace), which costs nobody any time then.
    """

    def __init__(self, rulesets: Sequence[Ruleset], ops: Sequence[Op]) -> None:
        """Begin; `ops` are the operations that this is for."""
        self.ops = ops
        self._rulesets = rulesets
        self._error: BaseException | None = None
        self._worker = threading.Thread(target=self._load, name="rules")
        self._worker.start()

    def _load(self) -> None:
        try:
            with netns.Thread() as thread:
                apply_rules(self._rulesets, thread)
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
