"""Templates: lab files with `--set`, and no more power than a lab file should have."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from labnet.errors import InputError, LabnetError
from labnet.parse import parse, read


SCALE = """\
apiVersion: labnet.dev/v1
kind: Lab
metadata: {name: scale}
spec:
  nodes:
  {% for i in range(nodes) %}
  - name: node{{ i + 1 }}
  {% endfor %}
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a folder of its own, and is in it."""
    monkeypatch.chdir(tmp_path)


def rendered(template: str, **settings: str) -> str:
    """The text of a template."""
    Path("t.yaml.j2").write_text(template, encoding="utf-8")
    (source,) = read(["t.yaml.j2"], settings)
    assert source.name == "t.yaml.j2"
    return source.text


def refusal(template: str, **settings: str) -> str:
    """What `read` says of a template."""
    with pytest.raises(InputError) as caught:
        rendered(template, **settings)
    return str(caught.value).splitlines()[0]


def test_settings_are_yaml_scalars() -> None:
    """Numbers count, booleans decide, and quotes make text."""
    shown = "{{ v is string }} {{ v }}"
    for word, expected in {
        "20": "False 20",
        "0x10": "False 16",
        "2.5": "False 2.5",
        "yes": "False True",
        "null": "False None",
        '"20"': "True 20",
        "a b": "True a b",
    }.items():
        assert rendered(shown, v=word) == expected


def test_blocks_leave_no_lines() -> None:
    """A line that has only a block is not in the text, so lists look as they would by hand."""
    assert rendered(SCALE, nodes="2").splitlines()[4:] == [
        "  nodes:",
        "  - name: node1",
        "  - name: node2",
    ]
    topology = parse(read(["t.yaml.j2"], {"nodes": "20"})).topology
    assert len(topology.lab.nodes) == 20


def test_folders_have_templates() -> None:
    """A template in a folder is rendered, a file that only looks like one is not."""
    Path("a.yml.j2").write_text("{{ 1 + 1 }}", encoding="utf-8")
    Path("b.yaml").write_text("'{{ 1 + 1 }}'", encoding="utf-8")
    assert [each.text for each in read(["."], {})] == ["2", "'{{ 1 + 1 }}'"]


def test_what_is_undefined() -> None:
    """The line of the template, and what to type."""
    with pytest.raises(InputError) as caught:
        rendered(SCALE)
    assert str(caught.value).splitlines()[:2] == [
        "t.yaml.j2:6: 'nodes' is undefined",
        "    give it a value: --set nodes=VALUE",
    ]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("a\n{% for %}", "t.yaml.j2:2: the template cannot be rendered: Expected an expression"),
        ("a\n{{ 1 / 0 }}", "t.yaml.j2:2: the template cannot be rendered: division by zero"),
        ("\n\n{{ [][3].x }}", "t.yaml.j2:3: the template cannot be rendered: list object has no"),
        ("{{ ''.__class__.__mro__ }}", "t.yaml.j2:1: the template cannot be rendered: access to"),
        ("{% include '/etc/passwd' %}", "t.yaml.j2:1: the template cannot be rendered: no loader"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "t.yaml.j2:1: the template cannot be"),
        ("{{ lipsum() }}", "t.yaml.j2:1: 'lipsum' is undefined"),
        ("{{ [1, 2] | random }}", "t.yaml.j2:1: the template cannot be rendered: No filter named"),
    ],
)
def test_errors_have_a_line(template: str, problem: str) -> None:
    """Whatever a template does wrong is the input's fault, with the template's line."""
    assert refusal(template).startswith(problem)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 10**10 }}",
        "{{ 10**10 * 'x' }}",
        "{{ [1] * 10**9 }}",
        "{{ 9**(9**9) }}",
        "{{ '%999999999d' % 1 }}",
        "{% for i in range(10**12) %}x{% endfor %}",
        "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{{ 'x' * 999 }}{% endfor %}",
        "{{ range(1, 2, 0) }}",
        "(" * 9999,
        "{{ " + "(" * 9999,
        "{{ " + "-" * 9999 + "1 }}",
    ],
)
def test_bombs_end_soon(template: str) -> None:
    """A template that would fill the memory or run for hours is refused, or is just text."""
    with contextlib.suppress(LabnetError):
        assert len(rendered(template)) < 1 << 20


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"nods": "2"}, "--set nods: no template uses it; did you mean nodes?"),
        ({"nodes": "2", "x": "1"}, "--set x: no template uses it; the templates use nodes"),
        ({"no-des": "2"}, "--set no-des: a name has letters, digits and _, and no digit first"),
    ],
)
def test_settings_that_nothing_uses(settings: dict[str, str], problem: str) -> None:
    """A typo in a setting is not silently ignored."""
    Path("t.yaml.j2").write_text(SCALE, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(["t.yaml.j2"], settings)
    assert str(caught.value) == problem


def test_settings_without_a_template() -> None:
    """`--set` means nothing to a plain file."""
    Path("lab.yaml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(InputError, match="no file is a template"):
        read(["lab.yaml"], {"nodes": "2"})


def test_a_default_is_a_use() -> None:
    """A setting with a default may be left out, and given."""
    template = "{{ nodes | default(2) }}"
    assert rendered(template) == "2"
    assert rendered(template, nodes="3") == "3"


def test_problems_in_what_was_rendered() -> None:
    """Its lines are not the template's, so the line itself is shown."""
    rendered(SCALE.replace("node{{", "node_{{"), nodes="2")
    with pytest.raises(LabnetError) as caught:
        parse(read(["t.yaml.j2"], {"nodes": "2"}))
    first, *below = str(caught.value).splitlines()[:3]
    assert first.startswith("t.yaml.j2:6: spec.nodes[0].name: 'node_1': a lowercase RFC 1123")
    assert below == [
        "    did you mean node-1?",
        "    line 6 of what the template renders is: - name: node_1",
    ]
