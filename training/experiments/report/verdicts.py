"""The rule by which a claim holds, does not hold, or is not shown.

Both methods are run on the same folds or seeds, with the same labels; what is judged are the
differences between them, pair by pair. With their mean m, standard deviation s and number n, the
interval is m ± t s √(1/n + r), where t leaves one twentieth of Student's distribution above it
(n - 1 degrees of freedom) and r is the number of test clips over that of training clips. Without r
it would be too narrow, since folds and seeds share training clips (Nadeau and Bengio 2003,
"Inference for the Generalization Error"). A comparison *holds* if the whole interval lies above
minus the margin, *does not hold* if all of it lies below, and is *not shown* otherwise, or as long
as cells are missing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import t as student

Verdict = Literal["holds", "does not hold", "not shown"]

TAIL = 0.05
"""Share of Student's distribution beyond each end of an interval."""

_LEAST_PAIRS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Differences between two methods, better minus worse if the claim is true.

    Attributes:
        differences: one for each pair.
        mean: of them; NaN without any.
        lower: end of the interval; NaN with fewer than three pairs.
        upper: end of the interval; NaN with fewer than three pairs.
        verdict: by the rule of this file.
    """

    differences: tuple[float, ...]
    mean: float
    lower: float
    upper: float
    verdict: Verdict


def compare(
    differences: Sequence[float], *, margin: float, is_complete: bool, test_to_train: float
) -> Comparison:
    """Judge paired differences.

    Args:
        differences: how much better the claimed method is, pair by pair.
        margin: how much worse it may be for the claim to hold, 0 or more.
        is_complete: whether no pair is missing.
        test_to_train: number of test clips over that of training clips, the r of this file.
    """
    values = np.array(differences, dtype=np.float64)
    mean = float(values.mean()) if len(values) else math.nan
    if len(values) < _LEAST_PAIRS:
        return Comparison(
            differences=tuple(differences),
            mean=mean,
            lower=math.nan,
            upper=math.nan,
            verdict="not shown",
        )
    widening = math.sqrt(1 / len(values) + test_to_train)
    reach = float(student.ppf(1 - TAIL, len(values) - 1) * values.std(ddof=1) * widening)
    lower, upper = mean - reach, mean + reach
    verdict: Verdict = "not shown"
    if is_complete and lower > -margin:
        verdict = "holds"
    elif is_complete and upper < -margin:
        verdict = "does not hold"
    return Comparison(
        differences=tuple(differences), mean=mean, lower=lower, upper=upper, verdict=verdict
    )


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Of a claim: it holds if every comparison does, and does not if one does not."""
    found = set(verdicts)
    if "does not hold" in found:
        return "does not hold"
    return "holds" if found == {"holds"} else "not shown"
