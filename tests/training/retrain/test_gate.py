import pytest
from rich.console import Console

import ontology
from ontology import LabelSet
from ontology.matching import matches
from tests.training.retrain.own_recordings import home_with_a_garage_door
from training.retrain.gate import Compared, Verdict, show, verdict
from training.retrain.hearings import NOTHING, OWN, SYNTHESISED, Figures, Found

pytestmark = pytest.mark.torch

OLD = LabelSet(ontology.home())
NEW = LabelSet(ontology.parse(home_with_a_garage_door()))


def figures(labels: LabelSet, **found: Found) -> Figures:
    """All of each critical node, but what is given of some on synthesised scenes."""
    told = {(node, kind): NOTHING for node in labels.nodes for kind in (OWN, SYNTHESISED)}
    for node in labels.ontology.nodes:
        if node.is_critical:
            told[node.id, SYNTHESISED] = heard(40)
    return {**told, **{(node, SYNTHESISED): each for node, each in found.items()}}


def heard(found: int, sounds: int = 40, false_alarms: int = 0) -> Found:
    return Found(sounds=sounds, found=found, false_alarms=false_alarms, hours=1.0)


def judged(before: Found, after: Found, node: str = "smoke_alarm") -> Verdict:
    return verdict(
        figures(OLD, **{node: before}),
        figures(NEW, **{node: after}),
        OLD,
        NEW,
        matches(OLD.ontology, NEW.ontology),
    )


def test_a_model_that_hears_as_well_as_before_passes() -> None:
    assert judged(heard(38), heard(38)).passed
    assert judged(heard(38), heard(40)).passed


def test_one_alarm_of_forty_less_does_not_pass_and_the_sentence_says_why() -> None:
    result = judged(heard(38), heard(37))
    assert not result.passed
    assert result.reason == (
        "Not to be installed unasked: smoke_alarm is heard 37 times of 40 (synthesised), "
        "where the old model heard it 38 times."
    )


def test_one_alarm_of_a_hundred_may_be_an_accident() -> None:
    assert judged(heard(90, 100), heard(89, 100)).passed
    assert not judged(heard(90, 100), heard(87, 100)).passed


def test_one_more_false_alarm_of_a_critical_sound_does_not_pass() -> None:
    result = judged(heard(38), heard(40, false_alarms=1))
    assert "smoke_alarm is reported falsely 1 times in 1.0 hours" in result.reason


def in_both(own: Found, synthesised: Found) -> dict[str, Found]:
    return {OWN: own, SYNTHESISED: synthesised}


def test_what_is_gained_among_own_recordings_hides_no_loss_among_synthesised_ones() -> None:
    node = Compared(
        node="smoke_alarm",
        is_critical=True,
        before=in_both(heard(0, 10), heard(40)),
        after=in_both(heard(10, 10), heard(35)),
    )
    (told,) = node.complaints()
    assert "smoke_alarm is heard 35 times of 40 (synthesised)" in told


def test_false_alarms_that_went_away_in_one_kind_of_scene_hide_none_that_came_in_the_other() -> (
    None
):
    node = Compared(
        node="smoke_alarm",
        is_critical=True,
        before=in_both(heard(5, 10), heard(38, false_alarms=7)),
        after=in_both(heard(5, 10, false_alarms=2), heard(38)),
    )
    (told,) = node.complaints()
    assert "reported falsely 2 times in 1.0 hours (own recordings)" in told


def test_what_is_not_critical_may_get_worse() -> None:
    assert judged(heard(38), heard(1, false_alarms=9), node="dog").passed


def test_an_ontology_without_a_critical_sound_does_not_pass() -> None:
    entry = "- {id: smoke_alarm, name: Smoke alarm}"
    text = f"version: 1\nname: small\nnodes:\n  {entry}\n  - {{id: dog, name: Dog}}\n"
    small = LabelSet(ontology.parse(text))
    result = verdict(
        figures(OLD),
        figures(small, smoke_alarm=heard(40)),
        OLD,
        small,
        matches(OLD.ontology, small.ontology),
    )
    assert "the new ontology has no window_glass" in result.reason
    assert "smoke_alarm" not in result.reason  # it is there, and critical because it was


def test_of_a_critical_sound_that_was_not_heard_nobody_says_that_it_is_heard() -> None:
    result = judged(NOTHING, NOTHING, node="co_alarm")
    assert not result.passed
    assert result.reason == (
        "Not to be installed unasked: not tested, for want of a sound to hear: co_alarm."
    )


def test_the_figures_are_plain_and_the_table_shows_both(capsys: pytest.CaptureFixture[str]) -> None:
    result = judged(heard(38), heard(37))
    told = result.as_dict(accepted=False)
    assert told["passed"] is False
    assert told["nodes"]["smoke_alarm"]["after"]["recall"] == {
        SYNTHESISED: {"sounds": 40, "found": 37}
    }
    show(result, Console(width=120))
    assert "38/40 → 37/40" in capsys.readouterr().out
