"""Consistency of the joint model: in a distorted scene the student must hear what its mean heard.

The teacher is the running mean of the student's weights, and hears the scene as it is. Where a
label judges a branch, the label teaches, and the teacher only if it says the same; where nobody
knows (below a coarse label, around a sound), the teacher teaches as deep as it is sure.

Axes: B scenes, T posterior frames, N ontology nodes, D depths.

Sources: see `training/losses/`: pseudo_labels.py, consistency.py, teaching_figures.py.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ontology import LabelSet
from training.losses import (
    branch_consistency,
    branch_mask,
    named_nodes,
    ramp_up,
    teaching_figures,
    tree_pseudo_labels,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyConfig:
    """How much a run learns from its own running mean.

    Attributes:
        weight: of the divergence in the loss, once ramped up; 0 leaves consistency out.
        threshold: the teacher teaches a branch if it is at least this sure of it and its parent.
        temperature: sharpens what it teaches; 0 makes it yes or no.
        ramp_steps: steps over which the weight rises.
    """

    weight: float = 0.0
    threshold: float = 0.9
    temperature: float = 0.5
    ramp_steps: int = 2_000


def consistency(
    teacher_logits: Tensor,
    logits: Tensor,
    known: tuple[Tensor, Tensor],
    *,
    labels: LabelSet,
    weights: Tensor,
    config: ConsistencyConfig,
    step: int,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Divergence of the student from its teacher, weighted and ramped up.

    Args:
        teacher_logits: (B, T, N) conditional logits of the scenes as they are.
        logits: (B, T, N) of the student on the distorted scenes.
        known: true and unknown, (B, T, N) bool each.
        labels: the tree.
        weights: (N,) weight of each branch.
        config: how to teach.
        step: of the run.

    Returns:
        The part of the loss, a scalar in nats, and ratios for the log:
        `consistency` (2, 1); `pseudo_rate_depth` (2, D): frames in which the teacher names a node
        of that depth; `pseudo_accuracy_depth` (2, D): named nodes that are true, of those whose
        truth is known.
    """
    true, unknown = known
    taught = tree_pseudo_labels(
        teacher_logits, labels, threshold=config.threshold, temperature=config.temperature
    )
    named = named_nodes(taught, labels)
    undisputed = unknown | (branch_mask(labels, true, unknown) & ((taught.target > 0.5) == true))  # noqa: PLR2004
    taught = replace(taught, weight=taught.weight * undisputed)
    divergence = branch_consistency(taught, logits, weights=weights)
    loss = config.weight * ramp_up(step, ramp_steps=config.ramp_steps) * divergence

    frames = (-1, len(labels))
    figures = teaching_figures(
        named.reshape(frames), labels, truth=(true.reshape(frames), unknown.reshape(frames))
    )
    clips = [figures.clips] * len(figures.named_clips)
    return loss, {
        "consistency": _ratio([float(loss.detach())], [1.0]),
        "pseudo_rate_depth": _ratio(figures.named_clips, clips),
        "pseudo_accuracy_depth": _ratio(figures.right, figures.judged),
    }


def _ratio(parts: object, wholes: object) -> Tensor:
    return torch.stack([torch.as_tensor(values, dtype=torch.float64) for values in (parts, wholes)])
