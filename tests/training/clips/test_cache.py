import os
from pathlib import Path

import numpy as np
import pytest

from training.clips.bank_files import LOCK_NAME, BankFiles
from training.clips.cache import cached_banks, main, prune, table

pytestmark = pytest.mark.torch

NOW_S = 1_000_000_000.0
DAY_S = 86_400.0


def _write(cache: Path, name: str, *, unused_days: float) -> BankFiles:
    cache.mkdir(exist_ok=True)
    files = BankFiles(stem=cache / f"clips-{name}")
    files.write([np.zeros(16_000, dtype=np.int16), np.zeros(20_000, dtype=np.int16)])
    opened_s = NOW_S - unused_days * DAY_S
    for path in (files.samples, files.bounds):
        os.utime(path, (opened_s, opened_s))
    return files


def test_banks_are_listed_with_what_they_hold_the_last_opened_first(tmp_path: Path) -> None:
    _write(tmp_path, "old", unused_days=9)
    _write(tmp_path, "new", unused_days=1)

    new, old = cached_banks(tmp_path, now_s=NOW_S)

    assert (new.files.stem.name, old.files.stem.name) == ("clips-new", "clips-old")
    assert (new.clips, new.duration_h) == (2, 36_000 / 16_000 / 3_600)
    assert new.size_bytes == 72_000 + new.files.bounds.stat().st_size
    assert old.unused_days == pytest.approx(9)
    assert "2 banks, 0 MB" in table([new, old])


def test_a_bank_that_lacks_a_file_is_listed_as_broken(tmp_path: Path) -> None:
    _write(tmp_path, "a", unused_days=0).bounds.unlink()

    (bank,) = cached_banks(tmp_path, now_s=NOW_S)

    assert bank.clips is None
    assert "broken" in table([bank])


def test_pruning_deletes_what_was_not_opened_and_what_killed_processes_left(
    tmp_path: Path,
) -> None:
    old, new = _write(tmp_path, "old", unused_days=31), _write(tmp_path, "new", unused_days=29)
    (tmp_path / "clips-1.i16.unfinished").write_bytes(b"half")
    (tmp_path / "features-1.npy").write_bytes(b"of another room")

    (deleted,) = prune(tmp_path, unused_days=30, now_s=NOW_S)

    assert deleted.files == old
    assert {path.name for path in tmp_path.iterdir()} == {
        new.samples.name,
        new.bounds.name,
        "features-1.npy",
        LOCK_NAME,
    }


def test_the_command_lists_without_deleting_and_prunes_when_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = _write(tmp_path, "old", unused_days=31)

    assert main(["--cache", str(tmp_path)]) == 0
    assert "clips-old" in capsys.readouterr().out
    assert files.bounds.exists()

    assert main(["--cache", str(tmp_path), "--prune", "30"]) == 0
    assert "1 banks" in capsys.readouterr().out
    assert not files.bounds.exists()


def test_a_cache_that_is_not_there_holds_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cache", str(tmp_path / "none")]) == 0
    assert "0 banks" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_a_cache_that_cannot_be_written_to_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert main(["--cache", str(tmp_path / "file"), "--prune", "1"]) == 1
    assert capsys.readouterr().err.startswith("cache: ")
