"""What the tests of training share. Nothing here imports torch before a test needs it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ontology
from ontology import LabelSet
from tests.torch_modules import module_or_reason
from training.synthesis.alarms import render_alarm, t3_alarm

if TYPE_CHECKING:
    from aed.model.joint import JointModel
    from training.loop.config import RunConfig
    from training.scenes.mixtures import SceneDataset
    from training.session import TrainingData


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return module_or_reason(module_path, parent, Path(__file__).parent, light="synthesis")


@pytest.fixture(scope="session")
def labels() -> LabelSet:
    return LabelSet(ontology.home())


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a manifest; tests must not change it."""
    from tests.training.tiny_data import write_tiny_data  # noqa: PLC0415 - imports soundfile late

    return write_tiny_data(tmp_path_factory.mktemp("tiny") / "data")


@pytest.fixture(scope="session")
def tiny_run() -> "RunConfig":
    """Settings of a run that takes seconds."""
    from tests.training.tiny_data import HELD_OUT_SHARE  # noqa: PLC0415
    from training.loop.config import RunConfig  # noqa: PLC0415 - imports torch
    from training.scenes.mixtures import MixtureConfig  # noqa: PLC0415

    return RunConfig(
        name="tiny",
        steps=6,
        batch_scenes=2,
        warmup_steps=2,
        held_out_share=HELD_OUT_SHARE,
        mixture=MixtureConfig(scene_s=2.0),
    )


@pytest.fixture(scope="session")
def tiny_data(tiny_folder: Path, tiny_run: "RunConfig") -> "TrainingData":
    from training.session import open_data  # noqa: PLC0415 - imports torch

    cache = tiny_folder.parent / "cache"
    return open_data(tiny_folder, cache, held_out_share=tiny_run.held_out_share)


@pytest.fixture(scope="session")
def scenes(tiny_data: "TrainingData", tiny_run: "RunConfig") -> "SceneDataset":
    return tiny_data.scenes(tiny_run, ontology.home())


@pytest.fixture(scope="session")
def untrained(labels: LabelSet) -> "JointModel":
    """The model in `exported`; tests must not change it."""
    from tests.aed.model.lively import lively_model  # noqa: PLC0415 - imports torch

    return lively_model(labels, seed=5)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, untrained: "JointModel") -> Path:
    """Bundle of a model that was never trained, with facts of every kind."""
    from training.release.export import BundleFacts, export_bundle  # noqa: PLC0415 - imports torch

    facts = BundleFacts(
        name="untrained",
        scale={"alarm": 0.5, "dog": 1.25},
        bias={"alarm": -1.0},
        thresholds={"default": {"on": 0.6, "off": 0.3}, "smoke_alarm": {"on": 0.7, "off": 0.35}},
        quality={"average_precision_dev": {"dog": np.float32(0.5)}},
        data=({"source": "made", "licence": "CC0-1.0", "clips": 3},),
        training={"run": {"exclude_groups": ("a", "b")}, "steps_done": 0},
    )
    folder = tmp_path_factory.mktemp("exported") / "bundle"
    alarm = render_alarm(t3_alarm(3_100.0), 5.05, np.random.default_rng(0))
    export_bundle(untrained, facts, alarm.samples, folder)
    return folder
