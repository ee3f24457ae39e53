"""Bad files are refused with every fault, its line and its remedy, and with nothing else."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology import Fault, OntologyError

GOOD = """\
version: 1
name: example
nodes:
  - id: alarm
    name: Alarm
    names: {de: Alarm}
    audioset: [/m/07pp_mv]
    children:
      - id: smoke_alarm
        name: Smoke alarm
        audioset:
          - /m/01y3hg
        see_also: [fire]
        alert:
          critical: true
          pattern: [t3, continuous]
          on_threshold: 0.6
          off_threshold: 0.3
          dwell_s: 1.0
          hold_s: 6.0
      - id: co_alarm
        name: CO alarm
        see_also: [alarm]
        alert: {critical: true}
  - id: fire
    name: Fire
    children: []
  - id: glass
    name: Glass
    names:
      de: Glas
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One fault: `old`, unique in GOOD, becomes `new`, which stands on the same line."""

    old: str
    new: str
    path: str
    problem: str
    remedy: str


def plant(old: str, new: str, path: str, problem: str, remedy: str) -> Plant:
    return Plant(old=old, new=new, path=path, problem=problem, remedy=remedy)


SMOKE = "nodes[0].children[0]"
PLANTS = [
    plant("version: 1", "version: 2", "version", "version 2 is not supported", "newer aed"),
    plant("version: 1", "version: 0", "version", "version 0 is not supported", "`version: 1`"),
    plant("version: 1", "version: one", "version", "wanted a number, found the text 'one'", ""),
    plant("version: 1", "version: '1'", "version", "wanted a number, found the text '1'", "quotes"),
    plant("version: 1", "version: 1.5", "version", "version 1.5 is not supported", "newer"),
    plant("name: example", "name: ''", "name", "the text is empty", "write something"),
    plant("name: example", "name:", "name", "wanted a text, found nothing", "write a text"),
    plant("name: example", "nmae: example", "nmae", "unknown key 'nmae'", "did you mean 'name'?"),
    plant("name: Alarm", "name: No", "nodes[0].name", "wanted a text, found 'No'", '"No"'),
    plant("name: Alarm", "name: 112", "nodes[0].name", "found the number '112'", '"112"'),
    plant("name: Alarm", "name: [Alarm]", "nodes[0].name", "found a list", "write a text"),
    plant("name: Alarm", 'name: " \\t "', "nodes[0].name", "the text is empty", "leave it out"),
    plant("name: Alarm", 'name: "a\\nb"', "nodes[0].name", "line break", "one line"),
    plant("name: Alarm", 'name: "\\ud800"', "nodes[0].name", "control character", "one line"),
    plant("name: Alarm", 'name: !x "\\e"', "nodes[0].name", "wanted a text", "write a text"),
    plant("{de: Alarm}", "{deutsch: Alarm}", "nodes[0].names.deutsch", "no language tag", "as de"),
    plant("{de: Alarm}", "[de]", "nodes[0].names", "wanted a mapping, found a list", "keys"),
    plant("{de: Alarm}", "{de: {a: b}}", "nodes[0].names.de", "found a mapping", "write a text"),
    plant("{de: Alarm}", "{[de]: Alarm}", "nodes[0].names", "a key must be a word", "plain word"),
    plant("[/m/07pp_mv]", "/m/07pp_mv", "nodes[0].audioset", "wanted a list", "brackets"),
    plant("[/m/07pp_mv]", "", "nodes[0].audioset", "wanted a list, found nothing", "leave the key"),
    plant(
        "[/m/07pp_mv]", "[/m/07pp_mv, /m/07pp_mv]", "nodes[0].audioset[1]", "listed twice", "one"
    ),
    plant(
        "- /m/01y3hg",
        "- /m/01y3hh",
        f"{SMOKE}.audioset[0]",
        "'/m/01y3hh' is no id of AudioSet",
        "did you mean /m/01y3hg (Smoke detector, smoke alarm)?",
    ),
    plant(
        "- /m/01y3hg",
        "- Doorbel",
        f"{SMOKE}.audioset[0]",
        "'Doorbel' is no id of AudioSet",
        "did you mean /m/03wwcy (Doorbell)?",
    ),
    plant("- /m/01y3hg", "- qqqqq", f"{SMOKE}.audioset[0]", "no id", "ontology/audioset.tsv"),
    plant(
        "- id: smoke_alarm", "- id: alarm", f"{SMOKE}.id", "taken by the node on line 4", "other"
    ),
    plant(
        "- id: smoke_alarm", "- id: Smoke Alarm", f"{SMOKE}.id", "cannot be an id", ": smoke_alarm"
    ),
    plant(
        "- id: smoke_alarm", "- id: 9lives", f"{SMOKE}.id", "'9lives' cannot be an id", "letters"
    ),
    plant("- id: smoke_alarm", f"- id: {'a' * 65}", f"{SMOKE}.id", "cannot be an id", "up to 64"),
    plant("- id: smoke_alarm", "- id: on", f"{SMOKE}.id", "wanted a text, found 'on'", '"on"'),
    plant(
        "- id: smoke_alarm", "- ids: x", f"{SMOKE}.ids", "unknown key 'ids'", "did you mean 'id'?"
    ),
    plant("[fire]", "[fier]", f"{SMOKE}.see_also[0]", "no node 'fier'", "did you mean 'fire'?"),
    plant("[alarm]", "[co_alarm]", "nodes[0].children[1].see_also[0]", "names itself", "out"),
    plant("critical: true\n", "critical: maybe\n", f"{SMOKE}.alert.critical", "true or false", ""),
    plant("critical: true\n", "critical: 1\n", f"{SMOKE}.alert.critical", "found the number", ""),
    plant(
        "critical: true\n", "critcal: true\n", f"{SMOKE}.alert.critcal", "unknown key", "'critical'"
    ),
    plant("[t3, continuous]", "[t3, t5]", f"{SMOKE}.alert.pattern[1]", "pattern 't5'", "t4"),
    plant("[t3, continuous]", "t3", f"{SMOKE}.alert.pattern", "wanted a list", "brackets"),
    plant(
        "on_threshold: 0.6", "on_threshold: 1.0", f"{SMOKE}.alert.on_threshold", "1 is no", "0.5"
    ),
    plant("on_threshold: 0.6", "on_threshold: 0", f"{SMOKE}.alert.on_threshold", "0 is no", "0.5"),
    plant(
        "on_threshold: 0.6", "on_threshold: .nan", f"{SMOKE}.alert.on_threshold", "wanted", "0.5"
    ),
    plant("on_threshold: 0.6", "on_threshold: 1e999", f"{SMOKE}.alert.on_threshold", "wanted", ""),
    plant(
        "off_threshold: 0.3", "off_threshold: -1", f"{SMOKE}.alert.off_threshold", "-1 is no", ""
    ),
    plant("dwell_s: 1.0", "dwell_s: -0.1", f"{SMOKE}.alert.dwell_s", "-0.1 s is not", "seconds"),
    plant("dwell_s: 1.0", "dwell_s: 1:30", f"{SMOKE}.alert.dwell_s", "wanted a number", "decimals"),
    plant("dwell_s: 1.0", "dwell_s: 61", f"{SMOKE}.alert.dwell_s", "0 and 60 s", "seconds"),
    plant("hold_s: 6.0", "hold_s: 601", f"{SMOKE}.alert.hold_s", "0 and 600 s", "seconds"),
    plant("hold_s: 6.0", "hold_s: {}", f"{SMOKE}.alert.hold_s", "found a mapping", "decimals"),
    plant("{critical: true}", "true", "nodes[0].children[1].alert", "wanted a mapping", "critical"),
    plant("children: []", "children:", "nodes[1].children", "found nothing", "leave the key out"),
    plant("children: []", "children: {}", "nodes[1].children", "found a mapping", "dashes"),
    plant(
        "children: []", "children: [x]", "nodes[1].children[0]", "found the text 'x'", "id, name"
    ),
    plant("children: []", "children: [[]]", "nodes[1].children[0]", "found a list", "id, name"),
    plant("children: []", "children: [{id: x}]", "nodes[1].children[0]", "'name' is missing", ""),
    plant(
        "children: []", "children: [{name: x}]", "nodes[1].children[0]", "'id' is missing", "as `id"
    ),
    plant("de: Glas", "de: ''", "nodes[2].names.de", "the text is empty", "write something"),
    plant("de: Glas", "'d e': Glas", "nodes[2].names.'d e'", "no language tag", "pt-BR"),
    plant("de: Glas", "? [de]", "nodes[2].names", "a key must be a word, found a list", "word"),
]


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(OntologyError) as caught:
        ontology.parse(text, where="my.yaml")
    return caught.value.faults


def line_of(old: str) -> int:
    assert GOOD.count(old) == 1, old
    return GOOD[: GOOD.index(old)].count("\n") + 1


def assert_is(fault: Fault, planted: Plant) -> None:
    assert fault.where == "my.yaml"
    assert fault.line == line_of(planted.old)
    assert fault.path == planted.path
    assert planted.problem in fault.problem
    assert planted.remedy in fault.remedy


def assert_reported(faults: tuple[Fault, ...], planted: list[Plant]) -> None:
    """Asserts that each plant is among the faults, and nothing else."""
    by_line = {fault.line: fault for fault in faults}
    assert len(by_line) == len(faults) == len(planted)
    for plant_ in planted:
        found = by_line[line_of(plant_.old)]
        assert found.where == "my.yaml"
        assert found.path == plant_.path
        assert plant_.problem in found.problem
        assert plant_.remedy in found.remedy


def test_the_example_without_plants_is_fine() -> None:
    assert len(ontology.parse(GOOD).nodes) == 5


@pytest.mark.parametrize("planted", PLANTS, ids=lambda planted: planted.new.strip())
def test_a_planted_fault_is_reported_with_its_line_path_and_remedy(planted: Plant) -> None:
    assert_reported(faults_of(GOOD.replace(planted.old, planted.new)), [planted])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(PLANTS), unique_by=lambda planted: planted.old, min_size=2))
def test_all_planted_faults_are_reported_in_one_go(planted: list[Plant]) -> None:
    text = GOOD
    for plant_ in planted:
        text = text.replace(plant_.old, plant_.new)

    faults = faults_of(text)

    assert_reported(faults, planted)
    assert [fault.line for fault in faults] == sorted(fault.line or 0 for fault in faults)


def test_repeated_keys_name_both_lines() -> None:
    (fault,) = faults_of(GOOD.replace("    name: Glass", "    name: Glass\n    name: Bell"))

    assert str(fault) == (
        "my.yaml:30: nodes[2].name: key 'name' stands here twice, first on line 29;"
        " keep one of them"
    )


def test_an_event_must_not_end_above_the_threshold_it_starts_at() -> None:
    (fault,) = faults_of(GOOD.replace("off_threshold: 0.3", "off_threshold: 0.7"))

    assert (fault.line, fault.problem) == (18, "0.7 is above on_threshold 0.6")


@pytest.mark.parametrize("key", ["version", "name", "nodes"])
def test_missing_keys_of_the_file_are_named(key: str) -> None:
    parts = {"version": "version: 1\n", "name": "name: x\n", "nodes": "nodes: [{id: a, name: A}]"}
    del parts[key]

    (fault,) = faults_of("".join(parts.values()))

    assert (fault.line, fault.path, fault.problem) == (1, key, f"the key {key!r} is missing")


def test_an_empty_list_of_nodes_is_a_fault() -> None:
    (fault,) = faults_of("version: 1\nname: x\nnodes: []\n")

    assert str(fault) == ("my.yaml:3: nodes: the list of nodes is empty; write at least one node")


@pytest.mark.parametrize(
    ("text", "found"), [("- a", "a list"), ("5", "the number '5'"), ("~", "nothing")]
)
def test_a_file_that_is_no_mapping_is_a_fault(text: str, found: str) -> None:
    (fault,) = faults_of(text)

    assert fault.problem == f"wanted a mapping, found {found}"
    assert fault.remedy == "write the keys version, name, nodes here"


def test_a_tree_of_thirteen_levels_is_too_deep() -> None:
    lines = ["version: 1", "name: deep", "nodes:"]
    for level in range(1, 15):
        blanks = "  " * level
        lines += [f"{blanks}- id: level_{level}", f"{blanks}  name: x", f"{blanks}  children:"]
    lines[-1] += " []"

    (fault,) = faults_of("\n".join(lines))

    assert fault.line == 1 + lines.index("  " * 13 + "- id: level_13")
    assert fault.path == "nodes[0]" + ".children[0]" * 12
    assert fault.problem == "a node on level 13, deeper than 12"


def test_more_than_two_thousand_nodes_are_too_many() -> None:
    nodes = [f"  - {{id: n{number}, name: x}}" for number in range(2001)]

    (fault,) = faults_of("\n".join(["version: 1", "name: x", "nodes:", *nodes]))

    assert (fault.line, fault.problem) == (4, "2,001 nodes, more than 2,000")


def test_after_a_thousand_faults_the_rest_is_left_out() -> None:
    faults = faults_of("version: 1\nname: x\nnodes: [" + "x, " * 1500 + "]")

    assert len(faults) == 1001
    assert "more than 1000 faults" in str(faults[0])


def test_the_message_of_an_error_lists_every_fault() -> None:
    text = GOOD.replace("{de: Alarm}", "{de: ''}").replace("[t3, continuous]", "[t33]")

    with pytest.raises(OntologyError) as caught:
        ontology.parse(text, where="my.yaml")

    assert str(caught.value).splitlines() == [
        "2 faults in my.yaml:",
        "  my.yaml:6: nodes[0].names.de: the text is empty; write something, or leave it out",
        f"  my.yaml:16: {SMOKE}.alert.pattern[0]: unknown pattern 't33'; did you mean 't3'?",
    ]
    assert caught.value.exit_code == 1
