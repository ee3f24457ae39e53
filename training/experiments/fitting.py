"""Trains one network for a cell: the same loop for all methods.

Axes: B crops.

Sources: FixMatch (Sohn et al. 2020) and UDA (Xie et al. 2020) for the consistent methods, with a
mean teacher (Tarvainen and Valpola 2017) that hears the mild view and a student that hears the
distorted one; the linear probe normalises embeddings as MAE's does (He et al. 2022).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.experiments.corpora import Corpus
from training.experiments.crops import CropSource, masked, mixed, mixing
from training.experiments.heads import Objective
from training.experiments.methods import Method
from training.experiments.network import CropClassifier
from training.experiments.settings import Settings
from training.experiments.splits import Split
from training.experiments.steps import Deadline, Turns, Watch, pace, take_step
from training.losses import Teacher, TeachingFigures, path_targets, ramp_up, teaching_figures

PROBE_RATE = 5.0
"""A head alone takes a learning rate so many times higher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a network learns from.

    Attributes:
        corpus: clips and tree.
        split: which clips teach.
        crops: draws crops of them.
        strangers: draws crops that hold nothing of the tree.
        settings: numbers of the training.
        seed: of weights, crops and their order.
        watch: is told of progress.
        deadline: when to give up.
    """

    corpus: Corpus
    split: Split
    crops: CropSource
    strangers: CropSource
    settings: Settings
    seed: int
    watch: Watch
    deadline: Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A trained network.

    Attributes:
        network: the running mean of the weights, in evaluation mode.
        teaching: what the teacher said of unlabelled crops after the ramp; None without a teacher.
        loss: mean of the labelled loss over the last tenth of the steps, in nats.
    """

    network: CropClassifier
    teaching: TeachingFigures | None
    loss: float


def fit(
    lesson: Lesson, method: Method, objective: Objective, encoder: dict[str, Tensor] | None = None
) -> Fitted:
    """Train a network by one method, from random weights or from those of a pretrained encoder.

    Raises:
        BudgetError: it takes too long.
        TrainingDataError: the loss is no number.
    """
    settings, rng = lesson.settings, np.random.default_rng([lesson.seed, 2])
    student = _network(lesson, method, objective, encoder)
    teacher = Teacher(
        _network(lesson, method, objective, encoder), student, decay=settings.average_decay
    )
    peak = settings.learning_rate * (PROBE_RATE if method.is_probe else 1.0)
    optimiser = torch.optim.AdamW(
        [weight for weight in student.parameters() if weight.requires_grad],
        lr=peak,
        weight_decay=settings.weight_decay,
    )
    ramp_steps = round(settings.ramp_share * settings.steps)
    unlabelled = settings.unlabelled_crops if method.is_consistent else 0
    labelled_clips = Turns(lesson.split.labelled, rng)
    all_clips = Turns(lesson.split.train, rng)
    teaching: TeachingFigures | None = None
    losses = []
    for step in range(settings.steps):
        lesson.deadline.check(step, settings.steps)
        for group in optimiser.param_groups:
            group["lr"] = peak * pace(step, settings.steps, settings.warmup_share)
        student.train()
        if method.is_probe:
            student.encoder.eval()
        clips = labelled_clips.take(settings.crops)
        target = torch.from_numpy(lesson.corpus.columns[clips])
        order, share = mixing(len(clips), settings.mixup, rng)
        heard = mixed(lesson.crops.draw(clips, rng), order, share)
        shown = all_clips.take(unlabelled)
        if unlabelled:
            mild, strong = lesson.crops.draw_pair(shown, rng)
            heard = torch.cat([heard, strong])
        strange = rng.integers(lesson.strangers.clips, size=settings.strangers)
        if settings.strangers:
            heard = torch.cat([heard, lesson.strangers.draw(strange, rng)])
        logits = student(masked(student.encoder.views(heard), rng))
        known, guessed, unnamed = logits.split([len(clips), len(shown), len(strange)])
        loss = objective.loss(known, target, share)
        loss = loss + objective.loss(known, target[order], 1 - share)
        losses.append(float(loss.detach()))
        if settings.strangers:
            loss = loss + settings.stranger_weight * objective.nothing(unnamed)
        if unlabelled:
            divergence, named = objective.consistency(
                teacher(student.encoder.views(mild)), guessed, settings
            )
            weight = settings.consistency_weight * ramp_up(step, ramp_steps=ramp_steps)
            loss = loss + weight * divergence
            if step >= ramp_steps:
                truth = path_targets(
                    torch.from_numpy(lesson.corpus.columns[shown]), lesson.corpus.labels
                )
                count = teaching_figures(named, lesson.corpus.labels, truth=truth)
                teaching = count if teaching is None else teaching + count
        take_step(loss, student, optimiser, step)
        teacher.update(student)
        lesson.watch("training", step + 1, settings.steps)
    last = losses[-max(1, len(losses) // 10) :]
    network = teacher.network
    assert isinstance(network, CropClassifier)  # noqa: S101 - made so above
    return Fitted(network=network.eval(), teaching=teaching, loss=sum(last) / len(last))


def _network(
    lesson: Lesson, method: Method, objective: Objective, encoder: dict[str, Tensor] | None
) -> CropClassifier:
    torch.manual_seed(lesson.seed)
    network = CropClassifier(objective.outputs, is_probe=method.is_probe)
    if encoder is not None:
        network.encoder.load_state_dict(encoder)
    if method.is_probe:
        network.encoder.requires_grad_(requires_grad=False)
    return network
