"""What one ear has heard since it began, counted: for metrics, which only ever grow."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aed.open_events import Event, Phase

INFERENCE_BOUNDS_S = (
    0.0002,
    0.0005,
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
)
"""Upper bounds of the histogram of inference times; the last bucket has none."""


class Tally:
    """Counts of one ear.

    Attributes:
        events: how many phases of events, by node and phase.
        alerts: how many of them called for a person's attention, by node.
        inferences: how many calls of the model took at most each of `INFERENCE_BOUNDS_S`, and,
            last, how many took longer; each call counts once.
        inference_s: what they took together, in seconds.
    """

    def __init__(self) -> None:
        self.events: Counter[tuple[str, Phase]] = Counter()
        self.alerts: Counter[str] = Counter()
        self.inferences = [0] * (len(INFERENCE_BOUNDS_S) + 1)
        self.inference_s = 0.0

    def note_inference(self, took_s: float) -> None:
        """Count a call of the model.

        Args:
            took_s: how long it took.
        """
        self.inferences[bisect_left(INFERENCE_BOUNDS_S, took_s)] += 1
        self.inference_s += took_s

    def note_events(self, events: Iterable["Event"]) -> None:
        """Count phases of events."""
        for event in events:
            self.events[event.node, event.phase] += 1
            if event.alert_now:
                self.alerts[event.node] += 1
