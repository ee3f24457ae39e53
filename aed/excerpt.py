"""The part of a stream around a moment: what was heard in it, frame by frame.

Axes: T posterior frames, N ontology nodes, L log-mel frames, F mel bands.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, POSTERIOR_HOP_S, Posteriors
from aed.pulses import band_centres_hz


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Some seconds of a stream.

    Attributes:
        start_frame: index of the first posterior frame in the stream.
        posteriors: (T, N).
        confidence: (T, N), the posteriors with the evidence of timing.
        log_mel: (L, F) natural log of mel power, ten frames to a posterior.
        levels_dbfs: (T,).
        centres_hz: (F,) centre frequencies of the mel bands.
    """

    start_frame: int
    posteriors: NDArray[np.float32]
    confidence: NDArray[np.float32]
    log_mel: NDArray[np.float32]
    levels_dbfs: NDArray[np.float32]
    centres_hz: NDArray[np.float64]

    @property
    def start_s(self) -> float:
        """Stream time at which it begins."""
        return self.start_frame * POSTERIOR_HOP_S

    @property
    def stop_frame(self) -> int:
        """First posterior frame after it."""
        return self.start_frame + len(self.posteriors)

    def between(self, first_frame: int, stop_frame: int) -> "Excerpt":
        """The part of it between two frames of the stream."""
        first = max(first_frame - self.start_frame, 0)
        stop = max(stop_frame - self.start_frame, 0)
        mels = slice(first * LOG_MEL_FRAMES_PER_HOP, stop * LOG_MEL_FRAMES_PER_HOP)
        return Excerpt(
            start_frame=self.start_frame + first,
            posteriors=self.posteriors[first:stop],
            confidence=self.confidence[first:stop],
            log_mel=self.log_mel[mels],
            levels_dbfs=self.levels_dbfs[first:stop],
            centres_hz=self.centres_hz,
        )


class Excerpter:
    """Keeps what a stream held between two moments, and lets the rest go.

    Args:
        from_s: start of what is kept, in stream time.
        to_s: end of it.
    """

    def __init__(self, from_s: float, to_s: float) -> None:
        self._from_s, self._to_s = from_s, to_s
        self._parts: list[tuple[Posteriors, NDArray[np.float32]]] = []

    def feed(self, posteriors: Posteriors, confidence: NDArray[np.float32]) -> None:
        """Take in the next frames.

        Args:
            posteriors: frames that follow those fed before.
            confidence: (T, N), the same with the evidence of timing.
        """
        start_s = posteriors.start_frame * POSTERIOR_HOP_S
        stop_s = start_s + len(posteriors.values) * POSTERIOR_HOP_S
        if stop_s > self._from_s and start_s < self._to_s:
            self._parts.append((posteriors, confidence))

    @property
    def has_frames(self) -> bool:
        """Whether the stream had a frame between the two moments."""
        return any(len(part.values) for part, _ in self._parts)

    def excerpt(self, edges_hz: Mapping[str, float]) -> Excerpt:
        """What was kept, of a stream that reached the first moment.

        Args:
            edges_hz: `fmin_hz` and `fmax_hz` of the front end.
        """
        log_mel = np.concatenate([part.log_mel for part, _ in self._parts])
        return Excerpt(
            start_frame=self._parts[0][0].start_frame,
            posteriors=np.concatenate([part.values for part, _ in self._parts]),
            confidence=np.concatenate([confidence for _, confidence in self._parts]),
            log_mel=log_mel,
            levels_dbfs=np.concatenate([part.level_dbfs for part, _ in self._parts]),
            centres_hz=band_centres_hz(log_mel.shape[1], edges_hz["fmin_hz"], edges_hz["fmax_hz"]),
        )
