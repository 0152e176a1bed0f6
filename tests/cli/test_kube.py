"""A lab as kubectl would show it: every table, object and description."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml

from cli.service_views import view_with
from cli.views import BORN, LAB, Status, ended, pod_text, view
from labnet import __version__
from labnet.cli.get import objects, parse_request, rendered, select
from labnet.cli.kube.age import age
from labnet.cli.kube.became import belongs_to, differing_lines, kernel_lines
from labnet.cli.kube.describe import DESCRIBE
from labnet.cli.kube.kinds import KINDS, parse_kind, parse_kinds
from labnet.cli.kube.output import Layout, json_text, kind_table, listed, names, table, yaml_text
from labnet.cli.kube.pod_columns import pod_readiness, pod_restarts, pod_state
from labnet.cli.kube.selector import parse_selector
from labnet.cli.kube.tabs import aligned
from labnet.cli.kube.view import ContainerStatus, Json, seconds_of, timestamp
from labnet.compile import compile_state
from labnet.errors import InputError
from labnet.plan import plan
from labnet.state import State


NOW = BORN + 200
Golden = Callable[[str, str], None]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_tables_are_kubectls(golden: Golden, kind: object) -> None:
    """Each kind in short, wide, and of all namespaces."""
    some = next(one for one in KINDS if one is kind)
    items = objects(some, view_with(some))
    layouts = (Layout(), Layout(wide=True), Layout(namespaces=True, prefix=True))
    text = "\n".join(kind_table(some, items, NOW, layout) for layout in layouts)
    golden(f"table-{some.plural}.txt", text.replace(__version__, "VERSION"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_objects_are_the_apis(golden: Golden, kind: object) -> None:
    """All fields of all objects, as `get -o yaml` prints them."""
    some = next(one for one in KINDS if one is kind)
    text = yaml_text(listed(objects(some, view_with(some))))
    golden(f"{some.plural}.yaml", text.replace(__version__, "VERSION"))


@pytest.mark.parametrize("word", ["Pod", "Node", "Host", "Container", "Deployment", "DaemonSet"])
def test_descriptions(golden: Golden, word: str) -> None:
    """The object, what it became in the kernel, and what of that is missing."""
    here = view()
    desired = compile_state(here.cluster)
    item = objects(parse_kind(word), here)[0]
    belongs = belongs_to(here, item)
    assert belongs is not None
    lines = [*DESCRIBE[word](item), *kernel_lines(desired, belongs)]
    missing = plan(desired, State())[:3]
    text = aligned([*lines, *differing_lines(missing, belongs)])
    golden(f"describe-{word}.txt", text.replace(__version__, "VERSION"))


@pytest.mark.parametrize("word", ["ConfigMap", "Secret", "Namespace", "StatefulSet", "ReplicaSet"])
def test_everything_can_be_described(word: str) -> None:
    """Data too, which became nothing in the kernel."""
    here = view()
    item = objects(parse_kind(word), here)[0]
    text = aligned(DESCRIBE[word](item))
    assert text.startswith("Name:")
    assert item["metadata"]["name"] in text
    assert (belongs_to(here, item) is None) == (word in ("ConfigMap", "Secret", "Namespace"))


def test_a_secret_is_not_shown_by_describe() -> None:
    """Only how long it is."""
    item = objects(parse_kind("secret"), view())[0]
    assert "password:  6 bytes" in aligned(DESCRIBE["Secret"](item))


def test_json_is_stable_and_says_the_same_as_yaml() -> None:
    """The same lab gives the same text, and the two formats the same value."""
    items = [item for kind in KINDS for item in objects(kind, view_with(kind))]
    text = json_text(listed(items))
    again = [item for kind in KINDS for item in objects(kind, view_with(kind))]
    assert json_text(listed(again)) == text
    assert yaml.safe_load(yaml_text(listed(items))) == json.loads(text)


def test_what_lives_in_a_namespace_says_which() -> None:
    """Nodes, hosts, pods and containers carry the annotation, and nothing else does."""
    for kind in KINDS:
        for item in objects(kind, view_with(kind)):
            netns = item["metadata"].get("annotations", {}).get("labnet.dev/netns", "")
            lives = kind.name in ("Node", "Host", "Pod", "Container")
            assert netns.startswith("show.") == lives


def test_uids_are_unique_and_owners_exist() -> None:
    """What controls a pod is listed under the uid that the pod names."""
    everything = [item for kind in KINDS for item in objects(kind, view_with(kind))]
    by_uid = {item["metadata"]["uid"]: item for item in everything}
    assert len(by_uid) == len(everything)
    owned = [item for item in everything if "ownerReferences" in item["metadata"]]
    assert {item["kind"] for item in owned} == {"Pod", "ReplicaSet", "EndpointSlice"}
    for item in owned:
        (reference,) = item["metadata"]["ownerReferences"]
        owner = by_uid[reference["uid"]]
        assert (owner["kind"], owner["metadata"]["name"]) == (reference["kind"], reference["name"])


def test_names_can_be_typed_again() -> None:
    """`-o name` prints what `get` takes."""
    for kind in KINDS:
        here = view_with(kind)
        for item, name in zip(
            objects(kind, here), names(kind, objects(kind, here)).splitlines(), strict=True
        ):
            ((parsed, wanted),) = parse_request(name, ())
            assert (parsed, wanted) == (kind, item["metadata"]["name"])


def pod_of(text: str, **statuses: ContainerStatus) -> Json:
    """The pod `p` whose containers are in these states."""
    here = view(text, {("pod/default/p", name): status for name, status in statuses.items()})
    (item,) = objects(parse_kind("pod"), here)
    return item


CRASHED = ended(1, reason="CrashLoopBackOff", restarts=3, message="back-off 40s")
CANNOT = ended(127, reason="ContainerCannotRun", message='exec: "x": not found')
WAITING = Status(started_at=None, reason="ContainerCreating")


@pytest.mark.parametrize(
    ("text", "statuses", "phase", "columns"),
    [
        (pod_text(), {}, "Running", "1/1 Running 0"),
        (pod_text(mains=2), {"m1": ended(0)}, "Running", "1/2 NotReady 0"),
        (pod_text(mains=2), {"m0": ended(2)}, "Running", "1/2 Error 0"),
        (pod_text("Never"), {"m0": ended(0)}, "Succeeded", "0/1 Completed 0"),
        (pod_text("Never"), {"m0": ended(3)}, "Failed", "0/1 Error 0"),
        (pod_text("OnFailure"), {"m0": ended(0)}, "Succeeded", "0/1 Completed 0"),
        (pod_text("OnFailure"), {"m0": ended(3)}, "Running", "0/1 Error 0"),
        (pod_text(), {"m0": ended(0, restarts=2)}, "Running", "0/1 Completed 2"),
        (pod_text(), {"m0": CRASHED}, "Running", "0/1 CrashLoopBackOff 3"),
        (pod_text(), {"m0": CANNOT}, "Running", "0/1 ContainerCannotRun 0"),
        (pod_text(), {"m0": WAITING}, "Pending", "0/1 ContainerCreating 0"),
        (pod_text(init=True), {"i": Status(running=True)}, "Pending", "0/1 Init:0/1 0"),
        (pod_text(init=True), {"i": ended(1)}, "Pending", "0/1 Init:Error 0"),
        (pod_text("Never", init=True), {"i": ended(1)}, "Failed", "0/1 Init:Error 0"),
        (pod_text(init=True), {"i": CRASHED}, "Pending", "0/1 Init:CrashLoopBackOff 3"),
        (pod_text(init=True), {}, "Running", "1/1 Running 0"),
    ],
)
def test_phases_and_columns_are_kubernetes(
    text: str, statuses: dict[str, ContainerStatus], phase: str, columns: str
) -> None:
    """What the kubelet would report, and what kubectl would make of it."""
    item = pod_of(text, **statuses)
    assert item["status"]["phase"] == phase
    shown = " ".join(column(item, NOW) for column in (pod_readiness, pod_state, pod_restarts))
    assert shown == columns


def test_a_signal_is_told() -> None:
    """ExitCode is 128 and the signal, as the kubelet has it."""
    killed = ended(137, signal=9, reason="Error")
    (status,) = pod_of(pod_text("Never"), m0=killed)["status"]["containerStatuses"]
    ended_so = status["state"]["terminated"]
    assert (ended_so["exitCode"], ended_so["signal"], ended_so["reason"]) == (137, 9, "Error")
    assert seconds_of(ended_so["finishedAt"]) == killed.finished_at


def test_a_pod_whose_namespace_is_gone_is_not_ready() -> None:
    """Somebody has removed it: nothing of it runs."""
    here = view(pod_text())
    gone = {name: born for name, born in here.births.items() if name != "one.p"}
    bare = type(here)(here.topology, here.cluster, gone, {}, here.machine)
    (item,) = objects(parse_kind("pod"), bare)
    assert item["status"]["phase"] == "Pending"
    assert pod_state(item, NOW) == "ContainerCreating"
    conditions = {one["type"]: one["status"] for one in item["status"]["conditions"]}
    assert conditions["Ready"] == conditions["PodReadyToStartContainers"] == "False"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 61, "3h1m"),
        (8 * 3600, "8h"),
        (47.9 * 3600, "47h"),
        (48 * 3600, "2d"),
        (50 * 3600, "2d2h"),
        (8 * 86400, "8d"),
        (2 * 365 * 86400, "2y"),
        (800 * 86400, "2y70d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_ages_are_kubectls(seconds: float, text: str) -> None:
    """The table of HumanDuration's own tests, and its limits."""
    assert age(seconds) == text


