"""Manifests become the values of the model that they mean."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from labnet.model import (
    ConfigMap,
    ContainerPort,
    EnvVar,
    HostAlias,
    KeyRef,
    Namespace,
    Source,
    Volume,
    VolumeMount,
)
from parse.texts import LAB, container, parsed, pod, refusal, topology


TEMPLATE = """
  template:
    metadata: {labels: {app: web, tier: front}}
    spec: {containers: [{name: web, image: nginx}]}
"""


def controller(kind: str, spec: str = "") -> str:
    """A controller of nginx pods."""
    head = f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web, namespace: kube-system}}\n"
    return f"{head}spec:\n  selector: {{matchLabels: {{app: web}}}}{TEMPLATE}{spec}"


def test_a_pod_with_everything() -> None:
    """Each field of a pod that labnet acts on has its place in the model."""
    text = """
    restartPolicy: OnFailure
    terminationGracePeriodSeconds: 5
    nodeName: node1
    nodeSelector: {kubernetes.io/hostname: node1}
    hostname: w
    subdomain: sub
    dnsPolicy: None
    dnsConfig:
      nameservers: [10.0.0.9]
      searches: [example.com, .]
      options: [{name: ndots, value: "5"}, {name: edns0}]
    hostAliases: [{ip: 10.0.0.7, hostnames: [db, db.example.com]}]
    containers: [{name: web, image: nginx}]
    """
    (workload,) = topology(
        LAB,
        pod(
            text.replace(", .]", "]"),
            'name: web, labels: {app: web}, annotations: {note: hi, labnet.dev/ip: "10.244.0.9"}',
        ),
    ).workloads
    spec = workload.template.spec
    assert (workload.kind, workload.namespace, workload.name) == ("Pod", "default", "web")
    assert workload.source == Source("lab.yaml", 9)
    assert workload.labels == workload.template.labels == {"app": "web"}
    assert workload.template.annotations["note"] == "hi"
    assert workload.template.addresses == (ip_address("10.244.0.9"),)
    assert (spec.restart_policy, spec.termination_grace_period_seconds) == ("OnFailure", 5)
    assert (spec.node_name, spec.node_selector) == ("node1", {"kubernetes.io/hostname": "node1"})
    assert (spec.hostname, spec.subdomain, spec.host_network) == ("w", "sub", False)
    assert spec.dns_policy == "None"
    assert spec.dns_nameservers == ("10.0.0.9",)
    assert spec.dns_searches == ("example.com",)
    assert spec.dns_options == (("ndots", "5"), ("edns0", ""))
    assert spec.host_aliases == (HostAlias("10.0.0.7", ("db", "db.example.com")),)


def test_a_container_with_everything() -> None:
    """Each field of a container that labnet acts on has its place in the model."""
    (found,) = container(
        """
        image: busybox:1.36
        command: [sh, -c]
        args: ["echo $(A)"]
        workingDir: /srv
        env:
        - {name: A, value: "1"}
        - {name: EMPTY}
        - {name: IP, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: status.podIP}}}
        - {name: L, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
        - {name: C, valueFrom: {configMapKeyRef: {name: c, key: k, optional: true}}}
        envFrom:
        - {prefix: P_, secretRef: {name: s, optional: true}}
        ports:
        - {containerPort: 80, name: http}
        - {containerPort: 53, protocol: UDP}
        """
    ).template.spec.containers
    assert found.source == Source("lab.yaml", 14)
    assert (found.image, found.command, found.args) == (
        "busybox:1.36",
        ("sh", "-c"),
        ("echo $(A)",),
    )
    assert found.working_dir == "/srv"
    assert found.env == (
        EnvVar("A", "1"),
        EnvVar("EMPTY"),
        EnvVar("IP", field_path="status.podIP"),
        EnvVar("L", field_path="metadata.labels['app']"),
        EnvVar("C", key=KeyRef("ConfigMap", "c", "k", optional=True)),
    )
    assert found.env_from == (EnvVar("P_", key=KeyRef("Secret", "s", optional=True)),)
    assert found.ports == (ContainerPort(80, "http"), ContainerPort(53, protocol="UDP"))


def test_volumes() -> None:
    """An emptyDir holds nothing, the others refer to keys; mount paths are absolute."""
    text = """
    volumes:
    - {name: tmp, emptyDir: {}}
    - {name: conf, configMap: {name: c, items: [{key: k, path: d/f}]}}
    - {name: keys, secret: {secretName: s, optional: true}}
    containers:
    - name: web
      image: nginx
      volumeMounts:
      - {name: tmp, mountPath: srv/x/}
      - {name: conf, mountPath: /etc/c, subPath: d/f, readOnly: true}
    """
    data = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n"
    spec = topology(LAB, data, pod(text)).workloads[0].template.spec
    assert spec.volumes == (
        Volume("tmp"),
        Volume("conf", KeyRef("ConfigMap", "c"), (("k", "d/f"),)),
        Volume("keys", KeyRef("Secret", "s", optional=True)),
    )
    assert spec.containers[0].volume_mounts == (
        VolumeMount("tmp", "/srv/x"),
        VolumeMount("conf", "/etc/c", "d/f", read_only=True),
    )


def test_controllers() -> None:
    """Deployment, ReplicaSet, StatefulSet and DaemonSet are workloads with their own fields."""
    for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"):
        (workload,) = topology(LAB, controller(kind)).workloads
        assert (workload.kind, workload.replicas) == (kind, 1)
        assert (workload.namespace, workload.name) == ("kube-system", "web")
        assert workload.selector == {"app": "web"}
        assert workload.template.labels == {"app": "web", "tier": "front"}
    spec = "  replicas: 3\n  serviceName: all\n  ordinals: {start: 5}\n"
    (stateful,) = topology(LAB, controller("StatefulSet", spec)).workloads
    assert (stateful.replicas, stateful.service_name, stateful.ordinals_start) == (3, "all", 5)


def test_match_expressions_select_too() -> None:
    """A selector of expressions is checked against the labels of the template."""
    expressions = (
        "{key: app, operator: In, values: [web]}, {key: tier, operator: Exists},"
        " {key: x, operator: DoesNotExist}, {key: app, operator: NotIn, values: [db]}"
    )
    text = controller("Deployment").replace("matchLabels: {app: web}", "matchExpressions: [EXPR]")
    assert topology(LAB, text.replace("EXPR", expressions)).workloads[0].selector == {}
    wrong = expressions.replace("[db]", "[web]")
    assert "`selector` does not match" in refusal(LAB, text.replace("EXPR", wrong))


def test_claims_are_empty_volumes() -> None:
    """A StatefulSet's claims are there to mount, and a warning says that they hold nothing."""
    spec = "  volumeClaimTemplates:\n  - metadata: {name: data}\n    spec: {accessModes: [X]}\n"
    mounted = "{name: web, image: nginx, volumeMounts: [{name: data, mountPath: /data}]}"
    text = controller("StatefulSet", spec).replace("{name: web, image: nginx}", mounted)
    result = parsed(LAB, text)
    assert result.topology.workloads[0].template.spec.volumes == (Volume("data"),)
    assert ["labnet keeps no volumes" in one.what for one in result.warnings] == [True]


def test_configuration() -> None:
    """Keys are text: a Secret's data is decoded, and its stringData wins."""
    text = """
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings}
    immutable: true
    data: {colour: red, empty: , file.txt: "a\\nb\\n"}
    binaryData: {raw: aGk=}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: login}
    type: Opaque
    data: {user: bWU=, password: eA==}
    stringData: {password: secret}
    """
    settings = {"colour": "red", "empty": "", "file.txt": "a\nb\n", "raw": "hi"}
    assert topology(LAB, text).config_maps == (
        ConfigMap("ConfigMap", "default", "settings", Source("lab.yaml", 10), settings),
        ConfigMap(
            "Secret",
            "default",
            "login",
            Source("lab.yaml", 17),
            {"user": "me", "password": "secret"},
        ),
    )


def test_namespaces() -> None:
    """A namespace has the label of its name, and objects may be in it wherever it stands."""
    inside = pod("containers: [{name: web, image: nginx}]", "name: web, namespace: shop")
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}\n"
    found = topology(LAB, inside, text)
    labels = {"a": "b", "kubernetes.io/metadata.name": "shop"}
    assert found.namespaces == (Namespace("shop", Source("lab.yaml", 15), labels),)
    assert found.workloads[0].namespace == "shop"


