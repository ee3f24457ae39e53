from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.training.same_state import equal
from training.errors import TrainingDataError
from training.loop.config import RunConfig, read_run
from training.loop.distillation import DistillationConfig, YamnetReader, distillation
from training.loop.run import Run
from training.loop.train import train
from training.scenes.mixtures import SceneDataset
from training.session import views
from training.yamnet import CLASSES, EMBEDDING

pytestmark = pytest.mark.torch


def _taught_batch(scenes: SceneDataset) -> tuple[list[Tensor], Tensor]:
    """Two scenes, and answers that differ from scene to scene."""
    batch = [torch.stack(parts) for parts in zip(scenes[0], scenes[1], strict=True)]
    generator = torch.Generator().manual_seed(1)
    return batch, torch.rand(2, 2, CLASSES + EMBEDDING, generator=generator)


def test_nothing_is_lost_when_all_is_read_as_taught() -> None:
    scores = torch.tensor([0.02, 0.5, 0.9]).repeat(2, 3, 200)[..., :CLASSES]
    embedding = torch.rand(2, 3, EMBEDDING)
    taught = torch.cat([scores, embedding], dim=-1)
    read = torch.cat([torch.logit(scores), 3 * embedding], dim=-1)

    assert float(distillation(read, taught)) == pytest.approx(0.0, abs=1e-4)
    assert float(distillation(-read, taught)) > 100  # nats, and the embedding points away


def test_a_reader_reads_a_window_from_its_own_frames_alone() -> None:
    reader = YamnetReader(4)
    embedding = torch.randn(1, 26, 4)
    read = reader(embedding)
    embedding[:, 18:] += 1.0  # windows begin at frames 0, 8 and 16

    changed = reader(embedding)

    assert read.shape == (1, 3, CLASSES + EMBEDDING)
    assert torch.equal(read[:, :2], changed[:, :2])
    assert not torch.equal(read[:, 2], changed[:, 2])


def test_a_taught_run_learns_to_read_what_it_is_taught(
    tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    config = replace(
        tiny_run,
        learning_rate=3e-3,
        warmup_steps=0,
        steps=100,
        distillation=DistillationConfig(weight=0.5),
    )
    run = Run(config, scenes.labels)
    batch, taught = _taught_batch(scenes)
    before = run.model.state_dict()["network.stem.convolution.weight"].clone()

    run.train_step(*batch, taught=taught)
    first = run.end_interval()
    for _ in range(10):
        run.train_step(*batch, taught=taught)
    last = run.end_interval()

    told = sum(first["loss_depth"]) + first["distillation"][0]
    assert first["loss"][0] == pytest.approx(told, rel=1e-5)
    assert last["distillation"][0] < first["distillation"][0]
    assert not torch.equal(run.model.state_dict()["network.stem.convolution.weight"], before)


def test_the_reader_is_kept_in_the_checkpoint_and_left_out_of_the_model(
    tiny_run: RunConfig, scenes: SceneDataset, tmp_path: Path
) -> None:
    config = replace(tiny_run, distillation=DistillationConfig(weight=1.0))
    run = Run(config, scenes.labels)
    batch, taught = _taught_batch(scenes)
    run.train_step(*batch, taught=taught)
    run.save(tmp_path / "checkpoint.pt")

    again = Run.from_checkpoint(tmp_path / "checkpoint.pt", scenes.labels)
    assert run.train_step(*batch, taught=taught) == again.train_step(*batch, taught=taught)
    assert not any("reader" in name for name in run.average)

    untaught = Run(tiny_run, scenes.labels)  # and a run without a teacher may start from there
    untaught.warm_start(tmp_path / "checkpoint.pt")
    saved = Run.from_checkpoint(tmp_path / "checkpoint.pt", scenes.labels)
    assert equal(untaught.average, saved.average)


def test_a_taught_run_without_a_teacher_is_refused(
    tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    config = replace(tiny_run, distillation=DistillationConfig(weight=1.0))

    with pytest.raises(TrainingDataError, match="give --teacher DIR"):
        views(scenes, config, None)


def test_two_teachers_at_once_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("distillation: {weight: 1}\nconsistency: {weight: 1}\n", encoding="utf-8")

    with pytest.raises(TrainingDataError, match="a run has one teacher"):
        read_run(file)


@pytest.mark.yamnet
def test_a_run_is_taught_by_yamnet_itself(
    tiny_run: RunConfig, scenes: SceneDataset, tmp_path: Path, yamnet_folder: Path
) -> None:
    config = replace(tiny_run, distillation=DistillationConfig(weight=1.0))
    run = Run(config, scenes.labels)

    train(run, views(scenes, config, yamnet_folder), tmp_path, workers=0)

    assert run.step == config.steps
    header = (tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()[0]
    assert "distillation" in header.split(",")
