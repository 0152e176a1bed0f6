"""ConfigMap, Secret and Namespace."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final, Literal

from labnet.model import ConfigMap, Namespace, Source
from labnet.parse.findings import Findings
from labnet.parse.formats import config_key
from labnet.parse.metadata import Metadata
from labnet.parse.readers import Reader, anything, boolean, mapping, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, Tree
from labnet.parse.workloads import HEADER


Data = Mapping[str, str]

MAX_DATA: Final = 1024 * 1024  # characters of all values together, as the API server has it

# The keys that a Secret of a type must have (k8s.io/api/core/v1, the SecretType constants).
_TYPE_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
}


def _read_base64(tree: Tree, findings: Findings) -> str:
    encoded = text().read(tree, findings)
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        hint = "encode it with base64, or write it as it is under stringData"
        findings.error(tree, "is not base64", hint)
        return ""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        findings.error(tree, "holds bytes that are no text, and labnet keeps text only")
        return ""


_TEXTS: Final = mapping(text(), config_key)
_ENCODED: Final = mapping(Reader(_read_base64, ""), config_key)


def _merged(data: Data | None = None, other: Data | None = None, **rest: object) -> Data:
    del rest
    return {**(data or {}), **(other or {})}


def _check_size(tree: Fields, data: Data, findings: Findings) -> None:
    size = sum(len(value) for value in data.values())
    if size > MAX_DATA:
        findings.error(tree, f"must have at most {MAX_DATA} bytes, and has {size}", below=("data",))


def _check_config_map(tree: Fields, made: Data, findings: Findings) -> None:
    _check_size(tree, made, findings)
    texts, binary = tree.fields.get("data"), tree.fields.get("binaryData")
    if isinstance(texts, Fields) and isinstance(binary, Fields):
        for key in sorted(texts.fields.keys() & binary.fields.keys()):
            what = "duplicate of key present in data"
            findings.error(tree, what, below=("binaryData", key))


def _check_secret(tree: Fields, made: Data, findings: Findings) -> None:
    _check_size(tree, made, findings)
    for key in _TYPE_KEYS.get(tree.text("type"), ()):
        if key not in made:
            hint = f"a Secret of type {tree.text('type')} has it"
            findings.error(tree, "is missing", hint, below=("data", key))


CONFIG_MAP_BODY: Final = record(
    "ConfigMap",
    _merged,
    {
        "data": Field("data", _TEXTS),
        "binaryData": Field("other", _ENCODED),
        "immutable": Field("immutable", boolean),
    },
    silent=HEADER,
    check=_check_config_map,
)
SECRET_BODY: Final = record(
    "Secret",
    _merged,
    {
        "data": Field("data", _ENCODED),
        "stringData": Field("other", _TEXTS),
        "immutable": Field("immutable", boolean),
        "type": Field("type", text()),
    },
    silent=HEADER,
    check=_check_secret,
)
NAMESPACE_BODY: Final = record(
    "Namespace", lambda spec=None: spec, {"spec": Field("spec", anything)}, silent=HEADER
)
"""The spec of a Namespace holds finalizers only, which the API server sets."""


def config_map(
    kind: Literal["ConfigMap", "Secret"], metadata: Metadata, source: Source, data: Data
) -> ConfigMap:
    """A ConfigMap or Secret."""
    return ConfigMap(kind, metadata.namespace, metadata.name, source, data)


def namespace(metadata: Metadata, source: Source, body: object) -> Namespace:
    """A Namespace, with the label that the API server gives each."""
    del body
    labels = {**metadata.labels, "kubernetes.io/metadata.name": metadata.name}
    return Namespace(metadata.name, source, labels, metadata.annotations)
