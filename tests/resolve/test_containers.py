"""What a container runs, and what it finds in its root."""

from __future__ import annotations

import re

import pytest

from labnet.errors import Problems
from labnet.images.nginx import NGINX_ARGV, NGINX_FILES
from labnet.model import (
    ConfigMap,
    Container,
    ContainerPort,
    ContainerSpec,
    EnvVar,
    KeyRef,
    Topology,
    Volume,
    VolumeMount,
)
from labnet.resolve import resolve
from resolve.builders import at, container, lab, pod, topology


ETC = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
SITE = ConfigMap(
    "ConfigMap", "default", "site", at(), {"site.conf": "server {}", "index.html": "hello"}
)
VOLUMES = (
    Volume("site", KeyRef("ConfigMap", "site")),
    Volume("picked", KeyRef("ConfigMap", "site"), (("index.html", "html/index.htm"),)),
    Volume("cache"),
    Volume("maybe", KeyRef("Secret", "gone", optional=True)),
    Volume("gone", KeyRef("Secret", "gone")),
    Volume("wrong", KeyRef("ConfigMap", "site"), (("nope", "nope"),)),
)


def first(spec: ContainerSpec) -> Container:
    """The resolved container of a pod `web` that has only this one and the volumes above."""
    web = pod("web", spec, spec={"volumes": VOLUMES})
    return resolve(Topology(lab(), workloads=(web,), config_maps=(SITE,))).pods[0].containers[0]


def mounted(image: str, **mounts: str) -> Container:
    """A container with volumes at paths; `PATH:SUBPATH` mounts one with a subPath."""
    found = []
    for name, where in mounts.items():
        path, _, sub_path = where.partition(":")
        found.append(VolumeMount(name.rstrip("_"), path, sub_path))
    return first(container(image, volume_mounts=tuple(found)))


def files(one: Container) -> dict[str, str]:
    """The files of a container, less those of /etc that all have."""
    return {path: text for path, text in one.files.items() if path not in ETC}


@pytest.mark.parametrize(
    ("image", "command", "args", "argv", "builtin"),
    [
        ("nginx", (), (), NGINX_ARGV, ""),
        ("docker.io/library/nginx:1.27", (), (), NGINX_ARGV, ""),
        ("nginx", (), ("nginx", "-T"), ("nginx", "-T"), ""),
        ("nginx", ("sleep",), (), ("sleep",), ""),
        ("nginx", ("sleep",), ("9",), ("sleep", "9"), ""),
        ("busybox", (), (), (), ""),
        ("busybox", (), ("sleep", "9"), ("sleep", "9"), ""),
        ("busybox", ("sh", "-c"), ("true",), ("sh", "-c", "true"), ""),
        ("curlimages/curl", (), ("-s", "http://web"), ("curl", "-s", "http://web"), ""),
        ("curlimages/curl", (), ("sleep", "9"), ("sleep", "9"), ""),
        ("curlimages/curl", ("curl",), ("web",), ("curl", "web"), ""),
        ("alpine", (), ("-x",), ("-x",), ""),
        ("registry.k8s.io/pause:3.9", (), (), (), ""),
        ("pause", (), ("x",), (), ""),
        ("pause", ("sleep", "9"), (), ("sleep", "9"), ""),
        ("registry.k8s.io/e2e-test-images/agnhost:2.53", (), (), (), ""),
        ("agnhost", (), ("pause",), (), ""),
        ("agnhost", ("pause",), (), (), ""),
        ("agnhost", ("/pause",), (), (), ""),
        ("agnhost", ("/agnhost",), (), (), ""),
        ("agnhost", ("/agnhost", "pause"), (), (), ""),
        ("agnhost", ("agnhost",), ("pause",), (), ""),
        ("agnhost", (), ("netexec",), ("netexec",), "agnhost"),
        ("agnhost", ("/agnhost",), ("netexec", "-x"), ("netexec", "-x"), "agnhost"),
        ("agnhost", ("agnhost", "connect"), ("a:80",), ("connect", "a:80"), "agnhost"),
        ("agnhost", ("sh", "-c", "true"), (), ("sh", "-c", "true"), ""),
        ("agnhost", ("/pause", "x"), (), ("/pause", "x"), ""),
        ("example.com/mine", ("run",), ("it",), ("run", "it"), ""),
    ],
)
def test_what_runs(
    image: str,
    command: tuple[str, ...],
    args: tuple[str, ...],
    argv: tuple[str, ...],
    builtin: str,
) -> None:
    """`command` replaces ENTRYPOINT and CMD, `args` only CMD, for each family of images."""
    one = first(container(image, command=command, args=args))
    assert (one.argv, one.builtin) == (argv, builtin)


def test_variables_in_command_and_args() -> None:
    """They are expanded before anything else looks at the words."""
    spec = container(
        "agnhost", args=("$(MODE)", "--port=$(P)$$(P)"), env=(EnvVar("MODE", "pause"),)
    )
    assert first(spec).argv == ()
    spec = container("agnhost", args=("$(MODE)", "$(P)"), env=(EnvVar("MODE", "netexec"),))
    assert (first(spec).argv, first(spec).builtin) == (("netexec", "$(P)"), "agnhost")


def test_the_rest_of_a_container() -> None:
    """What is only passed on, and the defaults."""
    ports = (ContainerPort(80, "http"),)
    one = first(container("nginx:1", name="http", working_dir="/srv", ports=ports))
    assert (one.name, one.image, one.cwd, one.ports, one.init) == (
        "http",
        "nginx:1",
        "/srv",
        ports,
        False,
    )
    assert first(container()).cwd == "/"


