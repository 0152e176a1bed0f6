"""A command, and the machine before and after it.

    python3 -m vm.compared COMMAND…

The exit status is the command's, or 1 if it worked and left something behind. Between its tests
pytest compares too, which in a VM without KVM takes longer than the tests: with `--no-census` this
does it once for all of them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from census import census, difference


def main(command: Sequence[str]) -> int:
    """Run the command; 2 without one."""
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    before = census()
    status = subprocess.run(command, check=False).returncode
    left = difference(before, census())
    for line in left:
        print(line)
    print("the machine is", "NOT as before" if left else "as before")
    return status or (1 if left else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
