"""One source's way from sound to announcements: detector, event tracker, announcer.

Detector and tracker are handed in, so that this package knows only what they can do.
"""

from typing import TYPE_CHECKING, Protocol

from daemon.announcer import Announcement, Announcer, State
from daemon.clocks import StreamClock

if TYPE_CHECKING:
    from aed.audio import AudioChunk
    from aed.events import Event
    from aed.posteriors import Posteriors


class Detector(Protocol):
    """What `aed.detector.StreamingDetector` offers."""

    def feed(self, chunk: "AudioChunk") -> "Posteriors":
        """Hear a chunk; gives the frames it completes."""

    def flush(self) -> "Posteriors":
        """Hear what is left."""

    def reset(self) -> None:
        """Forget the stream."""


class Tracker(Protocol):
    """What `aed.events.EventTracker` offers."""

    def feed(self, posteriors: "Posteriors") -> "list[Event]":
        """Follow the next frames; gives what happened in them."""

    def flush(self) -> "list[Event]":
        """Decide what is open."""

    def reset(self) -> None:
        """Forget the stream."""


class Ear:
    """Hears one source; each stream of it from its beginning to its end."""

    def __init__(
        self,
        *,
        detector: Detector,
        tracker: Tracker,
        announcer: Announcer,
        stream_clock: StreamClock,
    ) -> None:
        self._detector = detector
        self._tracker = tracker
        self._announcer = announcer
        self._stream_clock = stream_clock
        # Seconds of the present stream that were heard.
        self._heard_s = 0.0

    def initial_states(self) -> list[State]:
        """States to publish before anything was heard."""
        return self._announcer.initial_states()

    def hear(self, chunk: "AudioChunk") -> list[Announcement]:
        """Hear a chunk.

        Args:
            chunk: the next of the stream, arrived just now.

        Returns:
            What there is to say about it.
        """
        self._heard_s += len(chunk.samples) / chunk.sample_rate_hz
        self._stream_clock.mark(self._heard_s)
        events = self._tracker.feed(self._detector.feed(chunk))
        return [self._announcer.announce(event) for event in events]

    def cut(self) -> list[Announcement]:
        """End the stream: decide what is open, say that it has ended, begin anew.

        Whoever stops listening cannot claim that a sound goes on.
        """
        if self._heard_s == 0.0:
            return []
        events = [*self._tracker.feed(self._detector.flush()), *self._tracker.flush()]
        announcements = [self._announcer.announce(event) for event in events]
        self._detector.reset()
        self._tracker.reset()
        self._announcer.forget()
        self._heard_s = 0.0
        return announcements
