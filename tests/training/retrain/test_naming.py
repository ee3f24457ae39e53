import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology import LabelSet
from ontology.audioset import audioset_classes
from tests.training.retrain.own_recordings import home, home_with_a_garage_door
from training.labels import read_label_map
from training.retrain.naming import Meaning, Names

pytestmark = pytest.mark.torch

LABELS = home()
NAMES = Names(LABELS)


def meaning(*words: str) -> Meaning:
    found = NAMES.meaning(words)
    assert isinstance(found, Meaning), found
    return found


@pytest.mark.parametrize(
    ("word", "node"),
    [
        ("dog", "dog"),
        ("Hund", "dog"),
        ("Smoke Alarm", "smoke_alarm"),
        ("smoke-alarm", "smoke_alarm"),
        ("/m/0395lw", "hand_bell"),
        ("Baby cry, infant cry", "baby_cry"),
        ("Chink_and_clink", "clink"),
        ("crying_baby", "baby_cry"),
        ("gun_shot", "gunshot"),
        ("glass_breaking", "window_glass"),
    ],
)
def test_a_node_is_known_by_id_name_audioset_and_the_words_of_public_data(
    word: str, node: str
) -> None:
    assert meaning(word).nodes == (node,)


def test_a_class_that_no_node_has_is_known_by_the_nearest_one_above_it() -> None:
    assert meaning("Zither").nodes == ("music",)
    target = meaning("Zither").target
    assert target is not None
    assert target.unknown[LABELS.index["cymbal"]]  # a coarse label says nothing of what is below
    assert not target.unknown[LABELS.index["dog"]]


def test_a_super_category_that_fsd50k_lists_beside_its_class_says_nothing_more() -> None:
    assert meaning("Dog", "Animal", "Domestic_animals_and_pets").key == meaning("Dog").key


def test_a_node_is_kept_that_stands_above_the_other_in_audioset_alone() -> None:
    target = meaning("door", "slam").target
    assert target is not None
    assert target.true[LABELS.index["door"]]
    assert target.true[LABELS.index["slam"]]


def test_a_mistyped_label_beside_a_good_one_is_a_fault_and_none_that_merely_has_no_node() -> None:
    grown = Names(LabelSet(ontology.parse(home_with_a_garage_door())))
    assert grown.meaning(["speech", "garage_dor"]) == (
        "unknown label 'garage_dor': did you mean 'garage_door'?"
    )
    small = "version: 1\nname: small\nnodes:\n  - {id: speech, name: Speech}\n"
    found = Names(LabelSet(ontology.parse(small))).meaning(["speech", "drilling", "/m/0bt9lr"])
    assert isinstance(found, Meaning)
    assert found.nodes == ("speech",)


def test_several_sounds_of_one_clip_are_all_true() -> None:
    target = meaning("dog", "speech").target
    assert target is not None
    true = {node for node, is_true in zip(LABELS.nodes, target.true, strict=True) if is_true}
    assert true == {"dog", "pet", "speech", "person"}
    assert meaning("speech", "dog").key == meaning("dog", "speech").key


def test_what_the_label_map_knows_of_a_label_is_not_forgotten() -> None:
    mapped = read_label_map(LABELS).targets["drilling"]
    own = meaning("drilling").target
    assert own is not None
    assert own.is_bed
    assert (own.unknown == mapped.unknown).all()


def test_a_node_of_the_users_own_is_found_although_the_label_map_says_otherwise() -> None:
    text = ontology.home().source.replace("id: laughter", "id: children_playing")
    labels = LabelSet(ontology.parse(text))
    found = Names(labels).meaning(["children_playing"])
    assert isinstance(found, Meaning)
    assert found.nodes == ("children_playing",)
    assert found.target is not None
    assert found.target.unknown[labels.index["dog"]]  # children play outside, dogs bark there


def test_labels_whose_nodes_an_ontology_lacks_are_no_fault_of_it() -> None:
    small = LabelSet(
        ontology.parse(
            "version: 1\nname: small\nnodes:\n  - {id: garage_door, name: Garage door}\n"
        )
    )
    names = Names(small)
    assert isinstance(names.meaning(["garage door"]), Meaning)
    assert isinstance(names.meaning(["unlabelled"]), Meaning)
    assert "no node for AudioSet's 'Dog'" in str(names.meaning(["dog"]))


def test_a_mistyped_label_is_told_with_what_was_meant() -> None:
    assert NAMES.meaning(["dogg"]) == "unknown label 'dogg': did you mean 'dog'?"
    names = Names(LabelSet(ontology.parse(home_with_a_garage_door())))
    assert "did you mean 'garage_door'?" in str(names.meaning(["garage_doors"]))


def test_a_class_without_any_place_in_the_ontology_is_told_with_the_remedy() -> None:
    assert "add /m/0jbk to the `audioset` of a node" in str(NAMES.meaning(["Animal"]))


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_labels_mean_something_or_are_told(words: list[str]) -> None:
    found = NAMES.meaning(words)
    assert isinstance(found, Meaning) or found


@settings(deadline=None)  # reading AudioSet's table for the first time takes a while
@given(st.lists(st.sampled_from([*audioset_classes(), *LABELS.nodes]), min_size=1, max_size=4))
def test_what_labels_say_together_contains_what_each_says_alone(words: list[str]) -> None:
    together = NAMES.meaning(words)
    if isinstance(together, str):
        return
    assert together.target is not None
    for node in together.nodes:
        assert together.target.true[LABELS.index[node]]
    assert not (together.target.true & together.target.unknown).any()
    assert (LABELS.ancestors[together.target.true].any(axis=0) <= together.target.true).all()
