"""The files for nginx: real nginx takes them, and serves what Docker's image serves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from labnet.images.nginx import (
    NGINX_ARGV,
    NGINX_DIRECTORIES,
    NGINX_FILES,
    NGINX_STOP_SIGNAL,
    nginx_files,
)


# A view of the machine's root with our files over it, as a container has it, in its own namespaces.
CONTAINER = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
for folder in $3; do find "$1/root$folder" -mindepth 1 -delete; done
cp -r "$2/." "$1/root/"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
ip link set lo up
shift 3
exec "$@"
"""
ASK = """
nginx -g 'daemon off;' &
for _ in $(seq 200); do
    curl -s -o /dev/null http://127.0.0.1/ && break
    sleep 0.02
done
"""


def in_container(
    tmp_path: Path, files: dict[str, str], script: str
) -> subprocess.CompletedProcess[str]:
    """What a script says in a container that has these files."""
    place, image = tmp_path / "place", tmp_path / "image"
    place.mkdir()
    for path, text in files.items():
        target = image / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c"]
    command += [CONTAINER, "sh", str(place), str(image), " ".join(NGINX_DIRECTORIES)]
    command += ["chroot", str(place / "root"), "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.kernel
@pytest.mark.nginx
@pytest.mark.root
@pytest.mark.parametrize("ipv6", [False, True])
def test_nginx_takes_the_files(tmp_path: Path, *, ipv6: bool) -> None:
    """`nginx -t` finds nothing wrong, for one family and for both."""
    done = in_container(tmp_path, dict(nginx_files(ipv6=ipv6)), "nginx -t")
    assert done.returncode == 0, done.stderr
    assert "test is successful" in done.stderr


@pytest.mark.kernel
@pytest.mark.nginx
@pytest.mark.root
def test_nginx_welcomes(tmp_path: Path) -> None:
    """The page over both families, and the log on standard output in the image's form."""
    script = ASK + (
        "curl -s -A agent http://127.0.0.1/; curl -s -o /dev/null 'http://[::1]/';"
        "curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1/none;"
        "kill -QUIT $!; wait $!; echo status $?"
    )
    done = in_container(tmp_path, dict(NGINX_FILES), script)
    assert "<title>Welcome to nginx!</title>" in done.stdout, done.stderr
    assert '"GET / HTTP/1.1" 200 ' in done.stdout
    assert '"-" "agent" "-"' in done.stdout
    assert "::1 - - [" in done.stdout
    assert "\n404\n" in done.stdout
    assert done.stdout.endswith("status 0\n")
    assert "[notice]" in done.stderr


@pytest.mark.kernel
@pytest.mark.nginx
@pytest.mark.root
def test_other_sites_are_those_of_the_container(tmp_path: Path) -> None:
    """A file in conf.d is served, the page of a volume too; the machine's sites are not."""
    files = {
        **NGINX_FILES,
        "/etc/nginx/conf.d/other.conf": "server { listen 81; return 418 other; }\n",
        "/usr/share/nginx/html/index.html": "mine\n",
    }
    script = ASK + "curl -s http://127.0.0.1/; curl -s http://127.0.0.1:81/; kill $!"
    done = in_container(tmp_path, files, script)
    assert "mine\n" in done.stdout, done.stderr
    assert "other" in done.stdout


def test_the_files_are_what_the_image_has() -> None:
    """Their paths, the command and the stop signal are those of Docker's image."""
    assert set(NGINX_FILES) == {
        "/etc/nginx/nginx.conf",
        "/etc/nginx/conf.d/default.conf",
        "/usr/share/nginx/html/index.html",
        "/usr/share/nginx/html/50x.html",
    }
    assert NGINX_ARGV == ("nginx", "-g", "daemon off;")
    assert NGINX_STOP_SIGNAL == "SIGQUIT"
    assert "[::]" not in nginx_files(ipv6=False)["/etc/nginx/conf.d/default.conf"]
    for folder in NGINX_DIRECTORIES:
        assert any(path.startswith(f"{folder}/") for path in NGINX_FILES)
