"""Calibration of the conditional logits, and thresholds that the negatives of development bear.

Axes: F frames judged, N ontology nodes, C clips.

Sources: Platt scaling (Platt 1999) of each branch on its own, fitted where its parent is true, so
that the order parent ≥ child stays; a normal prior pulls rarely judged branches to the identity.
"""

from collections.abc import Collection, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from aed.model.joint import JointModel
from ontology import LabelSet
from training.losses import branch_mask
from training.release.evaluate import ClipScores
from training.scenes.mixtures import SceneDataset

PRIOR_STRENGTH = 20.0
"""Weight of the prior, as if so many frames had spoken for the identity."""

LEAST_ON, MOST_ON = 0.5, 0.8
"""Bounds of a chosen threshold. Of the breaking windows in training the first model sustains 0.8 in
69 % and 0.9 in 35 %; of 1,100 other clips 5 and 1 pass: above 0.8 a threshold misses more than it
spares."""

ALLOWED_FALSE = 2
"""Clips of the negatives that may pass a threshold: no single odd recording decides it."""

MARGIN = 0.02
"""By which a threshold stands above the loudest negative that may not pass."""


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
    clips: ClipScores,
    labels: LabelSet,
    default: Mapping[str, float],
    *,
    also: Collection[str] = (),
) -> dict[str, dict[str, float]]:
    """Thresholds of the nodes that deserve attention, from clips in which they do not sound.

    `on` stands just above what all but ALLOWED_FALSE of these clips sustain for the node's dwell,
    within [LEAST_ON, MOST_ON]; `off` at half of it. A few clips decide: false alarms per hour are
    another measurement. A critical node without a single recording was learned from synthesised
    sound alone, and synthesised sound reaches MOST_ON easily: that is asked of it.

    Args:
        clips: what they sustain.
        labels: the ontology.
        default: of all other nodes.
        also: nodes that need a threshold of their own although they deserve no attention.
    """
    chosen = {"default": dict(default)}
    for node in labels.ontology.nodes:
        if node.alert is None and node.id not in also:
            continue
        column = labels.index[node.id]
        false = ~(clips.true[:, column] | clips.unknown[:, column])
        loudest = np.sort(clips.sustained[false, column])[::-1]
        bar = float(loudest[ALLOWED_FALSE]) if len(loudest) > ALLOWED_FALSE else 0.0
        is_untried = node.is_critical and not clips.true[:, column].any()
        least = MOST_ON if is_untried else LEAST_ON
        on = round(min(max(bar + MARGIN, least), MOST_ON), 3)
        chosen[node.id] = {"on": on, "off": round(on / 2, 3)}
    return chosen
