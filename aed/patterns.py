"""Timing as evidence: which alarm rhythm, if any, a stream's last twelve seconds hold.

Rhythms are looked for only while something alarm-like is suspected, once a second until one is
certain, so that the rest of the time this stage costs one copy of the log-mel frames.

Axes: L log-mel frames (10 ms), F mel bands.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, LOG_MEL_HOP_S, POSTERIOR_HOP_S
from aed.pulses import band_centres_hz, find_tones
from aed.rhythms import Rhythm, name_rhythm

WINDOW_S = 12.0
"""How far back a rhythm is looked for: two periods of T4, three of T3."""

LINGER_S = 8.0
"""How long after the last suspicion rhythms are still looked for; outlasts T4's pause."""

_LOOK_EVERY_FRAMES = 10
_CHECK_EVERY_FRAMES = 20
_LINGER_FRAMES = round(LINGER_S / POSTERIOR_HOP_S)
_WINDOW_FRAMES = round(WINDOW_S / LOG_MEL_HOP_S)
_RECENT_S = {"t3": 4.5, "t4": 6.5, "continuous": 0.5, "chirp": WINDOW_S}
"""A rhythm whose last pulse is older than this is over."""
_CHIRP_PERIOD_S = (25.0, 66.0)
_CHIRP_SAME_PITCH = 0.08
RANK = {"t3": 3, "t4": 3, "continuous": 2, "chirp": 1}
"""Which kind to believe where two are heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternMatch:
    """A timing pattern that is being heard.

    Attributes:
        kind: `t3`, `t4`, `continuous` or `chirp`.
        strength: in (0, 1], how much of the pattern was seen.
        pitch_hz: of the tone that keeps it.
    """

    kind: str
    strength: float
    pitch_hz: float


class PatternFinder:
    """Streaming stage from log-mel frames to the alarm rhythm being heard.

    Args:
        fmin_hz: lower edge of the lowest mel band.
        fmax_hz: upper edge of the highest mel band.
    """

    def __init__(self, *, fmin_hz: float, fmax_hz: float) -> None:
        self._edges_hz = (fmin_hz, fmax_hz)
        self._centres_hz: NDArray[np.float64] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        # The last twelve seconds, kept twice so that they are always one contiguous slice.
        self._ring: NDArray[np.float32] | None = None
        self._heard_frames = 0  # log-mel frames since the start
        self._suspected_until = -1  # posterior frame up to which rhythms are looked for
        self._match: PatternMatch | None = None
        self._chirps: list[tuple[float, float]] = []  # (stream time, pitch) of the last minute

    def feed(
        self, log_mel: NDArray[np.float32], *, frame: int, is_suspected: bool
    ) -> PatternMatch | None:
        """Hear one posterior frame's worth of log-mel.

        Args:
            log_mel: (10, F) natural log of mel power.
            frame: index of the posterior frame.
            is_suspected: something alarm-like has a posterior worth a look.

        Returns:
            The rhythm being heard, None if there is none or nothing is suspected.
        """
        self._remember(log_mel)
        if is_suspected:
            self._suspected_until = frame + _LINGER_FRAMES
        if not self.is_searching(frame):
            self._match = None
        elif frame % (_LOOK_EVERY_FRAMES if self._is_open() else _CHECK_EVERY_FRAMES) == 0:
            self._match = self._look()
        return self._match

    def is_searching(self, frame: int) -> bool:
        """Whether something alarm-like was suspected in a frame, or shortly before."""
        return frame <= self._suspected_until

    def _is_open(self) -> bool:
        """Whether there is anything left to learn about the rhythm."""
        return self._match is None or self._match.strength < 1

    def _remember(self, log_mel: NDArray[np.float32]) -> None:
        if self._ring is None:
            self._ring = np.zeros((2 * _WINDOW_FRAMES, log_mel.shape[1]), np.float32)
            self._centres_hz = band_centres_hz(log_mel.shape[1], *self._edges_hz)
        start = self._heard_frames % _WINDOW_FRAMES
        self._ring[start : start + LOG_MEL_FRAMES_PER_HOP] = log_mel
        self._ring[start + _WINDOW_FRAMES : start + _WINDOW_FRAMES + LOG_MEL_FRAMES_PER_HOP] = (
            log_mel
        )
        self._heard_frames += LOG_MEL_FRAMES_PER_HOP

    def _window(self) -> NDArray[np.float32]:
        """(L, F): the last twelve seconds, or the whole stream while it is shorter."""
        assert self._ring is not None  # noqa: S101 - feed has remembered something
        if self._heard_frames < _WINDOW_FRAMES:
            return self._ring[: self._heard_frames]
        start = self._heard_frames % _WINDOW_FRAMES
        return self._ring[start : start + _WINDOW_FRAMES]

    def _look(self) -> PatternMatch | None:
        assert self._centres_hz is not None  # noqa: S101 - feed has remembered something
        window = self._window()
        window_s = len(window) * LOG_MEL_HOP_S
        best: Rhythm | None = None
        for tone in find_tones(window, self._centres_hz):
            rhythm = name_rhythm(tone)
            if rhythm is None or window_s - rhythm.last_on_s > _RECENT_S[rhythm.kind]:
                continue
            if best is None or _merit(rhythm) > _merit(best):
                best = rhythm
        if best is None:
            return None
        strength = best.strength
        if best.kind == "chirp" and self._has_chirped_before(best, window_s):
            strength = 1.0
        return PatternMatch(kind=best.kind, strength=strength, pitch_hz=best.pitch_hz)

    def _has_chirped_before(self, chirp: Rhythm, window_s: float) -> bool:
        """Note a chirp; tell whether one of its pitch came a chirp's period ago."""
        now_s = self._heard_frames * LOG_MEL_HOP_S
        at_s = now_s - window_s + chirp.last_on_s
        self._chirps = [
            (then_s, pitch_hz)
            for then_s, pitch_hz in self._chirps
            if at_s - then_s <= _CHIRP_PERIOD_S[1]
        ]
        same = [
            then_s
            for then_s, pitch_hz in self._chirps
            if abs(pitch_hz / chirp.pitch_hz - 1) <= _CHIRP_SAME_PITCH
        ]
        if all(at_s - then_s > 1.0 for then_s in same):
            self._chirps.append((at_s, chirp.pitch_hz))
        return any(at_s - then_s >= _CHIRP_PERIOD_S[0] for then_s in same)


def _merit(rhythm: Rhythm) -> tuple[float, float]:
    """What goes before what; of a tone and its harmonics the loudest."""
    return RANK[rhythm.kind] + rhythm.strength, rhythm.level
