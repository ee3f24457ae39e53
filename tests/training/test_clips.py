import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.training.tiny_data import COLUMNS
from training.clips import (
    ClipRow,
    active_frames,
    decode,
    held_out,
    open_bank,
    read_manifest,
)
from training.config import RunConfig
from training.errors import TrainingDataError
from training.session import open_data

pytestmark = pytest.mark.torch

PITCH_HZ = 1_000.0


def _row(path: str, label: str = "dog", group: str = "g") -> ClipRow:
    return ClipRow(
        path=path, label=label, split="train", use="ship", source="s", group=group, licence="l"
    )


def _tone(rate_hz: int, duration_s: float = 0.5) -> NDArray[np.float64]:
    samples: NDArray[np.float64] = 0.5 * np.sin(
        2 * np.pi * PITCH_HZ * np.arange(round(rate_hz * duration_s)) / rate_hz
    )
    return samples


def _write_tone(path: Path, amplitude: float = 0.5) -> Path:
    soundfile.write(path, 2 * amplitude * _tone(16_000), 16_000)
    return path


# manifest


def test_a_manifest_is_read_row_by_row(tmp_path: Path) -> None:
    values = ["a/b.ogg", "dog", "train", "ship", "me", "yard-1", "CC0-1.0", "1.5"]
    text = "\t".join(COLUMNS) + "\n" + "\t".join(values) + "\n"
    (tmp_path / "manifest.tsv").write_text(text, encoding="utf-8")

    (row,) = read_manifest(tmp_path)

    assert (row.path, row.label, row.group, row.licence) == ("a/b.ogg", "dog", "yard-1", "CC0-1.0")


def test_a_folder_without_a_manifest_is_refused_naming_the_variable(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"manifest\.tsv: cannot be read.*AED_DATA"):
        read_manifest(tmp_path)


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.tsv").write_text("path\tlabel\tsplit\tuse\tsource\n", encoding="utf-8")

    with pytest.raises(TrainingDataError, match="group, licence, duration_s missing"):
        read_manifest(tmp_path)


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=60))
def test_any_bytes_are_a_manifest_or_refused(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any_manifest"
    folder.mkdir(exist_ok=True)
    for start in (b"", "\t".join(COLUMNS).encode() + b"\n"):
        (folder / "manifest.tsv").write_bytes(start + content)
        try:
            rows = read_manifest(folder)
        except TrainingDataError as error:
            assert str(folder) in str(error)  # noqa: PT017 - either outcome is right
        else:
            assert all(isinstance(row.path, str) for row in rows)


# decoding


@pytest.mark.parametrize(
    ("name", "rate_hz"),
    [
        ("a.wav", 8_000),
        ("a.wav", 44_100),
        ("a.flac", 48_000),
        ("a.ogg", 44_100),
        ("a.flac", 16_000),
    ],
)
def test_any_format_rate_and_channels_become_16_khz_mono(
    tmp_path: Path, name: str, rate_hz: int
) -> None:
    left = _tone(rate_hz)
    soundfile.write(tmp_path / name, np.stack([left, 0.5 * left], axis=1), rate_hz)

    samples = decode(tmp_path / name)

    assert samples.dtype == np.int16
    assert len(samples) == pytest.approx(8_000, abs=2)
    middle = samples[2_000:6_000] / 32_768
    assert np.argmax(np.abs(np.fft.rfft(middle))) == PITCH_HZ / 4  # bins of 4 Hz
    assert np.abs(middle).max() == pytest.approx(0.375, abs=0.02)  # mean of the channels


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_a_file_without_samples_is_refused(tmp_path: Path, rate_hz: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 2)), rate_hz)

    with pytest.raises(TrainingDataError, match=r"a\.wav: holds no samples"):
        decode(tmp_path / "a.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all" * 100])
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)

    with pytest.raises(TrainingDataError, match=r"a\.wav: cannot be decoded"):
        decode(tmp_path / "a.wav")


def test_samples_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0.0, np.nan, np.inf]), 16_000, subtype="FLOAT")

    with pytest.raises(TrainingDataError, match="not finite"):
        decode(tmp_path / "a.wav")


def test_samples_beyond_full_scale_are_clipped_not_wrapped(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([2.0, -2.0, 0.5]), 16_000, subtype="FLOAT")

    assert decode(tmp_path / "a.wav").tolist() == [32_767, -32_767, 16_384]


# the bank


def test_the_bank_gives_each_clip_back(tmp_path: Path) -> None:
    for number, amplitude in enumerate((0.1, 0.2, 0.4)):
        _write_tone(tmp_path / f"{number}.wav", amplitude)
    rows = [_row(f"{number}.wav") for number in range(3)]

    bank = open_bank(tmp_path, rows, tmp_path / "cache")

    for index, amplitude in enumerate((0.1, 0.2, 0.4)):
        assert bank.clip(index).shape == (8_000,)
        assert np.abs(bank.clip(index)).max() == pytest.approx(amplitude, abs=1e-3)
    part = bank.only([rows[2], rows[0]])
    assert part.rows == (rows[2], rows[0])
    np.testing.assert_array_equal(part.clip(0), bank.clip(2))
    np.testing.assert_array_equal(part.clip(1), bank.clip(0))
    assert bank.only([]).rows == ()


