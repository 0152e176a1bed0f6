"""The names that Kubernetes' controllers would give, but always the same for the same input.

Sources: pkg/controller/controller_utils.go (ComputeHash, getPodsPrefix), apimachinery's
pkg/util/rand (SafeEncodeString), apiserver's pkg/storage/names (SimpleNameGenerator).

Decisions
- We chose a canonical form of the template of our own over Go's `spew` dump of the API type: the
  hash cannot be Kubernetes' anyway without its whole API, and so it changes with nothing but what
  the file says. It leaves out where the template stands and every field with its default value.
- We chose a suffix computed from the owner and the index over a random one: replica 3 keeps its
  name, its address and its processes when there are more replicas, or fewer but more than 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache

from labnet.model import PodTemplate


ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels, nor digits that look like them
SUFFIX_LENGTH = 5
MAX_GENERATED_BASE = 63 - SUFFIX_LENGTH
_FNV_BASIS = 0x811C_9DC5
_FNV_PRIME = 0x0100_0193
_WORD = 0xFFFF_FFFF
_UNSET = object()


def fnv1a(data: bytes, basis: int = _FNV_BASIS) -> int:
    """The 32-bit FNV-1a hash of `data` (draft-eastlake-fnv), or its continuation from `basis`."""
    for byte in data:
        basis = (basis ^ byte) * _FNV_PRIME & _WORD
    return basis


def safe_encode(text: str) -> str:
    """Kubernetes' SafeEncodeString: each character becomes one of `ALPHABET`."""
    return "".join([ALPHABET[ord(char) % len(ALPHABET)] for char in text])


def template_hash(template: PodTemplate) -> str:
    """The pod-template-hash (or controller-revision-hash) of a template."""
    return safe_encode(str(fnv1a(canonical_text(template).encode())))


def generated_name(owner: str, seed: int, index: str, attempt: int = 0) -> str:
    """A pod's name as the API server makes it from `generateName`: `OWNER-` and five characters.

    `seed` is the hash of what the owner is; another `attempt` gives another name.
    """
    number = fnv1a(f"/{index}/{attempt}".encode(), seed)
    # FNV mixes its last bytes little: finish as MurmurHash3 does.
    number = ((number ^ number >> 16) * 0x85EB_CA6B) & _WORD
    number = ((number ^ number >> 13) * 0xC2B2_AE35) & _WORD
    number ^= number >> 16
    suffix = ""
    for _ in range(SUFFIX_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        suffix += ALPHABET[digit]
    return f"{owner}-"[:MAX_GENERATED_BASE] + suffix


def hostname_of(name: str) -> str:
    """What fits in a hostname, as the kubelet cuts it: 63 characters, the last a letter or digit.

    Source: pkg/kubelet/kubelet_pods.go, truncatePodHostnameIfNeeded.
    """
    return name if len(name) <= 63 else name[:63].rstrip("-.")


def object_uid(lab: str, kind: str, namespace: str, name: str) -> str:
    """`metadata.uid`: a UUID of version 5 (RFC 9562), so that an object always has the same."""
    from hashlib import sha1  # noqa: PLC0415 - 6 ms that only a lab that asks for a uid pays

    text = f"labnet.dev/{lab}/{kind}/{namespace}/{name}"
    digest = bytearray(sha1(text.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    hexa = digest.hex()
    return "-".join((hexa[:8], hexa[8:12], hexa[12:16], hexa[16:20], hexa[20:]))


def canonical_text(value: object) -> str:
    """A text that is the same for equal values, whatever the order of their mappings."""
    if isinstance(value, tuple):
        return f"[{','.join([canonical_text(item) for item in value])}]"
    if isinstance(value, Mapping):
        return f"{{{','.join([f'{key!r}:{canonical_text(value[key])}' for key in sorted(value)])}}}"
    kind: type = type(value)
    if not is_dataclass(kind):
        return repr(value)
    parts = []
    for name, default in _told_fields(kind):
        item = getattr(value, name)
        if default is _UNSET or item != default:
            parts.append(f"{name}={canonical_text(item)}")
    return f"({','.join(parts)})"


@cache
def _told_fields(kind: type) -> tuple[tuple[str, object], ...]:
    """The fields of a model class that matter, with their defaults."""
    return tuple((item.name, _default(item)) for item in fields(kind) if item.name != "source")


def _default(item: Field[object]) -> object:
    """The default of a field, or `_UNSET`."""
    if item.default_factory is not MISSING:
        return item.default_factory()
    return _UNSET if item.default is MISSING else item.default
