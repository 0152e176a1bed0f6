"""A lab at an instant, made of text: what the formatters are tried on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labnet.cli.kube.view import ContainerStatus, Machine, View
from labnet.names import segment_netns
from labnet.parse import SourceText, parse
from labnet.resolve import pod_key, resolve


BORN = 1_700_000_000.0  # 2023-11-14T22:13:20Z
MACHINE = Machine(
    kernel="6.12.0",
    os_image="Debian GNU/Linux 12 (bookworm)",
    boot_id="11111111-2222-3333-4444-555555555555",
    cpus=2,
    memory=4_000_000,
)
LAB = """
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: show}
spec:
  nodes:
  - {name: node2}
  - {name: node1, labels: {node-role.kubernetes.io/control-plane: ""}}
  hosts: [{name: client}]
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue, size: "3"}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: secret}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web}, annotations: {labnet.dev/ip: 10.244.1.9}}
spec:
  nodeName: node1
  initContainers:
  - {name: wait, image: busybox, command: [sh, -c, "exit 0"]}
  containers:
  - name: http
    image: nginx
    ports: [{containerPort: 80, name: web}]
    env:
    - {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: PLAIN, value: text}
    volumeMounts: [{name: scratch, mountPath: /scratch}]
  - {name: idle, image: pause}
  volumes: [{name: scratch, emptyDir: {}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop, labels: {app: shop}}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers: [{name: main, image: nginx}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 1
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: main, image: pause}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      nodeSelector: {kubernetes.io/os: linux}
      hostNetwork: true
      containers: [{name: main, image: pause}]
---
apiVersion: labnet.dev/v1
kind: Container
metadata: {name: cache}
spec: {node: node1, image: nginx, publish: ["8080:80"]}
"""


@dataclass(frozen=True)
class Status:
    """What a container runtime might say."""

    running: bool = False
    exit_status: int | None = None
    signal: int = 0
    pid: int = 0
    started_at: float | None = BORN + 1
    finished_at: float | None = None
    restarts: int = 0
    reason: str = ""
    message: str = ""


RUNNING = Status(running=True, pid=7)


def ended(exit_status: int, **more: object) -> Status:
    """A container that has ended."""
    return Status(**{"exit_status": exit_status, "finished_at": BORN + 2, **more})  # type: ignore[arg-type]  # a test's own words


def view(
    text: str = LAB, statuses: Mapping[tuple[str, str], ContainerStatus] | None = None
) -> View:
    """The lab of a text with all of it there; containers run, or are as `statuses` says."""
    topology = parse([SourceText("show.yaml", text)]).topology
    cluster = resolve(topology)
    machines = [one.netns for one in cluster.nodes] + [one.netns for one in cluster.hosts]
    places = [*machines, *(pod.netns for pod in cluster.pods), segment_netns(cluster.name)]
    births = dict.fromkeys(places, BORN)
    found: dict[tuple[str, str], ContainerStatus] = {
        (pod_key(pod), one.name): ended(0, reason="Completed") if one.init else RUNNING
        for pod in cluster.pods
        for one in pod.containers
        if one.argv or one.builtin
    }
    return View(topology, cluster, births, found | dict(statuses or {}), MACHINE)


def pod_text(restart: str = "Always", *, init: bool = False, mains: int = 1) -> str:
    """A lab with one pod `p` of `mains` containers m0, m1…, and an init container `i` if asked."""
    first = "  initContainers: [{name: i, image: busybox, command: [sh]}]\n" if init else ""
    some = ", ".join(f"{{name: m{n}, image: nginx}}" for n in range(mains))
    return (
        "apiVersion: labnet.dev/v1\nkind: Lab\nmetadata: {name: one}\n"
        "spec: {nodes: [{name: n1}]}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
        f"spec:\n  restartPolicy: {restart}\n{first}  containers: [{some}]\n"
    )
