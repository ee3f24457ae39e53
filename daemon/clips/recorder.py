"""Decides what of one source's sound becomes a clip; until then it is in memory only.

A clip begins `before_s` before its event and ends `after_s` after it, or after `longest_s`. It is
recorded for events that called a person. Where a person is heard in it there is none; where they
are heard after its event has ended, when its name may have been told, it ends before they are.
"""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.conditioning import Conditioner
from aed.posteriors import POSTERIOR_HOP_S, Posteriors
from daemon.clips.folder import clip_name
from daemon.clips.pcm_ring import PcmRing
from daemon.settings.clips import ClipSettings

if TYPE_CHECKING:
    from aed.events import Event
    from ontology import LabelSet

VOICES = ("person", "speech")
"""Nodes of which a posterior says that a person is heard."""

VOICE = 0.5
"""The posterior from which they are."""

LATE_S = 1.0
"""A voice is recognised so much later than it begins, at most."""

_SLACK_S = 5.0
"""Sound that is kept beyond the longest clip: an alert tells of what began seconds ago."""


class Keeper(Protocol):
    """What a recorder needs of `daemon.clips.clips.Clips`."""

    def admit(self) -> bool:
        """Whether the disk would take a clip now."""

    def write(self, event_id: str, samples: NDArray[np.int16], *, is_critical: bool) -> None:
        """Write a clip within the next turns."""

    def note_speech(self) -> None:
        """Count a clip that there will not be."""


@dataclass(slots=True, kw_only=True)
class _Recording:
    """The clip of one event.

    Attributes:
        event_id: of the event.
        begin_s: stream time at which it begins.
        offset_s: when the event ended; None while it lasts.
        is_critical: whether the event is.
        name: what it is called, once that is told.
        is_over: it was handed on, or there will be none.
    """

    event_id: str
    begin_s: float
    offset_s: float | None = None
    is_critical: bool
    name: str | None = None
    is_over: bool = False


class ClipRecorder:
    """Records one source, of each stream of it what deserves it."""

    def __init__(self, settings: ClipSettings, *, labels: "LabelSet", keeper: Keeper) -> None:
        """Begin with nothing heard.

        Args:
            settings: how to record.
            labels: columns of the posteriors; one of `VOICES` is among them.
            keeper: takes the clips.
        """
        self._settings = settings
        self._keeper = keeper
        self._voices = [labels.index[node] for node in VOICES if node in labels.index]
        # Live as long as the stream: its sound; when a person was heard in it; by the number of
        # their event what is or was recorded.
        self._conditioner = Conditioner()
        self._ring = PcmRing(round((settings.longest_s + LATE_S + _SLACK_S) * SAMPLE_RATE_HZ))
        self._voiced_s: deque[float] = deque()
        self._recordings: dict[int, _Recording] = {}

    def hear(self, chunk: AudioChunk, posteriors: Posteriors) -> None:
        """Hear a chunk.

        Args:
            chunk: the next of the stream, at most a few seconds.
            posteriors: the frames that it completed.
        """
        self._ring.write(self._conditioner.feed(chunk))
        is_voiced = np.any(posteriors.values[:, self._voices] >= VOICE, axis=1)  # (T,)
        frames = posteriors.start_frame + np.flatnonzero(is_voiced)
        self._voiced_s.extend((frames * POSTERIOR_HOP_S).tolist())
        while self._voiced_s and self._voiced_s[0] < self._ring.begin_sample / SAMPLE_RATE_HZ:
            self._voiced_s.popleft()
        for recording in self._recordings.values():
            stop_s = self._stop_s(recording)
            if not recording.is_over and self._now_s >= stop_s + LATE_S:
                self._end(recording, stop_s)
        self._forget_ended()

    def note(self, event: "Event", event_id: str) -> str | None:
        """Note a phase of an event.

        Args:
            event: the next of the stream.
            event_id: its id.

        Returns:
            Name of its clip, once it is sure that there will be one.
        """
        recording = self._recordings.get(event.number)
        if recording is None:
            if not event.alert_now:
                return None
            recording = _Recording(
                event_id=event_id,
                begin_s=max(0.0, event.onset_s - self._settings.before_s),
                is_critical=event.critical,
            )
            self._recordings[event.number] = recording
        if recording.name is None:
            recording.is_critical = event.critical
        if event.phase == "end":
            recording.offset_s = event.offset_s
            self._name(recording, self._stop_s(recording))
        return recording.name

    def break_off(self, number: int) -> str | None:
        """End the clip of an event now, though the event goes on.

        Args:
            number: of the event in the stream.

        Returns:
            Name of its clip, if there is one.
        """
        recording = self._recordings.get(number)
        if recording is None:
            return None
        if not recording.is_over:
            self._end(recording, self._now_s)
        return recording.name

    def finish(self) -> None:
        """End the stream: what is recorded ends here; forget the rest."""
        for recording in self._recordings.values():
            if not recording.is_over:
                self._end(recording, min(self._stop_s(recording), self._now_s))
        self._recordings.clear()
        self._voiced_s.clear()
        self._conditioner.reset()
        self._ring.clear()

    @property
    def _now_s(self) -> float:
        """Stream time of the newest sample."""
        return self._ring.end_sample / SAMPLE_RATE_HZ

    def _stop_s(self, recording: _Recording) -> float:
        """Where a clip ends."""
        longest_s = recording.begin_s + self._settings.longest_s
        if recording.offset_s is None:
            return longest_s
        return min(longest_s, recording.offset_s + self._settings.after_s)

    def _end(self, recording: _Recording, stop_s: float) -> None:
        """Hand a clip on, if there is one."""
        self._name(recording, stop_s)
        if recording.is_over:
            return
        recording.is_over = True
        voiced_s = self._first_voice_s(recording, stop_s)
        if voiced_s is not None:
            stop_s = min(stop_s, voiced_s - LATE_S)
        samples = self._ring.cut(
            round(recording.begin_s * SAMPLE_RATE_HZ), round(stop_s * SAMPLE_RATE_HZ)
        )
        if len(samples):
            self._keeper.write(recording.event_id, samples, is_critical=recording.is_critical)
        else:
            self._keeper.note_speech()

    def _name(self, recording: _Recording, stop_s: float) -> None:
        """Decide whether there will be a clip."""
        if recording.is_over or recording.name is not None:
            return
        if self._first_voice_s(recording, stop_s) is not None:
            self._keeper.note_speech()
            recording.is_over = True
        elif not self._keeper.admit():
            recording.is_over = True
        else:
            recording.name = clip_name(recording.event_id, is_critical=recording.is_critical)

    def _first_voice_s(self, recording: _Recording, stop_s: float) -> float | None:
        """When a person who may not be recorded was first heard in a clip."""
        if recording.is_critical and self._settings.speech == "keep_critical":
            return None
        heard = (s for s in self._voiced_s if recording.begin_s <= s < stop_s + LATE_S)
        return next(heard, None)

    def _forget_ended(self) -> None:
        """Forget what nobody will ask for any more."""
        self._recordings = {
            number: recording
            for number, recording in self._recordings.items()
            if not (recording.is_over and recording.offset_s is not None)
        }
