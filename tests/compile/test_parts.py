"""Shares of one table become one Ruleset."""

from __future__ import annotations

from labnet.compile.parts import TablePart, merge_tables


def test_later_components_prepend_above_earlier_ones() -> None:
    """And append below; a chain that two of them have is there once."""
    parts = [
        TablePart(
            "n",
            4,
            "filter",
            "b",
            ("OWN", "B"),
            ("-A INPUT -j B",),
            ("-A INPUT -j b1", "-A INPUT -j b2"),
        ),
        TablePart(
            "n", 4, "filter", "a", ("OWN",), ("-A OWN -j A", "-A INPUT -j A"), ("-A INPUT -j a",)
        ),
    ]
    ((ruleset, why),) = merge_tables(parts)
    assert ruleset.rules == (
        "-A INPUT -j a",
        "-A INPUT -j b1",
        "-A INPUT -j b2",
        "-A INPUT -j B",
        "-A INPUT -j A",
        "-A OWN -j A",
    )
    assert ruleset.chains[3:] == (("B", "-"), ("OWN", "-"))
    assert why == "rules of a, b"
