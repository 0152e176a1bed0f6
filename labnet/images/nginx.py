"""The files that make Debian's nginx behave as Docker's `nginx` image.

They go over a view of the machine's root: `nginx_files` replaces the machine's configuration,
`NGINX_DIRECTORIES` are to hold those files and nothing of the machine's, whose sites would else be
served too. A volume mounted there hides them, as in the image.

As in the image: logs go to the container's output, whose standard output has to be a pipe, a file
or a terminal (nginx opens /dev/stdout by name, and a socket cannot be opened so); the page says
"Welcome to nginx!"; the stop signal is SIGQUIT, on which nginx ends its requests first. Unlike
there: the workers are Debian's www-data, and there is one, since a lab has many pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


NGINX_ARGV = ("nginx", "-g", "daemon off;")
NGINX_STOP_SIGNAL = "SIGQUIT"
NGINX_DIRECTORIES = ("/etc/nginx/conf.d", "/usr/share/nginx/html")

# `error_log stderr` is the descriptor itself, which works whatever it is.
_MAIN = """\
user www-data;
worker_processes 1;
error_log stderr notice;
pid /run/nginx.pid;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                    '$status $body_bytes_sent "$http_referer" '
                    '"$http_user_agent" "$http_x_forwarded_for"';
    access_log /dev/stdout main;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
"""

_DEFAULT = """\
server {{
    listen 80;{ipv6}
    server_name localhost;
    root /usr/share/nginx/html;
    index index.html index.htm;
    error_page 500 502 503 504 /50x.html;
}}
"""

_PAGE = """\
<!DOCTYPE html>
<html>
<head>
<title>{title}</title>
<style>html {{ color-scheme: light dark; }} body {{ width: 35em; margin: 0 auto; }}</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
</body>
</html>
"""


def nginx_files(*, ipv6: bool) -> Mapping[str, str]:
    """The files by their absolute paths.

    With `ipv6` the server listens on both families, for which the kernel has to have IPv6 (there
    is /proc/net/if_inet6; Docker's entrypoint looks for it too); else on IPv4 alone.
    """
    both = "\n    listen [::]:80;" if ipv6 else ""
    welcome = "This server works; mount your own files over /usr/share/nginx/html."
    error = "The server behind this one did not answer as it should; its logs say more."
    return MappingProxyType(
        {
            "/etc/nginx/nginx.conf": _MAIN,
            "/etc/nginx/conf.d/default.conf": _DEFAULT.format(ipv6=both),
            "/usr/share/nginx/html/index.html": _PAGE.format(
                title="Welcome to nginx!", text=welcome
            ),
            "/usr/share/nginx/html/50x.html": _PAGE.format(title="Error", text=error),
        }
    )


NGINX_FILES = nginx_files(ipv6=True)
