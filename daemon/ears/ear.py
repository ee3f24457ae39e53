"""One source's way from sound to announcements: hearing, then the announcer."""

from typing import TYPE_CHECKING

from daemon.clips.recorder import ClipRecorder
from daemon.clocks import Clock, StreamClock
from daemon.ears.announcer import Announcement, Announcer, State
from daemon.ears.former_events import FormerEvent
from daemon.health.meter import Meter
from daemon.metrics.tally import Tally
from daemon.requests.glance import Glance
from daemon.taught.tap import Tap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aed.audio import AudioChunk
    from aed.candidate import Cause, Suppressed
    from aed.events import Event
    from aed.hearing import Heard, Hearing
    from aed.thresholds import Layer, NodeThresholds


class Ear:
    """Hears one source; each stream of it from its beginning to its end."""

    def __init__(
        self,
        *,
        hearing: "Hearing",
        announcer: Announcer,
        stream_clock: StreamClock,
        clock: Clock,
        recorder: ClipRecorder | None = None,
    ) -> None:
        """Begin with nothing heard.

        Args:
            hearing: the model.
            announcer: says what its events mean.
            stream_clock: is told what has been heard.
            clock: for what hearing costs.
            recorder: the announcer's; None if nothing is recorded.
        """
        self._recorder = recorder
        self.meter = Meter(clock=clock)
        self.tally = Tally()
        self.glance = Glance(hearing.labels, clock=clock)
        self.tap = Tap(clock=clock)
        self._clock = clock
        self._hearing = hearing
        self._announcer = announcer
        self._stream_clock = stream_clock
        # Seconds of the present stream that were heard.
        self._heard_s = 0.0

    @property
    def num_suppressed(self) -> "Mapping[tuple[str, Cause], int]":
        """How many candidates were not reported so far, by node and cause."""
        return self._hearing.num_suppressed

    @property
    def lost_frames(self) -> int:
        """Frames of the present stream for which the model gave no numbers."""
        return self._hearing.detector.lost_frames

    @property
    def thresholds(self) -> "Mapping[str, NodeThresholds]":
        """What each node is held to now."""
        return self._hearing.thresholds

    def recently_suppressed(self) -> "list[tuple[Suppressed, float]]":
        """The latest candidates of this stream that were not reported, each with its wall time."""
        return [
            (each, self._stream_clock.wall_s(each.onset_s)) for each in self._hearing.suppressed
        ]

    def initial_states(self) -> list[State]:
        """States to publish before anything was heard."""
        return self._announcer.initial_states()

    def take(self, chunk: "AudioChunk", *, waited_s: float = 0.0) -> "Hearing":
        """Take a chunk that is about to be heard.

        Args:
            chunk: the next of the stream.
            waited_s: how long ago its end arrived.

        Returns:
            What shall hear it.
        """
        self._heard_s += chunk.duration_s
        self.meter.note_taken()
        self._stream_clock.mark(self._heard_s, waited_s=waited_s)
        return self._hearing

    def tell(self, chunk: "AudioChunk", heard: "Heard", *, took_s: float) -> list[Announcement]:
        """Say what there is to say about what has been heard.

        Args:
            chunk: the one that was taken.
            heard: what it gave.
            took_s: how long that took.
        """
        self.meter.note(heard.posteriors, took_s=took_s)
        self.glance.note(heard.posteriors)
        if len(heard.posteriors.values):
            self.tally.note_inference(took_s)
        if self._recorder is not None:
            self._recorder.hear(chunk, heard.posteriors)
        self.tap.hear(chunk)
        return self._announce(heard.events)

    def retune(self, settings: "Layer") -> None:
        """Hold what is heard from now on to other thresholds.

        Args:
            settings: those that differ from the bundle's.

        Raises:
            ThresholdsError: they do not fit the bundle.
        """
        self._hearing.retune(settings)

    def follow(self, settings: "Layer", classes: "Sequence[str]") -> None:
        """Hear on with other settings: no sound is interrupted, and nobody called twice for it.

        Args:
            settings: see `retune`.
            classes: ids of the nodes that have class states.
        """
        self.retune(settings)
        self._announcer.follow(classes)

    def tick(self) -> list[Announcement]:
        """What there is to say by now without anything new being heard."""
        return [self._announcer.end_undecided()]

    def close(self) -> list[Announcement]:
        """End whatever is open: nothing more will be heard."""
        return [*self.cut(), self._announcer.end_former()]

    def hand_over(self, *, is_sound: bool = True) -> tuple[list[Announcement], list[FormerEvent]]:
        """End with this ear, not with what it hears: another one will hear the source.

        What was not sure yet is left to that one to decide.

        Args:
            is_sound: ask its model once more; not of one that is given up.

        Returns:
            What there is to say about sounds that it was about to tell of, and what is open.
        """
        events = []
        if self._heard_s and is_sound:
            events = self._hearing.flush(is_whole=False).events
        announcements = self._announce([event for event in events if event.phase != "end"])
        former = self._announcer.open_events()
        if self._recorder is not None:
            self._recorder.finish()
        return announcements, former

    def cut(self, *, is_whole: bool = False) -> list[Announcement]:
        """End the stream: say that what is open has ended, begin anew.

        Whoever stops listening cannot claim that a sound goes on.

        Args:
            is_whole: a recording was heard to its end; what is undecided is decided.
        """
        if self._heard_s == 0.0:
            return []
        announcements = self._announce(self._hearing.flush(is_whole=is_whole).events)
        if self._recorder is not None:
            self._recorder.finish()
        self._hearing.reset()
        self._announcer.forget()
        self.meter.note_cut()
        self._heard_s = 0.0
        return announcements

    def _announce(self, events: "Sequence[Event]") -> list[Announcement]:
        self.tally.note_events(events)
        return [self._announcer.announce(event) for event in events]
