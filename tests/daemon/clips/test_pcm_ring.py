"""The ring keeps the latest sound, however it was cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.clips.pcm_ring import PcmRing

LENGTHS = st.lists(st.integers(0, 60), max_size=12)


def counting(begin: int, end: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Sample n of a stream is n, as a fraction of full scale."""
    return (np.arange(begin, end) / 32767).astype(np.float32)


@given(
    capacity=st.integers(1, 40),
    lengths=LENGTHS,
    begin=st.integers(0, 700),
    length=st.integers(0, 99),
)
def test_whatever_is_still_there_is_what_was_heard(
    capacity: int, lengths: list[int], begin: int, length: int
) -> None:
    ring = PcmRing(capacity)
    for piece in lengths:
        ring.write(counting(ring.end_sample, ring.end_sample + piece))

    total = sum(lengths)
    assert (ring.end_sample, ring.begin_sample) == (total, max(0, total - capacity))
    wanted = range(max(begin, ring.begin_sample), min(begin + length, total))
    assert ring.cut(begin, begin + length).tolist() == list(wanted)


@given(lengths=LENGTHS)
def test_after_clear_it_is_as_new_and_nothing_of_the_past_is_in_memory(lengths: list[int]) -> None:
    ring = PcmRing(30)
    for piece in lengths:
        ring.write(np.full(piece, 0.5, np.float32))
    ring.clear()

    assert not ring._samples.any()
    ring.write(counting(0, 5))
    assert ring.cut(0, 100).tolist() == [0, 1, 2, 3, 4]


def test_full_scale_stays_full_scale() -> None:
    ring = PcmRing(4)
    ring.write(np.array([1.0, -1.0, 0.0], np.float32))

    assert ring.cut(0, 3).tolist() == [32767, -32767, 0]
