"""Recordings of a kind come as often as their share says."""

from dataclasses import replace

import pytest

import ontology
from training.loop.config import RunConfig
from training.scenes.mixtures import MixtureConfig
from training.session import TrainingData

pytestmark = pytest.mark.torch

NOTHING_SYNTHESISED = MixtureConfig(
    scene_s=2.0,
    alarm_share=0.0,
    tone_share=0.0,
    break_share=0.0,
    household_share=0.0,
    glass_share=0.0,
    bed_share=0.0,
    counts=(0.0, 1.0),
)


def test_recordings_mistaken_before_come_as_often_as_their_share(
    tiny_data: TrainingData, tiny_run: RunConfig
) -> None:
    hard = next(row for row in tiny_data.training_rows(tiny_run) if row.label == "doorbell")
    mixture = replace(NOTHING_SYNTHESISED, hard_share=1.0)
    run = replace(tiny_run, mixture=mixture, hard_paths=(hard.path, "gone.wav"))
    scenes = tiny_data.scenes(run, ontology.home())
    column = scenes.labels.index["doorbell"]

    assert all(scenes[index][1][:, column].any() for index in range(10))


def test_nothing_is_known_while_an_unlabelled_recording_sounds(
    tiny_data: TrainingData, tiny_run: RunConfig
) -> None:
    rows = tuple(
        replace(row, label="unlabelled") if row.label == "doorbell" else row
        for row in tiny_data.rows
    )
    run = replace(tiny_run, mixture=replace(NOTHING_SYNTHESISED, unlabelled_share=1.0))
    scenes = replace(tiny_data, rows=rows).scenes(run, ontology.home())

    for index in range(6):
        _, true, unknown = scenes[index]
        assert not true.any()
        assert unknown.all(dim=1).any()  # every node, in some frame
