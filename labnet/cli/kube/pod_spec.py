"""`spec` of a pod as a manifest has it, from the model: the inverse of what `parse` reads."""

from __future__ import annotations

from labnet.cli.kube.metadata import without_empty
from labnet.cli.kube.view import Json
from labnet.model import ContainerPort, ContainerSpec, EnvVar, KeyRef, PodSpec, PodTemplate, Volume


def template(model: PodTemplate) -> Json:
    """`spec.template` of a workload."""
    labels, annotations = dict(model.labels), dict(model.annotations)
    about = without_empty({"annotations": annotations, "labels": labels})
    return {"metadata": about, "spec": pod_spec(model.spec)}


def pod_spec(spec: PodSpec, node: str = "") -> Json:
    """A pod's spec with Kubernetes' defaults filled in; `node` is where it was placed."""
    dns = {
        "nameservers": list(spec.dns_nameservers),
        "searches": list(spec.dns_searches),
        "options": [without_empty({"name": n, "value": value}) for n, value in spec.dns_options],
    }
    aliases = [{"ip": alias.ip, "hostnames": list(alias.hostnames)} for alias in spec.host_aliases]
    return without_empty(
        {
            "containers": [container(one) for one in spec.containers],
            "dnsConfig": without_empty(dns),
            "dnsPolicy": spec.dns_policy,
            "hostAliases": aliases,
            "hostNetwork": spec.host_network or None,
            "hostname": spec.hostname,
            "initContainers": [container(one) for one in spec.init_containers],
            "nodeName": node or spec.node_name,
            "nodeSelector": dict(spec.node_selector),
            "restartPolicy": spec.restart_policy,
            "subdomain": spec.subdomain,
            "terminationGracePeriodSeconds": spec.termination_grace_period_seconds,
            "volumes": [_volume(one) for one in spec.volumes],
        }
    )


def container(spec: ContainerSpec) -> Json:
    """One container of a pod."""
    mounts = [
        {
            "name": mount.name,
            "mountPath": mount.mount_path,
            "subPath": mount.sub_path,
            "readOnly": mount.read_only or None,
        }
        for mount in spec.volume_mounts
    ]
    return without_empty(
        {
            "name": spec.name,
            "image": spec.image,
            "command": list(spec.command),
            "args": list(spec.args),
            "env": [env_var(one) for one in spec.env],
            "envFrom": [_env_from(one) for one in spec.env_from],
            "ports": [port(one) for one in spec.ports],
            "volumeMounts": [without_empty(mount) for mount in mounts],
            "workingDir": spec.working_dir,
        }
    )


def port(model: ContainerPort) -> Json:
    """An entry of a container's `ports`."""
    return without_empty(
        {
            "name": model.name,
            "containerPort": model.container_port,
            "hostIP": model.host_ip,
            "hostPort": model.host_port or None,
            "protocol": model.protocol,
        }
    )


def env_var(model: EnvVar) -> Json:
    """An entry of a container's `env`."""
    if model.field_path:
        field = {"apiVersion": "v1", "fieldPath": model.field_path}
        return {"name": model.name, "valueFrom": {"fieldRef": field}}
    if model.key is not None:
        word = "configMapKeyRef" if model.key.kind == "ConfigMap" else "secretKeyRef"
        return {"name": model.name, "valueFrom": {word: _reference(model.key)}}
    return without_empty({"name": model.name, "value": model.value})


def _env_from(model: EnvVar) -> Json:
    assert model.key is not None, "envFrom takes its names from somewhere"
    word = "configMapRef" if model.key.kind == "ConfigMap" else "secretRef"
    return without_empty({"prefix": model.name, word: _reference(model.key)})


def _reference(ref: KeyRef) -> Json:
    return without_empty({"key": ref.key, "name": ref.name, "optional": ref.optional or None})


def _volume(model: Volume) -> Json:
    if model.ref is None:
        return {"name": model.name, "emptyDir": {}}
    items = [{"key": key, "path": path} for key, path in model.items]
    optional = model.ref.optional or None
    if model.ref.kind == "Secret":
        secret = {"secretName": model.ref.name, "items": items, "optional": optional}
        return {"name": model.name, "secret": without_empty(secret)}
    config_map = {"name": model.ref.name, "items": items, "optional": optional}
    return {"name": model.name, "configMap": without_empty(config_map)}
