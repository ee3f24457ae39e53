import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.rows import row_of, write_tone
from training.clips.bank import ClipBank, ClipRow, active_frames, held_out, open_bank
from training.clips.manifest import COLUMNS
from training.loop.config import RunConfig
from training.session import open_data

pytestmark = pytest.mark.torch


def test_the_bank_gives_each_clip_back(tmp_path: Path) -> None:
    for number, amplitude in enumerate((0.1, 0.2, 0.4)):
        write_tone(tmp_path / f"{number}.wav", amplitude)
    rows = [row_of(f"{number}.wav") for number in range(3)]

    bank = open_bank(tmp_path, rows, tmp_path / "cache")

    for index, amplitude in enumerate((0.1, 0.2, 0.4)):
        assert bank.clip(index).shape == (8_000,)
        assert np.abs(bank.clip(index)).max() == pytest.approx(amplitude, abs=1e-3)
    part = bank.only([rows[2], rows[0]])
    assert part.rows == (rows[2], rows[0])
    np.testing.assert_array_equal(part.clip(0), bank.clip(2))
    np.testing.assert_array_equal(part.clip(1), bank.clip(0))
    assert bank.only([]).rows == ()


def test_a_bank_reaches_another_process_without_its_samples(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    bank = open_bank(tmp_path, [row_of("a.wav")], tmp_path / "cache")
    in_memory = ClipBank(bank.rows, bank.bounds, np.array(bank.samples))

    pickled = pickle.dumps(bank)

    assert len(pickled) < 1_000 < bank.samples.nbytes
    for same in (pickle.loads(pickled), pickle.loads(pickle.dumps(in_memory))):  # noqa: S301 - own
        assert same.rows == bank.rows
        np.testing.assert_array_equal(same.clip(0), bank.clip(0))


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
        row_of(f"{index}.wav", label, f"group-{number}")
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
    rows = [row_of(f"{number}.wav", group=f"group-{number}") for number in range(2_000)]

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
