"""Small lab files, for the tests of this folder."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from labnet.errors import Problems
from labnet.model import Topology, Workload
from labnet.parse import Parsed, SourceText, parse


LAB = """\
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: lab}
spec:
  nodes:
  - name: node1
  - name: node2
"""


def parsed(*texts: str) -> Parsed:
    """What `parse` makes of documents, given as `lab.yaml`."""
    return parse([SourceText("lab.yaml", "---\n".join(map(dedent, texts)))])


def topology(*texts: str) -> Topology:
    """The topology of documents that labnet acts on wholly."""
    result = parsed(*texts)
    assert result.warnings == ()
    return result.topology


def refusal(*texts: str) -> str:
    """What `parse` says of documents that are wrong."""
    with pytest.raises(Problems) as caught:
        parsed(*texts)
    return str(caught.value)


def pod(spec: str, metadata: str = "name: web") -> str:
    """A Pod."""
    body = indent(dedent(spec).strip("\n"), "  ")
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{{metadata}}}\nspec:\n{body}\n"


def container(fields: str) -> Workload:
    """A Pod of one container, `web`, with these fields, as it is in the topology."""
    body = indent(dedent(fields).strip("\n"), "  ")
    return topology(LAB, pod(f"containers:\n- name: web\n{body}\n")).workloads[0]
