"""Alarm rhythms are found in the log-mel of real front end, in rooms and noise, and only there."""

import csv
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aed.audio import AudioChunk
from aed.bundle import Bundle
from aed.detector import StreamingDetector
from aed.patterns import PatternFinder, PatternMatch
from tests.aed.tables import FMAX_HZ, FMIN_HZ, noise_log_mel, t3_pulses, t4_pulses, with_tone
from training.synthesis import household, rooms, tones
from training.synthesis.alarm_kinds import AlarmParameters, Unit
from training.synthesis.alarms import render_alarm
from training.synthesis.cadence import T3, T4, Cadence
from training.synthesis.sounder import Sounder, draw_low_tone, draw_piezo

CADENCES = {"t3": T3, "t4": T4, "continuous": None}
LEAD_S = 2.0
LENGTH_S = 15.0


def find(log_mel: NDArray[np.float32]) -> list[PatternMatch | None]:
    """The match of each posterior frame, something being suspected all the time."""
    finder = PatternFinder(fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)
    frames = len(log_mel) // 10
    return [
        finder.feed(log_mel[10 * frame : 10 * frame + 10], frame=frame, is_suspected=True)
        for frame in range(frames)
    ]


def kinds(matches: list[PatternMatch | None]) -> set[str]:
    return {match.kind for match in matches if match is not None}


def first_s(matches: list[PatternMatch | None], kind: str) -> float:
    times_s = [frame / 10 + 0.1 for frame, m in enumerate(matches) if m and m.kind == kind]
    return min(times_s, default=float("inf"))


def heard(bundle: Bundle, samples: NDArray[np.float32]) -> list[PatternMatch | None]:
    chunk = AudioChunk(samples=samples.astype(np.float32), sample_rate_hz=16_000)
    return find(StreamingDetector(bundle).feed(chunk).log_mel)


def alarm(
    sounder: Sounder, cadence: Cadence | None, rng: np.random.Generator, length_s: float = LENGTH_S
) -> NDArray[np.float32]:
    unit = Unit(sounder=sounder, cadence=cadence, phase_s=0.0, gain=1.0)
    parameters = AlarmParameters(
        node="smoke_alarm", units=(unit,), lead_fraction=LEAD_S / length_s, sounding_s=60.0
    )
    return 0.2 * render_alarm(parameters, length_s, rng).samples


