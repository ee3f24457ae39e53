"""Development figures of a model: how well each node is told apart, clip by clip.

Axes: S samples, T posterior frames, C clips, N ontology nodes.

Sources: average precision as in scikit-learn, which follows the step-wise definition (no
interpolation).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from aed.audio import SAMPLE_RATE_HZ
from aed.model.joint import JointModel
from aed.posteriors import POSTERIOR_HOP_S
from ontology import LabelSet
from training.clips.bank import FRAME_SAMPLES, Clips
from training.errors import TrainingDataError
from training.labels import Target

DEFAULT_DWELL_S = 0.5
"""Dwell of nodes whose ontology names none."""

LEAD_S = 1.0
"""Quiet noise before each clip: nobody's microphone is switched on by the event itself."""

LEAD_LEVEL_DB = -70.0
"""Its level in dBFS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScores:
    """Highest posterior of each node in each clip, with what is known of the clips.

    Attributes:
        scores: (C, N) float32.
        sustained: (C, N) float32, highest posterior that lasts for the node's dwell.
        true: (C, N) bool.
        unknown: (C, N) bool.
        paths: (C,) names of the clips.
    """

    scores: NDArray[np.float32]
    sustained: NDArray[np.float32]
    true: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeScore:
    """Average precision of one node, and on how many clips it stands."""

    node: str
    average_precision: float
    positives: int
    negatives: int


def score_clips(
    model: JointModel,
    bank: Clips,
    targets: Mapping[str, Target],
    *,
    scale: torch.Tensor,
    bias: torch.Tensor,
) -> ClipScores:
    """Hear every clip of a bank, after a second of quiet, and keep each node's highest posteriors.

    Args:
        model: averaged weights, in evaluation mode.
        bank: the clips; impulse responses are left out.
        targets: what each label means.
        scale: (N,) calibration of the conditional logits.
        bias: (N,) likewise.

    Raises:
        TrainingDataError: there is no clip whose label means anything.
    """
    rng = np.random.default_rng(0)
    lead = rng.standard_normal(round(LEAD_S * SAMPLE_RATE_HZ)).astype(np.float32)
    lead *= np.float32(10 ** (LEAD_LEVEL_DB / 20))
    used = [index for index, row in enumerate(bank.rows) if row.label in targets]
    if not used:
        raise TrainingDataError(f"none of {len(bank.rows)} clips has a label that can be judged")
    dwells = dwell_frames(model.labels)
    scores, lasting = [], []
    for index in used:
        clip = bank.clip(index)
        tail = np.zeros(2 * FRAME_SAMPLES - len(clip) % FRAME_SAMPLES, dtype=np.float32)
        audio = torch.from_numpy(np.concatenate([lead, clip, tail]))
        logits = model.stream_logits(audio) * scale + bias
        posteriors = model.head.log_posteriors(logits).exp().numpy()
        scores.append(posteriors.max(axis=0))
        lasting.append(sustained(posteriors, dwells))
    rows = [bank.rows[index] for index in used]
    return ClipScores(
        scores=np.stack(scores),
        sustained=np.stack(lasting),
        true=np.stack([targets[row.label].true for row in rows]),
        unknown=np.stack([targets[row.label].unknown for row in rows]),
        paths=tuple(row.path for row in rows),
    )


def dwell_frames(labels: LabelSet) -> NDArray[np.int64]:
    """Dwell of each node in posterior frames, (N,): the ontology's, else the default."""
    dwells_s = [
        DEFAULT_DWELL_S if node.alert is None or node.alert.dwell_s is None else node.alert.dwell_s
        for node in labels.ontology.nodes
    ]
    return np.maximum(np.ceil(np.array(dwells_s) / POSTERIOR_HOP_S - 1e-6), 1).astype(np.int64)


def sustained(posteriors: NDArray[np.float32], dwells: NDArray[np.int64]) -> NDArray[np.float32]:
    """Highest value that each column of (T, N) reaches for its dwell within twice that time, (N,).

    Event logic lets pulses add up over their pauses, so the frames need not be neighbours.
    """
    highest = np.zeros(posteriors.shape[1], dtype=np.float32)
    for dwell in np.unique(dwells):
        columns = np.flatnonzero(dwells == dwell)
        span = 2 * int(dwell)
        short = max(span - len(posteriors), 0)
        padded = np.pad(posteriors[:, columns], ((0, short), (0, 0)))
        windows = sliding_window_view(padded, span, axis=0)  # (T', n, span)
        highest[columns] = np.sort(windows, axis=2)[:, :, -int(dwell)].max(axis=0)
    return highest


def node_scores(clips: ClipScores, nodes: Sequence[str]) -> list[NodeScore]:
    """Average precision of every node that has both positive and negative clips."""
    found = []
    for column, node in enumerate(nodes):
        known = ~clips.unknown[:, column]
        true = clips.true[known, column]
        if true.any() and not true.all():
            precision = average_precision_score(true, clips.scores[known, column])
            found.append(
                NodeScore(
                    node=node,
                    average_precision=float(precision),
                    positives=int(true.sum()),
                    negatives=int((~true).sum()),
                )
            )
    return found


def table(scores: Sequence[NodeScore], title: str) -> str:
    """Lines for a terminal or a log: node, average precision, clips."""
    lines = [title, f"{'node':<20} {'AP':>6} {'true':>6} {'false':>6}"]
    lines += [
        f"{s.node:<20} {s.average_precision:6.3f} {s.positives:6d} {s.negatives:6d}" for s in scores
    ]
    return "\n".join(lines)
