"""One source's way from sound to announcements: hearing, then the announcer."""

from typing import TYPE_CHECKING

from daemon.announcer import Announcement, Announcer, State
from daemon.clocks import StreamClock
from daemon.former_events import FormerEvent

if TYPE_CHECKING:
    from aed.audio import AudioChunk
    from aed.hearing import Hearing


class Ear:
    """Hears one source; each stream of it from its beginning to its end."""

    def __init__(
        self, *, hearing: "Hearing", announcer: Announcer, stream_clock: StreamClock
    ) -> None:
        self._hearing = hearing
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
        return [self._announcer.announce(event) for event in self._hearing.feed(chunk).events]

    def tick(self) -> list[Announcement]:
        """What there is to say by now without anything new being heard."""
        return [self._announcer.end_undecided()]

    def close(self) -> list[Announcement]:
        """End whatever is open: nothing more will be heard."""
        return [*self.cut(), self._announcer.end_former()]

    def hand_over(self) -> tuple[list[Announcement], list[FormerEvent]]:
        """End with this ear, not with what it hears: another one will hear the source.

        Returns:
            What there is to say about sounds that it was about to tell of, and what is open.
        """
        events = self._hearing.flush().events if self._heard_s else []
        announcements = [self._announcer.announce(e) for e in events if e.phase != "end"]
        return announcements, self._announcer.open_events()

    def cut(self) -> list[Announcement]:
        """End the stream: decide what is open, say that it has ended, begin anew.

        Whoever stops listening cannot claim that a sound goes on.
        """
        if self._heard_s == 0.0:
            return []
        announcements = [self._announcer.announce(event) for event in self._hearing.flush().events]
        self._hearing.reset()
        self._announcer.forget()
        self._heard_s = 0.0
        return announcements
