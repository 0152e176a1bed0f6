"""How long ago something was, as kubectl says it."""

from __future__ import annotations


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def age(seconds: float) -> str:
    """A duration in two units at most: `45s`, `3m20s`, `5h`, `2d3h`.

    Source: HumanDuration in k8s.io/apimachinery/pkg/util/duration.
    """
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    total = max(total, 0)
    for limit, unit, letter, below, small in _STEPS:
        if total < limit:
            rest = total % unit // below if below else 0
            return f"{total // unit}{letter}" + (f"{rest}{small}" if rest else "")
    return f"{total // _YEAR}y"


_STEPS = (
    (2 * _MINUTE, 1, "s", 0, ""),
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", 0, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
)
