"""Why there was an alert at a moment of a recording, or none: what the event logic knew then.

Axes: T posterior frames, N ontology nodes, L log-mel frames, F mel bands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.audio import AudioChunk
from aed.bundle import Bundle
from aed.candidates import Suppressed
from aed.errors import AudioError
from aed.events import Event
from aed.evidence import PatternEvidence
from aed.hearing import Hearing
from aed.patterns import PatternFinder, PatternMatch
from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, POSTERIOR_HOP_S, Posteriors
from aed.thresholds import Layer, NodeThresholds, resolve
from ontology import LabelSet

NEAR_S = 5.0
"""What happened this long before or after a moment may explain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAccount:
    """One node around the moment.

    Attributes:
        node: its id.
        posterior: at the moment.
        peak: highest posterior within `NEAR_S` of it.
        peak_s: when.
        thresholds: of the node.
        is_critical: its alerts are.
        reason: why it was or was not reported, a sentence.
    """

    node: str
    posterior: float
    peak: float
    peak_s: float
    thresholds: NodeThresholds
    is_critical: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known of a moment.

    Attributes:
        at_s: the moment, in stream time.
        duration_s: of the recording.
        level_dbfs: at the moment.
        pattern: the timing pattern heard then.
        events: those that lasted within `NEAR_S` of it, as they ended.
        alerts: of these, the phases that called for a person.
        suppressed: candidates that were given up within `NEAR_S` of it.
        nodes: accounts of the critical nodes, and of what was loudest beside them.
        labels: columns of the posteriors.
        posteriors: (T, N) of the whole recording.
        log_mel: (L, F) of the whole recording.
        levels_dbfs: (T,) of the whole recording.
    """

    at_s: float
    duration_s: float
    level_dbfs: float
    pattern: PatternMatch | None
    events: tuple[Event, ...]
    alerts: tuple[Event, ...]
    suppressed: tuple[Suppressed, ...]
    nodes: tuple[NodeAccount, ...]
    labels: LabelSet
    posteriors: NDArray[np.float32]
    log_mel: NDArray[np.float32]
    levels_dbfs: NDArray[np.float32]


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
    parts: list[Posteriors] = []
    events: list[Event] = []
    heard_s = 0.0
    for chunk in chunks:
        heard = hearing.feed(chunk)
        heard_s += len(chunk.samples) / chunk.sample_rate_hz
        parts.append(heard.posteriors)
        events += heard.events
    last = hearing.flush()
    parts.append(last.posteriors)
    events += last.events
    if not 0 <= at_s <= heard_s:
        raise AudioError(f"--at: wanted 0 to {heard_s:.1f} s, the recording's length, got {at_s:g}")
    posteriors = np.concatenate([part.values for part in parts])
    log_mel = np.concatenate([part.log_mel for part in parts])
    levels_dbfs = np.concatenate([part.level_dbfs for part in parts])
    frame = min(int(at_s / POSTERIOR_HOP_S), len(posteriors) - 1)
    ended = [event for event in events if event.phase == "end" and _is_near(event, at_s)]
    numbers = {event.number for event in ended}
    suppressed = tuple(
        each for each in hearing.suppressed if each.onset_s - NEAR_S <= at_s <= each.gone_s + NEAR_S
    )
    thresholds = resolve(bundle.thresholds, bundle.ontology, settings)
    return Explanation(
        at_s=at_s,
        duration_s=heard_s,
        level_dbfs=float(levels_dbfs[frame]),
        pattern=_pattern(bundle, posteriors, log_mel, frame),
        events=tuple(ended),
        alerts=tuple(event for event in events if event.alert_now and event.number in numbers),
        suppressed=suppressed,
        nodes=_accounts(
            bundle.labels,
            posteriors,
            frame,
            thresholds=thresholds,
            events=ended,
            suppressed=suppressed,
        ),
        labels=bundle.labels,
        posteriors=posteriors,
        log_mel=log_mel,
        levels_dbfs=levels_dbfs,
    )


def _is_near(event: Event, at_s: float) -> bool:
    offset_s = np.inf if event.offset_s is None else event.offset_s
    return bool(event.onset_s - NEAR_S <= at_s <= offset_s + NEAR_S)


def _pattern(
    bundle: Bundle, posteriors: NDArray[np.float32], log_mel: NDArray[np.float32], frame: int
) -> PatternMatch | None:
    """The timing pattern heard at a frame, found as the event logic finds it."""
    front_end = bundle.info["front_end"]
    finder = PatternFinder(fmin_hz=float(front_end["fmin_hz"]), fmax_hz=float(front_end["fmax_hz"]))
    suspected = PatternEvidence(bundle.labels).suspected(posteriors)
    match = None
    for each in range(frame + 1):
        first = each * LOG_MEL_FRAMES_PER_HOP
        match = finder.feed(
            log_mel[first : first + LOG_MEL_FRAMES_PER_HOP],
            frame=each,
            is_suspected=bool(suspected[each]),
        )
    return match


_MOST_OTHERS = 4


def _accounts(
    labels: LabelSet,
    posteriors: NDArray[np.float32],
    frame: int,
    *,
    thresholds: Mapping[str, NodeThresholds],
    events: list[Event],
    suppressed: tuple[Suppressed, ...],
) -> tuple[NodeAccount, ...]:
    """Critical nodes in the order of the tree, then the loudest others."""
    reach = round(NEAR_S / POSTERIOR_HOP_S)
    first = max(0, frame - reach)
    window = posteriors[first : frame + reach + 1]
    peaks = window.max(axis=0)
    critical = [
        labels.index[node.id]
        for node in labels.ontology.nodes
        if node.alert is not None and node.alert.critical
    ]
    loudest = [int(column) for column in np.argsort(-peaks) if column not in critical]
    accounts = []
    for column in [*critical, *loudest[:_MOST_OTHERS]]:
        node = labels.nodes[column]
        accounts.append(
            NodeAccount(
                node=node,
                posterior=float(posteriors[frame, column]),
                peak=float(peaks[column]),
                peak_s=round((first + int(window[:, column].argmax()) + 1) * POSTERIOR_HOP_S, 3),
                thresholds=thresholds[node],
                is_critical=column in critical,
                reason=_reason(node, float(peaks[column]), thresholds[node], events, suppressed),
            )
        )
    return tuple(accounts)


def _reason(
    node: str,
    peak: float,
    thresholds: NodeThresholds,
    events: list[Event],
    suppressed: tuple[Suppressed, ...],
) -> str:
    for event in events:
        steps = event.path.split("/")
        if event.node == node:
            return f"reported at {event.detected_s:.1f} s as event {event.number}"
        if node in steps:
            return f"event {event.number} went deeper, to {event.node}"
    own = [each for each in suppressed if each.node == node]
    if own:
        return f"not reported: {max(own, key=lambda each: each.peak).reason}"
    if peak < thresholds.off:
        return (
            f"not reported: it reached {peak:.2f}, under its off-threshold of {thresholds.off:.2f}"
        )
    if peak < thresholds.on:
        return f"not reported: it reached {peak:.2f}, under its on-threshold of {thresholds.on:.2f}"
    return f"not reported: it reached {peak:.2f}, and another event says as much or more"
