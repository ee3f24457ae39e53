"""Recall against false alarms per hour, over all thresholds.

Axes: P points of a curve.

Sources: exact Poisson bounds by the χ² distribution (Garwood 1936); at no event the upper bound of
95 % is the "rule of three", 3 / hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from training.evaluation.matching import NodeMatches

FALSE_ALARMS = (0, 1, 5)
"""Numbers of false alarms at which recall is told: the first hangs on a single clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A curve, from the highest threshold to the lowest.

    Attributes:
        thresholds: (P,) falling.
        recall: (P,) share of the sounds found.
        false_alarms: (P,) how many.
        hours: how long the node is known not to sound.
        sounds: how many sounds there are.
        stretches: how many false alarms there could be.
    """

    thresholds: NDArray[np.float64]
    recall: NDArray[np.float64]
    false_alarms: NDArray[np.int64]
    hours: float
    sounds: int
    stretches: int

    def recall_at(self, false_alarms: int) -> float | None:
        """Highest recall with at most so many false alarms.

        None without a sound, or if there could not be more false alarms than that.
        """
        if not self.sounds or self.stretches <= false_alarms:
            return None
        allowed = self.recall[self.false_alarms <= false_alarms]
        return float(allowed.max(initial=0.0))


def sweep(matches: NodeMatches) -> Sweep:
    """Sweep the threshold over every score that matters."""
    found = np.array([sound.score for sound in matches.found], dtype=np.float64)
    wrong = np.array([block.score for block in matches.blocks], dtype=np.float64)
    thresholds = np.unique(np.concatenate([found, wrong]))[::-1]
    return Sweep(
        thresholds=thresholds,
        recall=_at_least(found, thresholds) / max(len(found), 1),
        false_alarms=_at_least(wrong, thresholds),
        hours=matches.negative_s / 3600,
        sounds=len(found),
        stretches=len(wrong),
    )


def upper_bound_per_hour(events: int, hours: float) -> float:
    """One-sided upper bound of 95 % on a rate of which `events` were seen in `hours`."""
    return float(chi2.ppf(0.95, 2 * events + 2) / 2 / hours) if hours > 0 else float("inf")


def recall_on(sweeps: Sequence[Sweep], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Recall of each sweep at given false alarms per hour, (sweeps, rates)."""
    rows = []
    for each in sweeps:
        reached = each.false_alarms / max(each.hours, 1e-9)
        rows.append([each.recall[reached <= rate].max(initial=0.0) for rate in rates])
    return np.array(rows)


def _at_least(scores: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many scores reach each threshold."""
    ordered = np.sort(scores)
    return len(ordered) - np.searchsorted(ordered, thresholds, side="left")
