"""`volumes[]` of a pod: an emptyDir, or the keys of a ConfigMap or Secret as files.

Decisions
- We chose an empty directory and a warning for every other kind of volume over an error, so that
  manifests from a real cluster (each with a projected token) apply. `hostPath` is an error: nothing
  in a lab touches the machine's files.
"""

from __future__ import annotations

from functools import partial
from typing import Final, Literal

from labnet.model import KeyRef, Volume
from labnet.parse.containers import exactly_one
from labnet.parse.field_tables import field_types
from labnet.parse.findings import Findings
from labnet.parse.formats import config_key, dns_label, dns_subdomain, relative_path
from labnet.parse.readers import Reader, boolean, items, text
from labnet.parse.records import Field, record
from labnet.parse.shapes import check_shape
from labnet.parse.tree import Fields, Tree


Kind = Literal["ConfigMap", "Secret"]
Source = tuple[KeyRef | None, tuple[tuple[str, str], ...]]
"""What is in the volume: nothing, or a reference and its items."""

_EMPTY: Final[Source] = (None, ())


def _keyed(
    kind: Kind,
    name: str,
    items: tuple[tuple[str, str], ...] = (),
    optional: bool = False,  # noqa: FBT001, FBT002 - the field of that name
) -> Source:
    return KeyRef(kind, name, optional=optional), items


_ITEM: Final = record(
    "KeyToPath",
    lambda key, path: (key, path),
    {
        "key": Field("key", text(config_key), required=True, example="key: colour"),
        "path": Field("path", text(relative_path), required=True, example="path: colour.txt"),
    },
)


def _keys_volume(kind: Kind, type_: str, name: str) -> Reader[Source]:
    example = f"{name}: settings"
    fields = {
        name: Field("name", text(dns_subdomain), required=True, example=example),
        "items": Field("items", items(_ITEM)),
        "optional": Field("optional", boolean),
    }
    return record(type_, partial(_keyed, kind), fields)


def _read_host_path(tree: Tree, findings: Findings) -> Source:
    what = "a lab does not touch the machine's files"
    findings.error(tree, what, "take an emptyDir, or a configMap with what the pod reads there")
    return _EMPTY


def _read_other(tree: Tree, findings: Findings) -> Source:
    kind = str(tree.key)
    check_shape(tree, field_types()["Volume"][kind], findings)
    what = f"labnet does not act on {kind}: an empty directory is in its place"
    findings.ignored(tree, what)
    return _EMPTY


_SOURCES: Final[dict[str, Reader[Source]]] = {
    **{kind: Reader(_read_other, _EMPTY) for kind in field_types()["Volume"] if kind != "name"},
    "emptyDir": record("EmptyDir", lambda: _EMPTY, {}),
    "configMap": _keys_volume("ConfigMap", "ConfigMapVolume", "name"),
    "secret": _keys_volume("Secret", "SecretVolume", "secretName"),
    "hostPath": Reader(_read_host_path, _EMPTY),
}


def _volume(name: str, **sources: Source) -> Volume:
    ref, renamed = next(iter(sources.values()), _EMPTY)
    return Volume(name, ref, renamed)


_check_source: Final = exactly_one(
    *_SOURCES, of="a volume type", hint="labnet has emptyDir, configMap and secret"
)


def _check_volume(tree: Fields, made: Volume, findings: Findings) -> None:
    if len(tree.fields) != 2 or any(value.is_null for value in tree.fields.values()):
        _check_source(tree, made, findings)


VOLUME: Final = record(
    "Volume",
    _volume,
    {
        "name": Field("name", text(dns_label), required=True, example="name: data"),
        **{kind: Field(kind, reader) for kind, reader in _SOURCES.items()},
    },
    check=_check_volume,
)


def _read_claim(tree: Tree, findings: Findings) -> Volume:
    check_shape(tree, "PersistentVolumeClaim", findings)
    metadata = tree.fields.get("metadata") if isinstance(tree, Fields) else None
    name = metadata.text("name") if isinstance(metadata, Fields) else ""
    what = "labnet keeps no volumes: an empty directory is in the place of each claim"
    findings.ignored(tree, what)
    return Volume(name)


CLAIM: Final = Reader(_read_claim, Volume(""))
"""`volumeClaimTemplates[]`: a volume of the claim's name, empty in each pod."""
