"""What is meant, in Kubernetes' words: frozen values that know nothing of text or of Linux.

There are two layers. What a person wrote is a `Topology`: `Lab`, `Namespace`, `Workload` with its
`PodTemplate`, `ConfigMap`, `Service`. What follows from it once every address, name and place is
decided is a `Cluster`: `Node`, `Host`, `Pod`, `Container`, and the Services and EndpointSlices
with all that they were given. `parse` makes the first, `resolve` the second.

Decisions
- We chose one `Service` type for both layers, and one `EndpointSlice`, because an object that says
  everything itself (a fixed clusterIP, slices as written) is the same in both.
- We chose one `Workload` type with a `kind` over a class for each of Pod, Deployment, ReplicaSet,
  StatefulSet and DaemonSet because they differ in names and placement only, and both are
  `resolve`'s.
- We chose a tuple of addresses, one for each family in the lab's order, over a field for IPv4 and
  one for IPv6: a family is a parameter, never a copy of the code.
"""

from labnet.model.cluster import Cluster, Container, Host, Node, Pod
from labnet.model.net import Family, IPAddress, IPInterface, IPNetwork, Source
from labnet.model.service import (
    Endpoint,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    LoadBalancerIngress,
    Service,
    ServicePort,
)
from labnet.model.topology import (
    CONTROLLERS,
    BridgeContainer,
    ConfigMap,
    Conntrack,
    ContainerPort,
    ContainerSpec,
    EnvVar,
    HostAlias,
    HostSpec,
    KeyRef,
    KubeProxy,
    Lab,
    LoadBalancer,
    Namespace,
    Networking,
    NodeSpec,
    PodSpec,
    PodTemplate,
    PublishedPort,
    Topology,
    Volume,
    VolumeMount,
    Workload,
)


__all__ = [
    "CONTROLLERS",
    "BridgeContainer",
    "Cluster",
    "ConfigMap",
    "Conntrack",
    "Container",
    "ContainerPort",
    "ContainerSpec",
    "Endpoint",
    "EndpointPort",
    "EndpointSlice",
    "EndpointSubset",
    "Endpoints",
    "EnvVar",
    "Family",
    "Host",
    "HostAlias",
    "HostSpec",
    "IPAddress",
    "IPInterface",
    "IPNetwork",
    "KeyRef",
    "KubeProxy",
    "Lab",
    "LoadBalancer",
    "LoadBalancerIngress",
    "Namespace",
    "Networking",
    "Node",
    "NodeSpec",
    "Pod",
    "PodSpec",
    "PodTemplate",
    "PublishedPort",
    "Service",
    "ServicePort",
    "Source",
    "Topology",
    "Volume",
    "VolumeMount",
    "Workload",
]
