"""The second look: what it confirms is as it was, what it demotes is not lost, timing overrules."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.events import Event, EventTracker
from aed.posteriors import Posteriors
from aed.second_look import SecondLook
from aed.thresholds import resolve
from aed.verifier import Judge
from ontology import LabelSet
from tests.aed.house import HOUSE, SIMPLE
from tests.aed.second_look.verifiers import DIMENSIONS, GUARDS, tiny_verifier
from tests.aed.tables import FMAX_HZ, FMIN_HZ, cut_table, noise_log_mel, quiet, sounding, table
from tests.aed.test_event_laws import PATTERNED, WALKS

pytestmark = pytest.mark.torch

CRITICAL = {"life_safety", "smoke_alarm", "co_alarm", "window_glass"}
"""Nodes of the house that are critical."""

YES, NO = tiny_verifier(bias=20.0), tiny_verifier(bias=-20.0)
LOUDNESS = tiny_verifier(bias=-5.0, embedding=1.0)
"""Says yes while the mean of the first dimension of the embedding is above 5."""


def with_embedding(posteriors: Posteriors, seed: int = 0) -> Posteriors:
    rng = np.random.default_rng(seed)
    size = (len(posteriors.values), DIMENSIONS)
    return replace(posteriors, embedding=rng.uniform(0, 10, size).astype(np.float32))


def cut(posteriors: Posteriors, lengths: list[int]) -> list[Posteriors]:
    assert posteriors.embedding is not None
    return [
        replace(block, embedding=posteriors.embedding[block.start_frame :][: len(block.values)])
        for block in cut_table(posteriors, lengths)
    ]


def tracker(judge: Judge | None) -> EventTracker:
    second_look = None
    if judge is not None:
        second_look = SecondLook(judge, LabelSet(PATTERNED), fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)
    return EventTracker(
        PATTERNED,
        resolve(SIMPLE, PATTERNED),
        fmin_hz=FMIN_HZ,
        fmax_hz=FMAX_HZ,
        second_look=second_look,
    )


def track(tracking: EventTracker, blocks: list[Posteriors]) -> list[Event]:
    events = [event for block in blocks for event in tracking.feed(block)]
    return [*events, *tracking.flush()]


def without_tones(walk: Posteriors) -> Posteriors:
    return replace(walk, log_mel=noise_log_mel(len(walk.values) / 10))


@given(walk=WALKS)
@settings(max_examples=60, deadline=None)
def test_a_verifier_that_always_agrees_changes_nothing(walk: Posteriors) -> None:
    assert track(tracker(YES), [with_embedding(walk)]) == track(tracker(None), [walk])


@given(walk=WALKS)
@settings(max_examples=60, deadline=None)
def test_what_is_never_agreed_to_raises_no_critical_alert(walk: Posteriors) -> None:
    tracking, plain = tracker(NO), tracker(None)
    heard = without_tones(walk)
    critical = {event.node for event in track(plain, [heard]) if event.critical}

    events = track(tracking, [with_embedding(heard)])

    assert not [event for event in events if event.critical]
    demoted = {each.node for each in tracking.suppressed if "the second look" in each.reason}
    assert demoted <= CRITICAL
    assert critical <= demoted


@given(walk=WALKS)
@settings(max_examples=60, deadline=None)
def test_only_t3_or_t4_raises_what_the_verifier_never_agrees_to(walk: Posteriors) -> None:
    without_rhythm = replace(walk, log_mel=np.zeros_like(walk.log_mel))

    critical = [event for event in track(tracker(NO), [with_embedding(walk)]) if event.critical]
    toneless = track(tracker(NO), [with_embedding(without_rhythm)])

    assert all(event.node != "window_glass" for event in critical)
    assert not [event for event in toneless if event.critical]


@given(
    walk=WALKS,
    seed=st.integers(0, 10**6),
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=20),
)
@settings(max_examples=60, deadline=None)
def test_any_cutting_gives_the_same_events_and_the_same_doubts(
    walk: Posteriors, seed: int, lengths: list[int]
) -> None:
    heard = with_embedding(walk, seed)
    whole, parts = tracker(LOUDNESS), tracker(LOUDNESS)

    assert track(parts, cut(heard, lengths)) == track(whole, [heard])
    assert parts.suppressed == whole.suppressed


def alarm(seconds: float, embedding: list[float]) -> Posteriors:
    """A smoke alarm whose embedding rises from value to value, half a second each."""
    heard = table(HOUSE, [*sounding(seconds, smoke_alarm=0.9), *quiet(3)])
    per_frame = np.repeat(np.array(embedding, np.float32), 5)
    padded = np.pad(per_frame, (0, len(heard.values) - len(per_frame)), mode="edge")
    return replace(heard, embedding=np.tile(padded[:, np.newaxis], (1, DIMENSIONS)))


def test_what_is_agreed_to_at_once_is_not_late() -> None:
    start = track(tracker(LOUDNESS), [alarm(4, [9.0])])[0]

    assert (start.node, start.detected_s, start.onset_s) == ("smoke_alarm", 0.5, 0.0)


def test_what_is_agreed_to_at_the_second_look_is_half_a_second_late() -> None:
    starts = [e for e in track(tracker(LOUDNESS), [alarm(4, [2.0, 12.0])]) if e.phase != "end"]

    assert [(e.node, e.detected_s, e.critical) for e in starts] == [("smoke_alarm", 1.0, True)]


def test_a_demoted_alarm_is_told_as_an_alarm_and_comes_back_as_the_evidence_grows() -> None:
    events = track(tracker(LOUDNESS), [alarm(6, [0.0, 0.0, 0.0, 0.0, 9.0])])

    told = [(e.node, e.phase, e.detected_s, e.critical) for e in events[:2]]
    assert told == [("alarm", "start", 1.0, False), ("smoke_alarm", "update", 4.0, True)]


def test_a_demoted_candidate_is_kept_with_its_reason() -> None:
    tracking = tracker(LOUDNESS)

    events = track(tracking, [alarm(2, [4.0])])

    assert {event.node for event in events} == {"alarm"}
    smoke = next(each for each in tracking.suppressed if each.node == "smoke_alarm")
    assert smoke.reason == "the second look gave it 0.27, under 0.50"
    assert smoke.onset_s == 0.0
    assert smoke.peak == pytest.approx(0.9)


class Counting:
    """A judge that counts how often it is asked."""

    guards = GUARDS

    def __init__(self) -> None:
        self.frames: list[int] = []

    def judge(self, window: object) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        self.frames.append(len(getattr(window, "embedding", ())))
        return np.zeros(len(GUARDS), np.float32)


def test_it_looks_every_half_second_at_a_critical_candidate_and_never_at_others() -> None:
    judge = Counting()
    track(tracker(judge), [with_embedding(table(HOUSE, sounding(20, scream=0.9)))])
    assert judge.frames == []

    track(tracker(judge), [with_embedding(table(HOUSE, sounding(4, smoke_alarm=0.9)))])

    assert judge.frames == [5, 10, 15, 20, 25, 30, 30, 30]


def test_a_stream_that_begins_anew_is_looked_at_anew() -> None:
    tracking = tracker(LOUDNESS)
    track(tracking, [alarm(2, [0.0])])

    assert track(tracking, [alarm(2, [9.0])])[0].node == "smoke_alarm"


def test_posteriors_without_an_embedding_are_refused() -> None:
    with pytest.raises(ValueError, match="came without"):
        tracker(NO).feed(table(HOUSE, sounding(2, smoke_alarm=0.9)))
