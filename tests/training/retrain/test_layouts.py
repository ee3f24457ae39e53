import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aed.commands.record.session import Session
from tests.training.retrain.own_recordings import home_names, write_rattle
from training.errors import TrainingDataError
from training.retrain.layouts import read_data, read_unlabelled
from training.retrain.listing import Listing

pytestmark = pytest.mark.torch

NAMES = home_names()
FIXTURE_ONCE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def labels_of(listing: Listing) -> dict[str, tuple[str, ...]]:
    return {clip.path: clip.labels for clip in listing.clips}


def groups_of(listing: Listing) -> dict[str, str]:
    return {clip.path: clip.group for clip in listing.clips}


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_innermost_folder_that_names_a_node_is_the_label_and_its_folders_are_sessions(
    tmp_path: Path,
) -> None:
    for path in ("pet/dog/rex/1.wav", "pet/dog/rex/2.wav", "pet/dog/ada/1.wav", "pet/noise.wav"):
        write_rattle(tmp_path / path, 1)
    listing = read_data(tmp_path, NAMES)

    assert labels_of(listing) == {
        "pet/dog/ada/1.wav": ("dog",),
        "pet/dog/rex/1.wav": ("dog",),
        "pet/dog/rex/2.wav": ("dog",),
        "pet/noise.wav": ("pet",),
    }
    assert groups_of(listing)["pet/dog/rex/1.wav"] == "pet/dog/rex"
    assert not listing.faults


def test_clips_beside_each_other_in_a_label_folder_count_as_sessions_and_it_is_said(
    tmp_path: Path,
) -> None:
    for name in ("a", "b"):
        write_rattle(tmp_path / "dog" / f"{name}.wav", 1)
    listing = read_data(tmp_path, NAMES)

    assert groups_of(listing) == {"dog/a.wav": "dog/a.wav", "dog/b.wav": "dog/b.wav"}
    assert "the figures will be too good" in listing.notes[0]


def test_a_folder_that_names_nothing_is_told_with_what_was_meant(tmp_path: Path) -> None:
    write_rattle(tmp_path / "dogg" / "rex" / "1.wav", 1)
    write_rattle(tmp_path / "loose.wav", 1)
    listing = read_data(tmp_path, NAMES)

    assert not listing.clips
    problems = {fault.path: fault.problem for fault in listing.faults}
    assert problems["dogg/rex/1.wav"] == "unknown label 'dogg': did you mean 'dog'?"
    assert "lies in no folder" in problems["loose.wav"]


def test_a_session_that_is_called_like_a_node_is_told(tmp_path: Path) -> None:
    write_rattle(tmp_path / "dog" / "kitchen" / "1.wav", 1)
    (note,) = read_data(tmp_path, NAMES).notes
    assert "'dog' and 'kitchen' are both nodes" in note


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_list_is_read_whatever_stands_between_its_cells(tmp_path: Path, mark: str) -> None:
    rows = [("File", "Class", "Session"), ("a.wav", "dog", "x"), ("b.wav", "speech|dog", "y")]
    path = written(tmp_path / "mine.csv", "\n".join(mark.join(row) for row in rows) + "\n")

    for listing in (read_data(path, NAMES), read_data(tmp_path, NAMES)):
        assert labels_of(listing) == {"a.wav": ("dog",), "b.wav": ("speech", "dog")}
        assert groups_of(listing) == {"a.wav": "x", "b.wav": "y"}


def test_a_manifest_of_training_keeps_dev_out_and_research_away(tmp_path: Path) -> None:
    rows = [
        "path\tlabel\tsplit\tuse\tgroup",
        "a.wav\tdog\ttrain\tship\tg",
        "b.wav\tdog\tdev\tship\th",
    ]
    written(tmp_path / "manifest.tsv", "\n".join([*rows, "c.wav\tdog\ttrain\tresearch\ti"]) + "\n")
    listing = read_data(tmp_path, NAMES)

    assert {clip.path: clip.split for clip in listing.clips} == {
        "a.wav": "train",
        "b.wav": "held_out",
    }
    assert listing.notes == ("manifest.tsv: 1 clips are for research only, and train nothing",)


