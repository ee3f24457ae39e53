"""The training loop: scenes in, weights out, resumable at every checkpoint.

Axes: B scenes, S samples, T posterior frames, N ontology nodes.
"""

import csv
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from aed.model.joint import JointModel, ModelConfig
from ontology import LabelSet
from training.config import RunConfig, run_of
from training.errors import CheckpointError, TrainingDataError
from training.losses import branch_mask, depth_weights, tree_likelihood
from training.mixtures import SceneDataset

CHECKPOINT_EVERY_STEPS = 250
LOG_EVERY_STEPS = 50
CHECKPOINT_NAME = "checkpoint.pt"
LOG_NAME = "log.csv"
_CHECKPOINT_KEYS = {"config", "nodes", "model", "average", "optimiser", "step"}

_logger = logging.getLogger(__name__)


class _From(Sampler[int]):
    """Scene indices in order, from the step a run stands at."""

    def __init__(self, start: int, stop: int) -> None:
        self.start, self.stop = start, stop

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.stop))

    def __len__(self) -> int:
        return self.stop - self.start


class Run:
    """A model on its way: weights, their running mean, optimiser and step."""

    def __init__(self, config: RunConfig, labels: LabelSet) -> None:
        torch.manual_seed(config.seed)
        self.config, self.labels = config, labels
        self.model = JointModel(ModelConfig(), labels)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.average = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.step = 0

    @classmethod
    def from_checkpoint(cls, path: Path, labels: LabelSet) -> "Run":
        """A run as it stands in a checkpoint, settings included."""
        try:
            config = run_of(read_checkpoint(path)["config"])
        except TypeError as error:
            raise CheckpointError(f"{path}: has settings of another version: {error}") from error
        run = cls(config, labels)
        run.load(path)
        return run

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine to zero (Loshchilov and Hutter 2017)."""
        config = self.config
        if self.step < config.warmup_steps:
            return config.learning_rate * (self.step + 1) / config.warmup_steps
        done = (self.step - config.warmup_steps) / max(config.steps - config.warmup_steps, 1)
        return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    def train_step(self, audio: Tensor, true: Tensor, unknown: Tensor) -> tuple[float, list[float]]:
        """One optimiser step on (B, S) audio; returns the loss and the accuracy by depth."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        self.model.train()
        logits = self.model(audio).logits
        weights = depth_weights(self.labels, decay=self.config.depth_decay)
        loss = tree_likelihood(logits, true, unknown, self.labels, weights)
        if not torch.isfinite(loss):
            raise TrainingDataError(
                f"step {self.step}: the loss is {float(loss.detach())}; the last checkpoint is "
                "good, continue from it with a lower learning_rate"
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        self.optimiser.step()
        self._update_average()
        self.step += 1
        return float(loss.detach()), _recall_by_depth(logits.detach(), true, unknown, self.labels)

    def averaged_model(self) -> JointModel:
        """The running mean of the weights, which is what is evaluated and exported."""
        model = JointModel(self.model.config, self.labels)
        model.load_state_dict(self.average)
        return model.eval()

    def save(self, path: Path) -> None:
        """Write a checkpoint in one move: an interrupted write leaves the previous one."""
        partial = path.with_suffix(".partial")
        torch.save(
            {
                "config": self.config.as_dict(),
                "nodes": _paths(self.labels),
                "model": self.model.state_dict(),
                "average": self.average,
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
            },
            partial,
        )
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of the same run.

        Raises:
            CheckpointError: it belongs to other settings or to another ontology.
        """
        state = read_checkpoint(path)
        if state["config"] != self.config.as_dict():
            raise CheckpointError(
                f"{path}: was written by a run with other settings; use another --out folder, "
                "or delete it"
            )
        self._check_ontology(state, path)
        self._take_weights(state["model"], path)
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])

    def warm_start(self, path: Path) -> None:
        """Begin with the averaged weights of another run."""
        state = read_checkpoint(path)
        self._check_ontology(state, path)
        self._take_weights(state["average"], path)
        self.average = {name: value.clone() for name, value in state["average"].items()}

    def _take_weights(self, weights: dict[str, Tensor], path: Path) -> None:
        try:
            self.model.load_state_dict(weights)
        except RuntimeError as error:
            raise CheckpointError(
                f"{path}: holds weights of another network than this version's: {error}"
            ) from error

    def _check_ontology(self, state: dict[str, Any], path: Path) -> None:
        if state["nodes"] != _paths(self.labels):
            raise CheckpointError(f"{path}: was trained for another ontology than this run's")

    def _update_average(self) -> None:
        """Exponential mean, shorter while young so that the start is forgotten."""
        decay = min(self.config.average_decay, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            mean = self.average[name]
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without executing anything it may hold.

    Raises:
        CheckpointError: it cannot be read.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # broken bytes lead torch's unpickler to errors of any kind
        raise CheckpointError(f"{path}: cannot be read as a checkpoint: {error}") from error
    if not isinstance(state, dict) or (missing := _CHECKPOINT_KEYS - state.keys()):
        found = f"lacks {', '.join(sorted(missing))}" if isinstance(state, dict) else "is none"
        raise CheckpointError(f"{path}: wanted a checkpoint of a training run; this {found}")
    return state


def train(run: Run, scenes: SceneDataset, out: Path, *, workers: int) -> None:
    """Train to the end of the run, logging to `out`/log.csv; continue where a checkpoint stands."""
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / CHECKPOINT_NAME
    if checkpoint.exists():
        run.load(checkpoint)
        _logger.info("%s: continuing at step %d of %d", checkpoint, run.step, run.config.steps)
    batch = run.config.batch_scenes
    loader = DataLoader(
        scenes,
        batch_size=batch,
        sampler=_From(run.step * batch, run.config.steps * batch),
        num_workers=workers,
    )
    depths = int(run.labels.depth.max()) + 1
    started, first, losses = time.monotonic(), run.step, []
    _forget_after(out / LOG_NAME, run.step)
    with (out / LOG_NAME).open("a", encoding="utf-8", newline="") as file:
        log = csv.writer(file, lineterminator="\n")
        if file.tell() == 0:
            log.writerow(["step", "loss", *(f"recall_depth_{d}" for d in range(depths)), "lr"])
        for audio, true, unknown in loader:
            loss, recalls = run.train_step(audio, true, unknown)
            losses.append(loss)
            if run.step % LOG_EVERY_STEPS == 0 or run.step == run.config.steps:
                mean = sum(losses) / len(losses)
                losses.clear()
                pace_s = (time.monotonic() - started) / (run.step - first)
                left_min = pace_s * (run.config.steps - run.step) / 60
                row = [run.step, f"{mean:.4f}", *(f"{r:.3f}" for r in recalls)]
                log.writerow([*row, f"{run.learning_rate():.2e}"])
                file.flush()
                _logger.info(
                    "step %d/%d  loss %.4f  recall by depth %s  %.2f s/step, %.0f min left",
                    run.step,
                    run.config.steps,
                    mean,
                    " ".join(f"{r:.2f}" for r in recalls),
                    pace_s,
                    left_min,
                )
            if run.step % CHECKPOINT_EVERY_STEPS == 0 or run.step == run.config.steps:
                run.save(checkpoint)


def _forget_after(path: Path, step: int) -> None:
    """Drop what a log says of steps that an interrupted run took after its last checkpoint."""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        header, rows = whole[:1], whole[1:]
        kept = header + [row for row in rows if int(row.split(",")[0]) <= step]
        path.write_text("".join(kept), encoding="utf-8")


def _paths(labels: LabelSet) -> list[str]:
    """What makes two ontologies one to a model: the same nodes in the same places."""
    return [labels.path(node) for node in labels.nodes]


def _recall_by_depth(
    logits: Tensor, true: Tensor, unknown: Tensor, labels: LabelSet
) -> list[float]:
    """Share of true branches with a conditional probability above one half, by depth."""
    judged = branch_mask(labels, true, unknown) & true
    hit = judged & (logits > 0)
    depth = torch.from_numpy(labels.depth.copy())
    return [
        float(hit[..., depth == d].sum() / judged[..., depth == d].sum().clamp(min=1))
        for d in range(int(depth.max()) + 1)
    ]
