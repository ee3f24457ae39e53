"""Timing of signals that consist of pulses: T3, T4 and the like, and what counts as one of them.

T3 is the temporal-three evacuation signal of ISO 8201 (NFPA 72 uses the same): three pulses of
0.5 s with 0.5 s between them, then 1.5 s of silence, every figure within 10 %. T4 is the
temporal-four signal of carbon monoxide alarms: four pulses of 0.1 s with 0.1 s between them,
then 5 s of silence.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.synthesis.rendered import Pulse

TOLERANCE = 0.1
"""Allowed relative error of each on, off and pause time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """A group of pulses and a pause, repeated for ever.

    Attributes:
        count: pulses in a group.
        pulse_s: length of one pulse.
        gap_s: silence between two pulses of a group.
        pause_s: silence after a group.
    """

    count: int
    pulse_s: float
    gap_s: float
    pause_s: float

    @property
    def group_s(self) -> float:
        """Length of a group without the pause that follows."""
        return self.count * self.pulse_s + (self.count - 1) * self.gap_s

    @property
    def period_s(self) -> float:
        """Time from one group to the next."""
        return self.group_s + self.pause_s

    def pulses(self, *, onset_s: float, offset_s: float, phase_s: float = 0.0) -> tuple[Pulse, ...]:
        """Pulses between two moments, the first and last perhaps cut.

        Args:
            onset_s: where the signal begins.
            offset_s: where it is cut.
            phase_s: how far into the cadence it stands at `onset_s`.

        Returns:
            On and off times in seconds, ordered.
        """
        found: list[Pulse] = []
        first = math.floor((phase_s - self.group_s) / self.period_s)
        last = math.ceil((phase_s + offset_s - onset_s) / self.period_s)
        for cycle in range(first, last + 1):
            for index in range(self.count):
                on_s = cycle * self.period_s + index * (self.pulse_s + self.gap_s)
                on_s += onset_s - phase_s
                cut = (max(on_s, onset_s), min(on_s + self.pulse_s, offset_s))
                if cut[1] - cut[0] > _SHORTEST_S:
                    found.append(cut)
        return tuple(found)

    def drawn(self, rng: np.random.Generator, tolerance: float = TOLERANCE) -> "Cadence":
        """The same cadence as one particular device would keep it, each time within tolerance."""
        factors = rng.uniform(1.0 - tolerance, 1.0 + tolerance, 3)
        return Cadence(
            count=self.count,
            pulse_s=self.pulse_s * float(factors[0]),
            gap_s=self.gap_s * float(factors[1]),
            pause_s=self.pause_s * float(factors[2]),
        )


_SHORTEST_S = 1e-4

T3 = Cadence(count=3, pulse_s=0.5, gap_s=0.5, pause_s=1.5)
T4 = Cadence(count=4, pulse_s=0.1, gap_s=0.1, pause_s=5.0)


def matches(pulses: Sequence[Pulse], cadence: Cadence, tolerance: float = TOLERANCE) -> bool:
    """Whether a group of a cadence, with the pause after it, stands in a row of pulses.

    A group that ends the row counts as followed by a long enough pause: nobody can know better
    yet. A group is a group only if what precedes it is not one more pulse at the same gap.

    Args:
        pulses: ordered on and off times in seconds.
        cadence: what to look for.
        tolerance: allowed relative error of every time.
    """
    rhythm = [(off_s - on_s) for on_s, off_s in pulses]
    rests = [after[0] - before[1] for before, after in itertools.pairwise(pulses)]
    for start in range(len(pulses) - cadence.count + 1):
        end = start + cadence.count
        inside = all(_near(x, cadence.pulse_s, tolerance) for x in rhythm[start:end])
        inside = inside and all(_near(x, cadence.gap_s, tolerance) for x in rests[start : end - 1])
        alone = start == 0 or not _near(rests[start - 1], cadence.gap_s, tolerance)
        paused = end == len(pulses) or _near(rests[end - 1], cadence.pause_s, tolerance)
        if inside and alone and paused:
            return True
    return False


def _near(value_s: float, wanted_s: float, tolerance: float) -> bool:
    return abs(value_s - wanted_s) <= tolerance * wanted_s + _SHORTEST_S
