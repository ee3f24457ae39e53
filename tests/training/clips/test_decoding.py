from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.model.front_end import FrontEndConfig
from tests.training.rows import PITCH_HZ, tone
from training.clips.decoding import LEAST_SAMPLES, decode
from training.errors import TrainingDataError

pytestmark = pytest.mark.torch


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
    left = tone(rate_hz)
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
@pytest.mark.parametrize("name", ["a.wav", "a.ogg", "a.raw", "a"])
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(TrainingDataError, match=rf"{name}: cannot be decoded"):
        decode(tmp_path / name)


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="cannot be decoded"):
        decode(tmp_path)


def test_samples_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0.0, np.nan, np.inf]), 16_000, subtype="FLOAT")

    with pytest.raises(TrainingDataError, match="not finite"):
        decode(tmp_path / "a.wav")


def test_a_rate_that_no_recording_has_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(1_000), 8)

    with pytest.raises(TrainingDataError, match="a rate of 8 Hz; wanted 4000 to 768000"):
        decode(tmp_path / "a.wav")


def test_samples_beyond_full_scale_are_clipped_not_wrapped(tmp_path: Path) -> None:
    samples = np.tile([2.0, -2.0, 0.5], 200)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")

    assert decode(tmp_path / "a.wav")[:3].tolist() == [32_767, -32_767, 16_384]


def test_a_clip_shorter_than_a_window_is_refused_and_one_as_long_is_not(tmp_path: Path) -> None:
    assert FrontEndConfig().window_samples == LEAST_SAMPLES
    for samples in (LEAST_SAMPLES, LEAST_SAMPLES - 1):
        soundfile.write(tmp_path / f"{samples}.wav", np.ones(samples) / 2, 16_000)

    assert len(decode(tmp_path / "400.wav")) == 400
    with pytest.raises(TrainingDataError, match=r"is 24\.9 ms long; the shortest .* is 25 ms"):
        decode(tmp_path / "399.wav")


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=120), name=st.sampled_from(["a.wav", "a.flac", "a.ogg", "a.mp3"]))
def test_any_bytes_are_a_sound_or_refused(
    content: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    starts = {"a.wav": b"RIFF\x24\x00\x00\x00WAVEfmt ", "a.flac": b"fLaC", "a.ogg": b"OggS"}
    for start in (b"", starts.get(name, b"ID3")):
        path.write_bytes(start + content)
        try:
            samples = decode(path)
        except TrainingDataError as error:
            assert name in str(error)  # noqa: PT017 - either outcome is right
        else:
            assert len(samples) >= LEAST_SAMPLES
