"""The ontology that aed comes with says what the rest of the project relies on."""

import pytest

import ontology
from ontology import LabelSet, Ontology
from ontology.audioset import audioset_classes


@pytest.fixture(scope="module")
def home() -> Ontology:
    return ontology.home()


@pytest.mark.parametrize(
    "path",
    [
        "alarm/life_safety/smoke_alarm",
        "alarm/life_safety/co_alarm",
        "alarm/life_safety/fire_bell",
        "alarm/low_battery_chirp",
        "alarm/siren",
        "alarm/vehicle_alarm",
        "alarm/timer_beep",
        "alarm/alarm_clock",
        "alarm/phone",
        "alarm/doorbell",
        "breakage/window_glass",
        "breakage/crockery",
        "impact/knock",
        "impact/slam",
        "impact/thump",
        "impact/explosion",
        "impact/gunshot",
        "person/speech",
        "person/shout_scream",
        "person/baby_cry",
        "person/cough",
        "person/snore",
        "person/footsteps",
        "pet/dog",
        "pet/cat",
        "water",
        "appliance",
        "tools",
        "media/music",
        "media/television",
        "outdoors",
    ],
)
def test_mandatory_nodes_are_where_they_must_be(home: Ontology, path: str) -> None:
    assert home.path(path.rsplit("/", 1)[-1]) == path


def test_it_is_of_a_size_that_a_person_can_survey(home: Ontology) -> None:
    assert 60 <= len(home.nodes) <= 120
    assert home.name == "home"


def test_every_node_has_a_german_name(home: Ontology) -> None:
    assert [node.id for node in home.nodes if "de" not in node.names] == []


def test_no_audioset_class_means_two_nodes(home: Ontology) -> None:
    used = [id_ for node in home.nodes for id_ in node.audioset]

    assert len(used) == len(set(used))
    assert set(used) <= set(audioset_classes())
    assert home.node("smoke_alarm").audioset == ("/m/01y3hg",)


def test_what_may_cost_a_life_or_a_window_is_critical(home: Ontology) -> None:
    critical = {node.id for node in home.nodes if node.alert is not None and node.alert.critical}

    assert critical == {"life_safety", "smoke_alarm", "co_alarm", "fire_bell", "window_glass"}


def test_what_deserves_a_person_s_attention_alerts(home: Ontology) -> None:
    alerts = {node.id for node in home.nodes if node.alert is not None and not node.alert.critical}

    assert alerts == {
        "alarm",
        "low_battery_chirp",
        "siren",
        "vehicle_alarm",
        "doorbell",
        "breakage",
        "explosion",
        "gunshot",
        "shout_scream",
        "scream",
        "baby_cry",
    }


@pytest.mark.parametrize(
    ("id_", "patterns", "pause_s"),
    [
        ("smoke_alarm", ("t3", "continuous"), 1.5),
        ("co_alarm", ("t4",), 5.0),
        ("fire_bell", ("continuous",), 0.0),
        ("low_battery_chirp", ("chirp",), 60.0),
    ],
)
def test_an_alarm_outlasts_the_pauses_of_its_pattern(
    home: Ontology, id_: str, patterns: tuple[str, ...], pause_s: float
) -> None:
    alert = home.node(id_).alert

    assert alert is not None
    assert alert.pattern == patterns
    assert alert.hold_s is not None
    assert alert.hold_s > pause_s


def test_glass_counts_within_two_posteriors(home: Ontology) -> None:
    alert = home.node("window_glass").alert

    assert alert is not None
    assert alert.dwell_s == pytest.approx(0.2)


def test_thresholds_are_left_to_the_model(home: Ontology) -> None:
    policies = [node.alert for node in home.nodes if node.alert is not None]

    assert {policy.on_threshold for policy in policies} == {None}
    assert {policy.off_threshold for policy in policies} == {None}


def test_its_columns_begin_with_the_alarms(home: Ontology) -> None:
    assert LabelSet(home).nodes[:3] == ("alarm", "life_safety", "smoke_alarm")
