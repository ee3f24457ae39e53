"""Collecting candidates: a bundle's own, each as often as it may ever be looked at."""

import numpy as np
import pytest

from aed.bundle import Bundle
from ontology import LabelSet, parse
from training.second_look.collect import Collector, Heard, Look, critical_tops
from training.second_look.graph import Pooling
from training.synthesis.scene import home_scene

pytestmark = pytest.mark.torch

ROOM = parse("""\
version: 1
name: room
nodes:
  - id: alarm
    name: Alarm
    alert: {critical: false}
    children:
      - id: life_safety
        name: Life-safety alarm
        alert: {critical: true}
        children:
          - {id: smoke_alarm, name: Smoke alarm, alert: {critical: true}}
  - {id: glass, name: Glass, alert: {critical: true}}
""")


def test_the_uppermost_critical_nodes_are_guarded() -> None:
    assert critical_tops(LabelSet(ROOM)) == ("life_safety", "glass")


@pytest.fixture(scope="module")
def collector(bundle: Bundle) -> Collector:
    widths = bundle.widths
    return Collector(bundle, ("life_safety", "window_glass"), Pooling(widths))


def scene_of_home(bundle: Bundle, name: str = "home") -> Heard:
    scene = home_scene(seed=1)
    true = np.zeros((600, len(bundle.labels)), np.bool_)
    for span in scene.spans:
        frames = slice(int(10 * span.onset_s), int(10 * span.offset_s) + 1)
        true[frames, bundle.labels.ancestors[bundle.labels.index[span.node]]] = True
    return Heard(
        name=name,
        samples=scene.samples,
        true=true,
        unknown=np.zeros_like(true),
        fold=2,
        stratum="scenes",
    )


def alerts(looks: list[Look], guard: int) -> list[Look]:
    return [look for look in looks if look.guard == guard and look.is_alert]


def test_an_alarm_and_a_broken_window_are_looked_at_where_they_sound(
    bundle: Bundle, collector: Collector
) -> None:
    looks = list(collector.looks([scene_of_home(bundle)]))

    alarm, glass = alerts(looks, 0), alerts(looks, 1)
    assert alarm[0].is_true
    assert 160 < alarm[0].frame < 240
    assert glass[0].is_true
    assert 440 < glass[0].frame < 460
    assert {look.fold for look in looks} == {2}


def test_looks_are_half_a_second_apart_or_more(bundle: Bundle, collector: Collector) -> None:
    looks = list(collector.looks([scene_of_home(bundle)]))

    for guard in (0, 1):
        frames = [look.frame for look in alerts(looks, guard)]
        assert min(np.diff(frames), default=5) >= 5


def test_a_recording_heard_twice_gives_the_same_looks_twice(
    bundle: Bundle, collector: Collector
) -> None:
    looks = list(collector.looks([scene_of_home(bundle, "once"), scene_of_home(bundle, "twice")]))

    once, twice = ([each for each in looks if each.recording == name] for name in ("once", "twice"))
    assert [each.frame for each in once] == [each.frame for each in twice]
    for first, second in zip(once, twice, strict=True):
        np.testing.assert_array_equal(first.features, second.features)


def test_what_nobody_knows_teaches_nothing(bundle: Bundle, collector: Collector) -> None:
    heard = scene_of_home(bundle)
    doubtful = Heard(
        name="doubtful",
        samples=heard.samples,
        true=np.zeros((1, len(bundle.labels)), np.bool_),
        unknown=np.ones((1, len(bundle.labels)), np.bool_),
        fold=0,
        stratum="clips",
    )

    assert list(collector.looks([doubtful])) == []
