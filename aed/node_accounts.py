"""Why each node was or was not reported around a moment: its posterior against its thresholds.

Axes: T posterior frames, N ontology nodes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.candidate import Suppressed
from aed.events import Event
from aed.excerpt import Excerpt
from aed.posteriors import POSTERIOR_HOP_S
from aed.thresholds import NodeThresholds
from ontology import LabelSet

_MOST_OTHERS = 4
_SAME = 0.9  # a child with this share of its parent's peak tells the same, and more


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAccount:
    """One node around a moment.

    Attributes:
        node: its id.
        posterior: at the moment.
        peak: highest posterior around it.
        peak_s: when.
        confidence: highest posterior with the evidence of timing around it; thresholds are held
            to it.
        thresholds: of the node.
        is_critical: its alerts are.
        reason: why it was or was not reported, a sentence.
    """

    node: str
    posterior: float
    peak: float
    peak_s: float
    confidence: float
    thresholds: NodeThresholds
    is_critical: bool
    reason: str


def account_for(
    labels: LabelSet,
    near: Excerpt,
    frame: int,
    *,
    thresholds: Mapping[str, NodeThresholds],
    events: Collection[Event],
    suppressed: Collection[Suppressed],
) -> tuple[NodeAccount, ...]:
    """Account for the critical nodes in the order of the tree, then for the loudest others.

    Args:
        labels: columns of the posteriors.
        near: the frames around the moment.
        frame: the moment, a frame of the stream within `near`.
        thresholds: of every node.
        events: those around the moment.
        suppressed: candidates given up around it.
    """
    peaks = near.posteriors.max(axis=0)  # (N,)
    others = _loudest(labels, peaks)
    accounts = []
    for column in (*labels.critical, *others):
        node = labels.nodes[column]
        confidence = float(near.confidence[:, column].max())
        peak_frame = near.start_frame + int(near.posteriors[:, column].argmax())
        accounts.append(
            NodeAccount(
                node=node,
                posterior=float(near.posteriors[frame - near.start_frame, column]),
                peak=float(peaks[column]),
                peak_s=round((peak_frame + 1) * POSTERIOR_HOP_S, 3),
                confidence=confidence,
                thresholds=thresholds[node],
                is_critical=column in labels.critical,
                reason=_reason(node, confidence, thresholds[node], events, suppressed),
            )
        )
    return tuple(accounts)


def _loudest(labels: LabelSet, peaks: NDArray[np.float32]) -> list[int]:
    """The loudest nodes that are not critical, each as deep as it is as loud."""
    loudest = []
    for column in np.argsort(-peaks, kind="stable").tolist():
        below = np.flatnonzero(labels.ancestors[:, column])
        is_told = any(
            other != column
            and other not in labels.critical
            and peaks[other] >= _SAME * peaks[column]
            for other in below.tolist()
        )
        if column not in labels.critical and not is_told:
            loudest.append(column)
    return loudest[:_MOST_OTHERS]


def _reason(
    node: str,
    confidence: float,
    thresholds: NodeThresholds,
    events: Collection[Event],
    suppressed: Collection[Suppressed],
) -> str:
    for event in events:
        if event.node == node:
            return f"reported at {event.detected_s:.1f} s as event {event.number}"
    for event in events:
        if node in event.path.split("/"):
            return f"event {event.number} went deeper, to {event.node}"
    own = [each for each in suppressed if each.node == node]
    if own:
        return f"not reported: {max(own, key=lambda each: each.peak).reason}"
    reached = f"not reported: it reached {confidence:.2f}"
    if confidence < thresholds.off:
        return f"{reached}, under its off-threshold of {thresholds.off:.2f}"
    if confidence < thresholds.on:
        return f"{reached}, under its on-threshold of {thresholds.on:.2f}"
    return f"{reached}, and another event says as much or more"
