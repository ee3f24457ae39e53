"""One node that might become an event, and what is remembered of it if it does not."""

import math
from dataclasses import dataclass
from typing import Literal

from aed.posteriors import POSTERIOR_HOP_S

Cause = Literal["under_threshold", "too_short", "second_look", "tail"]
"""Why a candidate was not reported, in a word: it stayed under its on-threshold, it was not above
it for long enough, a second look doubted it, or it was what was left of an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Something that rose and was not reported.

    Attributes:
        node: ontology node.
        onset_s: stream time at which it rose.
        gone_s: stream time at which it was given up.
        peak: its highest posterior.
        reason: why it was not reported, for the user.
        cause: the same, to be counted.
    """

    node: str
    onset_s: float
    gone_s: float
    peak: float
    reason: str
    cause: Cause


@dataclass(slots=True, kw_only=True)
class Candidate:
    """One node that is above its off-threshold, or was a moment ago.

    Attributes:
        rise_frame: first frame at or above the off-threshold.
        onset_frame: where an event would begin; None before the on-threshold was reached.
        dwell: quarter frames counted towards the dwell.
        longest_dwell: the most that it came to.
        below_frames: frames since it was last at or above the off-threshold.
        unsure_frames: the same of the on-threshold.
        is_on: at or above the on-threshold in the latest frame.
        confirmed_frame: frame in which the dwell was full and nothing doubted it; None before.
        doubt: why a second look demoted it.
        peak: highest posterior since `rise_frame`.
        peak_confidence: the same with the evidence of timing.
        level_dbfs: highest level since `rise_frame`.
        muted_until: first frame that counts again, after an event of which this was a part.
        tail_of: number of that event.
    """

    rise_frame: int
    onset_frame: int | None = None
    dwell: int = 0
    longest_dwell: int = 0
    below_frames: int = 0
    unsure_frames: int = 0
    is_on: bool = False
    confirmed_frame: int | None = None
    doubt: str | None = None
    peak: float = 0.0
    peak_confidence: float = 0.0
    level_dbfs: float = -math.inf
    muted_until: int = 0
    tail_of: int | None = None

    @property
    def start_frame(self) -> int:
        """Where it began, as far as is known."""
        return self.rise_frame if self.onset_frame is None else self.onset_frame


def whole_frames(duration_s: float) -> int:
    """Posterior frames that make up at least a duration."""
    return math.ceil(duration_s / POSTERIOR_HOP_S - 1e-6)


def seconds(frames: int) -> float:
    """Stream time of the start of a frame, in seconds, free of binary dust."""
    return round(frames * POSTERIOR_HOP_S, 6)