def with_noise(
    samples: NDArray[np.float32], noise: NDArray[np.floating], snr_db: float
) -> NDArray[np.float32]:
    """Add noise at a ratio to the loudest second of the signal."""
    power = np.convolve(samples**2, np.full(1600, 1 / 1600), "valid").max()
    noise = noise[: len(samples)].astype(np.float32)
    gain = np.sqrt(power / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return samples[: len(noise)] + np.float32(gain) * noise


def in_a_room(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return rooms.apply(samples, rooms.render_room(rooms.draw_room(rng), rng))[: len(samples)]


@pytest.mark.parametrize("kind", list(CADENCES))
@pytest.mark.parametrize("pitch_hz", [400.0, 520.0, 950.0, 1500.0, 2400.0, 3100.0, 3600.0, 4500.0])
def test_a_rhythm_is_found_at_any_pitch_of_alarms(
    bundle: Bundle, kind: str, pitch_hz: float
) -> None:
    rng = np.random.default_rng(1)
    sounder = Sounder(pitch_hz=pitch_hz, harmonics=(1.0, 0.2), attack_s=0.005, decay_s=0.02)
    samples = alarm(sounder, CADENCES[kind], rng)

    matches = heard(bundle, with_noise(samples, rng.standard_normal(len(samples)), 25.0))

    assert kinds(matches) == {kind}
    assert first_s(matches, kind) <= LEAD_S + 4.6
    last = matches[-1]
    assert last is not None
    assert last.pitch_hz == pytest.approx(pitch_hz, rel=0.1)


@pytest.mark.parametrize("kind", list(CADENCES))
@pytest.mark.parametrize(("noise", "snr_db"), [(None, 10.0), ("speech", 0.0), ("dishes", 0.0)])
def test_rhythms_survive_rooms_and_what_else_sounds_at_home(
    bundle: Bundle, kind: str, noise: str | None, snr_db: float
) -> None:
    rng = np.random.default_rng(2)
    found = 0
    for draw in [draw_low_tone, *[draw_piezo] * 5]:
        cadence = CADENCES[kind]
        samples = in_a_room(alarm(draw(rng), cadence.drawn(rng) if cadence else None, rng), rng)
        background = household.draw_household(rng, noise)
        other = household.render_household(background, LENGTH_S, rng).samples
        found += kind in kinds(heard(bundle, with_noise(samples, other, snr_db)))

    assert found >= 5


def recorded(label: str) -> list[NDArray[np.float32]]:
    """Recordings of AED_DATA of a label, the longest of each of some sessions."""
    folder = Path(os.environ["AED_DATA"])
    with (folder / "manifest.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["label"] == label]
    rows.sort(key=lambda row: -float(row["duration_s"]))
    longest = {row["group"]: row["path"] for row in reversed(rows)}
    paths = list(longest.values())[-6:]
    return [soundfile.read(folder / path, dtype="float32")[0] for path in paths]


@pytest.mark.data
@pytest.mark.parametrize("kind", list(CADENCES))
@pytest.mark.parametrize("label", ["music", "speech"])
def test_rhythms_are_heard_through_recorded_music_and_speech_as_loud_as_they(
    bundle: Bundle, kind: str, label: str
) -> None:
    rng = np.random.default_rng(3)
    found = 0
    for recording in recorded(label):
        samples = alarm(draw_piezo(rng), CADENCES[kind], rng)
        found += kind in kinds(
            heard(bundle, with_noise(samples, np.resize(recording, len(samples)), 0.0))
        )

    assert found >= 5


@given(
    factors=st.tuples(*[st.floats(0.905, 1.095)] * 3),
    phase_s=st.floats(0.0, 4.0),
)
@settings(max_examples=40, deadline=None)
def test_every_t3_within_the_tolerance_of_the_standard_is_found(
    factors: tuple[float, float, float], phase_s: float
) -> None:
    on_s, gap_s, pause_s = 0.5 * factors[0], 0.5 * factors[1], 1.5 * factors[2]
    cadence = Cadence(count=3, pulse_s=on_s, gap_s=gap_s, pause_s=pause_s)
    pulses = cadence.pulses(onset_s=2.0, offset_s=18.0, phase_s=phase_s)

    matches = find(with_tone(noise_log_mel(18.0), pulses))

    assert kinds(matches) <= {"t3", "chirp"}
    assert any(match is not None and match.strength == 1.0 for match in matches)


@given(
    factors=st.tuples(*[st.floats(0.905, 1.095)] * 3),
    phase_s=st.floats(0.0, 5.7),
)
@settings(max_examples=40, deadline=None)
def test_every_t4_within_the_tolerance_is_found_and_never_taken_for_t3(
    factors: tuple[float, float, float], phase_s: float
) -> None:
    on_s, gap_s, pause_s = 0.1 * factors[0], 0.1 * factors[1], 5.0 * factors[2]
    cadence = Cadence(count=4, pulse_s=on_s, gap_s=gap_s, pause_s=pause_s)
    pulses = cadence.pulses(onset_s=2.0, offset_s=20.0, phase_s=phase_s)

    matches = find(with_tone(noise_log_mel(20.0), pulses))

    assert kinds(matches) <= {"t4", "chirp"}
    assert any(match is not None and match.kind == "t4" for match in matches)


def steady(on_s: float, off_s: float) -> list[tuple[float, float]]:
    starts = np.arange(2.0, 20.0, on_s + off_s)
    return [(float(start), float(start) + on_s) for start in starts]


@pytest.mark.parametrize(
    "pulses",
    [
        steady(0.5, 0.5),
        steady(0.1, 0.1),
        steady(0.2, 0.8),
        steady(1.0, 1.0),
        [(s + 0.1 * i, s + 0.1 * i + 0.05) for s in np.arange(2, 20) for i in range(4)],
        [(s + i, s + i + 0.5) for s in np.arange(2, 18, 5.5) for i in range(4)],
        [(s + i, s + i + 0.25) for s in np.arange(2, 18, 4.0) for i in range(3)],
        [(s + 1.3 * i, s + 1.3 * i + 0.65) for s in np.arange(2, 18, 5.2) for i in range(3)],
        [(s + 0.2 * i, s + 0.2 * i + 0.1) for s in np.arange(2, 18, 5.5) for i in range(3)],
    ],
    ids=[
        "reversing beeps",
        "trill",
        "slow beeps",
        "ringing",
        "alarm clock",
        "four long beeps",
        "three short beeps",
        "t3 slower by a third",
        "three of a t4",
    ],
)
def test_other_rhythms_are_neither_t3_nor_t4(pulses: list[tuple[float, float]]) -> None:
    assert kinds(find(with_tone(noise_log_mel(20.0), pulses))) <= {"chirp"}


def test_household_signals_hardly_ever_pass_for_t3_or_t4(bundle: Bundle) -> None:
    rng = np.random.default_rng(4)
    strengths = []
    for node in ("timer_beep", "alarm_clock", "phone", "doorbell", "interface_sound"):
        for _ in range(6):
            samples = tones.render_tone(tones.draw_tone(rng, node), LENGTH_S, rng).samples
            samples = with_noise(in_a_room(samples, rng), rng.standard_normal(len(samples)), 30.0)
            matches = heard(bundle, 0.2 * samples / np.abs(samples).max())
            alarming = [m.strength for m in matches if m and m.kind in ("t3", "t4")]
            strengths.append(max(alarming, default=0.0))

    assert max(strengths) < 1.0
    assert np.count_nonzero(strengths) <= 2


def test_babble_has_no_rhythm_of_an_alarm(bundle: Bundle) -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(6):
        speech = household.render_household(household.draw_household(rng, "speech"), LENGTH_S, rng)
        found.append(kinds(heard(bundle, 0.3 * speech.samples)) & {"t3", "t4", "continuous"})

    assert found.count(set()) >= 5


def test_nothing_has_no_rhythm(bundle: Bundle) -> None:
    assert kinds(heard(bundle, np.zeros(160_000, np.float32))) == set()
    assert kinds(find(noise_log_mel(15.0))) == set()


def test_one_short_beep_alone_is_a_weak_chirp_and_its_return_a_strong_one() -> None:
    log_mel = with_tone(noise_log_mel(55.0), [(5.0, 5.1), (45.0, 45.1)])

    matches = find(log_mel)

    strengths = [(frame / 10, m.strength) for frame, m in enumerate(matches) if m]
    assert kinds(matches) == {"chirp"}
    assert {strength for time_s, strength in strengths if time_s < 40} == {0.25}
    assert {strength for time_s, strength in strengths if time_s > 45} == {1.0}


def test_a_chirp_of_another_pitch_is_another_sound() -> None:
    log_mel = with_tone(noise_log_mel(55.0), [(5.0, 5.1)])

    matches = find(with_tone(log_mel, [(45.0, 45.1)], pitch_hz=2000.0))

    assert {m.strength for m in matches if m} == {0.25}


def test_a_rhythm_that_has_stopped_is_forgotten() -> None:
    matches = find(with_tone(noise_log_mel(25.0), t3_pulses(2.0, 2)))

    frames = [frame for frame, match in enumerate(matches) if match]
    assert frames[-1] / 10 <= 9.0 + 4.5 + 2.1


def test_rhythms_are_looked_for_only_while_something_is_suspected() -> None:
    log_mel = with_tone(noise_log_mel(20.0), t3_pulses(0.0, 5))
    finder = PatternFinder(fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)

    def feed(frame: int, *, is_suspected: bool) -> PatternMatch | None:
        frames = slice(10 * frame, 10 * frame + 10)
        return finder.feed(log_mel[frames], frame=frame, is_suspected=is_suspected)

    assert not any(feed(frame, is_suspected=False) for frame in range(100))
    assert feed(100, is_suspected=True) is not None


@pytest.mark.parametrize("pulses", [t3_pulses, t4_pulses])
def test_a_bang_now_and_then_does_not_hide_a_rhythm(
    pulses: Callable[[float, int], list[tuple[float, float]]],
) -> None:
    log_mel = with_tone(noise_log_mel(18.0), pulses(2.0, 3))
    for bang_s in (1.0, 3.3, 6.8, 9.1):
        log_mel[round(bang_s * 100) : round(bang_s * 100) + 8] += 10.0

    assert kinds(find(log_mel)) & {"t3", "t4"}
