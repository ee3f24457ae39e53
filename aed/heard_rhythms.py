"""What the search for timing patterns saw around one moment of a stream, for whoever explains it.

Axes: T posterior frames, N ontology nodes, L log-mel frames, F mel bands.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.evidence import PatternEvidence
from aed.patterns import PatternFinder, PatternMatch
from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, POSTERIOR_HOP_S, Posteriors
from aed.pulses import Tone, band_centres_hz, find_tones
from aed.rhythms import name_rhythm
from ontology import LabelSet

_CLEAR_DB = 6.0  # above what is beside it; less is noise that has a colour


@dataclass(frozen=True, slots=True, kw_only=True)
class RhythmSpan:
    """A stretch of time in which one timing pattern was being heard, in stream time.

    Attributes:
        kind: `t3`, `t4`, `continuous` or `chirp`.
        strength: the highest in it, in (0, 1].
        pitch_hz: of its tone, when it was strongest.
        onset_s: from when.
        offset_s: to when.
    """

    kind: str
    strength: float
    pitch_hz: float
    onset_s: float
    offset_s: float


class RhythmListener:
    """Looks for timing patterns as the event logic does, and keeps what it found.

    Args:
        labels: columns of the posteriors.
        edges_hz: `fmin_hz` and `fmax_hz` of the front end.
    """

    def __init__(self, labels: LabelSet, edges_hz: Mapping[str, float]) -> None:
        self._evidence = PatternEvidence(labels)
        # Lives as long as the stream.
        self._finder = PatternFinder(fmin_hz=edges_hz["fmin_hz"], fmax_hz=edges_hz["fmax_hz"])
        self._frame = 0
        self._searched: list[bool] = []
        self._matches: list[PatternMatch | None] = []

    def feed(self, posteriors: Posteriors) -> NDArray[np.float32]:
        """Hear the next frames.

        Args:
            posteriors: frames that follow those fed before.

        Returns:
            (T, N) confidences: the posteriors with the evidence of the patterns.
        """
        values = posteriors.values
        confidence = values.copy()
        for index, is_suspected in enumerate(self._evidence.suspected(values).tolist()):
            first = index * LOG_MEL_FRAMES_PER_HOP
            match = self._finder.feed(
                posteriors.log_mel[first : first + LOG_MEL_FRAMES_PER_HOP],
                frame=self._frame,
                is_suspected=is_suspected,
            )
            confidence[index] = self._evidence.weigh(values[index], match)
            self._matches.append(match)
            self._searched.append(self._finder.is_searching(self._frame))
            self._frame += 1
        return confidence

    def at(self, frame: int) -> PatternMatch | None:
        """The pattern being heard in a frame."""
        return self._matches[frame]

    def was_searching(self, frame: int) -> bool:
        """Whether something alarm-like was suspected, then or shortly before."""
        return self._searched[frame]

    def spans(self, first_frame: int, stop_frame: int) -> tuple[RhythmSpan, ...]:
        """Patterns that were being heard between two frames, in order of time."""
        spans: list[RhythmSpan] = []
        for frame in range(max(0, first_frame), min(stop_frame, len(self._matches))):
            match = self._matches[frame]
            if match is None:
                continue
            onset_s = round(frame * POSTERIOR_HOP_S, 3)
            span = _span(match, onset_s)
            if spans and spans[-1].kind == match.kind and spans[-1].offset_s == onset_s:
                span = _joined(spans.pop(), span)
            spans.append(span)
        return tuple(spans)


def _span(match: PatternMatch, onset_s: float) -> RhythmSpan:
    return RhythmSpan(
        kind=match.kind,
        strength=match.strength,
        pitch_hz=match.pitch_hz,
        onset_s=onset_s,
        offset_s=round(onset_s + POSTERIOR_HOP_S, 3),
    )


def _joined(before: RhythmSpan, after: RhythmSpan) -> RhythmSpan:
    strongest = max(before, after, key=lambda span: span.strength)
    return RhythmSpan(
        kind=before.kind,
        strength=strongest.strength,
        pitch_hz=strongest.pitch_hz,
        onset_s=before.onset_s,
        offset_s=after.offset_s,
    )


def telling_tone(
    log_mel: NDArray[np.float32], edges_hz: Mapping[str, float], spans: tuple[RhythmSpan, ...]
) -> Tone | None:
    """The tone of a window that tells most: the one that kept a pattern, else the clearest.

    Args:
        log_mel: (L, F) the window.
        edges_hz: `fmin_hz` and `fmax_hz` of the front end.
        spans: patterns that were heard.
    """
    centres_hz = band_centres_hz(log_mel.shape[1], edges_hz["fmin_hz"], edges_hz["fmax_hz"])
    tones = list(find_tones(log_mel, centres_hz))
    kinds = {span.kind for span in spans}
    for tone in tones:
        rhythm = name_rhythm(tone)
        if rhythm is not None and rhythm.kind in kinds:
            return tone
    heard = [tone for tone in tones if tone.pulses and tone.prominence_db >= _CLEAR_DB]
    # The deepest threshold that clears the floor shows the quietest of its pulses too.
    return next((tone for tone in reversed(heard) if tone.pitch_hz == heard[0].pitch_hz), None)
