"""Clips on a real disk: written, bounded, deleted, and refused."""

import stat
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.clips.clips import MOST_WAITING, TIDY_EVERY_S, Clips
from daemon.clips.folder import FOLDER_NAME, MOST_CLIPS, clip_name
from daemon.clocks import SETTLED_S, SystemClock
from daemon.ears.event_ids import new_event_id
from daemon.settings.clips import ClipSettings
from tests.daemon.clips.kept_clips import keep, names, noise
from tests.daemon.fake_clock import FakeClock

DAY_S = 86_400.0


@pytest.fixture
def clock() -> FakeClock:
    clock = FakeClock()
    clock.wall = 1_795_000_000.0
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / FOLDER_NAME


def test_a_clip_is_written_over_several_turns_for_our_eyes_only(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    clips, event_id, sound = Clips(tmp_path, ClipSettings(), clock=clock), new_event_id(0), noise(9)
    assert clips.admit()
    clips.write(event_id, sound, is_critical=False)
    num_turns = 0
    while clips.counts["written"] == 0:
        clips.tick()
        num_turns += 1
        assert num_turns < 20

    assert num_turns > 4
    path = folder / f"{event_id}.flac"
    assert names(folder) == {path.name}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    heard, rate_hz = soundfile.read(path, dtype="int16")
    assert rate_hz == 16_000
    assert np.array_equal(heard, sound)
    clips.tick()
    assert clips.size_bytes == path.stat().st_size


def test_too_much_goes_oldest_first_and_critical_last_and_strangers_are_left_alone(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    clips = Clips(tmp_path, ClipSettings(max_mb=10), clock=clock)
    kept = {}
    for number in range(9):  # of 2.2 MB each
        event_id = new_event_id(clock.wall + number)
        kept[number] = keep(clips, event_id, seconds=75.0, is_critical=number in (0, 8))
    (folder / "holiday.flac").write_bytes(bytes(20_000_000))
    (folder / f"{new_event_id(5)}.flac").symlink_to(folder / "holiday.flac")
    clips.tick()

    assert clips.size_bytes <= 10_000_000
    assert {number for number, name in kept.items() if name in names(folder)} == {0, 6, 7, 8}
    assert clips.counts["removed"] == 5
    assert len(names(folder)) == 4 + 2


def test_too_many_go_however_small_they_are(tmp_path: Path, folder: Path, clock: FakeClock) -> None:
    folder.mkdir()
    for number in range(MOST_CLIPS + 5):
        name = clip_name(new_event_id(clock.wall + number), is_critical=number == 0)
        (folder / name).write_bytes(bytes(100))
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    clips.tick()

    assert len(names(folder)) == MOST_CLIPS
    assert sum(name.endswith(".critical.flac") for name in names(folder)) == 1


def test_what_is_too_old_goes_even_if_it_is_critical_but_not_by_a_clock_that_was_never_set(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    clips = Clips(tmp_path, ClipSettings(max_age_days=7), clock=clock)
    keep(clips, new_event_id(clock.wall - 8 * DAY_S), is_critical=True)
    young = keep(clips, new_event_id(clock.wall - 6 * DAY_S))
    timeless = keep(clips, new_event_id(60.0))
    clips.tick()
    assert names(folder) == {young, timeless}

    clock.advance(2 * DAY_S)
    clips.tick()
    assert names(folder) == {timeless}


def test_soon_after_a_boot_nothing_is_too_old_since_the_clock_may_be_wrong(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    clock.boottime = SETTLED_S - 1.0
    clips = Clips(tmp_path, ClipSettings(max_age_days=7), clock=clock)
    name = keep(clips, new_event_id(clock.wall - 8 * DAY_S))
    clips.tick()
    assert names(folder) == {name}

    clock.advance(TIDY_EVERY_S)
    clips.tick()
    assert names(folder) == set()


def test_many_old_ones_go_over_several_turns(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    folder.mkdir()
    for _ in range(50):
        (folder / clip_name(new_event_id(clock.wall - 90 * DAY_S), is_critical=False)).touch()
    left = []
    for _ in range(4):
        clips.tick()
        left.append(len(names(folder)))

    assert left == [30, 10, 0, 0]


def test_a_clip_can_be_deleted_wherever_it_is(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    written, being_written, waiting, in_the_making = (new_event_id(clock.wall) for _ in range(4))
    keep(clips, written, is_critical=True)
    clips.write(being_written, noise(9), is_critical=False)
    clips.write(waiting, noise(9), is_critical=True)
    clips.tick()
    clips.tick()
    assert any(name.endswith(".part") for name in names(folder))

    assert [clips.delete(event_id) for event_id in (written, being_written, waiting)] == [True] * 3
    assert not clips.delete(in_the_making)
    clips.write(in_the_making, noise(1), is_critical=False)
    clips.close()
    assert names(folder) == set()
    assert clips.counts["failed"] == 0


@pytest.mark.parametrize("event_id", ["", ".", "../outbox.sqlite", "*", "a" * 5_000, "x\0y"])
def test_what_is_no_event_id_deletes_nothing(
    tmp_path: Path, folder: Path, clock: FakeClock, event_id: str
) -> None:
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    name = keep(clips, new_event_id(clock.wall))
    (tmp_path / "outbox.sqlite").touch()

    assert not clips.delete(event_id)
    assert names(folder) == {name}
    assert (tmp_path / "outbox.sqlite").exists()


def test_no_more_waits_in_memory_than_fits(tmp_path: Path, clock: FakeClock) -> None:
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    for _ in range(MOST_WAITING):
        assert clips.admit()
        clips.write(new_event_id(clock.wall), noise(1), is_critical=False)

    assert not clips.admit()


def test_leftovers_of_a_killed_process_go_at_the_start_and_whole_clips_stay(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    whole = keep(Clips(tmp_path, ClipSettings(), clock=clock), new_event_id(clock.wall))
    (folder / f"{new_event_id(clock.wall)}.critical.flac.part").write_bytes(b"fLaC")
    (folder / f"{new_event_id(clock.wall)}.flac").touch()  # a power cut
    (folder / "notes.part").touch()

    Clips(tmp_path, None, clock=clock)

    assert names(folder) == {whole, "notes.part"}


def test_when_turned_off_what_is_not_on_disk_yet_is_forgotten(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    assert clips.admit()
    for _ in range(2):
        clips.write(new_event_id(clock.wall), noise(9), is_critical=True)
    clips.tick()
    clips.tick()
    assert names(folder) != set()

    clips.follow(None)

    assert not clips.admit()
    clips.write(new_event_id(clock.wall), noise(1), is_critical=True)
    clips.tick()
    clips.close()
    assert names(folder) == set()


def test_ending_takes_no_longer_than_it_may_however_much_waits(
    tmp_path: Path, folder: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    clips = Clips(tmp_path, ClipSettings(), clock=SystemClock())
    assert clips.admit()
    for _ in range(MOST_WAITING):
        clips.write(new_event_id(clock.wall), noise(300), is_critical=True)
    begin_s = time.monotonic()

    clips.close(within_s=0.2)

    assert time.monotonic() - begin_s < 0.6
    assert clips.counts["failed"] == MOST_WAITING - len(names(folder)) > 0
    assert "there was no time to write them" in caplog.text
    assert not any(name.endswith(".part") for name in names(folder))


def test_when_turned_off_nothing_is_recorded_and_nothing_deleted(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    clips = Clips(tmp_path, ClipSettings(max_age_days=1), clock=clock)
    name = keep(clips, new_event_id(clock.wall - 9 * DAY_S))
    clips.follow(None)
    clock.advance(TIDY_EVERY_S)
    clips.tick()

    assert names(folder) == {name}
