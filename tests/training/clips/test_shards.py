import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from webdataset.tariterators import group_by_keys, tar_file_expander

from tests.training.full_disk import hardly_any_room
from tests.training.rows import tone
from training.clips import shards
from training.clips.bank import open_bank
from training.clips.manifest import COLUMNS, read_manifest
from training.clips.shard_bank import ShardBank, holds_shards, open_shards
from training.clips.shards import main, write_shards
from training.errors import TrainingDataError

pytestmark = pytest.mark.torch

CLIPS = 12
CLIP_BYTES = 16_000
"""Of 0.5 s, before FLAC packs it."""
SHARD_BYTES = 2 * CLIP_BYTES + 8_000
"""Full with the third clip."""


def _write_data(folder: Path) -> Path:
    """A data folder: clips of noise, which FLAC hardly packs, some of them in dev."""
    folder.mkdir()
    lines = ["\t".join(COLUMNS)]
    for number in range(CLIPS):
        rng = np.random.default_rng(number)
        path, split = f"{number}.wav", "dev" if number % 4 == 0 else "train"
        soundfile.write(folder / path, rng.uniform(-1, 1, CLIP_BYTES // 2), 16_000)
        lines.append(
            "\t".join([path, f"label {number}", split, "ship", "ü", f"g{number}", "l", "1"])
        )
    (folder / "manifest.tsv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return _write_data(tmp_path / "data")


@pytest.fixture
def out(data: Path, tmp_path: Path) -> Path:
    """Shards of that data, about three clips each."""
    write_shards(data, tmp_path / "out", shard_bytes=SHARD_BYTES)
    return tmp_path / "out"


def test_every_split_has_shards_of_its_own_of_about_the_size_asked_for(
    data: Path, tmp_path: Path
) -> None:
    report = write_shards(data, tmp_path / "out", shard_bytes=SHARD_BYTES)

    assert report.shards == (
        *(f"train-{number:06d}.tar" for number in range(3)),
        "dev-000000.tar",
    )
    assert (report.clips, report.skipped, report.lost_labels) == (CLIPS, (), ())
    assert report.duration_h == pytest.approx(CLIPS * 0.5 / 3_600)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *report.shards,
        "manifest.tsv",
        "index.tsv",
    }


def test_the_manifest_of_the_shards_lists_the_same_rows_in_the_same_order(
    data: Path, out: Path
) -> None:
    assert read_manifest(out) == read_manifest(data)
    assert holds_shards(out)
    assert not holds_shards(data)


def test_clips_are_those_of_the_bank_in_memory_in_any_order(
    data: Path, out: Path, tmp_path: Path
) -> None:
    bank = open_shards(out)
    in_memory = open_bank(data, read_manifest(data), tmp_path / "cache")

    assert bank.rows == in_memory.rows
    for index in reversed(range(CLIPS)):
        assert bank.clip(index).dtype == np.float32
        np.testing.assert_array_equal(bank.clip(index), in_memory.clip(index))
    part = bank.only([bank.rows[5], bank.rows[1]])
    np.testing.assert_array_equal(part.clip(1), bank.clip(1))
    assert part.rows == (bank.rows[5], bank.rows[1])
    assert bank.only([]) == ShardBank(out, (), ())


def test_webdataset_reads_the_shards_without_this_project(out: Path) -> None:
    bank = open_shards(out)
    found = {}
    for shard in sorted(out.glob("*.tar")):
        with shard.open("rb") as stream:
            files = tar_file_expander([{"url": str(shard), "stream": stream}])
            for sample in group_by_keys(files):
                path = json.loads(sample["json"])["path"]
                found[path] = soundfile.read(io.BytesIO(sample["flac"]), dtype="float32")[0]

    assert set(found) == {row.path for row in bank.rows}
    for index, row in enumerate(bank.rows):
        np.testing.assert_array_equal(found[row.path], bank.clip(index))


def test_the_same_recordings_give_the_same_bytes(data: Path, out: Path, tmp_path: Path) -> None:
    write_shards(data, tmp_path / "again", shard_bytes=SHARD_BYTES)

    for path in out.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_clips_in_shards_are_not_in_the_order_of_the_manifest(out: Path) -> None:
    with tarfile.open(out / "train-000000.tar") as tar:
        keys = [member.name for member in tar if member.name.endswith(".flac")]

    assert keys != sorted(keys)


# bad recordings


def _spoil(data: Path) -> None:
    (data / "1.wav").unlink()
    (data / "2.wav").write_bytes(b"no sound")
    soundfile.write(data / "3.wav", tone(16_000)[:100], 16_000)


def test_unusable_recordings_are_all_named_and_nothing_is_written(
    data: Path, tmp_path: Path
) -> None:
    _spoil(data)
    with pytest.raises(TrainingDataError) as caught:
        write_shards(data, tmp_path / "out", shard_bytes=10**6)

    message = str(caught.value)
    assert "3 of 12 recordings cannot be used" in message
    assert "--skip-unreadable" in message
    assert "1.wav: is in the manifest, but not there" in message
    assert "2.wav: cannot be decoded" in message
    assert "3.wav: is 6.2 ms long" in message
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_unusable_recordings_are_left_out_on_request_counted_and_named(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _spoil(data)
    arguments = ["--data", str(data), "--out", str(tmp_path / "out"), "--skip-unreadable"]

    assert main(arguments) == 0

    said = capsys.readouterr()
    assert "9 clips (0.0 h) in 2 shards" in said.out
    assert "3 skipped" in said.out
    assert said.err.count("skipped: ") == 3
    assert "no clip is left of: label 1, label 2, label 3" in said.err
    assert {row.path for row in read_manifest(tmp_path / "out")} == {
        f"{number}.wav" for number in range(CLIPS) if number not in (1, 2, 3)
    }


def test_shards_that_are_there_are_not_overwritten(
    data: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(data), "--out", str(out)]) == 1
    assert "out: is there already; delete it" in capsys.readouterr().err
    assert open_shards(out).clip(0).any()


def test_an_empty_folder_may_be_filled(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    assert write_shards(data, tmp_path / "out", shard_bytes=10**6).clips == CLIPS


def test_an_interrupt_leaves_nothing_behind(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def pack(_samples: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(shards, "pack", pack)

    assert main(["--data", str(data), "--out", str(tmp_path / "out")]) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_a_full_disk_is_told_and_leaves_nothing_behind(data: Path, tmp_path: Path) -> None:
    told = pytest.raises(TrainingDataError, match=r"out: cannot be written .*make room")
    with told, hardly_any_room():
        write_shards(data, tmp_path / "out", shard_bytes=10**6)

    assert {path.name for path in tmp_path.iterdir()} == {"data"}


# damaged shards


def test_a_shard_that_is_missing_or_cut_short_is_told_on_opening(out: Path) -> None:
    (out / "dev-000000.tar").unlink()
    os.truncate(out / "train-000000.tar", 1_000)
    with pytest.raises(TrainingDataError) as caught:
        open_shards(out)

    assert "dev-000000.tar: is in the index, but cannot be read (No such file" in str(caught.value)
    assert "train-000000.tar: wanted " in str(caught.value)


def test_a_flipped_bit_is_told_when_the_clip_is_read(out: Path) -> None:
    bank = open_shards(out)
    place = bank.places[1]
    content = bytearray((out / place.shard).read_bytes())
    content[place.offset_bytes + place.size_bytes // 2] ^= 4
    (out / place.shard).write_bytes(content)

    with pytest.raises(TrainingDataError, match=r"1\.wav: is damaged \(its check sum"):
        bank.clip(1)
    assert bank.clip(2).any()


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (b"", "lacks 12 clips, 0.wav first"),
        (b"\xff\xfe", "cannot be read as an index of shards"),
        (b"path\tshard\na\tb\n", "cannot be read as an index of shards"),
    ],
)
def test_a_damaged_index_is_told(out: Path, index: bytes, said: str) -> None:
    (out / "index.tsv").write_bytes(index)

    with pytest.raises(TrainingDataError, match=said):
        open_shards(out)
