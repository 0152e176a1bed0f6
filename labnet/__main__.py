"""`python3 -m labnet` is the `labnet` command."""

from labnet.cli import main


if __name__ == "__main__":
    main()
