from pathlib import Path

import pytest
import torch

from tests.training.full_disk import hardly_any_room
from training.errors import CheckpointError
from training.loop.checkpoints import CHECKPOINT_NAME, read_checkpoint, write_checkpoint

pytestmark = pytest.mark.torch


def _state(step: int) -> dict[str, object]:
    return {
        "config": {"seed": 1},
        "nodes": ["a", "a/b"],
        "model": {"weight": torch.full((300, 300), float(step))},
        "average": {},
        "optimiser": {},
        "step": step,
    }


def test_what_is_written_is_read_back_and_replaces_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT_NAME
    for step in (3, 4):
        write_checkpoint(path, _state(step))

    state = read_checkpoint(path)

    assert state["step"] == 4
    assert torch.equal(state["model"]["weight"], torch.full((300, 300), 4.0))
    assert [entry.name for entry in tmp_path.iterdir()] == [CHECKPOINT_NAME]


def test_a_write_that_breaks_off_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT_NAME

    told = pytest.raises(CheckpointError, match=r"step 3 cannot be written.*nothing was written")
    with told, hardly_any_room(most_bytes=100_000):
        write_checkpoint(path, _state(3))

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_previous_checkpoint_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT_NAME
    write_checkpoint(path, _state(3))
    before = path.read_bytes()
    path.with_suffix(".partial").symlink_to("/dev/full")

    with pytest.raises(
        CheckpointError,
        match=r"step 4 cannot be written \(No space left on device\).*still holds an earlier step",
    ):
        write_checkpoint(path, _state(4))

    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [CHECKPOINT_NAME]


def test_a_folder_that_went_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="No such file or directory"):
        write_checkpoint(tmp_path / "gone" / CHECKPOINT_NAME, _state(4))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x80\x02}q\x00.", b"text" * 50])
def test_a_corrupted_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / CHECKPOINT_NAME
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: (cannot be read|wanted)"):
        read_checkpoint(path)


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT_NAME
    write_checkpoint(path, _state(3))
    path.write_bytes(path.read_bytes()[:-1_000])

    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content", [[1, 2], {"step": 3}, torch.zeros(2)], ids=["list", "part", "tensor"]
)
def test_what_was_saved_by_something_else_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pt")

    with pytest.raises(CheckpointError, match="wanted a checkpoint of a training run"):
        read_checkpoint(tmp_path / "other.pt")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"step": Path("x")}, tmp_path / "evil.pt")  # any class will do

    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        read_checkpoint(tmp_path / "evil.pt")
