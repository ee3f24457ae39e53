import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from torch.utils.data import DataLoader

from training.clips.manifest import COLUMNS
from training.clips.shard_bank import open_shards
from training.clips.shard_stream import ShardStream, heard_hours, main
from training.clips.shards import write_shards
from training.errors import TrainingDataError

pytestmark = pytest.mark.torch

CLIPS = 60
CLIP_S = 2.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of two minutes of sound, a few clips each."""
    data = tmp_path_factory.mktemp("stream") / "data"
    data.mkdir()
    lines = ["\t".join(COLUMNS)]
    for number in range(CLIPS):
        samples = np.random.default_rng(number).uniform(-1, 1, round(CLIP_S * 16_000))
        soundfile.write(data / f"{number}.wav", samples, 16_000)
        split = "dev" if number < 5 else "train"
        lines.append(f"{number}.wav\tdog\t{split}\tship\ts\tg{number}\tl\t2.0")
    (data / "manifest.tsv").write_text("\n".join(lines), encoding="utf-8")
    write_shards(data, data.parent / "shards", shard_bytes=300_000)
    return data.parent / "shards"


def _order(stream: ShardStream) -> list[str]:
    return [row.path for row, _ in stream]


def test_the_stream_gives_the_clips_of_the_bank_each_once(folder: Path) -> None:
    bank = open_shards(folder)
    place = {row.path: index for index, row in enumerate(bank.rows)}
    for split, count in (("train", CLIPS - 5), ("dev", 5)):
        heard = list(ShardStream(folder, split, shuffle_clips=7))

        assert len({row.path for row, _ in heard}) == len(heard) == count
        for row, samples in heard:
            assert row == bank.rows[place[row.path]]
            np.testing.assert_array_equal(samples, bank.clip(place[row.path]))


def test_the_order_is_a_matter_of_seed_and_epoch(folder: Path) -> None:
    first = _order(ShardStream(folder, "train", shuffle_clips=20, seed=1))

    assert first == _order(ShardStream(folder, "train", shuffle_clips=20, seed=1))
    assert first != _order(ShardStream(folder, "train", shuffle_clips=20, seed=2))
    assert first != _order(ShardStream(folder, "train", shuffle_clips=20, seed=1, epoch=1))
    assert _order(ShardStream(folder, "train", seed=1)) == _order(
        ShardStream(folder, "train", seed=2)
    )


def test_memory_holds_the_clips_being_shuffled_and_no_more(folder: Path) -> None:
    clip_bytes = round(CLIP_S * 16_000) * 4
    all_bytes = CLIPS * clip_bytes
    list(ShardStream(folder, "train", shuffle_clips=4))  # what is loaded once does not count
    tracemalloc.start()
    try:
        for _ in ShardStream(folder, "train", shuffle_clips=4):
            pass
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 12 * clip_bytes < all_bytes / 4


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_share_the_shards_among_them(folder: Path, workers: int) -> None:
    stream = ShardStream(folder, "train", shuffle_clips=4)
    loader = DataLoader(stream, batch_size=None, num_workers=workers, collate_fn=list)

    paths = [row.path for row, _ in loader]

    assert len(paths) == len(set(paths)) == CLIPS - 5


def test_a_split_without_clips_is_empty(folder: Path) -> None:
    assert _order(ShardStream(folder, "other")) == []


# damaged shards


def _copy(folder: Path, target: Path) -> Path:
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_whole_shards_are_said_to_be_whole(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert heard_hours(folder) == pytest.approx(CLIPS * CLIP_S / 3_600)
    assert main([str(folder)]) == 0
    assert "every clip is whole" in capsys.readouterr().out


def test_a_flipped_bit_is_found(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = _copy(folder, tmp_path / "copy")
    place = next(iter(ShardStream(copy, "train").places.values()))
    content = bytearray((copy / place.shard).read_bytes())
    content[place.offset_bytes + 1_000] ^= 1
    (copy / place.shard).write_bytes(content)

    assert main([str(copy)]) == 1
    assert f"{place.shard}: " in capsys.readouterr().err


def test_a_header_overwritten_with_noise_is_found(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "copy")
    shard = copy / "train-000000.tar"
    content = bytearray(shard.read_bytes())
    content[:512] = np.random.default_rng(0).bytes(512)
    shard.write_bytes(content)

    with pytest.raises(TrainingDataError, match="copy or make the shards again"):
        heard_hours(copy)


def test_clips_that_a_shard_does_not_hold_are_missed(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "copy")
    shard = copy / "train-000000.tar"
    size_bytes = shard.stat().st_size
    shard.write_bytes(bytes(size_bytes))  # a sparse file: as long as it should be, but empty

    with pytest.raises(TrainingDataError, match="copy or make the shards again"):
        heard_hours(copy)