def test_what_aed_record_wrote_may_be_held_out(tmp_path: Path) -> None:
    session = Session(tmp_path, label="dog", group="monday", file_format="wav")
    session.keep(np.full(16_000, 900, dtype=np.int16))
    with (tmp_path / "manifest.tsv").open("a") as file:
        file.write("a.wav\tdog\tdev\tship\tmine\tg\town\t1\n")
        file.write("b.wav\tdog\ttrain\tship\tmine\th\town\t1\n")
    splits = [clip.split for clip in read_data(tmp_path, NAMES).clips]
    assert splits == ["", "held_out", "train"]


def test_a_list_of_training_clips_alone_holds_nothing_out_on_purpose(tmp_path: Path) -> None:
    path = written(tmp_path / "l.csv", "path,label,split\na.wav,dog,train\nb.wav,dog,train\n")
    assert {clip.split for clip in read_data(path, NAMES).clips} == {""}


@pytest.mark.parametrize("name", ["manifest.csv", "mine.csv"])
def test_recordings_beside_a_list_that_it_does_not_name_are_told_of(
    tmp_path: Path, name: str
) -> None:
    for clip in ("dog/a.wav", "dog/b.wav", "dog/c.wav", "dog/r.wav"):
        write_rattle(tmp_path / clip, 1)
    rows = ["path,label,use", "./dog/a.wav,dog,ship", "dog/r.wav,dog,research"]
    written(tmp_path / name, "\n".join([*rows, ""]))
    (told,) = [note for note in read_data(tmp_path, NAMES).notes if "lie in" in note]

    assert told == (
        f"2 recordings lie in {tmp_path} and are not in the list {name}, the first of them "
        "dog/b.wav: they train nothing until there is a line for each"
    )


def test_every_line_of_a_list_that_is_wrong_is_told_with_its_number(tmp_path: Path) -> None:
    path = written(tmp_path / "l.csv", "path,label,split\na.wav,dog\n,dog,train\nb.wav,dog,maybe\n")
    told = [str(fault) for fault in read_data(path, NAMES).faults]

    assert told == [
        "l.csv:2: the line ends before split; add the cells",
        "l.csv:3: wanted the path of a clip, found ''",
        "l.csv:4: split: wanted train, dev or test, found 'maybe'",
    ]


def test_a_table_without_labels_is_refused_with_the_columns_wanted(tmp_path: Path) -> None:
    path = written(tmp_path / "l.csv", "path,loudness\na.wav,3\n")
    with pytest.raises(TrainingDataError, match="wanted a column of labels"):
        read_data(path, NAMES)


def test_esc50_is_read_as_it_is_unpacked(tmp_path: Path) -> None:
    written(
        tmp_path / "meta" / "esc50.csv",
        "filename,fold,target,category,esc10,src_file,take\n"
        "1-100032-A-0.wav,1,0,dog,True,100032,A\n1-100038-A-14.wav,1,14,chirping_birds,False,100038,A\n",
    )
    listing = read_data(tmp_path, NAMES)

    assert listing.layout == "ESC-50"
    assert labels_of(listing)["audio/1-100038-A-14.wav"] == ("chirping_birds",)
    assert groups_of(listing)["audio/1-100032-A-0.wav"] == "100032"


def test_urbansound_is_read_as_it_is_unpacked(tmp_path: Path) -> None:
    written(
        tmp_path / "metadata" / "UrbanSound8K.csv",
        "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
        "100032-3-0-0.wav,100032,0.0,0.317551,1,5,3,dog_bark\n",
    )
    listing = read_data(tmp_path, NAMES)

    assert labels_of(listing) == {"audio/fold5/100032-3-0-0.wav": ("dog_bark",)}
    assert groups_of(listing) == {"audio/fold5/100032-3-0-0.wav": "100032"}


