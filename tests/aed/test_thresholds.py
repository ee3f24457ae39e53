"""Thresholds of three layers: a later one wins, every fault is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aed.errors import ThresholdsError
from aed.thresholds import CHIRP_HOLD_S, DEFAULT, PATTERN_HOLD_S, NodeThresholds, resolve
from ontology import AlertPolicy, Node, Ontology, parse

ONTOLOGY = parse("""\
version: 1
name: test
nodes:
  - id: alarm
    name: Alarm
    children:
      - id: smoke_alarm
        name: Smoke alarm
        alert: {critical: true, pattern: [t3], on_threshold: 0.7, dwell_s: 1.0}
      - id: co_alarm
        name: CO alarm
        alert: {critical: true, pattern: [t4]}
      - id: chirp
        name: Chirp
        alert: {pattern: [chirp]}
      - {id: doorbell, name: Doorbell}
  - {id: speech, name: Speech}
""")


def test_without_any_layer_every_node_has_the_default() -> None:
    assert resolve({}, ONTOLOGY)["speech"] == DEFAULT
    assert list(resolve({}, ONTOLOGY)) == [node.id for node in ONTOLOGY.nodes]


def test_a_later_layer_wins_number_by_number() -> None:
    bundle = {"default": {"on": 0.6, "off": 0.4}, "smoke_alarm": {"on": 0.8, "hold_s": 3.0}}
    settings = {"smoke_alarm": {"dwell_s": 2.0}}

    assert resolve(bundle, ONTOLOGY, settings)["smoke_alarm"] == NodeThresholds(
        on=0.7, off=0.4, dwell_s=2.0, hold_s=3.0
    )
    assert resolve(bundle, ONTOLOGY, settings)["speech"] == NodeThresholds(
        on=0.6, off=0.4, dwell_s=DEFAULT.dwell_s, hold_s=DEFAULT.hold_s
    )


def test_the_default_of_the_settings_changes_no_number_that_is_a_node_s_own() -> None:
    bundle = {"default": {"on": 0.6}, "doorbell": {"on": 0.9}}
    settings = {"default": {"on": 0.4, "off": 0.2, "dwell_s": 1.5}}

    numbers = resolve(bundle, ONTOLOGY, settings)

    assert (numbers["speech"].on, numbers["speech"].dwell_s) == (0.4, 1.5)
    assert numbers["doorbell"].on == 0.9  # measured; whoever wants less says so by its name
    assert numbers["doorbell"].off == 0.2
    assert numbers["smoke_alarm"].on == 0.7  # asked for by the ontology
    assert resolve(bundle, ONTOLOGY, {"doorbell": {"on": 0.5}})["doorbell"].on == 0.5


def test_nodes_known_by_a_pattern_and_those_above_outlast_its_pause() -> None:
    holds = {node: each.hold_s for node, each in resolve({}, ONTOLOGY).items()}

    assert holds["alarm"] == holds["co_alarm"] == PATTERN_HOLD_S["t4"]
    assert holds["smoke_alarm"] == PATTERN_HOLD_S["t3"]
    assert holds["chirp"] == CHIRP_HOLD_S
    assert holds["doorbell"] == holds["speech"] == DEFAULT.hold_s


def test_a_default_hold_does_not_cut_a_pattern_but_the_node_s_own_may() -> None:
    settings = {"default": {"hold_s": 0.5}, "smoke_alarm": {"hold_s": 1.0}}

    holds = {node: each.hold_s for node, each in resolve({}, ONTOLOGY, settings).items()}

    assert holds == {
        "alarm": PATTERN_HOLD_S["t4"],
        "smoke_alarm": 1.0,
        "co_alarm": PATTERN_HOLD_S["t4"],
        "chirp": CHIRP_HOLD_S,
        "doorbell": 0.5,
        "speech": 0.5,
    }


def test_every_fault_is_named_at_once() -> None:
    bundle: Any = {"smoke_alrm": {"on": 0.5}}
    settings: Any = {
        "speech": {"dwel_s": 1.0, "off": 0.0},
        "alarm": {"on": float("nan"), "hold_s": 601},
        "doorbell": {"on": True, "dwell_s": -0.1},
    }

    with pytest.raises(ThresholdsError) as caught:
        resolve(bundle, ONTOLOGY, settings)

    assert caught.value.exit_code == 78
    assert caught.value.faults == (
        (
            "thresholds of smoke_alrm (bundle): the ontology has no such node; did you mean "
            "'smoke_alarm'?"
        ),
        "thresholds of speech (settings): unknown key 'dwel_s'; did you mean 'dwell_s'?",
        "thresholds of speech (settings): off must lie between 0 and 1, got 0.0",
        "thresholds of alarm (settings): on must lie between 0 and 1, got nan",
        "thresholds of alarm (settings): hold_s must lie between 0 and 600, got 601",
        "thresholds of doorbell (settings): on must lie between 0 and 1, got True",
        "thresholds of doorbell (settings): dwell_s must lie between 0 and 60, got -0.1",
    )


def test_layers_that_contradict_each_other_once_combined_are_refused() -> None:
    with pytest.raises(ThresholdsError, match="smoke_alarm: off must not be above on"):
        resolve({"smoke_alarm": {"off": 0.75}}, ONTOLOGY)


def test_an_ontology_that_was_not_read_from_a_file_is_held_to_the_same_limits() -> None:
    node = Node(id="smoke_alarm", name="Smoke alarm", alert=AlertPolicy(dwell_s=3000.0))
    ontology = Ontology(name="made", version=1, roots=[node], source="")

    with pytest.raises(ThresholdsError) as caught:
        resolve({}, ontology)

    assert caught.value.faults == (
        "thresholds of smoke_alarm (ontology): dwell_s must lie between 0 and 60, got 3000.0",
    )


def test_off_may_equal_on_in_every_layer() -> None:
    ontology = parse(
        "{version: 1, name: test, nodes: [{id: speech, name: Speech,"
        " alert: {on_threshold: 0.6, off_threshold: 0.6}}]}"
    )

    assert resolve({}, ontology)["speech"].off == 0.6
    assert resolve({"speech": {"on": 0.2, "off": 0.2}}, ONTOLOGY)["speech"].off == 0.2
    assert resolve({}, ONTOLOGY, {"speech": {"on": 0.2, "off": 0.2}})["speech"].off == 0.2


NUMBERS = st.fixed_dictionaries(
    {},
    optional={
        "on": st.floats(0.01, 0.99),
        "off": st.floats(0.01, 0.99),
        "dwell_s": st.floats(0, 60),
        "hold_s": st.floats(0, 600),
    },
)
LAYERS = st.dictionaries(
    st.sampled_from(["default", *(node.id for node in ONTOLOGY.nodes)]), NUMBERS
)


@given(bundle=LAYERS, settings=LAYERS)
def test_any_layers_give_usable_thresholds_or_a_reason(
    bundle: dict[str, dict[str, float]], settings: dict[str, dict[str, float]]
) -> None:
    try:
        resolved = resolve(bundle, ONTOLOGY, settings)
    except ThresholdsError:
        return
    for node, thresholds in resolved.items():
        assert 0 < thresholds.off <= thresholds.on < 1
        for field, value in settings.get(node, {}).items():
            assert getattr(thresholds, field) == value
