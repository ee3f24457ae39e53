"""Why there was an alert at a moment of a recording, or none: what the event logic knew then."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from aed.audio import AudioChunk
from aed.bundle import Bundle
from aed.candidate import Suppressed
from aed.errors import AudioError
from aed.events import Event
from aed.excerpt import Excerpt, Excerpter
from aed.heard_rhythms import RhythmListener, RhythmSpan, telling_tone
from aed.hearing import Hearing
from aed.node_accounts import NodeAccount, account_for
from aed.patterns import WINDOW_S, PatternMatch
from aed.posteriors import POSTERIOR_HOP_S, Posteriors
from aed.pulses import Tone
from aed.thresholds import Layer, resolve
from ontology import LabelSet

NEAR_S = 5.0
"""What happened this long before or after a moment may explain it."""

BEFORE_S, AFTER_S = 12.0, 8.0
"""How much of the recording around the moment is kept to be looked at."""

_NEAR_FRAMES = round(NEAR_S / POSTERIOR_HOP_S)
_WINDOW_FRAMES = round(WINDOW_S / POSTERIOR_HOP_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known of a moment.

    Attributes:
        at_s: the moment, in stream time.
        duration_s: of the recording.
        level_dbfs: at the moment.
        pattern: the timing pattern being heard then.
        is_searched: something alarm-like was suspected, so a timing pattern was looked for.
        rhythms: the timing patterns heard within `NEAR_S` of it.
        tone: the tone that kept them, else the clearest of the seconds before, with its pulses.
        tone_start_s: stream time from which the times of its pulses count.
        events: those that lasted within `NEAR_S` of it, as they ended.
        alerts: of these, the phases that called for a person.
        suppressed: candidates that were given up within `NEAR_S` of it.
        nodes: accounts of the critical nodes, and of what was loudest beside them.
        labels: columns of the posteriors.
        excerpt: posteriors, sound and level around it.
    """

    at_s: float
    duration_s: float
    level_dbfs: float
    pattern: PatternMatch | None
    is_searched: bool
    rhythms: tuple[RhythmSpan, ...]
    tone: Tone | None
    tone_start_s: float
    events: tuple[Event, ...]
    alerts: tuple[Event, ...]
    suppressed: tuple[Suppressed, ...]
    nodes: tuple[NodeAccount, ...]
    labels: LabelSet
    excerpt: Excerpt

    def end_s(self, event: Event) -> float:
        """When an event ended, in stream time; the last frame may lie beyond the recording."""
        if event.offset_s is None:
            return self.duration_s
        return min(event.offset_s, self.duration_s)


def explain(
    bundle: Bundle, chunks: Iterable[AudioChunk], at_s: float, settings: Layer | None = None
) -> Explanation:
    """Hear a recording as the daemon would, and account for a moment of it.

    Args:
        bundle: the model.
        chunks: the recording.
        at_s: the moment, in seconds from its beginning.
        settings: thresholds that the user wants otherwise.

    Raises:
        AudioError: the recording cannot be heard, or ends before the moment.
        ThresholdsError: `settings` name unknown nodes or impossible numbers.
    """
    hearing = Hearing(bundle, settings)
    edges_hz = bundle.edges_hz
    rhythms = RhythmListener(bundle.labels, edges_hz)
    excerpter = Excerpter(at_s - BEFORE_S, at_s + AFTER_S)
    events: list[Event] = []
    suppressed: dict[Suppressed, None] = {}  # in order; the tracker itself keeps only the latest
    heard_s = 0.0

    def take_in(posteriors: Posteriors, news: list[Event]) -> None:
        excerpter.feed(posteriors, rhythms.feed(posteriors))
        events.extend(news)
        suppressed.update(dict.fromkeys(s for s in hearing.suppressed if _is_near(s, at_s)))

    broken: AudioError | None = None
    try:
        for chunk in chunks:
            heard = hearing.feed(chunk)
            heard_s += chunk.duration_s
            take_in(heard.posteriors, heard.events)
    except AudioError as error:
        broken = error  # what came before can be explained all the same
    last = hearing.flush()
    take_in(last.posteriors, last.events)
    if broken is not None and not 0 <= at_s <= heard_s:
        raise broken
    if not 0 <= at_s <= heard_s or not excerpter.has_frames:
        raise AudioError(
            f"--at: wanted 0 to {heard_s:.5g} s, the recording's length (at least one sample at "
            f"16 kHz), got {at_s:g}"
        )
    excerpt = excerpter.excerpt(edges_hz)
    frame = min(int(at_s / POSTERIOR_HOP_S + 1e-6), excerpt.stop_frame - 1)
    near = excerpt.between(frame - _NEAR_FRAMES, frame + _NEAR_FRAMES + 1)
    window = excerpt.between(near.stop_frame - _WINDOW_FRAMES, near.stop_frame)
    spans = rhythms.spans(near.start_frame, near.stop_frame)
    ended = tuple(each for each in events if each.phase == "end" and _is_near(each, at_s))
    numbers = {event.number for event in ended}
    return Explanation(
        at_s=at_s,
        duration_s=heard_s,
        level_dbfs=float(excerpt.levels_dbfs[frame - excerpt.start_frame]),
        pattern=rhythms.at(frame),
        is_searched=rhythms.was_searching(frame),
        rhythms=spans,
        tone=telling_tone(window.log_mel, edges_hz, spans),
        tone_start_s=window.start_s,
        events=ended,
        alerts=tuple(event for event in events if event.alert_now and event.number in numbers),
        suppressed=tuple(suppressed),
        nodes=account_for(
            bundle.labels,
            near,
            frame,
            thresholds=resolve(bundle.thresholds, bundle.ontology, settings),
            events=ended,
            suppressed=suppressed,
        ),
        labels=bundle.labels,
        excerpt=excerpt,
    )


def _is_near(what: Event | Suppressed, at_s: float) -> bool:
    end_s = what.gone_s if isinstance(what, Suppressed) else what.offset_s
    return what.onset_s - NEAR_S <= at_s <= (math.inf if end_s is None else end_s) + NEAR_S
