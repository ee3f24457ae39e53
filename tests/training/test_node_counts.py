"""What a manifest holds of each node, and of which nodes too little."""

from pathlib import Path

import pytest

import ontology
from tests.training.rows import row_of
from training.clips.manifest import ClipRow
from training.errors import TrainingDataError
from training.node_counts import LEAST_SESSIONS, count_clips

OWN = """\
version: 1
name: own
nodes:
  - id: beings
    name: Beings
    children:
      - {id: hound, name: Hound, audioset: [/m/0bt9lr]}
      - {id: pet, name: Pet, children: [{id: hamster, name: Hamster}]}
  - {id: jackhammer, name: Jackhammer}
"""


def rows(*labels: str, group: str = "") -> list[ClipRow]:
    """A clip of each label, each of its own session unless a group is given."""
    return [
        row_of(f"{number}-{label}.wav", label, group or f"{label}-{number}")
        for number, label in enumerate(labels)
    ]


def test_a_clip_counts_for_its_node_and_all_above() -> None:
    counts = count_clips(rows("dog", "dog", "cat"), ontology.home())

    assert (counts.nodes["dog"].clips, counts.nodes["cat"].clips) == (2, 1)
    assert (counts.nodes["pet"].clips, counts.nodes["pet"].sessions) == (3, 3)
    assert counts.nodes["speech"].clips == 0


def test_clips_of_one_session_are_one_piece_of_evidence() -> None:
    many = rows(*["dog"] * 50, group="one")
    enough = rows(*["cat"] * LEAST_SESSIONS)

    counts = count_clips(many + enough, ontology.home())

    assert (counts.nodes["dog"].clips, counts.nodes["dog"].sessions) == (50, 1)
    assert counts.nodes["dog"].is_too_little
    assert not counts.nodes["cat"].is_too_little


def test_what_training_synthesises_needs_no_clips() -> None:
    counts = count_clips([], ontology.home())

    assert counts.nodes["co_alarm"].is_synthesised
    assert counts.nodes["life_safety"].is_synthesised
    assert "co_alarm" not in counts.too_little
    assert "dog" in counts.too_little


def test_only_clips_that_may_train_what_ships_count() -> None:
    dog = row_of("a.wav", "dog")
    fields = {name: getattr(dog, name) for name in ClipRow.__slots__}
    others = [ClipRow(**{**fields, "split": "dev"}), ClipRow(**{**fields, "use": "research"})]

    assert count_clips([dog, *others], ontology.home()).nodes["dog"].clips == 1


def test_background_rooms_and_labels_unheard_of_are_told_apart() -> None:
    found = rows("noise", "unlabelled", "rir", "theremin", "theremin")

    counts = count_clips(found, ontology.home())

    assert (counts.background, counts.skipped) == (2, 1)
    assert counts.meaningless == {"theremin": 2}


def test_in_an_ontology_of_ones_own_labels_mean_what_they_mean_at_home() -> None:
    found = rows("dog", "cat", "hamster", "jackhammer", "hammering")

    counts = count_clips(found, ontology.parse(OWN))

    assert counts.nodes["hound"].clips == 1  # renamed, found by its AudioSet id
    assert counts.nodes["pet"].clips == 2  # no cats here, but pets
    assert counts.nodes["hamster"].clips == 1  # the label is an id
    assert counts.nodes["beings"].clips == 3
    assert counts.nodes["jackhammer"].clips == 1
    assert counts.meaningless == {"hammering": 1}


def test_a_label_map_of_ones_own_is_taken_at_its_word(tmp_path: Path) -> None:
    label_map = tmp_path / "labels.yaml"
    label_map.write_text("labels:\n  woof: {node: hound}\n  dog: {skip: true}\n")

    counts = count_clips(rows("woof", "dog"), ontology.parse(OWN), label_map)

    assert counts.nodes["hound"].clips == 1
    assert counts.skipped == 1
    with pytest.raises(TrainingDataError, match=r"labels\.woof: no node 'hound' in the ontology"):
        count_clips([], ontology.home(), label_map)
