"""What a container finds in its root besides the machine's own files: its image's and volumes'.

Decisions
- We chose to mount a folder of their own wherever the files of a ConfigMap, a Secret or an image
  are to be alone, over only writing the files: a container's root shows the machine's, and of its
  /etc/nginx/conf.d, say, nothing may be left to see. A folder is mounted first, then its files are
  written in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from posixpath import join, normpath
from types import MappingProxyType
from typing import NamedTuple

from labnet.model import ContainerSpec, Volume, VolumeMount
from labnet.resolve.environment import Identity
from labnet.resolve.naming import fnv1a, safe_encode
from labnet.resolve.references import Place, References


class Image(NamedTuple):
    """What an image has in its root: files, and folders where nothing of the machine's is seen."""

    files: Mapping[str, str] = MappingProxyType({})
    folders: tuple[str, ...] = ()


class Root(NamedTuple):
    """Texts by path, and the folders that are mounted, by the path where they are."""

    files: dict[str, str]
    volumes: dict[str, str]


class Surroundings(NamedTuple):
    """What all containers of a pod share: its volumes, and the files that the kubelet writes."""

    pod: Identity
    volumes: Mapping[str, Volume]
    etc: Mapping[str, str]
    references: References


def container_root(spec: ContainerSpec, around: Surroundings, image: Image) -> Root:
    """The files and mounted folders of a container.

    A volume hides all that the image, or a volume mounted further up, has at its path and below.
    The kubelet's own files are mounted last, unless a volume is mounted exactly there.
    """
    volumes = {path: _image_folder(spec.name, path) for path in image.folders}
    if not spec.volume_mounts:
        return Root({**image.files, **around.etc}, volumes)
    root = Root(dict(image.files), volumes)
    mounts = [(_absolute(mount.mount_path), mount) for mount in spec.volume_mounts]
    for path, mount in sorted(mounts, key=itemgetter(0)):
        _hide(root, path)
        brought = _mounted(path, mount, spec, around)
        root.files.update(brought.files)
        root.volumes.update(brought.volumes)
    taken = {path for path, _ in mounts}
    root.files.update((path, text) for path, text in around.etc.items() if path not in taken)
    return root


def _absolute(path: str) -> str:
    """A mount path in its shortest form; a relative one begins at the root."""
    return normpath(join("/", path.lstrip("/")))


def _hide(root: Root, path: str) -> None:
    """Drop what a mount at `path` covers."""
    below = path if path.endswith("/") else f"{path}/"
    for place in (root.files, root.volumes):
        for name in [name for name in place if name == path or name.startswith(below)]:
            del place[name]


def _mounted(path: str, mount: VolumeMount, spec: ContainerSpec, around: Surroundings) -> Root:
    """What one mount brings to `path`: a shared folder, or one with the files of a ConfigMap."""
    volume = around.volumes.get(mount.name)
    place = Place(around.pod.namespace, spec.source, f"{spec.name}.volumeMounts[{mount.name}]")
    if volume is None:
        around.references.unknown(f"the pod has no volume {mount.name}", "", place)
        return Root({}, {})
    sub_path = normpath(mount.sub_path.strip("/")) if mount.sub_path else ""
    if sub_path.split("/", 1)[0] == "..":
        around.references.unknown(f"the subPath {mount.sub_path} is outside of it", "", place)
        return Root({}, {})
    if volume.ref is None:
        return Root({}, {path: f"{volume.name}/{sub_path}" if sub_path else volume.name})
    if volume.items:
        content = around.references.items(volume.ref, volume.items, place)
    else:
        content = dict(around.references.data(volume.ref, place))
    if sub_path in content:
        return Root({path: content[sub_path]}, {})
    below = f"{sub_path}/" if sub_path else ""
    names = sorted(name for name in content if name.startswith(below))
    files = {join(path, name.removeprefix(below)): content[name] for name in names}
    # Another set of names is another folder: a key that is gone leaves no file behind.
    digest = safe_encode(str(fnv1a(repr((sub_path, names)).encode())))
    return Root(files, {path: f"{volume.name}_{digest}"})


def _image_folder(container: str, path: str) -> str:
    """The name of a folder that stands for one of a container's image.

    The underscore is in no name of a volume.
    """
    return f"{container}_{path.strip('/').replace('/', '.')}"
