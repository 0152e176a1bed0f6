"""`kind: Container`: what `docker run` makes on a node.

`env` is taken in three forms: Kubernetes' list of `{name, value}`, docker's list of `NAME=value`,
and compose's mapping.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from labnet.model import BridgeContainer, ContainerSpec, EnvVar, PublishedPort, Source
from labnet.parse.addresses import ip_text
from labnet.parse.containers import PROTOCOLS, check_image
from labnet.parse.findings import Findings, did_you_mean
from labnet.parse.formats import Complaint, dns_label, dns_subdomain, env_name, image_reference
from labnet.parse.metadata import Metadata
from labnet.parse.readers import Reader, items, mapping, text
from labnet.parse.records import Field, record
from labnet.parse.tree import Fields, Items, Scalar, Tree, quote
from labnet.parse.workloads import HEADER


NETWORKS: Final = ("bridge", "host", "none", "container:NAME")
JOINED: Final = "container:"

_PUBLISH: Final = re.compile(
    r"(?:(?P<ip>[0-9.]+|\[[0-9a-fA-F:.]+\]):)?(?P<host>[0-9]{1,9}):(?P<inner>[0-9]{1,9})(?:/(?P<protocol>\w+))?"
)
_FORM: Final = "[HOST_IP:]HOST_PORT:CONTAINER_PORT[/PROTOCOL], for example 8080:80/tcp"


class ContainerBody(NamedTuple):
    """`spec` of a Container."""

    container: ContainerSpec
    node: str = ""
    publish: tuple[PublishedPort, ...] = ()
    network: str = "bridge"


def published_port(words: str) -> PublishedPort:
    """A port as `docker run -p` takes it; raises ValueError with what is wrong and a hint."""
    found = _PUBLISH.fullmatch(words)
    if found is None:
        raise ValueError(f"{quote(words)} is not a published port", f"the form is {_FORM}")
    protocol = (found["protocol"] or "tcp").lower()
    if protocol.upper() not in PROTOCOLS:
        what = f"unsupported protocol {quote(protocol)}"
        raise ValueError(what, "supported values: tcp, udp, sctp")
    for port in (int(found["host"]), int(found["inner"])):
        if not 1 <= port <= 65535:
            raise ValueError(
                f"{port}: must be between 1 and 65535, inclusive", f"the form is {_FORM}"
            )
    address = (found["ip"] or "").strip("[]")
    if address and (complaint := ip_text(address)):
        raise ValueError(*complaint)
    return PublishedPort(int(found["host"]), int(found["inner"]), protocol, address)  # type: ignore[arg-type] # one of PROTOCOLS


def _read_published(tree: Tree, findings: Findings) -> PublishedPort:
    if isinstance(tree, Scalar) and tree.kind == "int":
        what = f"port {tree.text} of the container has no port of the node"
        findings.error(tree, what, f"did you mean {tree.text}:{tree.text}? The form is {_FORM}")
        return _NO_PORT
    words = text().read(tree, findings)
    if not isinstance(tree, Scalar):
        return _NO_PORT
    try:
        return published_port(words)
    except ValueError as error:
        findings.error(tree, *error.args)
        return _NO_PORT


_NO_PORT: Final = PublishedPort(0, 0)


def _network(word: str) -> Complaint | None:
    if word in NETWORKS[:3]:
        return None
    if word.startswith(JOINED):
        return dns_label(word.removeprefix(JOINED))
    near = did_you_mean(word, NETWORKS)
    hint = f"supported values: {', '.join(NETWORKS)}"
    return f"unsupported value {quote(word)}", f"{hint}; {near}" if near else hint


_NAME_VALUE: Final = record(
    "NameValue",
    EnvVar,
    {
        "name": Field("name", text(env_name), required=True, example="name: PORT"),
        "value": Field("value", text()),
    },
)
_VALUES: Final = mapping(text(), env_name)


def _read_env(tree: Tree, findings: Findings) -> tuple[EnvVar, ...]:
    if isinstance(tree, Fields):
        values = _VALUES.read(tree, findings)
        return tuple(EnvVar(name, value) for name, value in values.items())
    return items(Reader(_read_variable, EnvVar(""))).read(tree, findings)


def _read_variable(tree: Tree, findings: Findings) -> EnvVar:
    if not isinstance(tree, Scalar):
        return _NAME_VALUE.read(tree, findings)
    name, equals, value = text().read(tree, findings).partition("=")
    if not equals and tree.kind == "str":
        findings.error(tree, f"the variable {quote(name)} has no value", "write it NAME=value")
    elif complaint := env_name(name):
        findings.error(tree, *complaint)
    return EnvVar(name, value)


def _spec(
    source: Source,
    node: str = "",
    publish: tuple[PublishedPort, ...] = (),
    network: str = "bridge",
    **container: Any,
) -> ContainerBody:
    spec = ContainerSpec(name="", source=source, **container)
    return ContainerBody(spec, node, publish, network)


def _check(tree: Fields, made: ContainerBody, findings: Findings) -> None:
    check_image(tree, made.container, findings, below="image")
    publish = tree.fields.get("publish")
    if made.network != "bridge" and isinstance(publish, Items) and publish.items:
        what = f"a container with network {quote(made.network)} publishes nothing"
        findings.error(publish, what, "remove publish, or take the network bridge")


CONTAINER_BODY: Final = record(
    "BridgeContainer",
    lambda spec: spec,
    {
        "spec": Field(
            "spec",
            record(
                "BridgeContainerSpec",
                _spec,
                {
                    "image": Field(
                        "image", text(image_reference), required=True, example="image: nginx"
                    ),
                    "command": Field("command", items(text())),
                    "args": Field("args", items(text())),
                    "env": Field("env", Reader(_read_env, ())),
                    "node": Field("node", text(dns_subdomain)),
                    "publish": Field("publish", items(Reader(_read_published, _NO_PORT))),
                    "network": Field("network", text(_network)),
                },
                source=True,
                check=_check,
            ),
            required=True,
            example="spec: {image: nginx}",
        )
    },
    silent=HEADER,
)


def bridge_container(metadata: Metadata, source: Source, body: ContainerBody) -> BridgeContainer:
    """A Container; what runs in it has the Container's name."""
    spec = body.container
    container = ContainerSpec(
        name=metadata.name,
        image=spec.image,
        source=source,
        command=spec.command,
        args=spec.args,
        env=spec.env,
    )
    return BridgeContainer(metadata.name, source, container, body.node, body.publish, body.network)
