"""The field's own measures, by the libraries of its challenges: event-based F1 and PSDS.

Only recordings whose sounds are all marked count.

Sources: event-based F1 of sed_eval (Mesaros et al. 2016), onsets within ONSET_COLLAR_S, offsets not
asked for, since an alarm is told when it begins; PSDS (Bilen et al. 2020) by sed_scores_eval
(Ebbers et al. 2022), detection and ground truth tolerance as below, one node at a time, so without
cross triggers.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ontology import LabelSet
from training.evaluation.hearing import Heard
from training.evaluation.material import JudgedNode

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # dcase_util imports pkg_resources
    from sed_eval.sound_event import EventBasedMetrics
    from sed_scores_eval import intersection_based
    from sed_scores_eval.base_modules.scores import create_score_dataframe

ONSET_COLLAR_S = 1.0
PSDS_TOLERANCE = 0.1
"""Share of a detection that must lie in an event, and of an event in detections: those of DCASE's
scenario 2, which asks for the right class rather than for exact bounds."""

MOST_FALSE_PER_HOUR = 100.0

Spans = dict[str, list[tuple[float | None, float | None, str]]]
"""Onset, offset and node of each marked sound, by recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmarks:
    """Of one node.

    Attributes:
        event_f1: at the shipped thresholds; None without a marked sound, or without event logic.
        psds: in [0, 1]; None without a marked sound.
        sounds: how many marked sounds of it there are.
    """

    event_f1: float | None
    psds: float | None
    sounds: int


def benchmarks(
    heard: Sequence[Heard], contestant: int, node: JudgedNode, labels: LabelSet
) -> Benchmarks:
    """Judge a node.

    Args:
        heard: the recordings; those in which it may sound unmarked are left out.
        contestant: by its index.
        node: which.
        labels: the ontology.
    """
    marked = [
        each
        for each in heard
        if all(
            sound.onset_s is not None
            for sound in each.judged.sounds
            if sound.target.true[node.column]
        )
        and not any(sound.target.unknown[node.column] for sound in each.judged.sounds)
    ]
    spans: Spans = {
        str(index): [(onset_s, offset_s, node.id) for onset_s, offset_s in _joined(each, node)]
        for index, each in enumerate(marked)
    }
    count = sum(map(len, spans.values()))
    if not count:
        return Benchmarks(event_f1=None, psds=None, sounds=0)
    return Benchmarks(
        event_f1=_event_f1(marked, contestant, node, labels, spans),
        psds=_psds(marked, contestant, node, spans),
        sounds=count,
    )


def _joined(each: Heard, node: JudgedNode) -> list[tuple[float, float]]:
    """Onsets and offsets of a node's sounds; those that overlap or touch are one."""
    joined: list[tuple[float, float]] = []
    for onset_s, offset_s in sorted(
        (sound.onset_s, sound.offset_s)
        for sound in each.judged.sounds
        if sound.target.true[node.column]
        and sound.onset_s is not None
        and sound.offset_s is not None
    ):
        if joined and onset_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(offset_s, joined[-1][1]))
        else:
            joined.append((onset_s, offset_s))
    return joined


def _event_f1(
    marked: Sequence[Heard], contestant: int, node: JudgedNode, labels: LabelSet, spans: Spans
) -> float | None:
    if any(each.said[contestant].events is None for each in marked):
        return None
    metrics = EventBasedMetrics([node.id], evaluate_offset=False, t_collar=ONSET_COLLAR_S)
    for index, each in enumerate(marked):
        estimated = [
            (event.onset_s, event.offset_s, node.id)
            for event in each.said[contestant].ended
            if labels.ancestors[labels.index[event.node], node.column]
        ]
        metrics.evaluate(_listed(spans[str(index)], index), _listed(estimated, index))
    found = metrics.results_overall_metrics()["f_measure"]["f_measure"]
    return None if np.isnan(found) else float(found)


def _psds(marked: Sequence[Heard], contestant: int, node: JudgedNode, spans: Spans) -> float | None:
    scores, durations_s = {}, {}
    for index, each in enumerate(marked):
        said = each.said[contestant]
        ends_s = said.time_s()
        times_s = np.concatenate([[ends_s[0] - said.hop_s], ends_s])
        times_s = np.maximum(times_s, 0.0)
        scores[str(index)] = create_score_dataframe(
            said.scores[:, [node.place]], times_s, [node.id]
        )
        durations_s[str(index)] = max(each.duration_s, float(times_s[-1]))
    found = intersection_based.psds(
        scores,
        spans,
        durations_s,
        dtc_threshold=PSDS_TOLERANCE,
        gtc_threshold=PSDS_TOLERANCE,
        max_efpr=MOST_FALSE_PER_HOUR,
    )
    return float(found[0])


def _listed(
    spans: Sequence[tuple[float | None, float | None, str]], index: int
) -> list[dict[str, object]]:
    return [
        {"onset": onset_s, "offset": offset_s, "event_label": node, "filename": str(index)}
        for onset_s, offset_s, node in spans
    ]
