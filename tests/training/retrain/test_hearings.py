import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology import LabelSet
from ontology.matching import matches
from tests.training.retrain.own_recordings import home, home_with_a_garage_door
from tests.training.trees import label_sets
from training.kinds import called_in, kinds_within
from training.labels import node_target, target_of
from training.retrain.gate import critical
from training.retrain.hearings import synthesised_scene, translated
from training.retrain.trial import HARMLESS, SNR_DB, trial_scenes

pytestmark = pytest.mark.torch

HOME = home()
GROWN = LabelSet(ontology.parse(home_with_a_garage_door()))
KEPT = matches(HOME.ontology, GROWN.ontology)


def test_of_a_new_node_the_old_model_could_only_have_said_its_super_category() -> None:
    told = translated(node_target(GROWN, "garage_door"), GROWN, HOME, KEPT)

    assert told.node == "impact"
    assert not told.true[HOME.index["knock"]]
    assert not told.unknown[HOME.index["knock"]]  # a garage door does not knock
    assert not told.unknown[HOME.index["dog"]]


def test_of_an_old_node_that_is_gone_nobody_knows_whether_it_sounds() -> None:
    kept = {there: here for here, there in KEPT.items()}
    told = translated(node_target(HOME, "impact"), HOME, GROWN, kept)
    assert told.unknown[GROWN.index["garage_door"]]

    told = translated(node_target(HOME, "dog"), HOME, GROWN, kept)
    assert not told.unknown[GROWN.index["garage_door"]]  # no impact at all


@settings(deadline=None)
@given(label_sets, st.data())
def test_in_the_same_ontology_a_target_says_the_same(labels: LabelSet, data: st.DataObject) -> None:
    nodes = st.sampled_from(labels.nodes)
    target = target_of(labels, data.draw(nodes | st.none()), maybe=data.draw(st.lists(nodes)))
    told = translated(target, labels, labels, {node: node for node in labels.nodes})

    assert (told.true == target.true).all()
    assert (told.unknown == target.unknown).all()


@settings(deadline=None)
@given(label_sets, label_sets, st.data())
def test_in_any_other_ontology_what_is_above_the_true_is_true(
    labels: LabelSet, other: LabelSet, data: st.DataObject
) -> None:
    kept = matches(other.ontology, labels.ontology)
    target = node_target(labels, data.draw(st.sampled_from(labels.nodes)))
    told = translated(target, labels, other, kept)

    assert not (told.true & told.unknown).any()
    assert (other.ancestors[told.true].any(axis=0) <= told.true).all()
    assert told.node is None or told.true[other.index[told.node]]


def test_everybody_is_tried_on_the_same_scenes() -> None:
    first, again = (list(trial_scenes(("window_glass",), share=0.025)) for _ in range(2))

    assert [scene.name for scene in first] == [scene.name for scene in again]
    for one, two in zip(first, again, strict=True):
        assert np.array_equal(one.samples, two.samples)
        assert one.sounds == two.sounds


def test_a_critical_scene_has_its_sound_and_the_others_have_none() -> None:
    scenes = list(trial_scenes(("smoke_alarm", "window_glass", "life_safety"), share=0.1))

    critical = [scene for scene in scenes if not scene.name.startswith("harmless")]
    assert len(critical) == 2 * len(SNR_DB)  # life_safety is no sound of its own
    for scene in critical:
        node = scene.name.split()[0]
        (sound,) = [each for each in scene.sounds if each.node == node]
        assert 5.0 <= sound.onset_s < sound.offset_s <= len(scene.samples) / 16_000
    for scene in scenes:
        assert np.abs(scene.samples).max() <= 1
        if scene not in critical:
            assert {sound.node for sound in scene.sounds} <= set(HARMLESS)


def test_a_smoke_alarm_that_is_called_otherwise_is_tried_and_trained_by_its_new_id() -> None:
    text = HOME.ontology.source.replace("id: smoke_alarm", "id: rauchmelder")
    labels = LabelSet(ontology.parse(text))
    called = called_in(labels.ontology)
    kept = matches(HOME.ontology, labels.ontology)
    worried = critical(HOME, labels, kept)
    assert "rauchmelder" in worried

    wanted = tuple(made for made, node in called.items() if node in worried)
    scene = next(
        each for each in trial_scenes(wanted, share=0.02) if each.name.startswith("smoke_alarm")
    )
    told = [sound.target.node for sound in synthesised_scene(scene, labels, called).sounds]
    assert "rauchmelder" in told
    assert "smoke_alarm" in kinds_within(called)[0][0]
