"""Whatever a file holds, it is an ontology or an `OntologyError`: nothing else comes out."""

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology import Fault, OntologyError
from ontology.loader import HOME_PATH
from tests.ontology.plans import Plan, plans, to_yaml
from tests.ontology.test_faults import GOOD

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.binary(max_size=8)
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(scalars, inner, max_size=4),
    max_leaves=8,
)
_MARKS = (
    *("\n", "\t", ": ", "- ", "? ", "[", "]", "{", "}", "'", '"', "#", "%", "|", ">-\n "),
    *("&a ", "*a", "!!int ", "!!set ", "!x ", "---\n", "...\n", "<<: ", "\\U"),
    *("\x85", "\u2028", "\ufeff"),
)
fragments = st.text(max_size=6) | st.sampled_from(_MARKS)


def check(text: str) -> None:
    """Parses, and asserts that a refusal says in each line where, what and what to do."""
    faults: tuple[Fault, ...] = ()
    try:
        loaded = ontology.parse(text, where="my.yaml")
    except OntologyError as error:
        faults = error.faults
        message = str(error)
    else:
        assert loaded.nodes
        assert len(loaded.digest) == 64
        return
    num_lines = len(text.splitlines()) + 1
    assert faults
    for fault in faults:
        assert fault.line is None or 1 <= fault.line <= num_lines
        assert fault.problem
        assert fault.remedy
        assert str(fault) in message
    message.encode()


@settings(deadline=None, max_examples=300)
@given(st.text())
def test_any_text(text: str) -> None:
    check(text)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_valid_file_with_pieces_cut_out_and_put_in(data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 20, len(text))))
        text = text[:start] + data.draw(fragments) + text[end:]

    check(text)


@settings(deadline=None, max_examples=100)
@given(plans(max_nodes=6), st.data())
def test_a_valid_file_with_any_value_at_any_place(plan: Plan, data: st.DataObject) -> None:
    broken: Plan = copy.deepcopy(plan)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(_places(broken)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            container[data.draw(scalars)] = container.pop(key)
        else:
            container[key] = data.draw(values)

    check(to_yaml(broken))


@settings(deadline=None, max_examples=100)
@given(values)
def test_any_yaml_at_all(value: object) -> None:
    check(yaml.dump(value))


@settings(deadline=None, max_examples=50)
@given(content=st.binary(max_size=200))
def test_any_bytes_in_a_file(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_bytes(content)

    with pytest.raises(OntologyError):
        ontology.load(path)


@settings(deadline=None, max_examples=15)
@given(st.floats(0.0, 1.0))
def test_the_first_part_of_the_home_ontology(keep: float) -> None:
    text = HOME_PATH.read_text(encoding="utf-8")

    check(text[: int(keep * len(text))])


def _places(value: object) -> list[tuple[dict[Any, Any] | list[Any], Any]]:
    """Lists every position in nested lists and dictionaries, with what holds it."""
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        return []
    return [place for key, inner in pairs for place in ((value, key), *_places(inner))]
