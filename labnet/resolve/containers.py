"""The containers of a pod: what each runs, with which environment and files.

Decisions
- We chose that a shell image without a command runs nothing, and so waits as a pause does: the
  real image's shell ends at once without a terminal and its pod falls into CrashLoopBackOff, which
  teaches nothing, while a pod that `labnet exec` can enter is what such a manifest is for.
- We chose to know the images' entrypoints here by family (labnet.model.images) over a table in the
  room that runs them: `args` without `command` means something else for each, and what a container
  runs is decided before anything is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from labnet.images.nginx import NGINX_ARGV, NGINX_DIRECTORIES, NGINX_FILES
from labnet.model import Container, ContainerSpec
from labnet.model.images import KNOWN_IMAGES, image_name
from labnet.resolve.environment import container_env, declared_env, expanded
from labnet.resolve.mounts import Image, Surroundings, container_root


AGNHOST = "agnhost"
_NGINX = Image(NGINX_FILES, NGINX_DIRECTORIES)
_PLAIN = Image()


class Command(NamedTuple):
    """What a container runs: a program of the machine, or one of labnet's own, or (empty) none."""

    argv: tuple[str, ...] = ()
    builtin: str = ""


def resolve_container(
    spec: ContainerSpec, around: Surroundings, *, init: bool = False
) -> Container:
    """One container, with everything decided."""
    declared = declared_env(spec, around.pod, around.references)
    name = image_name(spec.image)
    family = KNOWN_IMAGES.get(name, "")
    argv = tuple([expanded(word, declared) for word in spec.command])
    args = tuple([expanded(word, declared) for word in spec.args])
    command = image_command(name, family, argv, args)
    root = container_root(spec, around, _NGINX if family == "nginx" else _PLAIN)
    return Container(
        name=spec.name,
        image=spec.image,
        argv=command.argv,
        builtin=command.builtin,
        program=AGNHOST if family == "agnhost" else "",
        env=container_env(declared, around.pod.hostname),
        cwd=spec.working_dir or "/",
        files=root.files,
        volumes=root.volumes,
        ports=spec.ports,
        init=init,
    )


def image_command(
    name: str, family: str, command: tuple[str, ...], args: tuple[str, ...]
) -> Command:
    """What runs for a pod's `command` and `args`, as the image's ENTRYPOINT and CMD have it.

    `command` replaces both, `args` only CMD. Images: nginx has CMD `nginx -g 'daemon off;'` behind
    an entrypoint that only runs its arguments; curl's entrypoint puts `curl` before options;
    agnhost has ENTRYPOINT /agnhost and CMD pause; pause has no other program.
    """
    if family == "agnhost":
        return _agnhost(command, args)
    if command:
        return Command((*command, *args))
    if family == "pause":
        return Command()
    if family == "nginx":
        return Command(args or NGINX_ARGV)
    if args and args[0].startswith("-") and name == "curl":
        return Command(("curl", *args))
    return Command(args)


def _agnhost(command: Sequence[str], args: Sequence[str]) -> Command:
    """The command of the test server, which labnet runs itself; its pause needs no process."""
    words = (*(command or (AGNHOST,)), *args)
    if words in (("pause",), ("/pause",)):
        return Command()
    if words[0] not in (AGNHOST, f"/{AGNHOST}"):
        return Command(words)
    rest = words[1:] or ("pause",)
    return Command() if rest[0] == "pause" else Command(rest, AGNHOST)
