"""Which handler answers which path, as Go's `http.ServeMux` decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from posixpath import normpath

from labnet.images.agnhost.message import Request, Response, error_response, phrase, text_response


Handler = Callable[[Request], Response | None]


@dataclass(frozen=True, slots=True)
class Route:
    """A handler, and whether it may wait for something and so needs a thread."""

    handler: Handler
    waits: bool = False


class Mux:
    """Routes by exact path; one for `/` answers all paths that no other does."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        """A path that ends in a slash stands for all below it."""
        self._routes = dict(routes)

    def __call__(self, request: Request) -> Route:
        """The route for a request, or one that redirects or says that there is none."""
        if request.target == "*":
            return Route(lambda _request: Response(status=400))
        path = clean(request.path)
        if path != request.path and request.method != "CONNECT":
            location = f"{path}?{request.query}" if request.query else path
            return Route(lambda request: redirect(request, location, 301))
        if path in self._routes:
            return self._routes[path]
        above = [prefix for prefix in self._routes if prefix.endswith("/")]
        matches = [prefix for prefix in above if path.startswith(prefix)]
        return self._routes[max(matches, key=len)] if matches else Route(not_found)


def not_found(_request: Request) -> Response:
    """There is nothing at this path."""
    return error_response("404 page not found", 404)


def clean(path: str) -> str:
    """A path without `.`, `..` and empty parts; a slash at the end stays."""
    cleaned = normpath("/" + path.lstrip("/"))
    return cleaned + "/" if path.endswith("/") and cleaned != "/" else cleaned


def redirect(request: Request, location: str, status: int) -> Response:
    """A redirect to an absolute URL, or to a path relative to the request's."""
    if "://" not in location.partition("?")[0]:
        path, mark, query = location.partition("?")
        if not path.startswith("/"):
            path = request.path.rpartition("/")[0] + "/" + path
        location = clean(path) + mark + query
    escaped = "".join(c if " " < c < "\x7f" else _percent(c) for c in location)
    if request.method not in {"GET", "HEAD"}:
        return Response(status=status, headers=(("Location", escaped),))
    reply = text_response(
        f'<a href="{_html(escaped)}">{phrase(status)}</a>.\n\n', status, "text/html; charset=utf-8"
    )
    reply.headers = (("Location", escaped),)
    return reply


def _percent(character: str) -> str:
    data = character.encode("utf-8", "surrogateescape")
    return "".join(f"%{byte:02X}" for byte in data)


def _html(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;")):
        text = text.replace(character, entity)
    return text
