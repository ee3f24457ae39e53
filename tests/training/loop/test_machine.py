import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ontology.errors import AedError
from tests.training.shared_steps import STEPS, take_steps
from training.loop.checkpoints import read_checkpoint
from training.loop.machine import machine

pytestmark = pytest.mark.torch

ROOT = Path(__file__).parents[3]


def _two_processes(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a module in two processes that share each batch, as torchrun starts them."""
    return subprocess.run(
        [
            sys.executable,
            *("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"),
            *words,
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_one_process_in_full_precision_is_the_rule() -> None:
    with machine("cpu") as fabric:
        assert fabric.world_size == 1
        assert fabric.device.type == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(AedError, match="--device cuda: torch finds no such"), machine("cuda"):
        pass


def test_in_half_precision_the_weights_stay_whole(tmp_path: Path) -> None:
    with machine("cpu", "bf16-mixed") as fabric:
        take_steps(fabric, tmp_path / "half.pt")

    state = read_checkpoint(tmp_path / "half.pt")
    assert state["step"] == STEPS
    assert {value.dtype for value in state["model"].values()} == {torch.float32, torch.int64}


@pytest.mark.slow
def test_two_processes_take_the_steps_that_one_takes_on_the_same_batches(tmp_path: Path) -> None:
    """Norms, consistency, clipping, AdamW and running mean included; a step moves weights 2e-3."""
    with machine("cpu", "64-true") as fabric:
        take_steps(fabric, tmp_path / "one.pt")

    result = _two_processes("tests.training.shared_steps", str(tmp_path / "two.pt"))

    assert result.returncode == 0, result.stderr
    one, two = (read_checkpoint(tmp_path / name) for name in ("one.pt", "two.pt"))
    for part in ("model", "average"):
        torch.testing.assert_close(two[part], one[part], rtol=0, atol=1e-8)
    torch.testing.assert_close(two["optimiser"], one["optimiser"], rtol=1e-4, atol=1e-8)
    means = [state["interval"]["loss"] for state in (one, two)]
    assert means[1][0] / means[1][1] == pytest.approx(means[0][0] / means[0][1], rel=1e-6)
    assert means[1][1] == 2 * STEPS  # both processes told
