"""Good files come back as they were written."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings

import ontology
from ontology import OntologyError
from tests.ontology.plans import Plan, complete, plan_of, plans, to_yaml

EXAMPLE = """\
version: 1
name: example
nodes:
  - id: alarm
    name: Alarm
    names: {de: Alarm, no: Alarm}
    audioset: [/m/07pp_mv]
    children:
      - id: smoke_alarm
        name: Smoke alarm
        see_also: [fire]
        alert: {critical: true, pattern: [t3], on_threshold: 0.6, dwell_s: 1, hold_s: 6.0}
      - {id: co_alarm, name: CO alarm}
  - id: fire
    name: Fire
"""


@settings(deadline=None, max_examples=60)
@given(plans())
def test_any_valid_file_loads_as_what_it_says(plan: Plan) -> None:
    loaded = ontology.parse(to_yaml(plan))

    assert plan_of(loaded) == complete(plan)


@settings(deadline=None, max_examples=30)
@given(plans())
def test_writing_a_loaded_ontology_and_loading_it_again_changes_nothing(plan: Plan) -> None:
    once = ontology.parse(to_yaml(plan))
    written = plan_of(once)
    for node in _all_nodes(written):
        if node["alert"] is None:
            del node["alert"]
        else:
            assert isinstance(node["alert"], dict)
            node["alert"] = {k: v for k, v in node["alert"].items() if v is not None}
    twice = ontology.parse(to_yaml(written))

    assert plan_of(twice) == plan_of(once)
    assert twice.digest == once.digest


def test_nodes_know_their_place_their_policy_and_their_line() -> None:
    loaded = ontology.parse(EXAMPLE)
    smoke_alarm = loaded.node("smoke_alarm")

    assert [node.id for node in loaded.nodes] == ["alarm", "smoke_alarm", "co_alarm", "fire"]
    assert [root.id for root in loaded.roots] == ["alarm", "fire"]
    assert loaded.path("smoke_alarm") == "alarm/smoke_alarm"
    assert [node.line for node in loaded.nodes] == [4, 9, 13, 14]
    assert smoke_alarm.parent is loaded.node("alarm")
    assert smoke_alarm.see_also == ("fire",)
    assert smoke_alarm.alert == ontology.AlertPolicy(
        critical=True, pattern=("t3",), on_threshold=0.6, dwell_s=1.0, hold_s=6.0
    )
    assert loaded.node("fire").alert is None
    assert loaded.node("alarm").names == {"de": "Alarm", "no": "Alarm"}
    assert loaded.source == EXAMPLE


def test_an_unknown_node_is_named_with_the_one_that_was_meant() -> None:
    loaded = ontology.parse(EXAMPLE)

    with pytest.raises(OntologyError, match=r"no node 'smoke_alrm'; did you mean 'smoke_alarm'\?"):
        loaded.node("smoke_alrm")
    with pytest.raises(OntologyError, match="no node 'xyz'; see `aed ontology show`"):
        loaded.path("xyz")


def test_the_digest_sees_content_and_not_layout() -> None:
    plan = yaml.safe_load(EXAMPLE.replace("no:", "'no':"))  # else PyYAML reads False
    digest = ontology.parse(EXAMPLE).digest

    assert ontology.parse("# a comment\n" + yaml.safe_dump(plan, sort_keys=True)).digest == digest
    for old, new in [
        ("name: example", "name: other"),
        ("name: CO alarm", "name: Other"),
        ("id: co_alarm", "id: other"),
        ("hold_s: 6.0", "hold_s: 7.0"),
        ("[/m/07pp_mv]", "[]"),
    ]:
        assert ontology.parse(EXAMPLE.replace(old, new)).digest != digest
    plan["nodes"].reverse()
    assert ontology.parse(to_yaml(plan)).digest != digest


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_marks_and_windows_line_ends_are_no_fault(
    tmp_path: Path, encoding: str, newline: str
) -> None:
    path = tmp_path / "example.yaml"
    path.write_bytes(EXAMPLE.replace("\n", newline).encode(encoding))

    loaded = ontology.load(path)

    assert loaded.digest == ontology.parse(EXAMPLE).digest
    assert loaded.node("fire").line == 14


def test_the_largest_allowed_ontology_loads() -> None:
    leaves = [{"id": f"n{number}", "name": "x"} for number in range(2000 - 12)]
    chain: dict[str, object] = {"id": "level_12", "name": "x"}
    for level in range(11, 0, -1):
        chain = {"id": f"level_{level}", "name": "x", "children": [chain]}

    loaded = ontology.parse(to_yaml({"version": 1, "name": "large", "nodes": [chain, *leaves]}))

    assert len(loaded.nodes) == 2000
    assert loaded.node("level_12").depth == 11


def _all_nodes(plan: Plan) -> list[Plan]:
    below = plan.get("nodes", plan.get("children"))
    assert isinstance(below, list)
    return [node for child in below for node in (child, *_all_nodes(child))]
