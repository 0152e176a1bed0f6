"""What in Services is taken and likely not meant has a warning, where it stands."""

from __future__ import annotations

from textwrap import dedent

import pytest

from parse.texts import LAB, parsed, pod


WEB = pod(
    "containers: [{name: web, image: nginx, ports: [{containerPort: 80, name: http}]}]",
    "name: web, labels: {app: web, tier: front}",
)


def service(spec: str, metadata: str = "name: web") -> str:
    """A Service; its spec begins on its fifth line."""
    body = "".join(f"  {line}\n" for line in dedent(spec).strip().splitlines())
    return f"apiVersion: v1\nkind: Service\nmetadata: {{{metadata}}}\nspec:\n{body}"


def warnings(*texts: str) -> list[str]:
    """The lines that `parse` warns with, hints indented; the pod `web` is in line 9 and below."""
    found = parsed(LAB, WEB, *texts).warnings
    return [line.strip() for warning in found for line in str(warning).splitlines()]


def test_a_selector_that_selects_nothing() -> None:
    """With the label that is near, or what there is instead."""
    ports = "ports: [{port: 80}]\n"
    found = warnings(
        service(f"{ports}selector: {{app: wbe}}", "name: a"),
        service(f"{ports}selector: {{aap: web}}", "name: b"),
        service(f"{ports}selector: {{app: db}}", "name: c"),
        service(f"{ports}selector: {{app: web}}", "name: d, namespace: kube-system"),
        service(f"{ports}selector: {{app: web, tier: front}}", "name: e"),
    )
    assert found == [
        "lab.yaml:20: spec.selector: app=wbe selects no pod: there is no endpoint",
        "did you mean web?",
        "lab.yaml:27: spec.selector: aap=web selects no pod: there is no endpoint",
        "did you mean app?",
        "lab.yaml:34: spec.selector: app=db selects no pod: there is no endpoint",
        "the pods have app=web",
        "lab.yaml:41: spec.selector: app=web selects no pod: there is no endpoint",
        "there is no pod in namespace kube-system",
    ]


def test_labels_of_no_one_pod() -> None:
    """Each label is some pod's, and no pod has all of them."""
    other = WEB.replace("name: web, labels", "name: db, labels").replace("app: web", "app: db")
    other = other.replace("front", "back")
    text = service("ports: [{port: 80}]\nselector: {app: web, tier: back}")
    assert warnings(other, text) == [
        "lab.yaml:26: spec.selector: app=web,tier=back selects no pod: there is no endpoint",
        "no pod has all of these labels together",
    ]


def test_labels_that_controllers_give() -> None:
    """A Service for one pod of a StatefulSet selects by a label that no template has."""
    stateful = """
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db}
    spec:
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: db, image: nginx}]}
    """
    name = "statefulset.kubernetes.io/pod-name: db-0"
    text = service(f"ports: [{{port: 80}}]\nselector: {{{name}, app: db}}")
    assert warnings(stateful, text) == []
    assert warnings(stateful, service(f"ports: [{{port: 80}}]\nselector: {{{name}}}")) == []


def test_a_target_port_that_no_pod_has() -> None:
    """By its name and its protocol, as the endpoint controller looks for it."""
    text = """
    selector: {app: web}
    ports:
    - {name: a, port: 80, targetPort: http}
    - {name: b, port: 81, targetPort: htpp}
    - name: c
      port: 82
      protocol: UDP
      targetPort: http
    - {name: d, port: 83, targetPort: 9999}
    """
    assert warnings(service(text)) == [
        "lab.yaml:22: spec.ports[1].targetPort: no selected pod has a TCP port of the name 'htpp'",
        "the only port is http",
        "lab.yaml:26: spec.ports[2].targetPort: no selected pod has a UDP port of the name 'http'",
        "http is a TCP port",
    ]


def test_load_balancers_without_an_address() -> None:
    """Once for all of them; one with an address in its status needs nothing."""
    spec = "type: LoadBalancer\nports: [{port: 80}]"
    status = "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}\n"
    texts = [service(spec, f"name: {name}") for name in "ab"]
    warning, hint = warnings(*texts, service(spec, "name: c") + status)
    assert warning.startswith("lab.yaml:19: spec.type: labnet has no load balancer yet: ")
    assert warning.endswith("(the first of 2)")
    assert hint.endswith("status: {loadBalancer: {ingress: [{ip: 192.0.2.10}]}}")


SLICE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-1
  labels: {LABELS}
