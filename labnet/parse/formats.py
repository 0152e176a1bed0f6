"""The forms that names, keys and values must have, in the words of the API server.

Source: k8s.io/apimachinery/pkg/util/validation and k8s.io/kubernetes/pkg/apis/core/validation. A
check returns what is wrong and a hint, or None.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Final

from labnet.parse.tree import quote


Complaint = tuple[str, str]
Check = Callable[[str], Complaint | None]

LABEL_LENGTH: Final = 63
SUBDOMAIN_LENGTH: Final = 253
_LONGEST_GUESS: Final = 300

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_1035: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_ENV_NAME: Final = re.compile(r"[ -<>-~]+")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_ENDS: Final = "must start and end with an alphanumeric character"


def _longer_than(limit: int, text: str) -> Complaint | None:
    if len(text) <= limit:
        return None
    return f"{quote(text)} has {len(text)} characters; the most is {limit}", ""


def _suggestion(text: str, allowed: str = "a-z0-9", dots: str = "") -> str:
    """The nearest text that would do."""
    near = re.sub(f"[^{allowed}{dots}-]+", "-", text[:_LONGEST_GUESS].lower()).strip("-.")
    near = re.sub(r"-*\.[-.]*", ".", near)[:LABEL_LENGTH].rstrip("-.")
    return f"did you mean {near}?" if near else ""


def dns_label(text: str) -> Complaint | None:
    """RFC 1123: namespaces, containers, hosts, labs, hostnames."""
    if len(text) > LABEL_LENGTH or _LABEL.fullmatch(text):
        return _longer_than(LABEL_LENGTH, text)
    what = (
        f"{quote(text)}: a lowercase RFC 1123 label must consist of lower case alphanumeric "
        f"characters or '-', and {_ENDS}"
    )
    return what, _suggestion(text)


def dns_subdomain(text: str) -> Complaint | None:
    """RFC 1123 labels, joined by dots: pods, nodes and most other objects."""
    if len(text) > SUBDOMAIN_LENGTH or _SUBDOMAIN.fullmatch(text):
        return _longer_than(SUBDOMAIN_LENGTH, text)
    what = (
        f"{quote(text)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
        f"characters, '-' or '.', and {_ENDS}"
    )
    return what, _suggestion(text, dots=".")


def dns_1035_label(text: str) -> Complaint | None:
    """RFC 1035: Services."""
    if len(text) > LABEL_LENGTH or _LABEL_1035.fullmatch(text):
        return _longer_than(LABEL_LENGTH, text)
    what = (
        f"{quote(text)}: a DNS-1035 label must consist of lower case alphanumeric characters or "
        "'-', start with an alphabetic character, and end with an alphanumeric character"
    )
    return what, _suggestion(f"svc-{text}" if text[:1].isdigit() else text)


def port_name(text: str) -> Complaint | None:
    """RFC 6335's service name (IANA_SVC_NAME): 15 characters, one of them a letter."""
    if len(text) > 15:
        return _longer_than(15, text)
    if re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", text) and "--" not in text:
        if re.search("[a-z]", text):
            return None
        return f"{quote(text)}: must contain at least one letter (a-z)", f"did you mean p{text}?"
    what = f"{quote(text)}: must contain only a-z, 0-9 and single '-' between them"
    return what, _suggestion(re.sub("--+", "-", text))


def env_name(text: str) -> Complaint | None:
    """The name of an environment variable: printable ASCII but `=`, as since v1.32."""
    if _ENV_NAME.fullmatch(text):
        return None
    what = "a valid environment variable name must consist only of printable ASCII other than '='"
    return f"{quote(text)}: {what}", ""


def env_prefix(text: str) -> Complaint | None:
    """`envFrom[].prefix`, which may be empty."""
    return env_name(text) if text else None


def label_key(text: str) -> Complaint | None:
    """`[PREFIX/]NAME` of a label or an annotation."""
    prefix, slash, name = text.rpartition("/")
    if slash and (complaint := dns_subdomain(prefix)):
        return f"the prefix {complaint[0]}", complaint[1]
    if len(name) > LABEL_LENGTH or _QUALIFIED.fullmatch(name):
        return _longer_than(LABEL_LENGTH, name)
    what = (
        f"{quote(text)}: name part must consist of alphanumeric characters, '-', '_' or '.', "
        f"and {_ENDS}"
    )
    return what, "for example app.kubernetes.io/name"


def annotation_key(text: str) -> Complaint | None:
    """As `label_key`, upper case in the prefix taken too."""
    return label_key(text.lower())


def label_value(text: str) -> Complaint | None:
    """At most 63 characters; may be empty."""
    if not text or len(text) > LABEL_LENGTH or _QUALIFIED.fullmatch(text):
        return _longer_than(LABEL_LENGTH, text)
    what = (
        f"{quote(text)}: a valid label must be an empty string or consist of alphanumeric "
        f"characters, '-', '_' or '.', and {_ENDS}"
    )
    return what, ""


def config_key(text: str) -> Complaint | None:
    """A key of a ConfigMap or Secret, which becomes the name of a file."""
    if not _KEY.fullmatch(text):
        what = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        return f"{quote(text)}: {what}", ""
    if text == "." or text.startswith(".."):
        return f"{quote(text)}: must not be '.' or start with '..'", ""
    return _longer_than(SUBDOMAIN_LENGTH, text)


def relative_path(text: str) -> Complaint | None:
    """`subPath`, and `path` of an item: within the volume."""
    if text.startswith("/"):
        return f"{quote(text)}: must be a relative path", f"did you mean {text.lstrip('/')}?"
    if ".." in text.split("/"):
        return f"{quote(text)}: must not contain '..'", ""
    return None


def mount_path(text: str) -> Complaint | None:
    """`mountPath`: a place in the container, and not all of it."""
    if ":" in text:
        return f"{quote(text)}: must not contain ':'", ""
    place = posixpath.normpath(f"/{text}").lstrip("/")
    if not place:
        return f"{quote(text)}: a volume cannot take the place of the whole container", ""
    if place.split("/")[0] in {"proc", "sys"}:
        return f"{quote(text)}: is the kernel's", "mount it elsewhere"
    return None


def image_reference(text: str) -> Complaint | None:
    """`image`: not empty, and without blanks at its ends."""
    if not text:
        return "must not be empty", ""
    if text != text.strip():
        return f"{quote(text)}: must not have leading or trailing whitespace", ""
    return None
