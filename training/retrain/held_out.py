"""When to stop: as soon as held-out sessions are no longer heard better.

The figures stand in `held_out.csv`, and the weights of the best step in `best.safetensors`, so
that a run that was interrupted goes on as one that was not.

Axes: B scenes, T posterior frames, N ontology nodes.
"""

import csv
import logging
import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from aed.model.joint import JointModel
from training.errors import CheckpointError
from training.loop.run import Run
from training.losses import depth_weights, tree_likelihood
from training.scenes.mixtures import SceneDataset

CURVE_NAME = "held_out.csv"
BEST_NAME = "best.safetensors"
PATIENCE = 5
"""So many looks in a row without an improvement end a run."""

LEAST_GAIN = 0.003
"""Share by which the loss must fall to count as an improvement."""

_BATCH = 16

_logger = logging.getLogger(__name__)


class HeldOut:
    """Judges a run by scenes of held-out sessions.

    Args:
        run: the run.
        scenes: of sessions that no gradient sees; None if there are none: then a run goes to its
            end, and its last weights are the best.
        folder: of the run.

    Raises:
        CheckpointError: the curve of an earlier look cannot be read.
    """

    def __init__(self, run: Run, scenes: SceneDataset | None, folder: Path) -> None:
        self._run, self._folder = run, folder
        self._scenes: list[tuple[Tensor, ...]] = []
        if scenes is not None:
            drawn = [scenes[index] for index in range(len(scenes))]
            self._scenes = [
                tuple(map(torch.stack, zip(*drawn[start : start + _BATCH], strict=True)))
                for start in range(0, len(drawn), _BATCH)
            ]
        self.losses = self._read()

    def enough(self, step: int) -> bool:
        """Look at the run's averaged weights after a step; whether it may end.

        Raises:
            CheckpointError: curve or weights cannot be written.
        """
        if not self._scenes:
            return False
        model = self._run.averaged_model()
        loss = self.loss(model)
        self.losses = {**{at: each for at, each in self.losses.items() if at < step}, step: loss}
        is_best = self._best_step() == step
        try:
            if is_best:
                _replace(self._folder / BEST_NAME, _packed(model))
            lines = ["step,loss", *(f"{at},{each!r}" for at, each in self.losses.items())]
            _replace(self._folder / CURVE_NAME, ("\n".join(lines) + "\n").encode())
        except OSError as error:
            raise CheckpointError(
                f"{self._folder}: cannot be written to ({error.strerror}); make room there and "
                "start the same command again"
            ) from error
        _logger.info("step %d: held-out loss %.4f%s", step, loss, ", the best" if is_best else "")
        return self.is_over()

    def is_over(self) -> bool:
        """Whether the last looks brought nothing more."""
        best = self._best_step()
        return sum(step > best for step in self.losses) >= PATIENCE

    def best_model(self) -> JointModel:
        """The weights of the best look, or the run's own without any.

        Raises:
            CheckpointError: they cannot be read.
        """
        model = self._run.averaged_model()
        if not self.losses:
            return model
        path = self._folder / BEST_NAME
        try:
            model.load_state_dict(load(path.read_bytes()))
        except (OSError, SafetensorError, RuntimeError) as error:
            raise CheckpointError(
                f"{path}: cannot be read ({error}); delete {self._folder} and train again"
            ) from error
        return model.eval()

    @torch.inference_mode()
    def loss(self, model: JointModel) -> float:
        """Loss of a model on the held-out scenes, in nats per frame."""
        weights = depth_weights(model.labels, decay=self._run.config.depth_decay)
        losses = [
            float(tree_likelihood(model(audio).logits, true, unknown, model.labels, weights))
            * len(audio)
            for audio, true, unknown in self._scenes
        ]
        return sum(losses) / sum(len(audio) for audio, _, _ in self._scenes)

    def _best_step(self) -> int:
        """Step of the last look that was an improvement; 0 before the first look."""
        best, least = 0, float("inf")
        for step, loss in self.losses.items():
            if loss < least * (1 - LEAST_GAIN):
                best, least = step, loss
        return best

    def _read(self) -> dict[int, float]:
        """Loss by step, as the curve has it up to the run's step."""
        path = self._folder / CURVE_NAME
        if not path.exists():
            return {}
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = {int(row["step"]): float(row["loss"]) for row in csv.DictReader(file)}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path}: is no curve of a run ({error}); delete {self._folder} and train again"
            ) from error
        return {step: loss for step, loss in rows.items() if step <= self._run.step}


def _packed(model: JointModel) -> bytes:
    return save({name: value.contiguous() for name, value in model.state_dict().items()})


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one move."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
