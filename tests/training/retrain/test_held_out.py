from pathlib import Path

import pytest
import torch

import ontology
from ontology import LabelSet
from training.errors import CheckpointError
from training.loop.config import RunConfig
from training.loop.run import Run
from training.retrain.held_out import CURVE_NAME, PATIENCE, HeldOut
from training.scenes.mixtures import SceneDataset

pytestmark = pytest.mark.torch


@pytest.fixture
def run(tiny_run: RunConfig) -> Run:
    return Run(tiny_run, LabelSet(ontology.home()))


def looked(held_out: HeldOut, run: Run, steps: int) -> list[bool]:
    answers = []
    for _ in range(steps):
        run.step += 50
        answers.append(held_out.enough(run.step))
    return answers


def test_a_run_ends_when_it_is_no_longer_getting_better(
    run: Run, scenes: SceneDataset, tmp_path: Path
) -> None:
    held_out = HeldOut(run, scenes, tmp_path)
    answers = looked(held_out, run, PATIENCE + 1)  # the weights stay as they are
    assert answers == [False] * PATIENCE + [True]


def test_the_weights_of_the_best_step_are_those_that_are_kept(
    run: Run, scenes: SceneDataset, tmp_path: Path
) -> None:
    held_out = HeldOut(run, scenes, tmp_path)
    run.average["head.decisions.bias"].fill_(-3.0)
    looked(held_out, run, 1)
    run.average["head.decisions.bias"].fill_(3.0)
    looked(held_out, run, 1)

    kept = held_out.best_model().head.decisions.bias
    torch.testing.assert_close(kept.detach(), torch.full_like(kept, -3.0))


def test_an_interrupted_run_knows_how_it_stood(
    run: Run, scenes: SceneDataset, tmp_path: Path
) -> None:
    first = HeldOut(run, scenes, tmp_path)
    looked(first, run, 3)
    again = HeldOut(run, scenes, tmp_path)

    assert again.losses == first.losses
    assert not again.is_over()
    run.step -= 50  # its checkpoint is older than the last look
    assert list(HeldOut(run, scenes, tmp_path).losses) == [50, 100]


def test_without_held_out_sessions_a_run_goes_to_its_end(run: Run, tmp_path: Path) -> None:
    held_out = HeldOut(run, None, tmp_path)
    assert looked(held_out, run, 2 * PATIENCE) == [False] * 2 * PATIENCE
    weights = held_out.best_model().state_dict()
    assert all(torch.equal(weights[name], value) for name, value in run.average.items())


def test_a_curve_that_is_none_is_refused(run: Run, scenes: SceneDataset, tmp_path: Path) -> None:
    (tmp_path / CURVE_NAME).write_text("step,loss\n50,low\n")
    with pytest.raises(CheckpointError, match="is no curve of a run"):
        HeldOut(run, scenes, tmp_path)