def test_init_containers_come_first() -> None:
    """They keep their order, and the mark that they run to their end."""
    web = pod(
        "web",
        container(name="main"),
        spec={"init_containers": (container(name="one"), container(name="two"))},
    )
    (one,) = resolve(topology(web)).pods
    assert [(each.name, each.init) for each in one.containers] == [
        ("one", True),
        ("two", True),
        ("main", False),
    ]


def test_the_files_of_the_image() -> None:
    """Nginx brings its files, in folders of their own, whatever it runs; the others nothing."""
    folders = {
        "/etc/nginx/conf.d": "main_etc.nginx.conf.d",
        "/usr/share/nginx/html": "main_usr.share.nginx.html",
    }
    for command in ((), ("sleep", "9")):
        one = first(container("nginx", command=command))
        assert (files(one), one.volumes) == (dict(NGINX_FILES), folders)
    one = first(container("busybox"))
    assert (set(one.files), one.volumes) == (ETC, {})


def test_a_config_map_replaces_a_folder() -> None:
    """A volume at /etc/nginx/conf.d hides the image's default.conf there, and nothing else."""
    kept = {
        path: text for path, text in NGINX_FILES.items() if not path.startswith("/etc/nginx/conf.d")
    }
    assert "/etc/nginx/conf.d/default.conf" in NGINX_FILES
    one = mounted("nginx", site="/etc/nginx/conf.d/")
    assert files(one) == {
        **kept,
        "/etc/nginx/conf.d/site.conf": "server {}",
        "/etc/nginx/conf.d/index.html": "hello",
    }
    assert one.volumes["/etc/nginx/conf.d"].startswith("site_")


def test_a_sub_path_replaces_one_file() -> None:
    """The rest of the folder is still the image's."""
    one = mounted("nginx", site="/etc/nginx/conf.d/default.conf:site.conf")
    assert files(one) == {**NGINX_FILES, "/etc/nginx/conf.d/default.conf": "server {}"}
    assert one.volumes == first(container("nginx")).volumes


def test_the_folder_of_a_config_map() -> None:
    """Mounts with the same files share it; with other names of files they have another."""
    one = mounted("busybox", site="/a", site_="/b", picked="/c", picked_="/d:html")
    assert one.volumes["/a"] == one.volumes["/b"]
    assert len(set(one.volumes.values())) == 3
    assert all(re.fullmatch("(site|picked)_[a-z0-9]+", name) for name in one.volumes.values())


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ({"picked": "/srv"}, {"/srv/html/index.htm": "hello"}),
        ({"picked": "/srv:html"}, {"/srv/index.htm": "hello"}),
        ({"picked": "/srv/x:html/index.htm"}, {"/srv/x": "hello"}),
        ({"site": "/srv:none"}, {}),
        ({"site": "srv"}, {"/srv/site.conf": "server {}", "/srv/index.html": "hello"}),
        ({"maybe": "/srv"}, {}),
        (
            {"site": "/srv/deep", "picked": "/srv"},
            {
                "/srv/html/index.htm": "hello",
                "/srv/deep/site.conf": "server {}",
                "/srv/deep/index.html": "hello",
            },
        ),
    ],
)
def test_config_map_volumes(mounts: dict[str, str], expected: dict[str, str]) -> None:
    """Keys under their names or `items`' paths, a part of them with subPath; deeper mounts last."""
    assert expected == files(mounted("busybox", **mounts))


def test_empty_dirs() -> None:
    """All containers of a pod share a folder by its name; a subPath is one in it."""
    one = mounted("nginx", cache="/usr/share/nginx", cache_="/srv/x:a/b")
    assert one.volumes == {
        "/etc/nginx/conf.d": "main_etc.nginx.conf.d",
        "/srv/x": "cache/a/b",
        "/usr/share/nginx": "cache",
    }
    assert not any(path.startswith("/usr/share/nginx/") for path in one.files)


def test_the_deeper_mount_is_the_later_one() -> None:
    """Whatever their order in the file, a mount further up hides nothing of one further down."""
    one = mounted("busybox", cache="/srv/cache", site="/srv")
    assert list(one.volumes) == ["/srv", "/srv/cache"]
    one = mounted("busybox", site="/srv/conf", cache="/srv")
    assert list(one.volumes) == ["/srv", "/srv/conf"]
    assert set(files(one)) == {"/srv/conf/site.conf", "/srv/conf/index.html"}


def test_a_mount_at_etc_hosts_is_respected() -> None:
    """The kubelet's hosts file never replaces a mounted one; it does go into a mounted /etc."""
    one = mounted("busybox", site="/etc/hosts:index.html")
    assert one.files["/etc/hosts"] == "hello"
    assert mounted("busybox", site="/etc").files["/etc/hosts"].startswith("# Kubernetes-managed")


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ({"none": "/srv"}, "main.volumeMounts[none]: the pod has no volume none"),
        ({"gone": "/srv"}, "main.volumeMounts[gone]: there is no Secret gone in namespace default"),
        (
            {"wrong": "/srv"},
            (
                "main.volumeMounts[wrong]: ConfigMap site in namespace default has no key nope\n"
                "    it has: index.html, site.conf"
            ),
        ),
        (
            {"cache": "/srv:a/../../other"},
            "main.volumeMounts[cache]: the subPath a/../../other is outside of it",
        ),
    ],
)
def test_volumes_that_are_not_there(mounts: dict[str, str], expected: str) -> None:
    """A volume, ConfigMap, Secret or key that is missing and may not be is a problem."""
    with pytest.raises(Problems) as caught:
        mounted("busybox", **mounts)
    assert str(caught.value) == f"lab.yaml:7: {expected}\n1 problem; nothing was touched"
