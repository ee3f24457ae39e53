"""Recordings of any kind are read in blocks; what cannot be read says why."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aed.errors import AudioError
from aed.recordings import find_recordings, read_recording
from tests.aed.cutting import noise_and_tones
from tests.aed.unlistable import make_unlistable

TOLERANCE = {
    "PCM_16": 1e-4,
    "PCM_24": 1e-6,
    "PCM_U8": 2e-2,
    "FLOAT": 0.0,
    "DOUBLE": 0.0,
    "ULAW": 5e-2,
}


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        *[("a.wav", subtype) for subtype in TOLERANCE],
        *[(f"a.{suffix}", "PCM_16") for suffix in ("flac", "aiff", "caf", "w64")],
    ],
)
@pytest.mark.parametrize("sample_rate_hz", [8_000, 44_100, 192_000])
def test_formats_rates_and_channels(
    tmp_path: Path, name: str, subtype: str, sample_rate_hz: int
) -> None:
    for channels in (1, 2, 6):
        samples = noise_and_tones(0.31, sample_rate_hz, channels).reshape(-1, channels)
        soundfile.write(tmp_path / name, samples, sample_rate_hz, subtype=subtype)

        chunks = list(read_recording(tmp_path / name, block_s=0.1))

        block = sample_rate_hz // 10
        lengths = [len(chunk.samples) for chunk in chunks]
        assert lengths == [block, block, block, len(samples) - 3 * block]
        assert {chunk.sample_rate_hz for chunk in chunks} == {sample_rate_hz}
        read = np.concatenate([chunk.samples for chunk in chunks])
        assert read.dtype == np.float32
        assert np.abs(read - samples).max() <= TOLERANCE[subtype]


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.ogg", "VORBIS"), ("a.ogg", "OPUS"), ("a.mp3", "MPEG_LAYER_III")]
)
def test_lossy_formats(tmp_path: Path, name: str, subtype: str) -> None:
    samples = noise_and_tones(1.0, 48_000)
    soundfile.write(tmp_path / name, samples, 48_000, subtype=subtype)

    read = sum(len(chunk.samples) for chunk in read_recording(tmp_path / name))

    assert read == pytest.approx(48_000, abs=3_000)


def reason(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        list(read_recording(path))
    assert caught.value.exit_code == 1
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a sound")
    (tmp_path / "empty.wav").touch()
    soundfile.write(tmp_path / "silent.wav", np.zeros(0), 16_000)
    (tmp_path / "samples.raw").write_bytes(bytes(3200))

    assert reason(tmp_path / "missing.wav") == "it cannot be read as audio (there is no such file)"
    assert reason(tmp_path / "text.wav") == "it cannot be read as audio (Format not recognised)"
    assert reason(tmp_path / "empty.wav") == "it cannot be read as audio (it is empty)"
    assert reason(tmp_path / "samples.raw") == (
        "it cannot be read as audio (samplerate must be specified)"
    )
    assert reason(tmp_path / "missing.raw") == "it cannot be read as audio (there is no such file)"
    assert reason(tmp_path) == "it cannot be read as audio (it is a folder)"
    assert reason(tmp_path / ("x" * 300)) == "it cannot be read as audio (file name too long)"
    assert reason(tmp_path / "silent.wav") == "it holds no audio (0 samples)"


@given(
    content=st.binary(max_size=200),
    head=st.sampled_from([b"", b"RIFF", b"OggS", b"fLaC", b"FORM", b"ID3"]),
    name=st.sampled_from(["any.wav", "any.raw", "any.RAW", "any"]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_are_read_or_refused(
    tmp_path: Path, content: bytes, head: bytes, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(head + content)

    with contextlib.suppress(AudioError):
        list(read_recording(path))


def test_a_recording_that_breaks_off_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise_and_tones(1.0, 16_000), 16_000)
    content = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(content[: len(content) // 2])

    read = sum(len(chunk.samples) for chunk in read_recording(tmp_path / "a.wav"))

    assert read == pytest.approx(8_000, abs=100)


def test_a_folder_is_searched_in_sorted_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.wav", "a/z.wav", "a/b/c.wav", "a.wav", ".hidden.wav", ".git/x.wav", "ä ö.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert find_recordings(str(tmp_path)) == [
        "a/b/c.wav",
        "a/z.wav",
        "a.wav",
        "b.wav",
        "ä ö.wav",
    ]


def test_links_are_followed_once_and_broken_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.wav").touch()
    (tmp_path / "real" / "round").symlink_to(tmp_path)
    (tmp_path / "nowhere.wav").symlink_to(tmp_path / "gone.wav")

    assert find_recordings(str(tmp_path)) == ["nowhere.wav", "real/a.wav"]


def test_anything_but_a_folder_stands_for_itself(tmp_path: Path) -> None:
    assert find_recordings(str(tmp_path / "missing.wav")) == [str(tmp_path / "missing.wav")]


def test_a_folder_that_cannot_be_listed_stands_in_the_list_itself(tmp_path: Path) -> None:
    deep = make_unlistable(tmp_path)
    (tmp_path / "z.wav").touch()

    assert find_recordings(str(tmp_path)) == [deep, "z.wav"]
    assert find_recordings(str(tmp_path / deep)) == [str(tmp_path / deep)]
