"""What the second look learns from: no session in two folds, nothing that may not ship."""

from pathlib import Path

import pytest

import ontology
from ontology import LabelSet
from training.second_look.recordings import FOLDS, Recordings, fold_of

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def recordings(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    cache = tmp_path_factory.mktemp("cache")
    return Recordings(tiny_folder, cache, LabelSet(ontology.home()))


def test_only_what_may_train_a_shipped_model_is_heard(recordings: Recordings) -> None:
    rows = recordings.clip_rows

    assert {(row.split, row.use) for row in rows} == {("train", "ship")}
    assert {row.label for row in rows} == {"glass_breaking", "doorbell", "dishes", "noise"}


def test_a_session_is_in_one_fold(recordings: Recordings) -> None:
    fold_of_group: dict[str, set[int]] = {}
    for row in recordings.clip_rows:
        fold_of_group.setdefault(row.group, set()).add(fold_of(row))

    assert all(len(folds) == 1 for folds in fold_of_group.values())
    assert {fold for folds in fold_of_group.values() for fold in folds} <= set(range(FOLDS))


def test_half_of_the_recordings_begin_after_quiet(recordings: Recordings) -> None:
    lengths_s = [round(len(heard.samples) / 16_000, 1) for heard in recordings.clips()]

    assert lengths_s == [1.0, 3.0] * (len(lengths_s) // 2)


def test_as_many_scenes_are_made_as_asked_for_and_each_has_its_own_name(
    recordings: Recordings,
) -> None:
    scenes = list(recordings.scenes(10, hard_paths=()))

    assert len({scene.name for scene in scenes}) == len(scenes) == 10
    assert {scene.true.shape for scene in scenes} == {(80, len(LabelSet(ontology.home())))}
