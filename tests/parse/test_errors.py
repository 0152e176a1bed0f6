"""Every bad input of tests/errors gives exactly the text that stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from labnet.errors import Problems
from labnet.parse import SourceText, parse


ERRORS = Path(__file__).parent.parent / "errors"
INPUTS = sorted(ERRORS.glob("*.yaml"))


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_the_text_is_what_it_was(path: Path, request: pytest.FixtureRequest) -> None:
    """All problems of a file, with their lines, in the words that people read."""
    with pytest.raises(Problems) as caught:
        parse([SourceText(path.name, path.read_text(encoding="utf-8"))])
    text = f"{caught.value}\n"
    expected = path.with_suffix(".txt")
    if request.config.getoption("--update-golden"):
        expected.write_text(text, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == text
    assert caught.value.exit_status == 2


def test_there_are_no_strays() -> None:
    """Each expected text has its input, and there are as many as were promised."""
    assert {path.stem for path in ERRORS.glob("*.txt")} == {path.stem for path in INPUTS}
    assert len(INPUTS) >= 250
