"""Recordings and what was said of them, written by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aed.events import Event
from ontology import LabelSet
from training.evaluation.contestants import Said
from training.evaluation.hearing import Heard
from training.evaluation.material import Judged, JudgedNode, KnownSound
from training.labels import node_target

HOP_S = 0.1


def judged_node(labels: LabelSet, node: str) -> JudgedNode:
    return JudgedNode(id=node, column=labels.index[node], place=0)


def sound(
    labels: LabelSet,
    node: str,
    onset_s: float | None = None,
    offset_s: float | None = None,
    snr_db: float | None = None,
) -> KnownSound:
    target = node_target(labels, node)
    return KnownSound(target=target, onset_s=onset_s, offset_s=offset_s, snr_db=snr_db)


def heard(
    scores: Sequence[float],
    *sounds: KnownSound,
    events: tuple[Event, ...] | None = (),
    name: str = "kitchen.flac",
) -> Heard:
    """A recording in which one node had these scores, ten a second."""
    said = Said(
        scores=np.array(scores, np.float32)[:, None], hop_s=HOP_S, first_s=HOP_S, events=events
    )
    judged = Judged(
        file=Path(name),
        name=name,
        kind="recording",
        part="development",
        sounds=sounds,
    )
    return Heard(judged=judged, duration_s=HOP_S * len(scores), said=(said,))


def event(labels: LabelSet, node: str, onset_s: float, offset_s: float) -> Event:
    """An event that was known half a second after it rose."""
    path = labels.path(node)
    critical = {labels.nodes[column] for column in labels.critical}
    return Event(
        number=1,
        phase="end",
        node=node,
        path=path,
        score=0.9,
        pattern=None,
        onset_s=onset_s,
        offset_s=offset_s,
        first_detected_s=onset_s + 0.5,
        detected_s=onset_s + 0.5,
        level_dbfs=-20.0,
        critical=bool(critical & set(path.split("/"))),
        alert_now=False,
    )
