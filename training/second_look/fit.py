"""Fits a verifier to looks, and finds out on sessions it was not fitted to what it is worth.

Each guard gets a logistic regression on standardised features. It is fitted without one fold of
sessions at a time and judges that fold; its calibration, its threshold and every figure come from
these judgements. What is written is then fitted to all looks. The threshold hangs on the few true
alerts that are hardest to tell, so recordings are resampled to see how much of the gain is luck.

Axes: R looks, K features.

Sources: Platt (1999) for the calibration.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from aed.second_look import PERIOD_FRAMES
from training.second_look.collect import CLIPS, Look

MOST_DEMOTED = 0.02
"""Share of what truly sounds that may be demoted, in each stratum."""

LEAST_GAIN = 0.2
"""Share of the wrong alerts that a second look must spare, or it is not worth its risk: in all but
`UNLUCKY` of the resamplings."""

UNLUCKY = 0.05
_RESAMPLINGS = 200

LEAST_RECORDINGS = 10
"""Fewer wrong alerts prove nothing, nor do fewer true ones from recordings: of synthesised sounds
a verifier learns how they were synthesised, and then demotes the real ones."""

INVERSE_PENALTY = 0.001
"""scikit-learn's C: there are about as many features as recordings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a second look is worth on sessions that it was not fitted to.

    Attributes:
        true_alerts: recordings and scenes that rightly make the bundle alert.
        recorded_alerts: how many of these are recordings.
        demoted: true alerts that it demotes at its first two looks.
        wrong_alerts: recordings and scenes that wrongly do.
        spared: wrong alerts that it never agrees to.
        surely_spared: share of wrong alerts spared in all but `UNLUCKY` of the resamplings.
    """

    true_alerts: int
    recorded_alerts: int
    demoted: int
    wrong_alerts: int
    spared: int
    surely_spared: float

    @property
    def is_enough(self) -> bool:
        """Whether it should be used at all."""
        return (
            min(self.recorded_alerts, self.wrong_alerts) >= LEAST_RECORDINGS
            and self.surely_spared >= LEAST_GAIN
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The judgement of one guard.

    Attributes:
        weights: (K,) of the features as they are.
        bias: its bias.
        threshold: probability from which a candidate is confirmed.
        worth: measured across folds.
    """

    weights: NDArray[np.float64]
    bias: float
    threshold: float
    worth: Worth


@dataclass(slots=True)
class _Table:
    """Looks of one guard as columns; an episode is one recording's true, or its false, looks."""

    features: NDArray[np.float64]  # (R, K)
    true: NDArray[np.bool_]  # (R,)
    fold: NDArray[np.int64]  # (R,)
    weight: NDArray[np.float64]  # (R,), an episode weighs one
    alerts: list[tuple[str, bool, NDArray[np.int64]]]  # stratum, true, rows that decide


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alert:
    """The best probability that an alert had before it was decided."""

    stratum: str
    is_true: bool
    probability: float


def fit(looks: Sequence[Look]) -> Fitted | None:
    """Fit the looks of one guard.

    Args:
        looks: all of the same guard.

    Returns:
        The judgement; None if there is too little to learn from in any fold.
    """
    if not looks:
        return None
    table = _tabled(looks)
    logits = np.zeros(len(looks))
    for fold in np.unique(table.fold):
        rest, left_out = table.fold != fold, table.fold == fold
        if len(np.unique(table.true[rest])) < 2:  # noqa: PLR2004 - true and false
            return None
        weights, bias = _regress(table, rest)
        logits[left_out] = table.features[left_out] @ weights + bias
    platt = LogisticRegression(C=1.0)
    platt.fit(logits[:, np.newaxis], table.true, _balanced(table, np.ones(len(looks), np.bool_)))
    slope, offset = max(float(platt.coef_[0, 0]), 1e-3), float(platt.intercept_[0])
    probability = 1 / (1 + np.exp(-(slope * logits + offset)))
    alerts = [
        _Alert(stratum=stratum, is_true=is_true, probability=float(probability[rows].max()))
        for stratum, is_true, rows in table.alerts
    ]
    threshold = _threshold(alerts)
    weights, bias = _regress(table, np.ones(len(looks), np.bool_))
    return Fitted(
        weights=slope * weights,
        bias=slope * bias + offset,
        threshold=threshold,
        worth=_worth(alerts, threshold),
    )


def _tabled(looks: Sequence[Look]) -> _Table:
    episodes: dict[tuple[str, bool, bool], list[int]] = {}
    for row, look in enumerate(looks):
        episodes.setdefault((look.recording, look.is_true, look.is_alert), []).append(row)
    weight, alerts = np.zeros(len(looks)), []
    for (_, is_true, is_alert), rows in episodes.items():
        weight[rows] = 1.0 / len(rows)
        first = min(looks[row].frame for row in rows)
        # What truly sounds must be agreed to while it is at most one period late.
        decide = [row for row in rows if not is_true or looks[row].frame <= first + PERIOD_FRAMES]
        if is_alert:
            alerts.append((looks[rows[0]].stratum, is_true, np.array(decide)))
    return _Table(
        features=np.array([look.features for look in looks], np.float64),
        true=np.array([look.is_true for look in looks], np.bool_),
        fold=np.array([look.fold for look in looks], np.int64),
        weight=weight,
        alerts=alerts,
    )


def _balanced(table: _Table, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of some rows: true and false ones weigh the same in all."""
    weight, true = table.weight[rows].copy(), table.true[rows]
    for side in (true, ~true):
        weight[side] *= len(weight) / 2 / weight[side].sum()
    return weight


def _regress(table: _Table, rows: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Weights (K,) of the features as they are, and bias."""
    scaler = StandardScaler()
    standardised = scaler.fit_transform(table.features[rows])
    regression = LogisticRegression(C=INVERSE_PENALTY, max_iter=2_000)
    regression.fit(standardised, table.true[rows], _balanced(table, rows))
    weights = regression.coef_[0] / scaler.scale_
    return weights, float(regression.intercept_[0] - weights @ scaler.mean_)


def _threshold(alerts: Sequence[_Alert]) -> float:
    """The highest threshold that demotes no more of any stratum's true alerts than it may."""
    true = [alert for alert in alerts if alert.is_true]
    thresholds = []
    for stratum in {alert.stratum for alert in true}:
        best = sorted(alert.probability for alert in true if alert.stratum == stratum)
        thresholds.append(best[int(MOST_DEMOTED * len(best))])
    return float(np.floor(1_000 * min(thresholds, default=0.0)) / 1_000)


def _worth(alerts: Sequence[_Alert], threshold: float) -> Worth:
    true = [alert.probability for alert in alerts if alert.is_true]
    wrong = [alert.probability for alert in alerts if not alert.is_true]
    return Worth(
        true_alerts=len(true),
        recorded_alerts=sum(alert.is_true and alert.stratum == CLIPS for alert in alerts),
        demoted=sum(probability < threshold for probability in true),
        wrong_alerts=len(wrong),
        spared=sum(probability < threshold for probability in wrong),
        surely_spared=_surely_spared(alerts),
    )


def _surely_spared(alerts: Sequence[_Alert]) -> float:
    """Share of wrong alerts spared when the recordings, and so the threshold, fall out badly."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(_RESAMPLINGS):
        drawn = [alerts[row] for row in rng.integers(len(alerts), size=len(alerts))]
        threshold = _threshold(drawn)
        wrong = [alert.probability for alert in drawn if not alert.is_true]
        shares.append(sum(each < threshold for each in wrong) / max(len(wrong), 1))
    return round(float(np.quantile(shares, UNLUCKY)), 3)
