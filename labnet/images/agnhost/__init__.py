"""agnhost: the program of `registry.k8s.io/e2e-test-images/agnhost`, whose behaviour this has.

Flags, endpoints, outputs and status codes are those of version 2.57 (with porter's UDP of 2.60
and `/envvar` of 2.65), read from kubernetes/kubernetes, test/images/agnhost; the code is our own.
As there, a signal that a subcommand does not ask for ends it with status 2. Differences on
purpose: a wrong flag is status 1 (the original prints the error and exits with 0, so that the pod
counts as completed); `connect --protocol sctp` without `--timeout` waits (the original gives up at
once); a UDP reply that the kernel refuses does not end the server; no HTTP/2; no certificate comes
with it.

The image's entrypoint is `/agnhost`, and `pause` is its default argument.
"""

from __future__ import annotations

from collections.abc import Sequence

from labnet.images.agnhost import connect, guestbook, net, netexec, nosnat, once, porter, web
from labnet.images.agnhost import serve_hostname as hostname
from labnet.images.agnhost.command import PROGRAM, Command, UsageError, program_help
from labnet.images.agnhost.log import Exit, error, out


VERSION = "2.57"
USAGE_ERROR = 1
INTERRUPTED = 130

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in sorted(
        (
            connect.COMMAND,
            guestbook.COMMAND,
            hostname.SERVE_HOSTNAME,
            hostname.TCP_RESET,
            net.COMMAND,
            netexec.COMMAND,
            *nosnat.COMMANDS,
            *once.COMMANDS,
            porter.COMMAND,
            *web.COMMANDS,
        ),
        key=lambda command: command.name,
    )
}


def main(argv: Sequence[str]) -> int:
    """Run a subcommand; `argv` is without the program's name. Returns the exit status.

    It is meant for a process of its own: it sets signal handlers and, for the servers, freezes
    what the garbage collector looks at.
    """
    name, *rest = argv or ["--help"]
    if name == "help" and rest:
        name, rest = rest[0], ["--help"]
    if name in {"help", "-h", "--help"}:
        out(program_help(list(COMMANDS.values())))
        return 0
    if name == "--version":
        out(f"{PROGRAM} version {VERSION}\n")
        return 0
    if name not in COMMANDS:
        error(f'Error: unknown command "{name}"; there are: {", ".join(COMMANDS)}\n')
        return USAGE_ERROR
    return _run(COMMANDS[name], rest)


def _run(command: Command, argv: Sequence[str]) -> int:
    try:
        flags, arguments = command.parse(argv)
    except UsageError as wrong:
        error(f"Error: {wrong}\n{command.help()}")
        return USAGE_ERROR
    if flags.on("help"):
        out(command.help())
        return 0
    try:
        return command.run(flags, arguments)
    except Exit as end:
        return end.status
    except KeyboardInterrupt:
        return INTERRUPTED