def test_a_list_is_its_items() -> None:
    """`kind: List`, as `kubectl get -o json` prints it, is the manifests in it; lists nest."""
    web = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": SPEC}'
    spec = '{"containers": [{"name": "web", "image": "nginx"}]}'
    inner = f'{{"kind": "PodList", "apiVersion": "v1", "items": [{web}]}}'
    text = f'{{"kind": "List", "apiVersion": "v1", "metadata": {{}}, "items": [{inner}]}}\n'
    assert topology(LAB, text.replace("SPEC", spec)).workloads[0].name == "web"


PRINTED = """
apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2025-01-01T00:00:00Z"
  name: web
  namespace: default
  generation: 1
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: x}]
  resourceVersion: "722"
  uid: 0ae1e5a6
  managedFields: [{manager: kubectl, fieldsV1: {f:metadata: {}}}]
spec:
  containers:
  - image: nginx
    imagePullPolicy: Always
    name: web
    resources: {}
    terminationMessagePath: /dev/termination-log
    volumeMounts:
    - {mountPath: /var/run/secrets/kubernetes.io/serviceaccount, name: token, readOnly: true}
  dnsPolicy: ClusterFirst
  nodeName: node1
  preemptionPolicy: PreemptLowerPriority
  priority: 0
  restartPolicy: Always
  securityContext: {}
  serviceAccountName: default
  tolerations:
  - {effect: NoExecute, key: a, operator: Exists, tolerationSeconds: 300}
  volumes:
  - name: token
    projected:
      defaultMode: 420
      sources:
      - serviceAccountToken: {expirationSeconds: 3607, path: token}
      - configMap: {items: [{key: ca.crt, path: ca.crt}], name: kube-root-ca.crt}
      - downwardAPI: {items: [{fieldRef: {fieldPath: metadata.namespace}, path: namespace}]}
status:
  podIP: 10.244.0.5
  phase: Running
"""


