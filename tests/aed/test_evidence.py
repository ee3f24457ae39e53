"""Timing is evidence, never a veto."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aed.events import Event
from aed.evidence import PatternEvidence
from aed.patterns import PatternMatch
from ontology import PATTERNS, LabelSet, parse
from tests.aed.house import tracker
from tests.aed.tables import (
    Row,
    noise_log_mel,
    quiet,
    sounding,
    t3_pulses,
    t4_pulses,
    table,
    with_tone,
)
from tests.marginals import marginals

SOUNDERS = parse("""\
version: 1
name: sounders
nodes:
  - id: alarm
    name: Alarm
    alert: {critical: false}
    children:
      - id: smoke_alarm
        name: Smoke alarm
        alert: {critical: true, pattern: [t3, continuous], dwell_s: 1.0}
      - {id: co_alarm, name: CO alarm, alert: {critical: true, pattern: [t4]}}
      - {id: low_battery_chirp, name: Chirp, alert: {pattern: [chirp]}}
      - {id: doorbell, name: Doorbell}
  - {id: speech, name: Speech}
""")
LABELS = LabelSet(SOUNDERS)
POSTERIORS = st.lists(st.floats(0, 1, width=32), min_size=len(LABELS), max_size=len(LABELS)).map(
    lambda numbers: marginals(LABELS, np.array(numbers, np.float32))
)
MATCHES = st.builds(
    PatternMatch,
    kind=st.sampled_from(PATTERNS),
    strength=st.sampled_from([0.25, 0.5, 1.0]),
    pitch_hz=st.just(3100.0),
)


def track(
    rows: list[Row], pulses: list[tuple[float, float]], pitch_hz: float = 3100.0
) -> list[Event]:
    tracking = tracker(SOUNDERS)
    log_mel = with_tone(noise_log_mel(len(rows) / 10), pulses, pitch_hz=pitch_hz)
    return [*tracking.feed(table(SOUNDERS, rows, log_mel=log_mel)), *tracking.flush()]


@given(posteriors=POSTERIORS, match=MATCHES)
def test_evidence_raises_the_nodes_known_by_it_and_those_above_and_nothing_else(
    posteriors: np.ndarray, match: PatternMatch
) -> None:
    evidence = PatternEvidence(LABELS)

    confidence = evidence.weigh(posteriors, match)

    assert (confidence >= posteriors).all()
    below = np.flatnonzero(LABELS.parent >= 0)
    assert (confidence[below] <= confidence[LABELS.parent[below]]).all()
    touched = {LABELS.nodes[column] for column in np.flatnonzero(confidence != posteriors)}
    known = {LABELS.nodes[column] for column in evidence.columns(match)}
    assert touched <= known | {"alarm"}


def test_full_evidence_makes_a_likely_alarm_a_sure_one() -> None:
    posteriors = marginals(LABELS, np.array([0.8, 0.5, 0.1, 0.1, 0.1, 0.1], np.float32))
    match = PatternMatch(kind="t3", strength=1.0, pitch_hz=3100.0)

    confidence = PatternEvidence(LABELS).weigh(posteriors, match)

    assert confidence[LABELS.column("smoke_alarm")] == pytest.approx(0.89, abs=0.01)
    assert confidence[LABELS.column("alarm")] == pytest.approx(0.89, abs=0.01)


def test_a_weak_posterior_becomes_an_event_by_its_rhythm() -> None:
    rows = [*quiet(2), *sounding(18, smoke_alarm=0.3), *quiet(4)]

    assert track(rows, []) == []

    start, end = track(rows, t3_pulses(2.0, 4))
    assert (start.node, start.pattern, start.alert_now) == ("smoke_alarm", "t3", True)
    assert start.detected_s <= 2.0 + 8.0
    assert end.score == pytest.approx(0.3)


def test_the_rhythm_names_the_alarm_that_posteriors_leave_open() -> None:
    rows = [*quiet(2), *sounding(18, alarm=0.9, smoke_alarm=0.3, co_alarm=0.3), *quiet(4)]

    by_t3, by_t4 = track(rows, t3_pulses(2.0, 4)), track(rows, t4_pulses(2.0, 3))

    assert (by_t3[-1].node, by_t3[-1].pattern) == ("smoke_alarm", "t3")
    assert (by_t4[-1].node, by_t4[-1].pattern) == ("co_alarm", "t4")
    assert by_t3[0].node == "alarm"


def test_a_pattern_that_is_recognised_later_is_told_as_an_update() -> None:
    events = track([*quiet(2), *sounding(15, smoke_alarm=0.9), *quiet(4)], t3_pulses(2.0, 4))

    assert [(e.phase, e.pattern) for e in events] == [
        ("start", None),
        ("update", "t3"),
        ("end", "t3"),
    ]
    assert [event.alert_now for event in events] == [True, False, False]


def test_a_sustained_alarm_without_any_pattern_is_reported_all_the_same() -> None:
    events = track([*quiet(2), *sounding(15, smoke_alarm=0.9), *quiet(4)], [])

    assert [(e.phase, e.pattern) for e in events] == [("start", None), ("end", None)]


def test_a_tone_without_pause_is_named_continuous() -> None:
    rows = [*quiet(2), *sounding(15, smoke_alarm=0.9), *quiet(4)]

    assert track(rows, [(2.0, 17.0)])[-1].pattern == "continuous"


def test_a_pattern_says_nothing_about_a_sound_that_is_not_known_by_it() -> None:
    rows = [*quiet(2), *sounding(15, doorbell=0.9), *quiet(4)]

    assert {event.pattern for event in track(rows, t3_pulses(2.0, 4))} == {None}


def test_a_rhythm_alone_is_nothing() -> None:
    assert track(quiet(20), t3_pulses(2.0, 4)) == []
    assert track(sounding(20, speech=0.9), t3_pulses(2.0, 4))[-1].pattern is None


def test_a_rhythm_keeps_the_event_over_its_own_pauses() -> None:
    cycle = [*sounding(0.8, co_alarm=0.9), *quiet(4.9)]

    events = track([*quiet(2), *cycle * 4], t4_pulses(2.0, 4))

    assert [e.phase for e in events if e.phase != "update"] == ["start", "end"]
    assert events[-1].pattern == "t4"


def test_a_single_short_beep_is_no_pattern_of_an_unknown_alarm() -> None:
    rows = [*quiet(3), *sounding(1, alarm=0.9), *quiet(6)]

    assert track(rows, [(3.0, 3.1)])[-1].pattern is None


def test_a_single_short_beep_names_a_chirp() -> None:
    rows = [*quiet(3), *sounding(1, low_battery_chirp=0.9), *quiet(6)]

    assert track(rows, [(3.0, 3.1)])[-1].pattern == "chirp"
