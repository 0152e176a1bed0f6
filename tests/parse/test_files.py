"""`read`: what a person names on the command line, as texts."""

from __future__ import annotations

import io
import os
import socket
import sys
from pathlib import Path

import pytest

from labnet.errors import InputError, LabnetError, Problems
from labnet.parse import SourceText, parse, read
from labnet.parse.compose import MAX_BYTES
from parse.texts import LAB, pod


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a folder of its own, and is in it."""
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str = "a: 1\n") -> str:
    """A file in the folder; its name."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return name


def refusal(*paths: str) -> str:
    """What `read` says of them."""
    with pytest.raises(Problems) as caught:
        read(paths, {})
    return str(caught.value)


def test_files_and_folders() -> None:
    """A folder is its manifests, sorted; hidden files, other files and folders do not count."""
    for name in ("b.yml", "a.yaml", "c.json", ".d.yaml", "e.txt", "sub/f.yaml", "g.yaml/h.yaml"):
        write(f"app/{name}")
    write("lab.yaml", LAB)
    found = read(["lab.yaml", "./app/"], {})
    assert found[0] == SourceText("lab.yaml", LAB)
    assert [each.name for each in found[1:]] == ["./app/a.yaml", "./app/b.yml", "./app/c.json"]


def test_named_twice_is_read_once() -> None:
    """A file beside its folder, or under two names, is one file."""
    write("lab.yaml")
    Path("other.yaml").symlink_to("lab.yaml")
    assert [each.name for each in read(["lab.yaml", ".", "other.yaml"], {})] == ["lab.yaml"]


def test_a_name_may_have_any_end() -> None:
    """Only in folders the name matters: `kubectl apply -f manifests.txt` works as well."""
    assert read([write("manifests.txt")], {}) == (SourceText("manifests.txt", "a: 1\n"),)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input, with that name, and once."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LAB.encode())))
    assert read(["-", "-"], {}) == (SourceText("-", LAB),)


def test_standard_input_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Input that does not end is not read to its end."""
    with Path("/dev/zero").open(encoding="utf-8") as zeros:
        monkeypatch.setattr(sys, "stdin", zeros)
        assert refusal("-").startswith("-: is longer than that: a lab file has 8 MiB at most\n")


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon has none."""
    monkeypatch.setattr(sys, "stdin", None)
    assert "-: standard input is closed" in refusal("-")


def test_byte_order_mark() -> None:
    """Windows' editors begin UTF-8 with a mark, which is no text."""
    assert read([write("lab.yaml", "\ufeffa: 1\n")], {})[0].text == "a: 1\n"


def test_text_that_is_none() -> None:
    """Other encodings are named with the line of the first byte that is wrong."""
    Path("latin.yaml").write_bytes("a: 1\nname: é\n".encode("latin-1"))
    Path("wide.yaml").write_bytes("a: 1\n".encode("utf-16"))
    assert refusal("latin.yaml", "wide.yaml").splitlines() == [
        "latin.yaml:2: is not UTF-8 text: the byte 0xe9",
        "    save it as UTF-8",
        "wide.yaml:1: is UTF-16",
        "    save it as UTF-8",
        "2 problems; nothing was touched",
    ]


def test_what_is_not_there() -> None:
    """All names are tried, and a name that is near is offered."""
    write("two-node.yaml")
    Path("empty").mkdir()
    assert refusal("two-nodes.yaml", "empty", "a\0b").splitlines() == [
        "a\\x00b: is not the name of a file",
        "empty: this folder has no manifests",
        "    their names are *.yaml, *.yml, *.json, *.yaml.j2, *.yml.j2",
        "two-nodes.yaml: there is no such file",
        "    did you mean two-node.yaml?",
        "3 problems; nothing was touched",
    ]


def test_nothing_is_named() -> None:
    """No argument is no lab."""
    with pytest.raises(InputError, match="no lab file"):
        read([], {})


def test_what_is_no_file() -> None:
    """Pipes, devices, sockets and large files are refused at once, in folders too."""
    os.mkfifo("pipe.yaml")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.yaml")
    with Path("large.yaml").open("wb") as file:
        file.truncate(100 << 20)
    for link, target in {"zero": "/dev/zero", "dangling": "nowhere", "loop": "loop.yaml"}.items():
        Path(f"{link}.yaml").symlink_to(target)
    assert refusal(".").splitlines() == [
        "./dangling.yaml: there is no such file",
        "./large.yaml: has 100 MiB; a lab file has 8 MiB at most",
        "./loop.yaml: too many levels of symbolic links",
        "./pipe.yaml: is a pipe, not a file",
        "    send it to standard input: … | labnet up -",
        "./socket.yaml: is a socket, not a file",
        "./zero.yaml: is a device, not a file",
        "6 problems; nothing was touched",
    ]


def test_a_file_that_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of /proc has size 0 and any amount of text; the bound holds for what is read."""
    monkeypatch.setattr("labnet.parse.files.MAX_BYTES", 16)
    assert "/proc/self/maps: is longer than that" in refusal("/proc/self/maps")


def test_all_files_together_are_bounded() -> None:
    """Many files of the largest size are too many."""
    text = "#" * MAX_BYTES
    paths = [write(f"{number}.yaml", text) for number in range(6)]
    with pytest.raises(Problems) as caught:
        read(paths, {})
    assert [problem.file for problem in caught.value.problems] == ["4.yaml", "5.yaml"]


def test_names_that_cannot_be_printed() -> None:
    """A name is shown on one line, whatever it is."""
    name = os.fsdecode(b"a\xff\n.yaml")
    assert read([write(name)], {})[0].name == "a\\\\xff\\n.yaml"


def test_json_is_yaml() -> None:
    """JSON is taken as it is, indented with tabs too."""
    lab = '{"apiVersion": "labnet.dev/v1", "kind": "Lab",\n\t"metadata": {"name": "lab"},\n'
    lab += '\t"spec": {"nodes": [\n\t\t{"name": "node1"}\n\t]}}'
    assert parse(read([write("lab.json", lab)], {})).topology.lab.name == "lab"


def test_several_files_are_one_lab() -> None:
    """References lead from file to file, and problems say which one."""
    write("lab.yaml", LAB)
    write("web.yaml", pod("containers: [{name: web, image: nginx}]"))
    write("copy.yaml", pod("containers: [{name: web, image: nginx}]"))
    found = parse(read(["web.yaml", "lab.yaml"], {})).topology
    assert str(found.lab.source) == "lab.yaml:1"
    assert [str(workload.source) for workload in found.workloads] == ["web.yaml:1"]
    with pytest.raises(LabnetError, match=r"copy.yaml:3: .*Pod web is there twice \(web.yaml:1\)"):
        parse(read(["lab.yaml", "web.yaml", "copy.yaml"], {}))
