"""A container's environment is what the kubelet and the runtime would give it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from labnet.errors import Problems
from labnet.model import ConfigMap, Container, ContainerSpec, EnvVar, KeyRef, Topology
from labnet.resolve import object_uid, resolve
from labnet.resolve.environment import PATH, expanded
from resolve.builders import at, container, lab, networking, pod, topology


VALUES = {"VAR_A": "A", "VAR_B": "B", "VAR_C": "C", "VAR_REF": "$(VAR_A)", "VAR_EMPTY": ""}

MAPS = (
    ConfigMap("ConfigMap", "default", "app", at(), {"colour": "red", "size": "$(colour)"}),
    ConfigMap("Secret", "default", "app", at(), {"password": "s3cret"}),
    ConfigMap("ConfigMap", "prod", "elsewhere", at(), {"colour": "blue"}),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(VAR_A)", "A"),
        ("$(VAR_A)-$(VAR_A)", "A-A"),
        ("___$(VAR_B)___", "___B___"),
        ("$(VAR_A)_$(VAR_B)_$(VAR_C)", "A_B_C"),
        ("$$(VAR_B)_$(VAR_A)", "$(VAR_B)_A"),
        ("$$(VAR_A)_$$(VAR_B)", "$(VAR_A)_$(VAR_B)"),
        ("f000-$$VAR_A", "f000-$VAR_A"),
        ("foo\\$(VAR_C)bar", "foo\\Cbar"),
        ("foo\\\\$(VAR_C)bar", "foo\\\\Cbar"),
        ("$(VAR_A$(VAR_B))", "$(VAR_A$(VAR_B))"),
        ("$(VAR_A$(VAR_B)", "$(VAR_A$(VAR_B)"),
        ("$(VAR_REF)", "$(VAR_A)"),
        ("%%$(VAR_REF)--$(VAR_REF)%%", "%%$(VAR_A)--$(VAR_A)%%"),
        ("foo$(VAR_EMPTY)bar", "foobar"),
        ("foo$(VAR_Awhoops!", "foo$(VAR_Awhoops!"),
        ("f00__(VAR_A)__", "f00__(VAR_A)__"),
        ("$?_boo_$!", "$?_boo_$!"),
        ("$VAR_A", "$VAR_A"),
        ("$(VAR_DNE)", "$(VAR_DNE)"),
        ("$$$$$$(BIG_MONEY)", "$$$(BIG_MONEY)"),
        ("$$$$$$(VAR_A)", "$$$(VAR_A)"),
        ("$$$$$$$(GOOD_ODDS)", "$$$$(GOOD_ODDS)"),
        ("$$$$$$$(VAR_A)", "$$$A"),
        ("$VAR_A)", "$VAR_A)"),
        ("${VAR_A}", "${VAR_A}"),
        ("$(VAR_B)_______$(A", "B_______$(A"),
        ("$(VAR_C)_______$(", "C_______$("),
        ("$(VAR_A)foobarzab$", "Afoobarzab$"),
        ("foo-\\$(VAR_A", "foo-\\$(VAR_A"),
        ("--$($($($($--", "--$($($($($--"),
        ("$($($($($--foo$(", "$($($($($--foo$("),
        ("foo0--$($($($(", "foo0--$($($($("),
        ("$(foo$$var)", "$(foo$$var)"),
        ("\n", "\n"),
    ],
)
def test_expansion(text: str, expected: str) -> None:
    """The table of third_party/forked/golang/expansion/expand_test.go."""
    assert expected == expanded(text, VALUES)


def first(spec: ContainerSpec) -> Container:
    """The resolved container of a pod `web` that has only this one."""
    cluster = resolve(Topology(lab(), workloads=(pod("web", spec),), config_maps=MAPS))
    return cluster.pods[0].containers[0]


def without_links(env: Mapping[str, str]) -> dict[str, str]:
    """An environment without the variables that tell of the API server's Service."""
    return {name: value for name, value in env.items() if not name.startswith("KUBERNETES_")}


def env_of(*env: EnvVar, env_from: tuple[EnvVar, ...] = ()) -> Mapping[str, str]:
    """The environment of a container, less what every container has."""
    found = without_links(first(container(env=env, env_from=env_from)).env)
    assert (found.pop("PATH"), found.pop("HOSTNAME"), found.pop("HOME")) == (PATH, "web", "/root")
    return found


