"""Whatever a file holds, it is AudioSet's graph or is refused with all its faults."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology import Fault, OntologyError
from ontology.audioset import AudioSetClass, audioset_classes
from ontology.audioset_json import MAX_BYTES, classes_of, read_audioset_json

ALARM, SIREN, SMOKE = "/m/07pp_mv", "/m/03kmc9", "/m/01y3hg"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just(ALARM),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "name", "child_ids", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)


def entry(id_: str, *children: str, name: str = "Some") -> dict[str, Any]:
    return {"id": id_, "name": name, "child_ids": list(children), "restrictions": []}


def as_published() -> list[dict[str, Any]]:
    """The list that aed ships, in the form in which AudioSet publishes it."""
    below: dict[str, list[str]] = {id_: [] for id_ in audioset_classes()}
    for each in audioset_classes().values():
        for parent in each.parents:
            below[parent].append(each.id)
    return [entry(each.id, *below[each.id], name=each.name) for each in audioset_classes().values()]


def test_the_file_as_published_is_the_list_that_aed_ships(tmp_path: Path) -> None:
    path = tmp_path / "ontology.json"
    path.write_text(json.dumps(as_published()))

    assert read_audioset_json(path) == tuple(audioset_classes().values())


def test_all_faults_are_told_at_once() -> None:
    content = [
        entry(ALARM, SIREN, "/m/none"),
        entry(ALARM),
        entry("/m/01y3h"),
        {"id": SMOKE, "name": "Smoke"},
        7,
        entry(SIREN, name=" "),
    ]

    with pytest.raises(OntologyError) as caught:
        classes_of(content, "my.json")

    published = "take the file as AudioSet publishes it"
    smoke = f"{SMOKE} (Smoke detector, smoke alarm)"
    unknown = "name the id of a class of this file"
    assert [str(fault).removeprefix("my.json: ") for fault in caught.value.faults] == [
        f"[1]: the id '{ALARM}' is taken by an earlier class; keep one of them",
        f"[2]: '/m/01y3h' is no id of AudioSet; did you mean {smoke}?",
        f"[3]: the list 'child_ids' is missing; {published}",
        "[4]: wanted a class, found something else; is this the ontology.json of AudioSet?",
        f"[5]: the name is empty; {published}",
        f"[0].child_ids[0]: no class '{SIREN}'; {unknown}",
        f"[0].child_ids[1]: no class '/m/none'; {unknown}",
    ]


def test_a_circle_is_refused() -> None:
    with pytest.raises(OntologyError, match="stands below itself"):
        classes_of([entry(SMOKE), entry(ALARM, SIREN), entry(SIREN, ALARM, SMOKE)], "my.json")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "my.json:1: not valid JSON"),
        (b'[{"id":\n oops', "my.json:2: not valid JSON"),
        (b"{}", "wanted a list of classes"),
        (b"[]", "wanted a list of classes"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"1" * 5_000, "not valid JSON"),
        (b" " * (MAX_BYTES + 1), "longer than 16 MiB"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "my.json"
    path.write_bytes(content)

    with pytest.raises(OntologyError, match=told):
        read_audioset_json(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match="cannot be read: No such file"):
        read_audioset_json(tmp_path / "no.json")


@settings(deadline=None, max_examples=200)
@given(values)
def test_any_json_is_a_graph_or_refused_with_remedies(value: object) -> None:
    faults: tuple[Fault, ...] = ()
    classes: tuple[AudioSetClass, ...] = ()
    try:
        classes = classes_of(value, "my.json")
    except OntologyError as error:
        faults = error.faults

    assert bool(classes) != bool(faults)
    assert all(fault.problem and fault.remedy for fault in faults)
    assert {above for each in classes for above in each.parents} <= {each.id for each in classes}
