"""Processor time per second of audio, contestants taking turns within every round."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aed.audio import SAMPLE_RATE_HZ
from tests.benchmarks.contestants import Contestant, Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What several measurements of one number gave."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Median and range.

    Args:
        values: at least one.
    """
    return Spread(median=statistics.median(values), least=min(values), most=max(values))


def costs_ms_per_s(
    contestants: Sequence[Contestant], samples: Samples, rounds: int
) -> Mapping[str, list[float]]:
    """Measure in rounds; each round hears the whole recording once with every contestant.

    Whatever else the machine does meets all contestants alike, so ratios within a round hold
    where absolute figures drift. The order turns by one from round to round. A first round warms
    caches and is thrown away.

    Args:
        contestants: who is measured.
        samples: (S,) float32 at 16 kHz.
        rounds: how many rounds count.

    Returns:
        Key of the contestant to milliseconds of processor time (all threads of the process) per
        second of audio, one for each round.
    """
    duration_s = len(samples) / SAMPLE_RATE_HZ
    costs: dict[str, list[float]] = {contestant.key: [] for contestant in contestants}
    for number in range(rounds + 1):
        turn = number % len(contestants)
        for contestant in (*contestants[turn:], *contestants[:turn]):
            began_s = time.process_time()
            contestant.hear(samples)
            spent_s = time.process_time() - began_s
            if number > 0:
                costs[contestant.key].append(1000.0 * spent_s / duration_s)
    return costs


def cost_per_call(costs: Mapping[float, float]) -> tuple[float, float]:
    """Split a cost into what each second of audio takes and what each call adds.

    Args:
        costs: calls per second of audio to ms per second of audio, at least two.

    Returns:
        ms per second of audio, ms per call: the straight line with the least squared distance.
    """
    slope, intercept = statistics.linear_regression(list(costs), list(costs.values()))
    return intercept, slope


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Ratio of two contestants, round by round."""
    return [a / b for a, b in zip(over, under, strict=True)]