addressType: IPv4
ports: [{name: NAME, port: 80}]
endpoints:
- addresses: [192.0.2.1]
  nodeName: NODE
"""


def written(labels: str, name: str = '""', node: str = "node1") -> str:
    """An EndpointSlice, in line 23 and below if a Service of one port stands before it."""
    text = SLICE.replace("LABELS", labels).replace("NAME", name, 1)
    return text.replace("nodeName: NODE", f"nodeName: {node}")


def test_endpoints_of_nobody() -> None:
    """A slice without the label, one of a Service that is not there, Endpoints of none."""
    without = service("ports: [{port: 80}]")
    label = "kubernetes.io/service-name"
    assert warnings(without, written(f"{label}: web")) == []
    assert warnings(without, written(f"{label}: kubernetes")) == []
    assert warnings(without, written("a: b")) == [
        f"lab.yaml:26: metadata.labels: has no label {label}: no Service has these endpoints"
    ]
    path = f'metadata.labels["{label}"]'
    assert warnings(without, written(f"{label}: wbe")) == [
        f"lab.yaml:26: {path}: there is no Service 'wbe' in namespace default",
        "the only Service is web",
    ]
    endpoints = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: db}\n"
    assert warnings(without, endpoints) == [
        "lab.yaml:23: metadata.name: there is no Service 'db' in namespace default",
        "the only Service is web",
    ]


def test_endpoints_on_no_node() -> None:
    """To every node, such an endpoint is remote."""
    text = written("kubernetes.io/service-name: web", node="node3")
    assert warnings(service("ports: [{port: 80}]"), text) == [
        "lab.yaml:31: endpoints[0].nodeName: there is no node 'node3': this endpoint is remote",
        "the nodes are node1 and node2",
    ]


def test_endpoint_ports_are_found_by_name() -> None:
    """A port of a slice that has not the name of the Service's is nobody's."""
    text = written("kubernetes.io/service-name: web", name="http")
    assert warnings(service("ports: [{port: 80}]"), text) == [
        "lab.yaml:28: ports[0].name: Service web has no TCP port of the name 'http'",
        "its ports are one without a name/TCP; a port is found by its name",
    ]
    assert warnings(service("ports: [{name: http, port: 80}]"), text) == []


@pytest.mark.parametrize("kind", ["Endpoints", "EndpointSlice"])
def test_endpoints_that_are_computed(kind: str) -> None:
    """What the controllers make of a selector is not taken from a file."""
    selecting = service("ports: [{port: 80}]\nselector: {app: web}")
    manager = "endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io"
    text = written(f"kubernetes.io/service-name: web, {manager}")
    if kind == "Endpoints":
        text = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\n"
    warning, hint = warnings(selecting, text)
    assert hint.startswith("remove the selector")
    assert "Service web has a selector, and what it selects is computed" in warning
    beside = written("kubernetes.io/service-name: web")
    assert warnings(selecting, beside) == []


def test_fields_that_have_no_effect() -> None:
    """A name for another type of Service, an annotation that kube-proxy never read."""
    text = service("ports: [{port: 80}]\nexternalName: db.example.com")
    assert warnings(text) == [
        "lab.yaml:20: spec.externalName: has no effect when `type` is 'ClusterIP'",
        "did you mean type: ExternalName?",
    ]
    name = "service.beta.kubernetes.io/load-balancer-source-ranges"
    status = "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}\n"
    balancer = service(
        "type: LoadBalancer\nports: [{port: 80}]",
        f'name: web, annotations: {{{name}: "10.0.0.0/8, 192.0.2.0/24"}}',
    )
    assert warnings(balancer + status)[1] == "write spec.loadBalancerSourceRanges"


def test_fields_that_wait_for_a_load_balancer() -> None:
    """They are kept, and named."""
    status = "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}\n"
    fields = "loadBalancerIP: 192.0.2.1\nloadBalancerClass: example.com/lb"
    text = service(f"type: LoadBalancer\nports: [{{port: 80}}]\n{fields}") + status
    assert [warning.partition(": labnet")[2] for warning in warnings(text)] == [
        " does not act on loadBalancerIP yet",
        " does not act on loadBalancerClass yet",
    ]


def test_many_that_select_nothing() -> None:
    """Each has its warning, and what is near is looked for a hundred times only."""
    texts = [service("ports: [{port: 80}]\nselector: {app: x}", f"name: s{i}") for i in range(150)]
    found = parsed(LAB, WEB, *texts).warnings
    assert len(found) == 150
    assert sum(bool(warning.hint) for warning in found) == 100
