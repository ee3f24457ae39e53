"""Calibration of the conditional logits, and thresholds that the negatives of development bear.

Axes: F frames judged, N ontology nodes, C clips.

Sources: Platt scaling (Platt 1999) of each branch on its own, fitted where its parent is true, so
that the order parent ≥ child stays; a normal prior pulls rarely judged branches to the identity.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from aed.model.joint import JointModel
from ontology import LabelSet
from training.evaluate import ClipScores
from training.losses import branch_mask
from training.mixtures import SceneDataset

PRIOR_STRENGTH = 20.0
"""Weight of the prior, as if so many frames had spoken for the identity."""

LEAST_ON, MOST_ON = 0.5, 0.9
"""Bounds of a chosen threshold."""

MARGIN = 0.02
"""By which a threshold stands above the loudest negative."""


def fit(model: JointModel, scenes: SceneDataset) -> tuple[Tensor, Tensor]:
    """Fit scale (N,) and bias (N,) of every branch on scenes of held-out sounds."""
    logits, truths, masks = [], [], []
    with torch.inference_mode():
        for index in range(len(scenes)):
            audio, true, unknown = scenes[index]
            logits.append(model(audio[None]).logits[0])
            truths.append(true)
            masks.append(branch_mask(scenes.labels, true, unknown))
    return fit_branches(torch.cat(logits).clone(), torch.cat(truths), torch.cat(masks))


def fit_branches(logits: Tensor, true: Tensor, judged: Tensor) -> tuple[Tensor, Tensor]:
    """Fit σ(scale * logit + bias) to the truth, branch by branch.

    Args:
        logits: (F, N) float32, conditional.
        true: (F, N) bool.
        judged: (F, N) bool; what is not, says nothing.

    Returns:
        Scale (N,), above 0, and bias (N,).
    """
    truth, mask = true.to(logits.dtype), judged.to(logits.dtype)
    log_scale = torch.zeros(logits.shape[1], requires_grad=True)
    bias = torch.zeros(logits.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([log_scale, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        losses = functional.binary_cross_entropy_with_logits(
            logits * log_scale.exp() + bias, truth, reduction="none"
        )
        prior = PRIOR_STRENGTH * (log_scale.square() + bias.square() / 4).sum()
        loss = ((losses * mask).sum() + prior) / len(logits)
        loss.backward()
        return loss

    optimiser.step(closure)
    return log_scale.detach().exp(), bias.detach()


def choose_thresholds(
    clips: ClipScores, labels: LabelSet, default: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Thresholds of the nodes that deserve attention, from clips in which they do not sound.

    `on` stands just above the highest posterior any of them reached, within [LEAST_ON, MOST_ON];
    `off` at half of it. One clip decides: false alarms per hour are another measurement.
    """
    chosen = {"default": dict(default)}
    for node in labels.ontology.nodes:
        if node.alert is None:
            continue
        column = labels.index[node.id]
        false = ~(clips.true[:, column] | clips.unknown[:, column])
        highest = float(np.max(clips.scores[false, column], initial=0.0))
        on = round(min(max(highest + MARGIN, LEAST_ON), MOST_ON), 3)
        chosen[node.id] = {"on": on, "off": round(on / 2, 3)}
    return chosen