def test_fsd50k_is_read_by_its_audioset_ids_and_its_test_clips_are_held_out(tmp_path: Path) -> None:
    truth = tmp_path / "FSD50K.ground_truth"
    written(
        truth / "dev.csv",
        'fname,labels,mids,split\n64760,"Electric_guitar,Music","/m/02sgy,/m/04rlf",train\n'
        '16399,Bark,"/m/05tny_,/m/0bt9lr",val\n',
    )
    written(truth / "eval.csv", 'fname,labels,mids\n37199,Bark,"/m/05tny_"\n')
    written(
        tmp_path / "FSD50K.metadata" / "dev_clips_info_FSD50K.json",
        '{"64760": {"uploader": "casualdave"}}',
    )
    listing = read_data(tmp_path, NAMES)

    assert [(clip.path, clip.split, clip.group) for clip in listing.clips] == [
        ("FSD50K.dev_audio/64760.wav", "train", "casualdave"),
        ("FSD50K.dev_audio/16399.wav", "held_out", "16399"),
        ("FSD50K.eval_audio/37199.wav", "held_out", "37199"),
    ]


def test_audiosets_segments_find_their_audio_and_count_what_is_missing(tmp_path: Path) -> None:
    written(
        tmp_path / "balanced_train_segments.csv",
        "# Segments csv created Sun Mar  5 10:54:31 2017\n"
        "# num_ytids=2, num_segs=2\n# YTID, start_seconds, end_seconds, positive_labels\n"
        '--4gqARaEJE, 0.000, 10.000, "/m/068hy,/m/07q6cd_,/m/0bt9lr"\n'
        '--BfvyPmVMo, 20.000, 30.000, "/m/03l9g"\n-0RWZT-miFs, 420.000, 430.000, "/m/03l9g"\n',
    )
    write_rattle(tmp_path / "wav" / "Y--4gqARaEJE.wav", 1)
    write_rattle(tmp_path / "wav" / "--BfvyPmVMo_20.000.wav", 2)
    listing = read_data(tmp_path, NAMES)

    assert labels_of(listing) == {
        "wav/Y--4gqARaEJE.wav": ("/m/068hy", "/m/07q6cd_", "/m/0bt9lr"),
        "wav/--BfvyPmVMo_20.000.wav": ("/m/03l9g",),
    }
    assert listing.notes == ("balanced_train_segments.csv: 1 segments have no audio here",)


def test_of_two_lists_in_a_folder_none_is_guessed(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        written(tmp_path / name, "path,label\nx.wav,dog\n")
    with pytest.raises(TrainingDataError, match=r"a\.csv, b\.csv are all lists"):
        read_data(tmp_path, NAMES)


def test_unlabelled_recordings_are_listed_as_unknown(tmp_path: Path) -> None:
    write_rattle(tmp_path / "dog" / "x.wav", 1)
    assert labels_of(read_unlabelled(tmp_path)) == {"dog/x.wav": ("unlabelled",)}


@FIXTURE_ONCE
@given(st.binary(max_size=300), st.sampled_from(["l.csv", "meta/esc50.csv", "manifest.tsv"]))
def test_any_bytes_in_place_of_a_list_are_read_or_refused(
    tmp_path: Path, content: bytes, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    try:
        read_data(path, NAMES)
        read_data(tmp_path, NAMES)
    except TrainingDataError:
        pass
    finally:
        path.unlink()


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=8)


@FIXTURE_ONCE
@given(
    st.lists(st.tuples(CELLS, st.sampled_from(["dog", "dogg", ""]), CELLS), max_size=6),
    st.sampled_from(["\t", ","]),
)
def test_every_line_of_a_list_is_a_clip_or_a_fault(
    tmp_path: Path, rows: list[tuple[str, str, str]], mark: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=mark).writerows([("path", "label", "group"), *rows])
    path = tmp_path / "mine.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    listing = read_data(path, NAMES)

    assert len(listing.clips) + len(listing.faults) == len(rows)
    paths = [name.strip() for name, _, _ in rows if name.strip()]
    assert [clip.path for clip in listing.clips] == paths
