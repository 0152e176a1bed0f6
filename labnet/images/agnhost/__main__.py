"""`python3 -m labnet.images.agnhost` is agnhost."""

import os
import sys

from labnet.images.agnhost import main


if __name__ == "__main__":
    # At once, as Go ends: threads that still wait for an answer are not waited for.
    os._exit(main(sys.argv[1:]))
