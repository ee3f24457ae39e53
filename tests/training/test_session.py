import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import ontology
from tests.training.tiny_data import HELD_OUT_SHARE
from training.clips.shards import write_shards
from training.errors import TrainingDataError
from training.loop.config import RunConfig
from training.session import TrainingData, open_data

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def sharded(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    """The tiny data in shards of a few clips each."""
    folder = tmp_path_factory.mktemp("sharded") / "shards"
    write_shards(tiny_folder, folder, shard_bytes=100_000)
    return open_data(folder, folder.parent / "cache", held_out_share=HELD_OUT_SHARE)


def _relabelled(tiny_folder: Path, folder: Path, clip: str, label: str) -> TrainingData:
    """The tiny data with one clip's label replaced."""
    shutil.copytree(tiny_folder, folder)
    manifest = folder / "manifest.tsv"
    old = clip.partition("-")[0]
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(f"{clip}\t{old}", f"{clip}\t{label}"), encoding="utf-8")
    return open_data(folder, folder.parent / "cache", held_out_share=0.0)


def test_scenes_from_shards_are_those_from_the_recordings_themselves(
    tiny_data: TrainingData, sharded: TrainingData, tiny_run: RunConfig
) -> None:
    in_memory = tiny_data.scenes(tiny_run, ontology.home())
    from_shards = sharded.scenes(tiny_run, ontology.home())

    assert len(in_memory) == len(from_shards)
    for index in range(len(in_memory)):
        for one, two in zip(in_memory[index], from_shards[index], strict=True):
            assert torch.equal(one, two)


def test_shards_need_no_cache_and_split_their_groups_as_the_recordings_do(
    tiny_data: TrainingData, sharded: TrainingData, tiny_run: RunConfig
) -> None:
    sharded.bank(sharded.training_rows(tiny_run))

    assert sharded.rows == tiny_data.rows
    assert sharded.reserved == tiny_data.reserved
    assert not sharded.cache.exists()


def test_a_clip_may_be_labelled_with_a_super_category_by_its_id(
    tiny_folder: Path, tmp_path: Path, tiny_run: RunConfig
) -> None:
    data = _relabelled(tiny_folder, tmp_path / "data", "dishes-0.wav", "person")
    scenes = data.scenes(tiny_run, ontology.home())

    assert scenes.targets["person"].node == "person"
    assert "person" in scenes.recorded.sounds


def test_an_unknown_label_is_told_before_training_even_on_a_clip_of_dev(
    tiny_folder: Path, tmp_path: Path, tiny_run: RunConfig
) -> None:
    data = _relabelled(tiny_folder, tmp_path / "data", "speech-20.wav", "speehc")

    with pytest.raises(TrainingDataError, match=r"speehc \(1 clips, did you mean 'speech'\?\)"):
        data.scenes(tiny_run, ontology.home())


def test_nodes_that_nothing_teaches_are_counted_and_named(
    tiny_data: TrainingData, tiny_run: RunConfig, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        tiny_data.scenes(tiny_run, ontology.home())

    (record,) = caplog.records
    assert "nodes have neither a clip nor a synthesised sound to learn from" in record.message
    assert " snore" in record.message
    assert "smoke_alarm" not in record.message


def test_a_digest_tells_other_recordings_and_labels_from_these(
    tiny_data: TrainingData, tiny_run: RunConfig
) -> None:
    digest = tiny_data.digest(tiny_run)
    taught = set(tiny_data.training_rows(tiny_run))
    relabelled = tuple(
        replace(row, label="dishes" if row in taught else row.label) for row in tiny_data.rows
    )
    unheard = tuple(row for row in tiny_data.rows if row not in taught)

    assert tiny_data.digest(tiny_run) == digest
    assert replace(tiny_data, rows=relabelled).digest(tiny_run) != digest
    assert replace(tiny_data, rows=unheard).digest(tiny_run) != digest
