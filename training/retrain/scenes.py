"""What a retraining hears: own clips among synthesised sounds, critical ones above all.

The recordings that trained the old model are not at hand; smoke alarms, breaking glass, beeps and
voices are synthesised while training goes on, so that nothing new is heard in them.
"""

from dataclasses import replace
from typing import Any

from torch.utils.data import Dataset

from training.kinds import called_in, kinds_within
from training.labels import UNLABELLED
from training.loop.config import RunConfig
from training.loop.consistency import ConsistencyConfig
from training.retrain.own_data import OwnData
from training.scenes.distorted import DistortedScenes
from training.scenes.mixtures import MixtureConfig, SceneDataset

LEAST_STEPS, MOST_STEPS = 400, 4_000
STEPS_PER_CLIP = 1.0

HELD_OUT_SCENES = 96
_HELD_OUT_SEED = 77

_UNLABELLED_SHARE = 0.15


def default_run(name: str, data: OwnData) -> RunConfig:
    """Settings of a retraining, by how much there is to learn from.

    Args:
        name: of the bundle.
        data: the clips; unlabelled ones among them turn consistency on.
    """
    has_unlabelled = any(row.label == UNLABELLED for row in data.train)
    steps = round(LEAST_STEPS + STEPS_PER_CLIP * len(data.train))
    return RunConfig(
        name=name,
        steps=min(steps, MOST_STEPS),
        batch_scenes=16,
        learning_rate=2e-3,
        warmup_steps=30,
        average_decay=0.99,
        held_out_share=0.0,
        mixture=MixtureConfig(
            scene_s=6.0,
            alarm_share=0.18,
            tone_share=0.10,
            break_share=0.12,
            household_share=0.10,
            glass_share=0.05,
            unlabelled_share=_UNLABELLED_SHARE if has_unlabelled else 0.0,
            abrupt_share=0.2,
        ),
        consistency=ConsistencyConfig(weight=1.0 if has_unlabelled else 0.0, ramp_steps=200),
    )


def training_scenes(data: OwnData, config: RunConfig) -> SceneDataset:
    """All scenes of a run, by index.

    Raises:
        TrainingDataError: clips cannot be decoded any more, or the cache cannot be written to.
    """
    called = called_in(data.labels.ontology)
    return SceneDataset(
        data.bank(data.train),
        data.label_map,
        data.labels,
        config.mixture,
        seed=config.seed,
        length=config.steps * config.batch_scenes,
        kinds=kinds_within(called),
        called=called,
    )


def held_out_scenes(data: OwnData, config: RunConfig) -> SceneDataset | None:
    """Scenes of held-out sessions, the same for every look; None if nothing is held out."""
    if not data.clips_of(data.held_out):
        return None
    called = called_in(data.labels.ontology)
    return SceneDataset(
        data.bank(data.held_out),
        data.label_map,
        data.labels,
        replace(config.mixture, unlabelled_share=0.0),
        seed=_HELD_OUT_SEED,
        length=HELD_OUT_SCENES,
        kinds=kinds_within(called),
        called=called,
    )


def views(scenes: SceneDataset, config: RunConfig) -> Dataset[Any]:
    """The scenes as the run's steps take them."""
    return DistortedScenes(scenes) if config.consistency.weight > 0 else scenes
