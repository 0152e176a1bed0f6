"""What `image` means: no registry is involved, a name picks the programs that run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal


ImageFamily = Literal["nginx", "shell", "agnhost", "pause"]

KNOWN_IMAGES: Final[Mapping[str, ImageFamily]] = {
    "agnhost": "agnhost",
    "alpine": "shell",
    "busybox": "shell",
    "curl": "shell",
    "debian": "shell",
    "netshoot": "shell",
    "nginx": "nginx",
    "pause": "pause",
    "ubuntu": "shell",
}


def image_name(image: str) -> str:
    """The key of `KNOWN_IMAGES` that `image` stands for, if it is known at all.

    Registry, repository, tag and digest are ignored: `curlimages/curl:8.9.1` is `curl`, and
    `registry.k8s.io/e2e-test-images/agnhost@sha256:…` is `agnhost`.
    """
    without_digest = image.partition("@")[0]
    return without_digest.rpartition("/")[2].partition(":")[0]
