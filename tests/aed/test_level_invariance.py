"""The same sound, near and far: what is heard must not hang on how loud it is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.bundle import Bundle
from aed.hearing import Heard, Hearing
from training.synthesis.catalogue import render_node

LEVELS_DB = (0, -10, -20, -30, -40)
ROOM_DBFS = -84.0
"""Noise of a quiet room: a sound 40 dB down is still well above it."""

BEFORE_S, AFTER_S = 2.0, 2.0


def _heard(bundle: Bundle, sound: NDArray[np.float32], level_db: float) -> Heard:
    """A sound in a quiet room, at a level below its own."""
    rng = np.random.default_rng(1)
    before, after = (round(each * SAMPLE_RATE_HZ) for each in (BEFORE_S, AFTER_S))
    samples = np.pad(sound * 10 ** (level_db / 20), (before, after))
    samples += rng.standard_normal(len(samples)) * 10 ** (ROOM_DBFS / 20)
    whole = len(samples) // 1_600 * 1_600
    hearing = Hearing(bundle)
    heard = hearing.feed(
        AudioChunk(samples=samples[:whole].astype(np.float32), sample_rate_hz=SAMPLE_RATE_HZ)
    )
    return Heard(posteriors=heard.posteriors, events=[*heard.events, *hearing.flush().events])


def _highest(heard: Heard, bundle: Bundle, node: str) -> float:
    return float(heard.posteriors.values[:, bundle.labels.index[node]].max())


@pytest.mark.parametrize("level_db", LEVELS_DB)
def test_a_smoke_alarm_is_named_however_far_it_is(bundle: Bundle, level_db: int) -> None:
    alarm = render_node("smoke_alarm", 14.0, np.random.default_rng(3)).samples

    heard = _heard(bundle, alarm, level_db)

    assert "smoke_alarm" in {event.node for event in heard.events}


def test_breaking_windows_twenty_decibels_down_are_no_silence(bundle: Bundle) -> None:
    breaks = [
        render_node("window_glass", 3.0, np.random.default_rng(seed)).samples for seed in range(12)
    ]

    heard = {
        level_db: sum(
            _highest(_heard(bundle, glass, level_db), bundle, "breakage") > 0.5 for glass in breaks
        )
        for level_db in (0, -20)
    }

    assert heard[-20] >= 10
    assert heard[-20] >= heard[0] - 1


def test_posteriors_hardly_move_over_forty_decibels(bundle: Bundle) -> None:
    """Smoke alarms and breaks: the highest posterior of their category, level by level."""
    found = np.array(
        [
            [
                _highest(
                    _heard(bundle, render_node(node, 6.0, np.random.default_rng(seed)).samples, db),
                    bundle,
                    category,
                )
                for db in LEVELS_DB
            ]
            for node, category in (("smoke_alarm", "alarm"), ("window_glass", "breakage"))
            for seed in range(8)
        ]
    )  # (sounds, levels)
    spread = found.max(axis=1) - found.min(axis=1)

    assert np.median(spread) < 0.1, found.round(2)
    assert np.mean(found[:, -1] > 0.5) >= np.mean(found[:, 0] > 0.5) - 0.15, found.round(2)