def test_the_default_environment() -> None:
    """PATH is the image's, HOSTNAME and HOME are the runtime's; the manifest may replace them."""
    assert env_of() == {}
    env = first(container(env=(EnvVar("PATH", "/opt"), EnvVar("HOME", "/"))))
    assert without_links(env.env) == {"PATH": "/opt", "HOSTNAME": "web", "HOME": "/"}


def test_only_declared_variables_are_expanded_and_only_earlier_ones() -> None:
    """`$(HOSTNAME)` is not declared, and a later variable is not known yet."""
    env = env_of(
        EnvVar("A", "1"),
        EnvVar("B", "$(A)$(C)$(HOSTNAME)"),
        EnvVar("C", "$$(A)"),
        EnvVar("A", "$(A)2"),
    )
    assert env == {"A": "12", "B": "1$(C)$(HOSTNAME)", "C": "$(A)"}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("metadata.name", "web"),
        ("metadata.namespace", "default"),
        ("metadata.uid", object_uid("lab", "Pod", "default", "web")),
        ("metadata.labels['app']", "shop"),
        ("metadata.labels['none']", ""),
        ("metadata.annotations['a.example/b']", "it's"),
        ("spec.nodeName", "node2"),
        ("spec.serviceAccountName", "default"),
        ("status.hostIP", "172.18.0.3"),
        ("status.hostIPs", "172.18.0.3,fc00:f853:ccd:e793::3"),
        ("status.podIP", "10.244.1.2"),
        ("status.podIPs", "10.244.1.2,fd00:10:244:1::2"),
    ],
)
def test_downward_api(field: str, expected: str) -> None:
    """Every field of the downward API that a variable may have."""
    web = pod(
        "web",
        container(env=(EnvVar("X", field_path=field),), command=("sh", "-c", "echo $(X)")),
        labels={"app": "shop"},
        annotations={"a.example/b": "it's"},
        spec={"node_name": "node2"},
    )
    (one,) = resolve(topology(web, of=lab(net=networking((4, 6))))).pods
    assert one.containers[0].env["X"] == expected
    assert one.containers[0].argv[-1] == f"echo {expected}"


def test_keys_of_config_maps_and_secrets() -> None:
    """EnvFrom comes first, with its prefix and unexpanded; env can refer to it and replace it."""
    everything = EnvVar("CFG_", key=KeyRef("ConfigMap", "app"))
    env = env_of(
        EnvVar("PASSWORD", key=KeyRef("Secret", "app", "password")),
        EnvVar("CFG_colour", "$(CFG_colour)dish"),
        EnvVar("URL", "http://:$(PASSWORD)@web"),
        env_from=(everything,),
    )
    assert env == {
        "CFG_colour": "reddish",
        "CFG_size": "$(colour)",
        "PASSWORD": "s3cret",
        "URL": "http://:s3cret@web",
    }


def test_optional_keys() -> None:
    """What may be missing and is sets no variable at all."""
    env = env_of(
        EnvVar("A", key=KeyRef("ConfigMap", "none", "x", optional=True)),
        EnvVar("B", key=KeyRef("ConfigMap", "app", "x", optional=True)),
        EnvVar("C", "$(A)"),
        env_from=(EnvVar("", key=KeyRef("Secret", "none", optional=True)),),
    )
    assert env == {"C": "$(A)"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            container(env=(EnvVar("A", key=KeyRef("ConfigMap", "elsewhere", "colour")),)),
            "main.env[0].valueFrom: there is no ConfigMap elsewhere in namespace default",
        ),
        (
            container(env=(EnvVar("A", "1"), EnvVar("B", key=KeyRef("ConfigMap", "app", "hue")))),
            (
                "main.env[1].valueFrom: ConfigMap app in namespace default has no key hue\n"
                "    it has: colour, size"
            ),
        ),
        (
            container(env_from=(EnvVar("", key=KeyRef("Secret", "gone")),)),
            "main.envFrom[0]: there is no Secret gone in namespace default",
        ),
        (
            container(env=(EnvVar("A", field_path="status.phase"),)),
            (
                "main.env[0].valueFrom: status.phase is no field that a container can be told\n"
                "    these are: metadata.name, metadata.namespace, metadata.uid, spec.nodeName, "
                "spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP, "
                "status.podIPs, "
                "metadata.labels['KEY'], metadata.annotations['KEY']"
            ),
        ),
    ],
)
def test_what_a_variable_cannot_refer_to(spec: ContainerSpec, expected: str) -> None:
    """A missing source is one problem at the container's line, however many replicas there are."""
    with pytest.raises(Problems) as caught:
        first(spec)
    assert str(caught.value) == f"lab.yaml:7: {expected}\n1 problem; nothing was touched"
