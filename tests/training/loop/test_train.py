import contextlib
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.data import Dataset

from tests.training.same_state import same_state
from training.errors import CheckpointError, TrainingDataError
from training.loop import train as loop
from training.loop.checkpoints import CHECKPOINT_NAME, read_checkpoint
from training.loop.config import RunConfig
from training.loop.consistency import ConsistencyConfig
from training.loop.run import Run
from training.loop.step_log import LOG_NAME
from training.loop.train import Share, train
from training.scenes.distorted import DistortedScenes
from training.scenes.mixtures import SceneDataset

pytestmark = pytest.mark.torch

HEADER = (
    "step,loss,loss_depth_0,loss_depth_1,loss_depth_2,"
    "recall_depth_0,recall_depth_1,recall_depth_2,lr"
)


class PowerCutError(Exception):
    """What stops a run in the middle."""


class _Eventful(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Scenes of which one does something before it can be had."""

    def __init__(self, scenes: SceneDataset, index: int, event: Callable[[], None]) -> None:
        self.scenes, self.index, self.event = scenes, index, event
        self.seed = scenes.seed

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        if index == self.index:
            self.event()
        return self.scenes[index]


def _power_cut() -> None:
    raise PowerCutError


def _ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def _short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_STEPS", 3)
    monkeypatch.setattr(loop, "LOG_EVERY_STEPS", 2)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, tiny_run: RunConfig, scenes: SceneDataset
) -> Path:
    """Folder of a run that nothing stopped."""
    out = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "LOG_EVERY_STEPS", 2)
        train(Run(tiny_run, scenes.labels), scenes, out, workers=0)
    return out


def _same(one: Path, two: Path) -> bool:
    """Whether two runs left the same, bit for bit."""
    same_log = (one / LOG_NAME).read_bytes() == (two / LOG_NAME).read_bytes()
    return same_log and same_state(one / CHECKPOINT_NAME, two / CHECKPOINT_NAME)


# resuming


def test_a_run_resumed_after_a_power_cut_ends_bit_for_bit_like_one_that_nothing_stopped(
    tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset, finished: Path
) -> None:
    cut = _Eventful(scenes, 9, _power_cut)  # within the fifth step
    with pytest.raises(PowerCutError):
        train(Run(tiny_run, scenes.labels), cut, tmp_path, workers=0)
    assert read_checkpoint(tmp_path / CHECKPOINT_NAME)["step"] == 3
    assert len((tmp_path / LOG_NAME).read_text().splitlines()) == 3  # steps 2 and 4 were logged
    torch.manual_seed(1234)  # a new process would not continue our random numbers either

    resumed = Run(tiny_run, scenes.labels)
    train(resumed, scenes, tmp_path, workers=0)

    assert resumed.step == tiny_run.steps
    assert _same(tmp_path, finished)


@pytest.mark.parametrize("index", [0, 4, 9, 11], ids="index{}".format)
def test_ctrl_c_keeps_the_step_it_came_in_and_the_same_command_ends_bit_for_bit_the_same(
    caplog: pytest.LogCaptureFixture,
    *,
    tmp_path: Path,
    tiny_run: RunConfig,
    scenes: SceneDataset,
    finished: Path,
    index: int,
) -> None:
    asked = _Eventful(scenes, index, _ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        train(Run(tiny_run, scenes.labels), asked, tmp_path, workers=0)

    step = index // 2 + 1
    assert read_checkpoint(tmp_path / CHECKPOINT_NAME)["step"] == step
    assert f"stopped after step {step} of 6" in caplog.text
    assert "the same command continues" in caplog.text

    train(Run(tiny_run, scenes.labels), scenes, tmp_path, workers=0)

    assert _same(tmp_path, finished)


def test_a_run_that_learns_from_its_own_mean_resumes_bit_for_bit_too(
    tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    taught = ConsistencyConfig(weight=1.0, threshold=0.5, ramp_steps=4)
    config = replace(tiny_run, consistency=taught)
    for out, views in (
        (tmp_path / "whole", DistortedScenes(scenes)),
        (tmp_path / "cut", DistortedScenes(_Eventful(scenes, 5, _ctrl_c))),
    ):
        with contextlib.suppress(KeyboardInterrupt):
            train(Run(config, scenes.labels), views, out, workers=0)
    assert read_checkpoint(tmp_path / "cut" / CHECKPOINT_NAME)["step"] == 3

    train(Run(config, scenes.labels), DistortedScenes(scenes), tmp_path / "cut", workers=0)

    assert _same(tmp_path / "cut", tmp_path / "whole")
    header = (tmp_path / "whole" / LOG_NAME).read_text(encoding="utf-8").splitlines()[0]
    assert "consistency,pseudo_rate_depth_0" in header
    assert "pseudo_accuracy_depth_2" in header


def test_a_finished_run_is_not_trained_further(
    finished: Path, tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    before = (finished / CHECKPOINT_NAME).read_bytes(), (finished / LOG_NAME).read_bytes()
    run = Run(tiny_run, scenes.labels)

    train(run, scenes, finished, workers=0)

    assert run.step == tiny_run.steps
    assert ((finished / CHECKPOINT_NAME).read_bytes(), (finished / LOG_NAME).read_bytes()) == before


def test_workers_draw_the_same_scenes(
    tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset, finished: Path
) -> None:
    train(Run(tiny_run, scenes.labels), scenes, tmp_path, workers=2)

    assert _same(tmp_path, finished)


# what a run leaves and tells


def test_the_log_has_a_line_for_each_interval_with_loss_and_recall_by_depth(
    finished: Path,
) -> None:
    header, *rows = (finished / LOG_NAME).read_text(encoding="utf-8").splitlines()

    assert header == HEADER
    assert [int(row.split(",")[0]) for row in rows] == [2, 4, 6]
    for row in rows:
        loss, *by_depth = map(float, row.split(",")[1:5])
        assert sum(by_depth) == pytest.approx(loss, abs=3e-4)


def test_time_and_memory_are_told_in_the_end(
    tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    train(Run(tiny_run, scenes.labels), scenes, tmp_path, workers=0)

    assert "6 steps of 2 scenes in" in caplog.messages[-1]
    assert "MB" in caplog.messages[-1]


def test_a_disk_that_fills_up_stops_the_run_with_the_last_checkpoint_whole(
    tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset, finished: Path
) -> None:
    partial = tmp_path / "checkpoint.partial"
    fills_up = _Eventful(scenes, 8, lambda: partial.symlink_to("/dev/full"))

    with pytest.raises(CheckpointError, match="No space left on device"):
        train(Run(tiny_run, scenes.labels), fills_up, tmp_path, workers=0)
    assert read_checkpoint(tmp_path / CHECKPOINT_NAME)["step"] == 3

    train(Run(tiny_run, scenes.labels), scenes, tmp_path, workers=0)
    assert _same(tmp_path, finished)


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(CheckpointError, match=r"cannot be made.*another --out"):
        train(Run(tiny_run, scenes.labels), scenes, tmp_path / "file" / "out", workers=0)


# shares of a batch


@settings(deadline=None, max_examples=60)
@given(
    share=st.integers(1, 5),
    processes=st.integers(1, 4),
    start=st.integers(0, 9),
    steps=st.integers(0, 4),
)
def test_processes_share_every_batch_without_gap_or_overlap(
    share: int, processes: int, start: int, steps: int
) -> None:
    batch = share * processes
    shares = [
        list(Share(range(start, start + steps), batch=batch, process=p, processes=processes))
        for p in range(processes)
    ]

    for step in range(steps):
        taken = [index for mine in shares for index in mine[step * share : (step + 1) * share]]
        first = (start + step) * batch
        assert taken == list(range(first, first + batch))
    assert all(len(mine) == steps * share for mine in shares)


def test_a_batch_that_cannot_be_shared_equally_is_refused() -> None:
    with pytest.raises(TrainingDataError, match="24 scenes cannot be shared equally among 5"):
        Share(range(3), batch=24, process=0, processes=5)
