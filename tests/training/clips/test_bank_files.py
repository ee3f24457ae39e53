import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.training.full_disk import hardly_any_room
from tests.training.rows import row_of, tone, write_tone
from training.clips import bank as clips
from training.clips.bank import open_bank
from training.clips.bank_files import LOCK_NAME, BankFiles, bank_files, exclusive
from training.errors import TrainingDataError

pytestmark = pytest.mark.torch


def _banks(cache: Path) -> set[str]:
    """Names of whatever stands in a cache beside its lock."""
    return {path.name for path in cache.iterdir()} - {LOCK_NAME}


# named by content


def test_clips_are_decoded_only_once(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    open_bank(tmp_path, [row_of("a.wav")], tmp_path / "cache")
    inodes = {path: path.stat().st_ino for path in (tmp_path / "cache").iterdir()}

    open_bank(tmp_path, [row_of("a.wav")], tmp_path / "cache")

    assert {path: path.stat().st_ino for path in (tmp_path / "cache").iterdir()} == inodes


@pytest.mark.parametrize("duration_s", [0.5, 0.6], ids=["same size", "other size"])
def test_a_clip_that_changed_is_decoded_again_even_if_its_time_did_not(
    tmp_path: Path, duration_s: float
) -> None:
    path = write_tone(tmp_path / "a.wav", amplitude=0.4)
    os.utime(path, ns=(0, 0))
    open_bank(tmp_path, [row_of("a.wav")], tmp_path / "cache")

    soundfile.write(path, 0.2 * tone(16_000, duration_s), 16_000)
    os.utime(path, ns=(0, 0))
    bank = open_bank(tmp_path, [row_of("a.wav")], tmp_path / "cache")

    assert np.abs(bank.clip(0)).max() == pytest.approx(0.1, abs=1e-3)
    assert len(_banks(tmp_path / "cache")) == 4  # the old one stays until it is pruned


def test_the_same_recordings_in_another_folder_under_other_names_share_a_bank(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_tone(tmp_path / name / f"{name}.wav")
        open_bank(tmp_path / name, [row_of(f"{name}.wav")], tmp_path / "cache")

    assert len(_banks(tmp_path / "cache")) == 2


def test_the_same_names_in_another_folder_are_other_clips(tmp_path: Path) -> None:
    for name, amplitude in (("one", 0.1), ("two", 0.4)):
        (tmp_path / name).mkdir()
        os.utime(write_tone(tmp_path / name / "a.wav", amplitude), ns=(0, 0))

    banks = [
        open_bank(tmp_path / name, [row_of("a.wav")], tmp_path / "cache") for name in ("one", "two")
    ]

    assert banks[0].clip(0).max() < 0.2 < banks[1].clip(0).max()


def test_another_order_of_the_same_recordings_gives_each_row_its_own_samples(
    tmp_path: Path,
) -> None:
    rows = [row_of(f"{name}.wav") for name in "ab"]
    for row, amplitude in zip(rows, (0.1, 0.4), strict=True):
        write_tone(tmp_path / row.path, amplitude)

    there = open_bank(tmp_path, rows, tmp_path / "cache")
    back = open_bank(tmp_path, rows[::-1], tmp_path / "cache")

    np.testing.assert_array_equal(there.clip(0), back.clip(1))
    np.testing.assert_array_equal(there.clip(1), back.clip(0))


# bad recordings


def test_recordings_that_are_not_there_are_all_named_before_anything_is_decoded(
    tmp_path: Path,
) -> None:
    write_tone(tmp_path / "there.wav")
    rows = [row_of(name) for name in ("none.wav", "there.wav", "gone.wav", "x" * 300)]
    with pytest.raises(TrainingDataError) as caught:
        open_bank(tmp_path, rows, tmp_path / "cache")

    message = str(caught.value)
    assert "3 of 4 recordings cannot be read" in message
    assert "none.wav: is in the manifest, but cannot be read (No such file" in message
    assert "gone.wav" in message
    assert not (tmp_path / "cache").exists()


def test_recordings_that_cannot_be_decoded_are_all_named_and_leave_no_bank(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    (tmp_path / "b.wav").write_bytes(b"broken")
    soundfile.write(tmp_path / "c.wav", np.zeros(10), 16_000)
    rows = [row_of(f"{name}.wav") for name in "abc"]
    with pytest.raises(TrainingDataError) as caught:
        open_bank(tmp_path, rows, tmp_path / "cache")

    assert "2 of 3 recordings cannot be used" in str(caught.value)
    assert "b.wav: cannot be decoded" in str(caught.value)
    assert "c.wav: is 0.6 ms long" in str(caught.value)
    assert not _banks(tmp_path / "cache")

    for name in "bc":
        write_tone(tmp_path / f"{name}.wav")
    assert len(open_bank(tmp_path, rows, tmp_path / "cache").clip(1)) == 8_000


# half-written banks


def test_an_interrupt_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row_of(f"{name}.wav") for name in "ab"]
    for row in rows:
        write_tone(tmp_path / row.path)

    def decode(path: Path) -> NDArray[np.int16]:
        if path.name == "b.wav":
            raise KeyboardInterrupt
        return np.ones(400, dtype=np.int16)

    monkeypatch.setattr(clips, "decode", decode)
    with pytest.raises(KeyboardInterrupt):
        open_bank(tmp_path, rows, tmp_path / "cache")
    assert not _banks(tmp_path / "cache")

    monkeypatch.undo()
    assert len(open_bank(tmp_path, rows, tmp_path / "cache").clip(0)) == 8_000


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    files = BankFiles(stem=tmp_path / "clips-0")

    told = pytest.raises(TrainingDataError, match=r"clips-0\.i16: cannot be written .*make room")
    with told, hardly_any_room():
        files.write(np.ones(400, dtype=np.int16) for _ in range(2_000))

    assert not list(tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    (tmp_path / "cache").write_text("a file stands here", encoding="utf-8")

    with pytest.raises(TrainingDataError, match="cache: cannot be written to"):
        open_bank(tmp_path, [row_of("a.wav")], tmp_path / "cache")


@pytest.mark.parametrize("broken", ["samples", "bounds"])
def test_a_bank_that_was_cut_short_is_made_again(tmp_path: Path, broken: str) -> None:
    write_tone(tmp_path / "a.wav")
    expected = open_bank(tmp_path, [row_of("a.wav")], tmp_path / "cache").clip(0).copy()
    (samples,) = (tmp_path / "cache").glob("*.i16")
    files = BankFiles(stem=samples.with_suffix(""))
    os.truncate(getattr(files, broken), 100)

    bank = open_bank(tmp_path, [row_of("a.wav")], tmp_path / "cache")

    np.testing.assert_array_equal(bank.clip(0), expected)


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=100) | st.lists(st.integers(0, 9), max_size=4))
def test_whatever_stands_in_a_bounds_file_is_no_bank(
    content: bytes | list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = BankFiles(stem=tmp_path_factory.getbasetemp() / "clips-any")
    files.samples.write_bytes(bytes(6))
    if isinstance(content, bytes):
        files.bounds.write_bytes(b"\x93NUMPY\x01\x00" + content)
    else:
        np.save(files.bounds, np.array(content, dtype=np.int64))  # as an older version wrote them

    assert files.whole_bounds() is None


# several processes


_OPEN = """
import logging, sys
from pathlib import Path
from tests.training.rows import row_of
from training.clips.bank import open_bank
logging.basicConfig(level=logging.INFO)
print(open_bank(Path(sys.argv[1]), [row_of("a.wav")], Path(sys.argv[2])).clip(0).max())
"""


def test_a_second_process_waits_for_the_first_and_takes_its_bank(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    cache = tmp_path / "cache"
    files = bank_files(tmp_path, ["a.wav"], cache)
    command = [sys.executable, "-c", _OPEN, str(tmp_path), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        with exclusive(cache):
            assert b"another process writes to it; waiting" in process.stderr.readline()
            assert not _banks(cache)
            files.write([np.full(400, 16_384, dtype=np.int16)])  # told apart from the recording
        assert float(process.stdout.read()) == 0.5
        assert process.wait() == 0
    assert _banks(cache) == {files.samples.name, files.bounds.name}