def test_times_are_read_back() -> None:
    """`timestamp` and its inverse."""
    assert timestamp(BORN) == "2023-11-14T22:13:20Z"
    assert seconds_of(timestamp(BORN)) == BORN


LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("text", "selects"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app=web,tier=back", False),
        ("app!=web", False),
        ("zone!=a", True),
        ("app", True),
        ("zone", False),
        ("!zone", True),
        ("!app", False),
        ("app in (web, db)", True),
        ("app notin (web,db)", False),
        ("zone notin (a), app in (web)", True),
    ],
)
def test_selectors_are_kubectls(text: str, selects: bool) -> None:  # noqa: FBT001  # a parameter
    """Equality, sets and existence, all of which must hold."""
    assert parse_selector(text)(LABELS) is selects


@pytest.mark.parametrize("text", ["=web", "app=web tier=x", "app in web", ",", "a b"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    """With the part that was not understood."""
    with pytest.raises(InputError, match="is no requirement on a label"):
        parse_selector(text)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("pods",), "Pod/"),
        (("po", "a", "b"), "Pod/a Pod/b"),
        (("pod/a", "node/n"), "Pod/a Node/n"),
        (("deploy,sts",), "Deployment/ StatefulSet/"),
        (("deployment.apps/web",), "Deployment/web"),
        (("PODS",), "Pod/"),
    ],
)
def test_what_kubectl_takes_is_taken(words: tuple[str, ...], asked: str) -> None:
    """Kinds and names in all of its forms."""
    found = parse_request(words[0], words[1:])
    assert " ".join(f"{kind.name}/{name}" for kind, name in found) == asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("poods",), "there is no kind 'poods'; did you mean pods?"),
        (("xyz",), "there is no kind 'xyz'\n    kinds: nodes, hosts, pods"),
        (("pods,nodes", "a"), "names go with one kind"),
        (("pod/a", "b"), "either KIND/NAME throughout"),
        (("ingresses",), "there is no kind 'ingresses'"),
    ],
)
def test_what_is_no_request_is_refused(words: tuple[str, ...], said: str) -> None:
    """With the kinds that there are."""
    with pytest.raises(InputError) as caught:
        parse_request(words[0], words[1:])
    assert said in str(caught.value)


