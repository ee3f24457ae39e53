"""A microphone that has died is far quieter than any night; a quiet night is not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.audio import AudioChunk
from daemon.settings.models import CommandSettings
from daemon.sources.floor import FAR_DB, LEARN_MINUTES, SILENT_MINUTES, LearnedFloor
from daemon.sources.floor_file import FILE_NAME, Floors
from tests.daemon.fake_clock import FakeClock

NIGHT_MINUTES = 8 * 60
LEVELS = st.floats(-75.0, -20.0)


def live(floor: LearnedFloor, levels_dbfs: list[float]) -> bool:
    """Hear a minute of each level; whether it was ever far below."""
    was_far = False
    for level_dbfs in levels_dbfs:
        floor.note_minute(middle_dbfs=level_dbfs, loudest_dbfs=level_dbfs + 2.0)
        was_far = was_far or floor.is_far_below
    return was_far


def learned(level_dbfs: float = -60.0) -> LearnedFloor:
    return LearnedFloor(floor_dbfs=level_dbfs, minutes=LEARN_MINUTES)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, LEARN_MINUTES - NIGHT_MINUTES),
    LEVELS,
    st.lists(
        st.tuples(LEVELS, st.floats(-10.0, 10.0)),
        min_size=2,
        max_size=10,
    ),
)
def test_no_quiet_night_is_silent_whatever_the_days_were(
    bedtime: int, night_dbfs: float, days: list[tuple[float, float]]
) -> None:
    floor = LearnedFloor()
    lowest = 0.0
    for number, (above, change_db) in enumerate(days):
        day_dbfs = max(night_dbfs, above)
        # A night may be quieter than all before it, by less than what is called far.
        tonight_dbfs = night_dbfs + (change_db if number else 0.0)
        minutes = [day_dbfs] * LEARN_MINUTES
        minutes[bedtime : bedtime + NIGHT_MINUTES] = [tonight_dbfs] * NIGHT_MINUTES
        lowest = min(lowest, tonight_dbfs)

        assert not live(floor, minutes)
    assert floor.floor_dbfs is not None
    assert lowest <= floor.floor_dbfs <= lowest + len(days)


@settings(max_examples=30, deadline=None)
@given(LEVELS, st.floats(2.1, 60.0), st.integers(SILENT_MINUTES, 5_000))
def test_what_is_far_below_for_minutes_is_silent_until_it_sounds_again(
    floor_dbfs: float, further_db: float, minutes: int
) -> None:
    floor = learned(floor_dbfs)
    dead_dbfs = floor_dbfs - FAR_DB - further_db

    assert not live(floor, [dead_dbfs] * (SILENT_MINUTES - 1))
    live(floor, [dead_dbfs] * (minutes - SILENT_MINUTES + 1))
    assert floor.is_far_below
    assert floor.floor_dbfs == floor_dbfs, "a dead microphone is not learned from"

    live(floor, [floor_dbfs])
    assert not floor.is_far_below


def test_nothing_is_far_below_before_a_day_and_a_night_were_heard() -> None:
    floor = LearnedFloor()

    assert not live(floor, [-30.0] * 600 + [-80.0] * (LEARN_MINUTES - 600))


def test_one_sound_in_a_quiet_minute_shows_that_it_lives() -> None:
    floor = learned()
    for _ in range(2 * SILENT_MINUTES):
        floor.note_minute(middle_dbfs=-90.0, loudest_dbfs=-50.0)

    assert not floor.is_far_below


def noise(level_dbfs: float, seconds: float = 0.5) -> AudioChunk:
    rng = np.random.default_rng(0)
    samples = rng.normal(0.0, 10 ** (level_dbfs / 20), int(8_000 * seconds)) + 0.1
    return AudioChunk(samples=samples.astype(np.float32), sample_rate_hz=8_000)


def test_levels_are_those_of_the_sound_without_its_offset() -> None:
    floor = LearnedFloor()
    completed = [floor.note(noise(-40.0)) for _ in range(121)]

    assert completed.count(True) == 1
    assert floor.minutes == 1
    assert floor.floor_dbfs == pytest.approx(-40.0, abs=0.5)


def source(name: str, command: str = "cat") -> CommandSettings:
    return CommandSettings(kind="command", name=name, command=(command,), sample_rate_hz=8_000)


def test_floors_outlive_a_restart_and_another_command_has_another(tmp_path: Path) -> None:
    clock = FakeClock()
    floors = Floors(tmp_path, clock=clock)
    live(floors.of(source("mic")), [-61.25] * 10)
    floors.tick()
    assert not (tmp_path / FILE_NAME).exists()
    clock.advance(3_601.0)
    floors.tick()

    again = Floors(tmp_path, clock=clock)

    mic = again.of(source("mic"))
    assert (mic.floor_dbfs, mic.minutes) == (-61.25, 10)
    assert again.of(source("mic", "tac")).floor_dbfs is None
    assert again.of(source("hall")).floor_dbfs is None


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=60)
    | st.sampled_from(
        [b'{"a": 1}', b'{"a": {"floor_dbfs": 1e999, "minutes": 1}}', b'{"a": {"minutes": 3}}']
    )
)
def test_a_damaged_file_teaches_nothing_and_stops_nobody(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / FILE_NAME).write_bytes(content)

    floors = Floors(folder, clock=FakeClock())

    assert floors.of(source("mic")).floor_dbfs is None
    floors.save()
