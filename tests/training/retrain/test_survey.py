import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

import ontology
from ontology import LabelSet
from tests.training.retrain.own_recordings import (
    home_with_a_garage_door,
    rattle,
    write_rattle,
)
from training.errors import TrainingDataError
from training.retrain.layouts import read_data, read_unlabelled
from training.retrain.naming import Names
from training.retrain.own_data import OwnData, own_data, refuse_or_warn_of_few
from training.retrain.survey import FAULTS_NAME, Survey, refuse_or_tell, survey

pytestmark = pytest.mark.torch

LABELS = LabelSet(ontology.parse(home_with_a_garage_door()))
NAMES = Names(LABELS)
OLD_NODES = frozenset(node.id for node in ontology.home().nodes)
QUIET = Console(quiet=True)


def surveyed(folder: Path) -> Survey:
    return survey([read_data(folder, NAMES)], NAMES, QUIET)


def data_of(folder: Path) -> OwnData:
    return own_data(surveyed(folder).clips, LABELS, folder / "cache")


def test_every_faulty_clip_is_told_and_the_good_ones_stay(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_rattle(data / "garage_door" / "good.wav", 1)
    write_rattle(data / "garage_door" / "short.wav", 2, duration_s=0.01)
    soundfile.write(data / "garage_door" / "silent.wav", np.zeros(16_000), 16_000)
    (data / "garage_door" / "broken.m4a").write_bytes(b"no sound")
    write_rattle(data / "garage_dor" / "mistyped.wav", 3)
    (data / "garage_door" / "notes.txt").write_text("not a recording")

    found = surveyed(data)

    assert [Path(clip.row.path).name for clip in found.clips] == ["good.wav"]
    problems = {Path(fault.path).name: fault.problem for fault in found.faults}
    assert set(problems) == {"short.wav", "silent.wav", "broken.m4a", "mistyped.wav"}
    assert "the shortest clip" in problems["short.wav"]
    assert "is silent" in problems["silent.wav"]
    assert "cannot be decoded" in problems["broken.m4a"]
    assert "did you mean 'garage_door'?" in problems["mistyped.wav"]


def test_the_same_audio_with_two_labels_is_a_fault_of_both(tmp_path: Path) -> None:
    write_rattle(tmp_path / "dog" / "a.wav", 1)
    soundfile.write(tmp_path / "dog" / "a.flac", rattle(9), 16_000)
    write_rattle(tmp_path / "cat" / "same.wav", 1)
    found = surveyed(tmp_path)

    assert [Path(clip.row.path).name for clip in found.clips] == ["a.flac"]
    told = [str(fault) for fault in found.faults]
    assert any("dog/a.wav: is labelled 'dog', but cat/same.wav holds" in line for line in told)
    assert any("cat/same.wav: is labelled 'cat', but dog/a.wav holds" in line for line in told)


def test_copies_count_once_so_that_no_session_is_learned_and_held_out(tmp_path: Path) -> None:
    write_rattle(tmp_path / "data" / "dog" / "a.wav", 1)
    write_rattle(tmp_path / "data" / "dog" / "b.wav", 1)
    write_rattle(tmp_path / "rest" / "c.wav", 1)
    listings = [read_data(tmp_path / "data", NAMES), read_unlabelled(tmp_path / "rest")]
    found = survey(listings, NAMES, QUIET)

    assert [Path(clip.row.path).name for clip in found.clips] == ["a.wav"]
    assert "2 clips are copies of others, and count once" in found.notes


def test_faults_stop_a_training_unless_they_may_be_skipped_and_all_are_in_a_table(
    tmp_path: Path,
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    for number in range(30):
        write_rattle(data / "dogg" / f"{number}.wav", number)
    write_rattle(data / "dog" / "good.wav", 50)
    found = surveyed(data)

    with pytest.raises(TrainingDataError, match="30 clips cannot be used, 1 can") as error:
        refuse_or_tell(found, out, QUIET, skip_faulty=False)
    assert "... and 10 more" in str(error.value)
    assert len((out / FAULTS_NAME).read_text().splitlines()) == 31
    refuse_or_tell(found, out, QUIET, skip_faulty=True)


def test_whole_sessions_are_held_out_and_every_label_is_still_learned(tmp_path: Path) -> None:
    for session in range(5):
        for take in range(3):
            write_rattle(tmp_path / f"garage_door/day{session}/{take}.wav", 10 * session + take)
    write_rattle(tmp_path / "dog" / "only.wav", 99)
    data = data_of(tmp_path)

    held_out, learned = ({row.group for row in rows} for rows in (data.held_out, data.train))
    assert len(held_out) == 1
    assert not held_out & learned
    assert "dog" in {row.label for row in data.train}
    assert data_of(tmp_path).held_out == data.held_out


def test_one_clip_of_a_new_sound_is_refused_with_what_to_do(tmp_path: Path) -> None:
    write_rattle(tmp_path / "garage_door" / "only.wav", 1)
    with pytest.raises(TrainingDataError, match="label it as 'impact' until you have more"):
        refuse_or_warn_of_few(data_of(tmp_path), OLD_NODES)


def test_one_clip_of_a_known_sound_is_used_and_it_is_said_that_nothing_is_held_out(
    tmp_path: Path,
) -> None:
    write_rattle(tmp_path / "dog" / "only.wav", 1)
    (told,) = refuse_or_warn_of_few(data_of(tmp_path), OLD_NODES)
    assert "nobody will know how well it is heard: dog" in told


def test_other_audio_under_the_same_names_or_another_bundle_to_begin_with_is_other_material(
    tmp_path: Path,
) -> None:
    for take in range(3):
        write_rattle(tmp_path / f"dog/{take}.wav", take)
    before = data_of(tmp_path).digest("home")
    assert data_of(tmp_path).digest("home") == before
    assert data_of(tmp_path).digest("another") != before
    for take in range(3):
        write_rattle(tmp_path / f"dog/{take}.wav", 10 + take)
    assert data_of(tmp_path).digest("home") != before


def test_a_file_name_that_is_not_utf_8_is_learned_from_or_told_of(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    write_rattle(data / "dog" / "a.wav", 1).rename(data / "dog" / os.fsdecode(b"h\xf6rt.wav"))
    (data / "dog" / os.fsdecode(b"st\xf6rt.wav")).write_bytes(b"no sound")
    found = surveyed(data)
    assert [os.fsencode(clip.row.path).rsplit(b"/")[-1] for clip in found.clips] == [b"h\xf6rt.wav"]

    strict = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    refuse_or_tell(found, out, Console(file=strict), skip_faulty=True)
    assert "dog/st\\udcf6rt.wav\t\tcannot be decoded" in (out / FAULTS_NAME).read_text()
    data_of_it = own_data(found.clips, LABELS, tmp_path / "cache")
    assert len(data_of_it.bank(data_of_it.train).clip(0))
