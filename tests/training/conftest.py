"""What the tests of training share. Nothing here imports torch before a test needs it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ontology
from ontology import LabelSet
from tests.torch_modules import module_or_reason

if TYPE_CHECKING:
    from training.config import RunConfig
    from training.mixtures import SceneDataset
    from training.session import TrainingData


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return module_or_reason(module_path, parent, Path(__file__).parent)


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
    from training.config import RunConfig  # noqa: PLC0415 - imports torch
    from training.mixtures import MixtureConfig  # noqa: PLC0415

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
