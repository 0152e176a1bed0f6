"""What a lab promises: who reaches whom, by ping, HTTP and UDP, who answers, and who does not.

It follows from the Cluster alone, by Kubernetes' network model (every pod reaches every pod,
without NAT) and the documentation of Services, not from the rules that labnet makes of them:
a second witness. Who answers is known of nginx and of agnhost's netexec; of another port of TCP
that a container declares, that somebody takes the connection; of other ports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from labnet.model import Cluster
from promises.pods import of_containers, of_openings, of_pods
from promises.promise import Promise
from promises.services import of_services


def promises(cluster: Cluster) -> Iterator[Promise]:
    """Everything that a lab promises: of pods, of Services, of ports of nodes."""
    yield from of_pods(cluster)
    yield from of_containers(cluster)
    yield from of_services(cluster)
    yield from of_openings(cluster)
