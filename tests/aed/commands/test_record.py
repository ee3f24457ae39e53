"""`aed record`: cuts at silence, keeps to its bounds, writes nothing over."""

import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aed.__main__ import main
from aed.commands.record.cutting import MARGIN_S, SoundCutter
from aed.commands.record.session import Session
from aed.errors import AudioError
from training.clips.manifest import MANIFEST_NAME, read_manifest

RATE_HZ = 16_000


def room(duration_s: float, level: float = 30.0, seed: int = 0) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    return np.rint(level * rng.standard_normal(round(duration_s * RATE_HZ))).astype(np.int16)


def beep(duration_s: float, level: float = 8_000.0) -> NDArray[np.int16]:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return np.rint(level * np.sin(2 * np.pi * 900 * time_s)).astype(np.int16)


def cutter(longest_s: float = 4.0) -> SoundCutter:
    return SoundCutter(shortest_s=0.2, longest_s=longest_s, silence_s=0.6)


def lengths_s(sounds: list[NDArray[np.int16]]) -> list[float]:
    return [len(sound) / RATE_HZ for sound in sounds]


SCENE = np.concatenate(
    [room(1.5), beep(0.5), room(0.3, seed=1), beep(0.4), room(1.5, seed=2), beep(1.0), room(1.5)]
)


def test_sounds_are_cut_at_the_silence_between_them_and_short_pauses_stay_inside() -> None:
    sounds = cutter().feed(SCENE)

    assert lengths_s(sounds) == pytest.approx([1.2 + 2 * MARGIN_S, 1.0 + 2 * MARGIN_S], abs=0.1)
    assert all(np.abs(sound[:1_600]).max() < 500 for sound in sounds)


@settings(max_examples=20)
@given(lengths=st.lists(st.integers(1, 20_000), min_size=1, max_size=20))
def test_any_cutting_of_the_stream_gives_the_same_sounds(lengths: list[int]) -> None:
    whole = cutter().feed(SCENE)
    cutting = cutter()
    sounds: list[NDArray[np.int16]] = []
    bounds = np.minimum(np.cumsum([0, *lengths]), len(SCENE)).tolist()

    for start, end in zip(bounds, [*bounds[1:], len(SCENE)], strict=True):
        sounds += cutting.feed(SCENE[start:end])

    assert [sound.tolist() for sound in sounds] == [sound.tolist() for sound in whole]


def test_what_is_too_short_is_dropped_and_counted_and_what_is_too_long_is_cut() -> None:
    cutting = cutter(longest_s=2.0)

    short = cutting.feed(np.concatenate([room(1.5), beep(0.06), room(1.5)]))
    long = cutting.feed(np.concatenate([beep(5.0), room(1.5)]))

    assert (short, cutting.num_too_short) == ([], 1)
    assert lengths_s(long)[0] == pytest.approx(2.0, abs=0.05)
    assert max(lengths_s(long)) <= 2.0


def test_a_room_that_gets_louder_becomes_the_new_silence() -> None:
    cutting = cutter()
    cutting.feed(room(2.0))

    sounds = cutting.feed(np.concatenate([room(30.0, level=600.0), beep(0.5), room(2, 600.0)]))

    assert lengths_s(sounds)[-1] == pytest.approx(0.5 + 2 * MARGIN_S, abs=0.2)


def test_the_end_of_the_stream_ends_the_sound_that_goes_on() -> None:
    cutting = cutter()
    cutting.feed(np.concatenate([room(1.5), beep(0.5)]))

    sound = cutting.end()

    assert sound is not None
    assert len(sound) / RATE_HZ == pytest.approx(0.5 + MARGIN_S, abs=0.1)
    assert cutting.end() is None


def session(folder: Path) -> Session:
    return Session(folder, label="doorbell", group=None, file_format="flac")


def test_recordings_become_a_data_folder_that_training_reads(tmp_path: Path) -> None:
    first, second = session(tmp_path), session(tmp_path)

    paths = [first.keep(beep(0.5)), second.keep(beep(0.7)), first.keep(beep(0.9))]

    rows = read_manifest(tmp_path)
    assert [tmp_path / row.path for row in rows] == paths
    assert len(set(paths)) == 3
    assert {(row.label, row.split, row.group) for row in rows} == {
        ("doorbell", "train", first.group)
    } | {("doorbell", "train", second.group)}
    assert [soundfile.info(path).frames for path in paths] == [8_000, 11_200, 14_400]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert not list(tmp_path.rglob("*.part"))


def test_a_manifest_that_was_cut_off_goes_on_in_a_new_line(tmp_path: Path) -> None:
    session(tmp_path).keep(beep(0.5))
    manifest = tmp_path / MANIFEST_NAME
    manifest.write_bytes(manifest.read_bytes().rstrip(b"\n"))

    session(tmp_path).keep(beep(0.5))

    assert len(read_manifest(tmp_path)) == 2


def test_a_manifest_of_other_columns_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_text("path\tlabel\n")

    with pytest.raises(AudioError, match="wanted the columns path, label, split"):
        session(tmp_path)

    assert (tmp_path / MANIFEST_NAME).read_text() == "path\tlabel\n"


@pytest.mark.parametrize(
    "words",
    [
        ["record"],
        ["record", "bell", "--count", "0"],
        ["record", "bell", "--longest", "nan"],
        ["record", "bell", "--shortest", "5", "--longest", "2"],
        ["teach"],
        ["teach", "bell", "a.wav"],
        ["teach", "bell", "--list"],
    ],
)
def test_arguments_that_make_no_sense_are_a_wrong_usage(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as caught:
        main(words)

    assert caught.value.code == 2
    assert list(tmp_path.iterdir()) == []
