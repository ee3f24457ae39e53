"""Checkpoints on disk: written in one move, read without running anything they may hold."""

import os
from pathlib import Path
from typing import Any

import torch

from training.errors import CheckpointError

CHECKPOINT_NAME = "checkpoint.pt"
_KEYS = {"config", "nodes", "model", "average", "optimiser", "step"}


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint in one move: after a crash or power cut, the old or the new one is there.

    Args:
        path: where it goes; what stood there is replaced once the new one is on the disk.
        state: at least the keys that `read_checkpoint` wants.

    Raises:
        CheckpointError: the disk is full or cannot be written; what stood at `path` still does.
    """
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _settle(path.parent)
    except (OSError, RuntimeError) as error:  # torch wraps some errors of the file it writes to
        partial.unlink(missing_ok=True)
        kept = f"{path} still holds an earlier step" if path.exists() else "nothing was written"
        raise CheckpointError(
            f"{path}: step {state['step']} cannot be written ({_reason(error)}); {kept}. Make room "
            "there and start the same command again"
        ) from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without executing anything it may hold.

    Raises:
        CheckpointError: it cannot be read.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # broken bytes lead torch's unpickler to errors of any kind
        raise CheckpointError(f"{path}: cannot be read as a checkpoint: {error}") from error
    if not isinstance(state, dict) or (missing := _KEYS - state.keys()):
        found = f"lacks {', '.join(sorted(missing))}" if isinstance(state, dict) else "is none"
        raise CheckpointError(f"{path}: wanted a checkpoint of a training run; this {found}")
    return state


def _settle(folder: Path) -> None:
    """Bring a folder's entries to the disk, so that a power cut does not undo a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: BaseException) -> str:
    """What the operating system said, which torch may have wrapped."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, OSError):
        inner = inner.__cause__ or inner.__context__
    return (inner.strerror if inner is not None else None) or str(error).splitlines()[0]
