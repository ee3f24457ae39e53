import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from training.hours.joining import GAP_S, LEAST_S, LONGEST_S, join
from training.hours.names import WORDS, node_in_name

pytestmark = pytest.mark.torch

RATE_HZ = 16_000


def file(duration_s: float, value: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(round(duration_s * RATE_HZ), value, np.float32)


@given(
    durations_s=st.lists(st.floats(0.05, 250), max_size=12),
    named=st.lists(st.booleans(), min_size=12, max_size=12),
)
@settings(max_examples=30, deadline=None)
def test_no_sound_is_lost_and_no_recording_is_too_long(
    durations_s: list[float], named: list[bool]
) -> None:
    files = [
        ("alarm" if is_named else None, file(duration_s))
        for duration_s, is_named in zip(durations_s, named, strict=False)
    ]

    made = list(join(iter(files)))

    most = (LONGEST_S + GAP_S) * RATE_HZ
    assert all(0 < len(each.samples) <= most for each in made)
    kept = [
        len(samples)
        for node, samples in files
        if node is None and len(samples) >= LEAST_S * RATE_HZ
    ]
    sounding = sum(int((each.samples == 0.5).sum()) for each in made if each.node is None)
    assert sounding == sum(kept)


def test_short_files_stand_one_after_another_with_a_quiet_gap() -> None:
    (made,) = join([(None, file(1.0)), (None, file(2.0))])

    gap = made.samples[RATE_HZ : round(1.5 * RATE_HZ)]
    assert 0 < np.abs(gap).max() < 0.01


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("glass_break2", "breakage"),
        ("SirenLoop", "siren"),
        ("big-explosion", "explosion"),
        ("gunshot_03", "gunshot"),
        ("fire_alarm", "alarm"),
        ("letter_a", None),
        ("spring", None),
        ("overture", None),
    ],
)
def test_names_tell_what_must_not_count_as_a_negative(name: str, node: str | None) -> None:
    assert node_in_name(name) == node


def test_every_node_of_the_word_list_is_in_the_ontology() -> None:
    assert set(WORDS) <= {node.id for node in ontology.home().nodes}
