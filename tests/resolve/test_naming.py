"""Names are Kubernetes' in form, and the same for the same input."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import NAMESPACE_DNS, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet.model import EnvVar
from labnet.resolve.naming import (
    ALPHABET,
    fnv1a,
    generated_name,
    hostname_of,
    object_uid,
    safe_encode,
    template_hash,
)
from resolve.builders import at, container, pod, workload


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968)],
)
def test_fnv1a(data: bytes, expected: int) -> None:
    """The test vectors of draft-eastlake-fnv, which Go's hash/fnv has too."""
    assert expected == fnv1a(data)


def test_fnv1a_goes_on() -> None:
    """The hash of a prefix continues to the hash of the whole."""
    assert fnv1a(b"foobar") == fnv1a(b"bar", fnv1a(b"foo"))


def test_safe_encode() -> None:
    """A decimal hash becomes what the names of ReplicaSets end with (apimachinery's util/rand)."""
    assert safe_encode("0123456789") == "456789bcdf"


def test_template_hash_says_what_the_template_says() -> None:
    """It depends on no line number and no order of keys, and on every word that counts."""
    one = workload("Deployment", "web", container("nginx"), labels={"a": "1", "b": "2"}).template
    same = workload(
        "Deployment", "web", container("nginx", source=at(99)), labels={"b": "2", "a": "1"}
    ).template
    other = replace(one, labels={"a": "1", "b": "3"})
    assert template_hash(one) == template_hash(same)
    assert template_hash(one) != template_hash(other)
    assert re.fullmatch(f"[{ALPHABET}]{{1,10}}", template_hash(one))


def test_template_hash_stays_what_it_is() -> None:
    """Another release of labnet must not rename every pod of a running lab."""
    web = workload("Deployment", "web", container("nginx", args=("a",)), labels={"app": "web"})
    assert template_hash(web.template) == "5bb7f45658"


def test_template_hash_separates_fields() -> None:
    """Values that read the same in different fields hash differently."""
    first = pod("a", container(command=("x",), args=("y",))).template
    second = pod("a", container(command=("x", "y"))).template
    third = pod("a", container(command=("x",), env=(EnvVar("y"),))).template
    assert len({template_hash(each) for each in (first, second, third)}) == 3


@pytest.mark.parametrize(
    ("owner", "base"),
    [
        ("web", "web-"),
        ("x" * 57, "x" * 57 + "-"),
        ("x" * 58, "x" * 58),
        ("x" * 200, "x" * 58),
        ("x" * 253, "x" * 58),
    ],
)
def test_generated_name(owner: str, base: str) -> None:
    """SimpleNameGenerator cuts the base at 58, so that the whole has at most 63 characters."""
    name = generated_name(owner, fnv1a(owner.encode()), "0")
    assert name[:-5] == base
    assert set(name[-5:]) <= set(ALPHABET)


def test_suffixes_are_spread() -> None:
    """A thousand indexes give as many names as a fair draw would, nearly."""
    seed = fnv1a(b"ReplicaSet/default/web-5d59d67564")
    names = {generated_name("web", seed, str(index)) for index in range(1000)}
    assert len(names) >= 998
    for place in range(-5, 0):
        assert len({name[place] for name in names}) == len(ALPHABET)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web-0", "web-0"),
        ("x" * 64, "x" * 63),
        ("x" * 62 + "-y", "x" * 62),
        ("x" * 61 + ".-y", "x" * 61),
    ],
)
def test_hostname_of(name: str, expected: str) -> None:
    """Kubelet's truncatePodHostnameIfNeeded: 63 characters, and no `-` or `.` at the end."""
    assert expected == hostname_of(name)


@given(st.text(), st.text())
def test_object_uid(namespace: str, name: str) -> None:
    """It is a well-formed UUID of version 5, one per object."""
    uid = UUID(object_uid("lab", "Pod", namespace, name))
    assert (uid.version, uid.variant) == (5, UUID(str(NAMESPACE_DNS)).variant)
    assert str(uid) != object_uid("lab", "Service", namespace, name)
