"""The variables that tell a container of the Services of its namespace, as Docker's links did.

Sources: pkg/kubelet/envvars (FromServices), pkg/kubelet/kubelet_pods.go (getServiceEnvVarMap).

Decisions
- We chose that a pod keeps the links that it was made with: another Service in the file must not
  restart all pods. A pod that the file changes is made anew, and gets the current ones.
- We chose to compute no version of a Deployment's template: the name of a pod has it already.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterator, Mapping, Sequence

from labnet.model import Service, Workload
from labnet.resolve.facts import Facts, ServiceLink
from labnet.resolve.naming import canonical_text
from labnet.resolve.services import API_NAME, API_NAMESPACE


Links = tuple[ServiceLink, ...]


class ServiceLinks:
    """Which links each pod has, and what they are as variables; each set is made once only."""

    def __init__(self, services: Sequence[Service], facts: Facts) -> None:
        """The resolved Services, and what pods that exist were made with."""
        self._pods = facts.pods
        self._sets: dict[Links, Links] = {}
        self._given = [self._sets.setdefault(links, links) for links in facts.links]
        self._services: dict[str, list[Service]] = {}
        for service in services:
            if service.cluster_ips and service.ports:
                self._services.setdefault(service.namespace, []).append(service)
        self._current: dict[tuple[str, bool], Links] = {}
        self._versions: dict[int, tuple[Workload, str]] = {}
        self._variables: dict[int, Mapping[str, str]] = {}

    def given(self, key: str, workload: Workload) -> Links:
        """The links of a pod: those it was made with, or the current ones for a new pod.

        Equal links are one value: who has many pods can tell them apart by their identity.
        """
        fact = self._pods.get(key)
        if fact is None or fact.template not in ("", self.version(workload)):
            every = workload.template.spec.enable_service_links
            return self.current(workload.namespace, every=every)
        return () if fact.links is None else self._given[fact.links]

    def current(self, namespace: str, *, every: bool) -> Links:
        """The links of a pod that is made now; without `every` those to the API server only."""
        found = self._current.get((namespace, every))
        if found is None:
            by_name = {
                service.name: service
                for service in self._services.get(API_NAMESPACE, ())
                if service.name == API_NAME
            }
            if every:
                by_name.update((one.name, one) for one in self._services.get(namespace, ()))
            links = tuple([_link(by_name[name]) for name in sorted(by_name)])
            found = self._sets.setdefault(links, links)
            self._current[namespace, every] = found
        return found

    def version(self, workload: Workload) -> str:
        """What tells the template of a workload from another, where its pods' names do not."""
        if workload.kind == "Deployment":
            return ""
        known = self._versions.get(id(workload))
        if known is None:
            text = canonical_text(workload.template)
            known = workload, f"{crc32(text.encode()):08x}"
            self._versions[id(workload)] = known
        return known[1]

    def variables(self, links: Links) -> Mapping[str, str]:
        """The environment that the links of a pod make; pods with the same share one value."""
        found = self._variables.get(id(links))
        if found is None:
            found = dict(item for link in links for item in link_variables(link))
            self._variables[id(links)] = found
        return found


def link_variables(link: ServiceLink) -> Iterator[tuple[str, str]]:
    """The variables of one Service: `WEB_SERVICE_HOST`, `WEB_PORT_80_TCP_ADDR` and so on."""
    prefix = _variable_name(link.name)
    yield f"{prefix}_SERVICE_HOST", link.host
    yield f"{prefix}_SERVICE_PORT", str(link.ports[0][0])
    for port, _, name in link.ports:
        if name:
            yield f"{prefix}_SERVICE_PORT_{_variable_name(name)}", str(port)
    for index, (port, protocol, _) in enumerate(link.ports):
        host = f"[{link.host}]" if ":" in link.host else link.host
        url = f"{protocol.lower()}://{host}:{port}"
        if index == 0:
            yield f"{prefix}_PORT", url
        of_port = f"{prefix}_PORT_{port}_{protocol}"
        yield of_port, url
        yield f"{of_port}_PROTO", protocol.lower()
        yield f"{of_port}_PORT", str(port)
        yield f"{of_port}_ADDR", link.host


def _link(service: Service) -> ServiceLink:
    """What a container is told of a Service: its first ClusterIP and its ports."""
    ports = tuple([(port.port, port.protocol, port.name) for port in service.ports])
    return ServiceLink(service.name, str(service.cluster_ips[0]), ports)


def _variable_name(text: str) -> str:
    return text.replace("-", "_").upper()
