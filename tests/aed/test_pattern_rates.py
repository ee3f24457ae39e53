"""How often rhythms are heard in rooms, through voices and music, and how often wrongly.

Hits: alarms whose times are drawn within 10 %, in drawn rooms, beside something as loud as they.
False matches: what else beeps, rings and hoots at home, in the same rooms. Run with `-s` for the
table.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from aed.bundle import Bundle
from aed.patterns import PatternMatch
from tests.aed.test_patterns import (
    CADENCES,
    LENGTH_S,
    alarm,
    heard,
    in_a_room,
    kinds,
    recorded,
    with_noise,
)
from training.synthesis import household, tones
from training.synthesis.cadence import Cadence
from training.synthesis.sounder import Sounder, draw_low_tone, draw_piezo

CLIPS = 24

Draw = Callable[[np.random.Generator], Sounder]
"""A maker of tones: a piezo disc, or a loudspeaker with a square wave near 520 Hz."""

SOUNDERS: dict[str, Draw] = {"piezo": draw_piezo, "520 Hz square": draw_low_tone}


def strength(matches: list[PatternMatch | None], *wanted: str) -> float:
    return max((match.strength for match in matches if match and match.kind in wanted), default=0.0)


def alarm_in_a_room(kind: str, draw: Draw, rng: np.random.Generator) -> NDArray[np.float32]:
    cadence = CADENCES[kind]
    return in_a_room(alarm(draw(rng), cadence.drawn(rng) if cadence else None, rng), rng)


def household_sound(node: str | None, rng: np.random.Generator) -> NDArray[np.float32]:
    return household.render_household(household.draw_household(rng, node), LENGTH_S, rng).samples


@pytest.mark.slow
@pytest.mark.parametrize("sounder", list(SOUNDERS))
@pytest.mark.parametrize("kind", list(CADENCES))
@pytest.mark.parametrize(("beside", "snr_db"), [(None, 10.0), ("speech", 0.0), ("dishes", 0.0)])
def test_rhythms_are_heard_beside_synthesised_sounds(
    bundle: Bundle, kind: str, beside: str | None, snr_db: float, sounder: str
) -> None:
    rng = np.random.default_rng(31)
    heard_kinds = []
    for _ in range(CLIPS):
        samples = alarm_in_a_room(kind, SOUNDERS[sounder], rng)
        mixed = with_noise(samples, household_sound(beside, rng), snr_db)
        heard_kinds.append(kinds(heard(bundle, mixed)))

    hits = sum(kind in each for each in heard_kinds)
    mistaken = sum(bool(each & (set(CADENCES) - {kind})) for each in heard_kinds)
    print(
        f"{kind} of {sounder} beside {beside or 'a quiet room'} at {snr_db:g} dB: {hits}, ", end=""
    )
    print(f"taken for another {mistaken}, of {CLIPS}")
    assert hits >= 0.7 * CLIPS
    assert mistaken <= 0.1 * CLIPS


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("kind", list(CADENCES))
@pytest.mark.parametrize("label", ["music", "speech"])
def test_rhythms_are_heard_beside_recordings_as_loud(bundle: Bundle, kind: str, label: str) -> None:
    rng = np.random.default_rng(32)
    recordings = recorded(label)
    hits = 0
    for clip in range(CLIPS):
        draw = draw_low_tone if clip % 3 == 0 else draw_piezo
        samples = alarm_in_a_room(kind, draw, rng)
        recording = np.resize(recordings[clip % len(recordings)], len(samples))
        hits += kind in kinds(heard(bundle, with_noise(samples, recording, 0.0)))

    print(f"{kind} beside recorded {label} at 0 dB: {hits} of {CLIPS}")
    assert hits >= 0.7 * CLIPS


@pytest.mark.slow
@pytest.mark.parametrize("beside", [None, "speech"])
@pytest.mark.parametrize("node", tones.TONE_NODES)
def test_what_else_beeps_rings_and_hoots_is_no_alarm(
    bundle: Bundle, node: str, beside: str | None
) -> None:
    """Draws that keep T3 or T4 by themselves are no draws of these (`draw_tone`)."""
    rng = np.random.default_rng(33)
    strengths = []
    for _ in range(CLIPS):
        samples = tones.render_tone(tones.draw_tone(rng, node), LENGTH_S, rng).samples
        other = household_sound(beside, rng)
        mixed = with_noise(in_a_room(samples, rng), other, 0.0 if beside else 25.0)
        strengths.append(strength(heard(bundle, mixed), "t3", "t4"))

    once, on_and_on = (sum(each >= least for each in strengths) for least in (0.5, 1.0))
    print(
        f"{node} beside {beside or 'a quiet room'}: one group {once}, going on {on_and_on}", end=""
    )
    print(f", of {CLIPS}")
    assert once <= 0.1 * CLIPS
    assert on_and_on <= 0.05 * CLIPS


@pytest.mark.slow
def test_a_chirp_is_heard_in_rooms_and_is_no_alarm(bundle: Bundle) -> None:
    rng = np.random.default_rng(34)
    hits = mistaken = 0
    for _ in range(CLIPS):
        pulse_s = float(rng.uniform(0.02, 0.12))
        cadence = Cadence(count=1, pulse_s=pulse_s, gap_s=0.0, pause_s=40.0)
        samples = in_a_room(alarm(draw_piezo(rng), cadence, rng), rng)
        matches = heard(bundle, with_noise(samples, household_sound(None, rng), 20.0))
        hits += "chirp" in kinds(matches)
        mistaken += strength(matches, "t3", "t4", "continuous") > 0

    print(f"chirp: {hits}, taken for an alarm {mistaken}, of {CLIPS}")
    assert hits >= 0.8 * CLIPS
    assert mistaken == 0
