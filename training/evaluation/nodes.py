"""One judged node of one contestant: everything that is told of it, as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ontology import LabelSet
from training.evaluation.benchmarks import Benchmarks, benchmarks
from training.evaluation.hearing import Heard
from training.evaluation.levels import frame_reliability
from training.evaluation.matching import NodeMatches, match
from training.evaluation.material import JudgedNode
from training.evaluation.shipped import ShippedResult, at_shipped_thresholds
from training.evaluation.sweep import FALSE_ALARMS, Sweep, sweep
from training.metrics.calibration import Reliability


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResult:
    """What a contestant made of a node.

    Attributes:
        node: its id.
        matches: scores against what is known.
        sweep: over all thresholds.
        shipped: by the event logic; None of a contestant without one.
        reliability: of its posteriors, frame by frame.
        benchmarks: event-based F1 and PSDS.
    """

    node: str
    matches: NodeMatches
    sweep: Sweep
    shipped: ShippedResult | None
    reliability: Reliability
    benchmarks: Benchmarks

    @property
    def calibration_error(self) -> float | None:
        """Of its frames; None without a frame in which it is known to sound."""
        sounding = float((self.reliability.counts * self.reliability.accuracy).sum())
        return self.reliability.error if sounding > 0 else None

    def as_dict(self) -> dict[str, Any]:
        """Plain figures, rounded, as they stand in `evaluation.json`."""
        curve = self.sweep
        return {
            "sounds": curve.sounds,
            "hours_without": _rounded(curve.hours, 3),
            "recall_at_false_alarms": {
                str(count): _rounded(curve.recall_at(count), 3) for count in FALSE_ALARMS
            },
            "shipped": None if self.shipped is None else _shipped(self.shipped),
            "calibration_error": _rounded(self.calibration_error, 4),
            "event_f1": _rounded(self.benchmarks.event_f1, 3),
            "psds": _rounded(self.benchmarks.psds, 3),
            "recall_by_snr_db": _by_snr(self.shipped) if self.shipped is not None else {},
        }


def judge_node(
    heard: Sequence[Heard], contestant: int, node: JudgedNode, labels: LabelSet
) -> NodeResult:
    """Judge a node.

    Args:
        heard: the recordings.
        contestant: by its index.
        node: which.
        labels: the ontology.
    """
    matches = match(heard, contestant, node)
    curve = sweep(matches)
    shipped = None
    if all(each.said[contestant].events is not None for each in heard):
        shipped = at_shipped_thresholds(heard, contestant, node.column, labels, curve.hours)
    return NodeResult(
        node=node.id,
        matches=matches,
        sweep=curve,
        shipped=shipped,
        reliability=frame_reliability(heard, contestant, node),
        benchmarks=benchmarks(heard, contestant, node, labels),
    )


def _shipped(result: ShippedResult) -> dict[str, Any]:
    delays_s = result.delays_s
    return {
        "recall": _rounded(result.recall, 3),
        "recall_with_super_category": _rounded(result.recall_near, 3),
        "false_alarms": len(result.wrong),
        "false_alarms_per_hour_upper_95": _rounded(result.bound_per_hour, 4),
        "delay_median_s": _rounded(float(np.median(delays_s)) if delays_s else None, 2),
        "delay_p95_s": _rounded(float(np.percentile(delays_s, 95)) if delays_s else None, 2),
    }


def _by_snr(result: ShippedResult) -> dict[str, float]:
    """Recall of the sounds whose SNR is known, by that SNR rounded to 5 dB."""
    named: dict[int, list[bool]] = {}
    for answer in result.answers:
        if answer.sound.snr_db is not None:
            named.setdefault(5 * round(answer.sound.snr_db / 5), []).append(answer.named)
    return {str(snr_db): round(float(np.mean(named[snr_db])), 3) for snr_db in sorted(named)}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, digits)
