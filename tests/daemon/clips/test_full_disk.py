"""Clips on a disk that takes none."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.clips import clips as clips_module
from daemon.clips.clips import LOOK_AGAIN_S, TIDY_EVERY_S, Clips
from daemon.clips.folder import FOLDER_NAME
from daemon.ears.event_ids import new_event_id
from daemon.settings.clips import ClipSettings
from tests.daemon.clips.kept_clips import keep, names, noise
from tests.daemon.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    clock = FakeClock()
    clock.wall = 1_795_000_000.0
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / FOLDER_NAME


def num_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def full_disk(num_bytes: int) -> Iterator[None]:
    """No file can grow larger, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("num_bytes", [0, 10, 5_000, 40_000])
def test_a_full_disk_is_said_once_and_counted_and_leaves_nothing_behind(
    tmp_path: Path,
    folder: Path,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    num_bytes: int,
) -> None:
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    assert clips.admit()
    num_open = num_open_files()
    with full_disk(num_bytes):
        for _ in range(3):
            clips.write(new_event_id(clock.wall), noise(3), is_critical=True)
            clips.close()
    assert clips.counts["failed"] == 3
    assert names(folder) == set()
    assert num_open_files() == num_open
    assert "there are no clips for now: clip" in str(clips.problem)
    assert caplog.text.count("no clips for now") == 1

    keep(clips, new_event_id(clock.wall))
    assert clips.problem is None


def test_a_disk_with_little_left_takes_no_clip_until_it_has_more(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    with monkeypatch.context() as patch:
        patch.setattr(clips_module, "RESERVE_BYTES", 1 << 62)
        assert not clips.admit()
        clock.advance(LOOK_AGAIN_S)
        for _ in range(3):
            clips.tick()
        assert "MB left" in str(clips.problem)
    clock.advance(LOOK_AGAIN_S)
    clips.tick()
    assert clips.problem is None


def test_a_folder_that_cannot_be_made_keeps_nothing_from_starting(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    folder.touch()
    clips = Clips(tmp_path, ClipSettings(), clock=clock)
    for _ in range(3):
        assert not clips.admit()
        clips.tick()
        clock.advance(TIDY_EVERY_S)

    assert "there are no clips for now" in str(clips.problem)
    assert clips.counts["failed"] == 3
    assert Clips(tmp_path, None, clock=clock).problem is None
