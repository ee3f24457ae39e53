"""What holds of events whatever the posteriors: any walk through any tree, cut anywhere."""

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.events import Event
from aed.posteriors import Posteriors
from ontology import LabelSet, Ontology, parse
from tests.aed.house import HOUSE, tracker
from tests.aed.tables import cut_table, noise_log_mel, t3_pulses, with_tone
from tests.marginals import marginals

KNOWN_BY_T3 = "Smoke alarm, alert: {critical: true, pattern: [t3]}"
PATTERNED = parse(HOUSE.source.replace("Smoke alarm, alert: {critical: true}", KNOWN_BY_T3))
MIRRORED = parse("""\
version: 1
name: house
nodes:
  - id: person
    name: Person
    children:
      - {id: scream, name: Scream, alert: {critical: false}}
      - {id: speech, name: Speech}
  - id: breakage
    name: Breakage
    alert: {critical: false}
    children:
      - {id: crockery, name: Crockery}
      - {id: window_glass, name: Window glass, alert: {critical: true}}
  - id: alarm
    name: Alarm
    alert: {critical: false}
    children:
      - {id: timer_beep, name: Timer}
      - id: life_safety
        name: Life-safety alarm
        alert: {critical: true}
        children:
          - {id: co_alarm, name: CO alarm, alert: {critical: true}}
          - {id: smoke_alarm, name: Smoke alarm, alert: {critical: true, pattern: [t3]}}
""")
"""`PATTERNED` with the children of each node in reverse order."""


def random_walk(seed: int, frames: int, *, calmness: float) -> Posteriors:
    """Conditional logits that wander and jump, multiplied along the tree."""
    rng = np.random.default_rng(seed)
    labels = LabelSet(PATTERNED)
    size = (frames, len(labels))
    jumps = np.where(rng.uniform(size=size) < 0.03, rng.normal(0, 4, size), 0.0)
    wander = np.cumsum(jumps + rng.normal(0, 0.2, size), axis=0)
    logits = np.clip(wander - calmness, -8, 8)
    conditional = (1 / (1 + np.exp(-logits))).astype(np.float32)
    duration_s = frames / 10
    return Posteriors(
        values=marginals(labels, conditional),
        start_frame=0,
        level_dbfs=rng.uniform(-60, -10, frames).astype(np.float32),
        log_mel=with_tone(noise_log_mel(duration_s, seed), t3_pulses(0.0, int(duration_s // 4))),
    )


WALKS = st.builds(
    random_walk, st.integers(0, 10**6), st.integers(1, 250), calmness=st.floats(-1, 5)
)


def track(blocks: list[Posteriors], ontology: Ontology = PATTERNED) -> list[Event]:
    tracking = tracker(ontology)
    events = [event for block in blocks for event in tracking.feed(block)]
    return [*events, *tracking.flush()]


@given(walk=WALKS)
@settings(max_examples=80, deadline=None)
def test_every_event_starts_once_may_be_updated_and_ends_once(walk: Posteriors) -> None:
    lives: dict[int, list[Event]] = defaultdict(list)
    for event in track([walk]):
        lives[event.number].append(event)

    assert sorted(lives) == list(range(1, len(lives) + 1))
    for life in lives.values():
        phases = [event.phase for event in life]
        assert phases == ["start", *["update"] * (len(life) - 2), "end"]


@given(walk=WALKS)
@settings(max_examples=80, deadline=None)
def test_an_event_only_goes_deeper_and_its_times_are_in_order(walk: Posteriors) -> None:
    latest: dict[int, Event] = {}
    for event in track([walk]):
        before = latest.get(event.number, event)
        assert event.path.startswith(before.path)
        assert event.onset_s == before.onset_s
        assert event.onset_s < event.first_detected_s <= event.detected_s
        assert 0.0 <= event.score <= 1.0
        assert (event.offset_s is None) == (event.phase != "end")
        if event.offset_s is not None:
            assert event.onset_s < event.offset_s <= len(walk.values) / 10
        latest[event.number] = event


def urgency(event: Event) -> int:
    """Of a call for attention: at a critical leaf, critical, or neither."""
    is_leaf = event.node in ("smoke_alarm", "co_alarm", "window_glass")
    return 2 if is_leaf else int(event.critical)


@given(walk=WALKS)
@settings(max_examples=80, deadline=None)
def test_attention_is_called_for_where_it_is_deserved_and_again_as_it_gets_more_urgent(
    walk: Posteriors,
) -> None:
    lives: dict[int, list[Event]] = defaultdict(list)
    called_paths: list[str] = []
    for event in track([walk]):
        life = lives[event.number]
        life.append(event)
        first = life[0].node
        reached = [*event.path.split("/")]
        reached = reached[reached.index(first) :]
        calls = [each for each in life if each.alert_now]
        levels = [urgency(call) for call in calls]
        assert levels == sorted(set(levels))
        assert not (event.phase == "end" and event.alert_now)
        if urgency(event) == 2:
            assert calls
            assert levels[-1] == 2
        elif any(PATTERNED.node(node).alert is not None for node in reached) and not calls:
            assert any(path.startswith(life[0].path) for path in called_paths)
        elif calls:
            assert any(PATTERNED.node(node).alert is not None for node in reached)
        if event.alert_now:
            called_paths.append(event.path)


@given(walk=WALKS, lengths=st.lists(st.integers(1, 60), min_size=1, max_size=20))
@settings(max_examples=80, deadline=None)
def test_any_cutting_gives_the_same_events(walk: Posteriors, lengths: list[int]) -> None:
    assert track(cut_table(walk, lengths)) == track([walk])


@given(walk=WALKS)
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_columns_does_not_matter(walk: Posteriors) -> None:
    here, there = LabelSet(PATTERNED), LabelSet(MIRRORED)
    mirrored = Posteriors(
        values=walk.values[:, [here.index[node] for node in there.nodes]],
        start_frame=0,
        level_dbfs=walk.level_dbfs,
        log_mel=walk.log_mel,
    )

    def lives(events: list[Event]) -> list[tuple[str, float, float | None, float]]:
        return sorted(
            (e.path, e.onset_s, e.offset_s, e.detected_s) for e in events if e.phase == "end"
        )

    assert lives(track([mirrored], MIRRORED)) == lives(track([walk]))


@given(walk=WALKS)
@settings(max_examples=40, deadline=None)
def test_at_any_time_no_two_open_events_are_at_the_same_node(walk: Posteriors) -> None:
    tracking = tracker(PATTERNED)
    open_paths: dict[int, str] = {}
    for block in cut_table(walk, [1]):
        for event in tracking.feed(block):
            open_paths.pop(event.number, None)
            if event.phase != "end":
                open_paths[event.number] = event.path
        assert len(set(open_paths.values())) == len(open_paths)
