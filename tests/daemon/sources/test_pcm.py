"""PCM bytes cut anywhere become the same samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sources.pcm import PcmError, PcmReader
from daemon.sources.pcm_format import PcmFormat

STEREO = PcmFormat(sample_rate_hz=44_100, channels=2, device="test")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-32_768, 32_767), max_size=60),
    st.lists(st.integers(1, 50), max_size=30),
    st.integers(1, 4),
    st.booleans(),
)
def test_any_cutting_gives_the_same_samples(
    numbers: list[int], cuts: list[int], channels: int, has_header: bool
) -> None:
    whole_frames = np.array(numbers[: len(numbers) // channels * channels], dtype="<i2")
    pcm_format = PcmFormat(sample_rate_hz=16_000, channels=channels, device="test")
    data = (pcm_format.header() if has_header else b"") + whole_frames.tobytes()
    reader = PcmReader(pcm_format=None if has_header else pcm_format, channel=None)

    pieces, position = [], 0
    for cut in [*cuts, len(data)]:
        pieces.append(data[position : position + cut])
        position += cut
    chunks = [chunk for piece in pieces if (chunk := reader.feed(piece)) is not None]

    heard = np.concatenate([np.zeros(0), *(chunk.samples.ravel() for chunk in chunks)])
    np.testing.assert_array_equal(heard * 32_768, whole_frames)


def test_one_channel_can_be_picked() -> None:
    reader = PcmReader(pcm_format=STEREO, channel=1)

    chunk = reader.feed(np.array([1, -16_384, 3, 16_384], dtype="<i2").tobytes())

    assert chunk is not None
    assert chunk.samples.tolist() == [-0.5, 0.5]
    assert chunk.sample_rate_hz == 44_100


def test_a_device_with_fewer_channels_gives_its_last() -> None:
    reader = PcmReader(pcm_format=STEREO, channel=5)

    chunk = reader.feed(np.array([1, -16_384], dtype="<i2").tobytes())

    assert chunk is not None
    assert chunk.samples.tolist() == [-0.5]


@pytest.mark.parametrize(
    "data",
    [b"RIFF\n", b"[1]\n", b'{"rate": 3}\n', b"x" * 5000, STEREO.header().replace(b"2", b"0")],
)
def test_a_child_that_writes_no_header_is_found_out(data: bytes) -> None:
    with pytest.raises(PcmError, match="wanted"):
        PcmReader(pcm_format=None, channel=None).feed(data)
