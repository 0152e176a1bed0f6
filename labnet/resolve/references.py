"""The ConfigMaps and Secrets that containers refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from labnet.model import ConfigMap, KeyRef, Source
from labnet.resolve.problem import Findings


class Place(NamedTuple):
    """Where a reference stands: the pod's namespace, the object and the field."""

    namespace: str
    source: Source
    path: str


class References:
    """All ConfigMaps and Secrets of the lab; what is missing and may not be is in the findings."""

    def __init__(self, config_maps: Sequence[ConfigMap], findings: Findings) -> None:
        """The files' ConfigMaps and Secrets, by kind, namespace and name."""
        self._data = {(item.kind, item.namespace, item.name): item.data for item in config_maps}
        self._findings = findings

    def data(self, ref: KeyRef, place: Place) -> Mapping[str, str]:
        """Everything in what `ref` names."""
        return self._found(ref, place) or {}

    def value(self, ref: KeyRef, place: Place) -> str | None:
        """The value of the key that `ref` names, None without it."""
        data = self._found(ref, place)
        return None if data is None else self._key(data, ref, ref.key, place)

    def items(self, ref: KeyRef, items: Sequence[tuple[str, str]], place: Place) -> dict[str, str]:
        """The values of the keys of `items`, which are (key, new name)."""
        data = self._found(ref, place)
        if data is None:
            return {}
        values = {name: self._key(data, ref, key, place) for key, name in items}
        return {name: value for name, value in values.items() if value is not None}

    def unknown(self, what: str, hint: str, place: Place) -> None:
        """Say that something else that a container refers to is not there."""
        self._findings.add(place.source, place.path, what, hint)

    def _found(self, ref: KeyRef, place: Place) -> Mapping[str, str] | None:
        """The data of what `ref` names, None without it."""
        data = self._data.get((ref.kind, place.namespace, ref.name))
        if data is None and not ref.optional:
            what = f"there is no {ref.kind} {ref.name} in namespace {place.namespace}"
            self._findings.add(place.source, place.path, what)
        return data

    def _key(self, data: Mapping[str, str], ref: KeyRef, key: str, place: Place) -> str | None:
        """The value of a key, None without it."""
        value = data.get(key)
        if value is None and not ref.optional:
            what = f"{ref.kind} {ref.name} in namespace {place.namespace} has no key {key}"
            self._findings.add(place.source, place.path, what, f"it has: {', '.join(sorted(data))}")
        return value
