"""The commands: they read arguments, call `agent`, print and exit, and decide nothing else.

Decisions
- We chose click over argparse for its completion of three shells and its testing, at 25 ms of
  imports, and pay for nothing else: `root` knows the commands by name, and each imports what it
  needs when it runs.
- We chose that a command returns its exit status and raises LabnetError over exiting by itself:
  `failures` is the one place that turns what went wrong into a line and a status.
- We chose 2 for a name that is nowhere (a kind, lab, pod or container), as for any other input that
  is wrong, over kubectl's 1: nothing was tried.
- We chose that `exec` always passes the standard input on, and takes -i and -t for the fingers of
  kubectl's users only: the command runs on this machine, and has the caller's own files.
"""

from labnet.cli.failures import main


__all__ = ["main"]