def test_what_a_cluster_prints_applies() -> None:
    """`kubectl get pod -o yaml`, with all that the API server adds, is warned of and taken."""
    result = parsed(LAB, PRINTED)
    assert result.topology.workloads[0].template.spec.volumes == (Volume("token"),)
    assert [warning.path for warning in result.warnings] == [
        "spec.containers[0].imagePullPolicy",
        "spec.containers[0].terminationMessagePath",
        "spec.preemptionPolicy",
        "spec.priority",
        "spec.serviceAccountName",
        "spec.tolerations",
        "spec.volumes[0].projected",
    ]


def test_each_field_is_warned_of_once() -> None:
    """One warning for a kind and field, with the first place and how many there are."""
    one = "containers: [{name: web, image: nginx, tty: true}, {name: b, image: nginx, tty: true}]"
    group = "networking.k8s.io/v1"
    two = f"apiVersion: {group}\nkind: IngressClass\nmetadata: {{name: NAME}}\n"
    classes = [two.replace("NAME", name) for name in "ab"]
    result = parsed(LAB, pod(one), pod(one, "name: c"), *classes)
    tty = "Kubernetes has tty, and labnet does not act on it"
    assert [str(warning) for warning in result.warnings] == [
        f"lab.yaml:13: spec.containers[0].tty: {tty} (the first of 4)",
        "lab.yaml:22: kind: labnet does not act on IngressClass yet (the first of 2)",
    ]


def test_nothing_is_warned_of_that_says_nothing() -> None:
    """A field that is null or empty is the same as none."""
    fields = "{name: web, image: nginx, tty: , resources: {}, livenessProbe: null, ports: }"
    assert topology(LAB, pod(f"containers: [{fields}]\ntolerations: []\nnodeName: ~")).workloads


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("Ingress", "{rules: [{host: a.b, http: {paths: [{path: /, pathType: Exact}]}}]}"),
        ("IngressClass", "{controller: example.com/x}"),
        ("NetworkPolicy", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}"),
    ],
)
def test_later_kinds(kind: str, text: str) -> None:
    """What labnet does not act on yet is read for its shape, and named."""
    manifest = (
        f"apiVersion: networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {text}\n"
    )
    (warning,) = parsed(LAB, manifest).warnings
    assert warning.what == f"labnet does not act on {kind} yet"
    assert "unknown field 'specc'" in refusal(LAB, manifest.replace("spec:", "specc:"))


def test_a_daemon_set_may_have_no_node() -> None:
    """Kubernetes takes a DaemonSet that no node is for, and so does labnet, with a warning."""
    text = controller("DaemonSet").replace(
        "spec: {containers", "spec: {nodeSelector: {a: b}, containers"
    )
    (warning,) = parsed(LAB, text).warnings
    assert warning.what == "a=b matches no node: there is no pod"