def test_clips_are_decoded_only_once(tmp_path: Path) -> None:
    path = _write_tone(tmp_path / "a.wav")
    bank = open_bank(tmp_path, [_row("a.wav")], tmp_path / "cache")
    stat = path.stat()
    path.write_bytes(b"x" * stat.st_size)  # decoding it again would fail
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    again = open_bank(tmp_path, [_row("a.wav")], tmp_path / "cache")

    np.testing.assert_array_equal(again.clip(0), bank.clip(0))


@pytest.mark.parametrize("duration_s", [0.5, 0.6], ids=["same size", "other size"])
def test_a_clip_that_changed_is_decoded_again(tmp_path: Path, duration_s: float) -> None:
    path = _write_tone(tmp_path / "a.wav", amplitude=0.4)
    os.utime(path, ns=(0, 0))
    open_bank(tmp_path, [_row("a.wav")], tmp_path / "cache")

    soundfile.write(path, 0.2 * _tone(16_000, duration_s), 16_000)
    bank = open_bank(tmp_path, [_row("a.wav")], tmp_path / "cache")

    assert np.abs(bank.clip(0)).max() == pytest.approx(0.1, abs=1e-3)


def test_the_same_names_in_another_folder_are_other_clips(tmp_path: Path) -> None:
    for name, amplitude in (("one", 0.1), ("two", 0.4)):
        (tmp_path / name).mkdir()
        os.utime(_write_tone(tmp_path / name / "a.wav", amplitude), ns=(0, 0))

    banks = [
        open_bank(tmp_path / name, [_row("a.wav")], tmp_path / "cache") for name in ("one", "two")
    ]

    assert banks[0].clip(0).max() < 0.2 < banks[1].clip(0).max()


def test_an_interrupted_decoding_leaves_nothing_that_is_taken_for_whole(tmp_path: Path) -> None:
    _write_tone(tmp_path / "a.wav")
    (tmp_path / "b.wav").write_bytes(b"broken")
    rows = [_row("a.wav"), _row("b.wav")]
    with pytest.raises(TrainingDataError, match=r"b\.wav"):
        open_bank(tmp_path, rows, tmp_path / "cache")

    _write_tone(tmp_path / "b.wav")
    assert len(open_bank(tmp_path, rows, tmp_path / "cache").clip(1)) == 8_000


def test_a_clip_of_the_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"none\.wav: is in the manifest, but cannot"):
        open_bank(tmp_path, [_row("none.wav")], tmp_path / "cache")


def test_a_bank_of_nothing_is_empty(tmp_path: Path) -> None:
    for _ in range(2):
        assert open_bank(tmp_path, [], tmp_path / "cache").rows == ()


# frames that sound


def test_frames_within_30_db_of_the_loudest_sound() -> None:
    levels = np.repeat([0.0, 1.0, 0.04, 0.02, 0.0], 1_600).astype(np.float32)

    assert active_frames(levels).tolist() == [False, True, True, False, False]


def test_a_last_frame_that_is_not_whole_counts() -> None:
    samples = np.zeros(3_300, dtype=np.float32)
    samples[3_200:] = 0.5

    assert active_frames(samples).tolist() == [False, False, True]


@pytest.mark.parametrize("samples", [0, 1, 1_600, 5_000])
def test_digital_silence_does_not_sound(samples: int) -> None:
    frames = active_frames(np.zeros(samples, dtype=np.float32))

    assert len(frames) == -(-samples // 1_600)
    assert not frames.any()


# held-out groups

tables = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 25)), min_size=1, max_size=80
).map(
    lambda cells: [
        _row(f"{index}.wav", label, f"group-{number}")
        for index, (label, number) in enumerate(cells)
    ]
)


@settings(deadline=None, max_examples=100)
@given(tables, st.floats(0.0, 1.0))
def test_held_out_groups_are_a_matter_of_their_names_and_spare_scarce_labels(
    rows: list[ClipRow], share: float
) -> None:
    reserved = held_out(rows, share=share)

    assert held_out(list(reversed(rows)), share=share) == reserved
    for label in "abc":
        groups = {row.group for row in rows if row.label == label}
        if len(groups) < 6:
            assert not groups & reserved
    assert held_out(rows, share=0.0) == frozenset()
    assert reserved <= held_out(rows, share=1.0)


def test_about_the_share_asked_for_is_held_out() -> None:
    rows = [_row(f"{number}.wav", group=f"group-{number}") for number in range(2_000)]

    assert len(held_out(rows, share=0.1)) == pytest.approx(200, abs=50)


def test_no_group_is_both_trained_on_and_held_out(tmp_path: Path) -> None:
    lines = ["\t".join(COLUMNS)]
    for number in range(60):
        split = "dev" if number < 5 else "train"
        use = "ship" if number % 3 else "research"
        for clip in range(2):
            name = f"{number}-{clip}.wav"
            lines.append("\t".join([name, "dog", split, use, "s", f"group-{number}", "l", "1"]))
    (tmp_path / "manifest.tsv").write_text("\n".join(lines), encoding="utf-8")

    data = open_data(tmp_path, tmp_path / "cache", held_out_share=0.3)
    config = replace(RunConfig(), exclude_groups=("group-7",))
    trained = data.training_rows(config)

    assert data.reserved
    assert not {row.group for row in trained} & data.reserved
    assert "group-7" not in {row.group for row in trained}
    assert {(row.split, row.use) for row in trained} == {("train", "ship")}
