"""One stream's whole way from sound to events, for whoever wants nothing in between.

AudioChunk -> StreamingDetector -> Posteriors -> EventTracker, TaughtHearing -> Events
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aed.audio import AudioChunk
from aed.bundle import Bundle
from aed.candidate import Cause
from aed.detector import StreamingDetector
from aed.events import Event, EventTracker, Suppressed
from aed.posteriors import Posteriors
from aed.second_look import SecondLook
from aed.taught.hearing import TaughtHearing
from aed.thresholds import Layer, NodeThresholds, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a stretch of sound gave.

    Attributes:
        posteriors: the frames it completed.
        events: what began, became clearer or ended in them.
    """

    posteriors: Posteriors
    events: list[Event]


class Hearing:
    """Detector and event tracker of one stream.

    Args:
        bundle: the model.
        settings: thresholds that the user wants otherwise.

    Attributes:
        labels: columns of the posteriors, those of taught sounds among them.
        detector: from sound to posteriors.

    Raises:
        ThresholdsError: `settings` name unknown nodes or impossible numbers.
    """

    def __init__(self, bundle: Bundle, settings: Layer | None = None) -> None:
        self._bundle = bundle
        edges_hz = bundle.edges_hz
        second_look = None
        if bundle.verifier is not None:
            second_look = SecondLook(bundle.verifier, bundle.labels, **edges_hz)
        self._thresholds = resolve(bundle.thresholds, bundle.ontology, settings)
        # All of these live as long as the stream.
        self.detector = StreamingDetector(bundle)
        self._tracker = EventTracker(
            bundle.ontology,
            self._thresholds,
            second_look=second_look,
            **edges_hz,
        )
        self._taught = None
        if bundle.taught is not None:
            self._taught = TaughtHearing(bundle.taught, bundle.labels, **edges_hz)
        self.labels = bundle.labels if self._taught is None else self._taught.labels

    def retune(self, settings: Layer) -> None:
        """Hold what is heard from now on to other thresholds; the stream goes on.

        Args:
            settings: thresholds that the user wants otherwise.

        Raises:
            ThresholdsError: they name unknown nodes or impossible numbers; nothing has changed.
        """
        self._thresholds = resolve(self._bundle.thresholds, self._bundle.ontology, settings)
        self._tracker.retune(self._thresholds)

    @property
    def thresholds(self) -> Mapping[str, NodeThresholds]:
        """What each node is held to now, taught sounds among them."""
        taught = {} if self._taught is None else self._taught.thresholds
        return {**self._thresholds, **taught}

    @property
    def suppressed(self) -> tuple[Suppressed, ...]:
        """The latest candidates that were not reported, and why; oldest first."""
        return self._tracker.suppressed

    @property
    def num_suppressed(self) -> Mapping[tuple[str, Cause], int]:
        """How many candidates were not reported so far, by node and cause; `reset` keeps it."""
        return self._tracker.num_suppressed

    def feed(self, chunk: AudioChunk) -> Heard:
        """Hear a chunk of any length, rate and channel count.

        Raises:
            AudioError: the chunk has an impossible shape or rate.
        """
        return self.track(self.detector.feed(chunk))

    def track(self, posteriors: Posteriors) -> Heard:
        """Go on with what the detector has heard.

        Args:
            posteriors: the next frames of the stream, of the model's own nodes.
        """
        events = self._tracker.feed(posteriors)
        if self._taught is not None:
            posteriors, taught_events = self._taught.feed(posteriors)
            events += taught_events
        return Heard(posteriors=posteriors, events=events)

    def flush(self, *, is_whole: bool = True) -> Heard:
        """Hear what is left, decide what is undecided, end what is open.

        Args:
            is_whole: see `EventTracker.flush`.
        """
        heard = self.track(self.detector.flush())
        events = [*heard.events, *self._tracker.flush(is_whole=is_whole)]
        if self._taught is not None:
            events += self._taught.flush(is_whole=is_whole)
        return Heard(posteriors=heard.posteriors, events=events)

    def reset(self) -> None:
        """Forget the stream."""
        self.detector.reset()
        self._tracker.reset()
        if self._taught is not None:
            self._taught.reset()
