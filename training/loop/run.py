"""A run on its way: weights, their running mean, optimiser and step, and what one step does.

Axes: B scenes, S samples, T posterior frames, N ontology nodes.
"""

import math
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from aed.model.joint import JointModel, ModelConfig
from ontology import LabelSet
from training.errors import CheckpointError, TrainingDataError
from training.loop.checkpoints import read_checkpoint, write_checkpoint
from training.loop.config import RunConfig, run_of
from training.loop.consistency import consistency
from training.loop.distillation import Student, distillation
from training.loop.figures import Interval, Means, Ratios, branch_ratios, one_ratio
from training.loop.machine import one_process
from training.loop.synchronised_norm import synchronise_norms
from training.losses import depth_weights, tree_likelihood

MAX_GRADIENT_NORM = 2.0


class Run:
    """A model on its way.

    Args:
        config: everything that decides what it learns.
        labels: the columns of its posteriors.
        fabric: where it computes; None is this machine's processor.
        material: digest of the recordings it learns from; a checkpoint of others is refused. Empty:
            nobody says.

    Attributes:
        model: the weights, as they are exported.
        average: running mean of the weights, by name: what is exported, and the teacher.
        interval: figures since the last line of the log.
        step: optimiser steps taken.
    """

    def __init__(
        self,
        config: RunConfig,
        labels: LabelSet,
        fabric: Fabric | None = None,
        *,
        material: str = "",
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.labels, self._material = config, labels, material
        self.fabric = one_process() if fabric is None else fabric
        self.model = JointModel(ModelConfig(), labels)
        if self.fabric.world_size > 1:
            synchronise_norms(self.model)
        student = Student(self.model, learns_from_yamnet=config.distillation.weight > 0)
        self._student, self._optimiser = self.fabric.setup(
            student,
            torch.optim.AdamW(
                student.parameters(),
                lr=config.learning_rate,
                weight_decay=config.weight_decay,
            ),
        )
        self._weights = depth_weights(labels, decay=config.depth_decay).to(self.fabric.device)
        self._mean = JointModel(self.model.config, labels).to(next(self.model.parameters()))
        self._mean.load_state_dict(self.model.state_dict())
        self._mean.eval().requires_grad_(requires_grad=False)
        self.average: dict[str, Tensor] = self._mean.state_dict()  # its tensors, not copies
        self.interval = Interval()
        self.step = 0

    @classmethod
    def from_checkpoint(cls, path: Path, labels: LabelSet) -> "Run":
        """A run as it stands in a checkpoint, settings included."""
        run = cls(_config_in(read_checkpoint(path), path), labels)
        run.load(path)
        return run

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine to zero (Loshchilov and Hutter 2017)."""
        config = self.config
        if self.step < config.warmup_steps:
            return config.learning_rate * (self.step + 1) / config.warmup_steps
        done = (self.step - config.warmup_steps) / max(config.steps - config.warmup_steps, 1)
        return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    def train_step(
        self,
        audio: Tensor,
        true: Tensor,
        unknown: Tensor,
        distorted: Tensor | None = None,
        *,
        taught: Tensor | None = None,
    ) -> float:
        """One optimiser step on this process's share of a batch.

        Args:
            audio: (B, S) scenes.
            true: (B, T, N) bool.
            unknown: (B, T, N) bool.
            distorted: (B, S) another view of them, which the student hears in their place, while
                the running mean hears the scenes and teaches it.
            taught: (B, W, C + E) what YAMNet says of the scenes, in a run that learns from it.

        Returns:
            The loss of the whole batch.

        Raises:
            TrainingDataError: the loss is no number; no weight has changed.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate()
        self._student.train()
        heard = audio if distorted is None else distorted
        logits, read = self._student(heard, self._silence(heard))
        loss = tree_likelihood(logits, true, unknown, self.labels, self._weights)
        ratios = branch_ratios(logits, true, unknown, self.labels, self._weights)
        if distorted is not None:
            agreed, teaching = consistency(
                self._teacher_logits(audio),
                logits,
                (true, unknown),
                labels=self.labels,
                weights=self._weights,
                config=self.config.consistency,
                step=self.step,
            )
            loss, ratios = loss + agreed, {**ratios, **teaching}
        if taught is not None:
            told = self.config.distillation.weight * distillation(read, taught)
            loss, ratios = loss + told, {**ratios, "distillation": one_ratio(told)}
        value = self._told(loss, ratios)
        self._optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self._student, self._optimiser, max_norm=MAX_GRADIENT_NORM)
        self._optimiser.step()
        self._update_average()
        self.step += 1
        return value

    def end_interval(self) -> Means:
        """What all processes' steps since the last call came to."""
        means = self.interval.over(self.fabric).means()
        self.interval = Interval()
        return means

    def any_process(self, asked: bool) -> bool:
        """Whether any process answers yes; all of them learn it."""
        if self.fabric.world_size == 1:
            return asked
        votes = self.fabric.all_reduce(torch.tensor(float(asked)), reduce_op="sum")
        return bool(torch.as_tensor(votes) > 0)

    def averaged_model(self) -> JointModel:
        """The running mean of the weights, which is what is evaluated and exported."""
        model = JointModel(self.model.config, self.labels)
        model.load_state_dict(self.average)
        return model.eval()

    def save(self, path: Path) -> None:
        """Write a checkpoint in one move; with several processes, the first one does.

        Raises:
            CheckpointError: it cannot be written.
        """
        interval = self.interval.over(self.fabric)
        if self.fabric.is_global_zero:
            state = {
                "config": self.config.as_dict(),
                "nodes": _paths(self.labels),
                "material": self._material,
                "model": self.model.state_dict(),
                "average": self.average,
                "reader": self._reader_weights(),
                "optimiser": self._optimiser.state_dict(),
                "step": self.step,
                "interval": interval.sums,
            }
            write_checkpoint(path, state)
        self.fabric.barrier()

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of the same run.

        Raises:
            CheckpointError: it belongs to other settings, recordings or another ontology.
        """
        state = read_checkpoint(path)
        if _config_in(state, path) != self.config:
            raise CheckpointError(
                f"{path}: was written by a run with other settings; use another --out folder, "
                "or delete it"
            )
        self._check_ontology(state, path)
        if self._material and state.get("material") not in ("", None, self._material):
            raise CheckpointError(
                f"{path}: was trained on other recordings, or their labels meant something else, "
                "or it began with another bundle; use another --out folder, or delete it"
            )
        self._take_weights(state["model"], path)
        self._take_average(state["average"])
        self._take_reader(state)
        self._optimiser.load_state_dict(state["optimiser"])
        # the sums are of all processes together: one carries them on
        self.interval = Interval(state.get("interval") if self.fabric.is_global_zero else None)
        self.step = int(state["step"])

    def warm_start(self, path: Path) -> None:
        """Begin with the averaged weights of another run."""
        state = read_checkpoint(path)
        self._check_ontology(state, path)
        self._take_weights(state["average"], path)
        self._take_average(state["average"])
        self._take_reader(state)

    @torch.no_grad()
    def _teacher_logits(self, audio: Tensor) -> Tensor:
        heard = audio.to(next(self._mean.parameters()))
        with self.fabric.autocast():
            logits: Tensor = self._mean(heard, self._silence(heard)).logits
        return logits.float()

    def _silence(self, audio: Tensor) -> list[Tensor]:
        """States of streams that begin, where and as precise as the audio is."""
        return [state.to(audio) for state in self.model.initial_states(len(audio))]

    def _told(self, loss: Tensor, ratios: Ratios) -> float:
        """Count what a step tells, and refuse a loss of any process that is no number."""
        mine = float(loss.detach())
        value = torch.tensor(mine)
        if self.fabric.world_size > 1:
            value = torch.as_tensor(self.fabric.all_reduce(value, reduce_op="mean"))
        if not torch.isfinite(value):
            raise TrainingDataError(
                f"step {self.step}: the loss is {float(value)}; the last checkpoint is good, "
                "continue from it with a lower learning_rate"
            )
        self.interval.add({"loss": one_ratio(loss), **ratios})
        return float(value)

    def _take_average(self, average: dict[str, Tensor]) -> None:
        for name, value in average.items():
            self.average[name].copy_(value)

    def _take_weights(self, weights: dict[str, Tensor], path: Path) -> None:
        try:
            self.model.load_state_dict(weights)
        except RuntimeError as error:
            raise CheckpointError(
                f"{path}: holds weights of another network than this version's: {error}"
            ) from error

    def _reader_weights(self) -> dict[str, Tensor]:
        reader = self._student.reader
        return {} if reader is None else reader.state_dict()

    def _take_reader(self, state: dict[str, Any]) -> None:
        """What YAMNet's answers were read by, where both runs learn from it."""
        if self._student.reader is not None and state.get("reader"):
            self._student.reader.load_state_dict(state["reader"])

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


def _config_in(state: dict[str, Any], path: Path) -> RunConfig:
    """Settings in a checkpoint; those that came after it was written have their defaults."""
    try:
        return run_of(state["config"])
    except TypeError as error:
        raise CheckpointError(f"{path}: has settings of another version: {error}") from error


def _paths(labels: LabelSet) -> list[str]:
    """What makes two ontologies one to a model: the same nodes in the same places."""
    return [labels.path(node) for node in labels.nodes]
