"""An explanation in words, line by line, or as one JSON object."""

from collections.abc import Iterator

from aed.explanation import Explanation
from aed.pulses import Tone

_MOST_PULSES = 8
_VISIBLE = 0.005  # in two digits
_MOST_SUPPRESSED = 4
_SEARCH = "nothing alarm-like was suspected, so none was looked for"


def lines(explanation: Explanation, name: str) -> Iterator[str]:
    """What is told of a moment, line by line.

    Args:
        explanation: of the moment.
        name: of the recording.
    """
    yield f"{name} at {explanation.at_s:.1f} s of {explanation.duration_s:.1f} s"
    yield f"level {explanation.level_dbfs:.0f} dBFS; {_rhythm(explanation)}"
    if explanation.tone is not None:
        yield _tone(explanation.tone, explanation.tone_start_s)
    yield from _events(explanation)
    for each in explanation.nodes:
        numbers = each.thresholds
        mark = "!" if each.is_critical else " "
        evidence = ""
        if each.confidence >= each.peak + _VISIBLE:
            evidence = f", {each.confidence:.2f} with its timing"
        yield (
            f"{mark} {each.node:<16} {each.posterior:.2f} now, at most {each.peak:.2f} at "
            f"{each.peak_s:.1f} s{evidence} (on {numbers.on:.2f} for {numbers.dwell_s:g} s, off "
            f"{numbers.off:.2f}): {each.reason}"
        )
    yield from _suppressed(explanation)


def _rhythm(explanation: Explanation) -> str:
    pattern = explanation.pattern
    if pattern is not None:
        now = f"timing pattern {pattern.kind} at {pattern.pitch_hz:.0f} Hz"
        now += f", strength {pattern.strength:.2f}"
    else:
        now = "no timing pattern" if explanation.is_searched else f"no timing pattern: {_SEARCH}"
    around = ", ".join(
        f"{span.kind} at {span.pitch_hz:.0f} Hz from {span.onset_s:.1f} to {span.offset_s:.1f} s, "
        f"strength {span.strength:.2f}"
        for span in explanation.rhythms
    )
    is_told = pattern is not None and len(explanation.rhythms) == 1
    return f"{now} (around: {around})" if around and not is_told else now


def _tone(tone: Tone, start_s: float) -> str:
    spans = [
        f"{start_s + pulse.onset_s:.2f}-{start_s + pulse.offset_s:.2f}" for pulse in tone.pulses
    ]
    left_out = len(spans) - _MOST_PULSES
    before = f"{left_out} before, " if left_out > 0 else ""
    return (
        f"clearest tone {tone.pitch_hz:.0f} Hz, {tone.prominence_db:.0f} dB above what is beside "
        f"it, on at {before}{', '.join(spans[-_MOST_PULSES:])} s"
    )


def _events(explanation: Explanation) -> Iterator[str]:
    if not explanation.events:
        yield "no event around"
    for event in explanation.events:
        alerts = [each for each in explanation.alerts if each.number == event.number]
        called = ", ".join(f"{each.node} at {each.detected_s:.1f} s" for each in alerts)
        offset_s = explanation.end_s(event)
        yield (
            f"event {event.number}: {event.path} from {event.onset_s:.1f} s to {offset_s:.1f} s, "
            f"reported at {event.first_detected_s:.1f} s, score {event.score:.2f}"
            f"{f', pattern {event.pattern}' if event.pattern else ''}"
            f"{', critical' if event.critical else ''}; "
            f"{f'alerted: {called}' if called else 'nobody was alerted'}"
        )


def _suppressed(explanation: Explanation) -> Iterator[str]:
    """Of each node that has no account of its own, what came nearest to being reported."""
    told = {each.node for each in explanation.nodes}
    ranked = sorted(explanation.suppressed, key=lambda each: each.peak)
    nearest = {each.node: each for each in ranked if each.node not in told}  # the last one stays
    for each in sorted(nearest.values(), key=lambda each: -each.peak)[:_MOST_SUPPRESSED]:
        yield (
            f"  {each.node:<16} not reported, {each.onset_s:.1f} s to {each.gone_s:.1f} s: "
            f"{each.reason}"
        )


def as_json(explanation: Explanation, name: str) -> dict[str, object]:
    """The same as an object of JSON, times in seconds.

    Args:
        explanation: of the moment.
        name: of the recording.
    """
    tone = explanation.tone
    return {
        "file": name,
        "at_s": explanation.at_s,
        "duration_s": round(explanation.duration_s, 3),
        "level_dbfs": round(explanation.level_dbfs, 1),
        "pattern": explanation.pattern.kind if explanation.pattern else None,
        "pattern_searched": explanation.is_searched,
        "patterns": [
            {
                "pattern": span.kind,
                "pitch_hz": round(span.pitch_hz),
                "strength": span.strength,
                "onset_s": span.onset_s,
                "offset_s": span.offset_s,
            }
            for span in explanation.rhythms
        ],
        "tone": tone
        and {
            "pitch_hz": round(tone.pitch_hz),
            "prominence_db": round(tone.prominence_db, 1),
            "pulses_s": [
                [
                    round(explanation.tone_start_s + pulse.onset_s, 2),
                    round(explanation.tone_start_s + pulse.offset_s, 2),
                ]
                for pulse in tone.pulses
            ],
        },
        "events": [
            {
                "event": event.node,
                "path": event.path,
                "onset_s": event.onset_s,
                "offset_s": round(explanation.end_s(event), 3),
                "first_detected_s": event.first_detected_s,
                "detected_s": event.detected_s,
                "score": round(event.score, 4),
                "pattern": event.pattern,
                "critical": event.critical,
                "alerts": [
                    {"event": alert.node, "detected_s": alert.detected_s}
                    for alert in explanation.alerts
                    if alert.number == event.number
                ],
            }
            for event in explanation.events
        ],
        "suppressed": [
            {
                "event": each.node,
                "onset_s": each.onset_s,
                "gone_s": each.gone_s,
                "peak": round(each.peak, 4),
                "reason": each.reason,
            }
            for each in explanation.suppressed
        ],
        "nodes": [
            {
                "node": each.node,
                "posterior": round(each.posterior, 4),
                "peak": round(each.peak, 4),
                "peak_s": each.peak_s,
                "confidence": round(each.confidence, 4),
                "on": each.thresholds.on,
                "off": each.thresholds.off,
                "dwell_s": each.thresholds.dwell_s,
                "critical": each.is_critical,
                "reason": each.reason,
            }
            for each in explanation.nodes
        ],
    }