def test_all_is_everything_that_runs() -> None:
    """Not the data: that is kubectl's `all` too."""
    found = [kind.name for kind in parse_kinds("all")]
    assert "Pod" in found
    assert "Container" in found
    assert "Service" in found
    assert not {"ConfigMap", "Secret", "Namespace", "Endpoints", "EndpointSlice"} & set(found)


def test_a_name_that_is_not_there_has_neighbours() -> None:
    """The message says what was meant, or where it is."""
    kind = parse_kind("pods")
    items = objects(kind, view())
    with pytest.raises(InputError, match=r'^pods "web-2" not found; did you mean web-1'):
        select(kind, items, "default", "web-2")
    with pytest.raises(InputError, match=r"not found in shop; there is one in default$"):
        select(kind, items, "shop", "web-1")


def test_an_empty_answer_is_kubectls() -> None:
    """In its words, and as an empty List."""
    kind = parse_kind("pods")
    shape = {"single": False, "several": False}
    assert rendered([(kind, [])], "table", "x", **shape) == "No resources found in x namespace.\n"
    assert rendered([(kind, [])], "wide", "", **shape) == "No resources found\n"
    assert json.loads(rendered([(kind, [])], "json", "x", **shape))["items"] == []


def test_one_object_by_its_name_is_not_a_list() -> None:
    """`get pod NAME -o json` prints the Pod."""
    kind = parse_kind("pods")
    items = select(kind, objects(kind, view()), "default", "web-1")
    one = json.loads(rendered([(kind, items)], "json", "default", single=True, several=False))
    assert one["kind"] == "Pod"


def test_several_kinds_are_tables_with_prefixes() -> None:
    """As `kubectl get all`: one table after another, the kind before each name."""
    here = view()
    found = [(kind, objects(kind, here)) for kind in parse_kinds("sts,ds")]
    text = rendered(found, "table", "default", single=False, several=True)
    first, second = text.split("\n\n")
    assert first.splitlines()[1].startswith("statefulset.apps/db ")
    assert second.splitlines()[1].startswith("daemonset.apps/agent ")


def test_columns_are_as_wide_as_they_must_be() -> None:
    """Three blanks between them, six characters at least, and none at the end of a line."""
    assert table(["A", "LONGER", "Z"], [["1", "2", "3"]]) == "A     LONGER   Z\n1     2        3\n"


def test_tabs_align_neighbours_only() -> None:
    """A line without a tab ends a block, as Go's tabwriter has it."""
    assert aligned(["a\tb", "ccc\td", "e", "f\tg"]) == "a    b\nccc  d\ne\nf  g\n"
    assert aligned(["a\t\tb", "\tc\td"]) == "a     b\n   c  d\n"


def test_the_lab_of_these_tests_is_whole() -> None:
    """Every kind has an object in it, so that every table and object is tried."""
    assert all(objects(kind, view_with(kind)) for kind in KINDS)
    assert LAB.count("---") > 5
