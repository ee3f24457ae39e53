from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.clips.manifest import COLUMNS, ClipRow, read_manifest
from training.errors import MOST_SHOWN, TrainingDataError

pytestmark = pytest.mark.torch

GOOD = {
    "path": "a/b.ogg",
    "label": "dog",
    "split": "train",
    "use": "ship",
    "source": "me",
    "group": "yard-1",
    "licence": "CC0-1.0",
    "duration_s": "1.5",
}


def _write(folder: Path, *rows: dict[str, str]) -> Path:
    lines = ["\t".join(COLUMNS)] + ["\t".join({**GOOD, **row}.values()) for row in rows]
    (folder / "manifest.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _faults(folder: Path) -> list[str]:
    with pytest.raises(TrainingDataError) as caught:
        read_manifest(folder)
    return str(caught.value).splitlines()


def test_a_manifest_is_read_row_by_row(tmp_path: Path) -> None:
    (row,) = read_manifest(_write(tmp_path, {}))

    assert asdict(row) == {name: GOOD[name] for name in COLUMNS[:-1]}


def test_a_byte_order_mark_and_columns_of_the_users_own_do_no_harm(tmp_path: Path) -> None:
    header, row = "\t".join(["mood", *COLUMNS]), "\t".join(["calm", *GOOD.values()])
    (tmp_path / "manifest.tsv").write_text(f"{header}\r\n{row}\r\n", encoding="utf-8-sig")

    assert [found.path for found in read_manifest(tmp_path)] == ["a/b.ogg"]


def test_a_folder_without_a_manifest_is_refused_naming_the_variable(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"manifest\.tsv: cannot be read.*AED_DATA"):
        read_manifest(tmp_path)


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.tsv").write_text("path\tlabel\tsplit\tuse\tsource\n", encoding="utf-8")

    with pytest.raises(TrainingDataError, match="group, licence, duration_s missing"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"path": ""}, "path is empty; give one"),
        ({"label": " "}, "label is empty; give one"),
        ({"group": ""}, "group is empty; give one"),
        ({"split": "test"}, "split: wanted train or dev, found 'test'"),
        ({"use": "Ship"}, "use: wanted ship or research, found 'Ship'"),
        ({"licence": ""}, "use is ship, but no licence is stated"),
        ({"path": "/etc/a.wav"}, "path: wanted one below the manifest's folder"),
        ({"path": "../a.wav"}, "path: wanted one below the manifest's folder"),
        ({"path": "a\0.wav"}, "path: wanted one below the manifest's folder"),
    ],
)
def test_a_wrong_cell_is_told_with_its_line(tmp_path: Path, row: dict[str, str], said: str) -> None:
    (fault,) = _faults(_write(tmp_path, {"path": "first.wav"}, row))

    assert fault.startswith(f"{tmp_path / 'manifest.tsv'}:3: {said}")


def test_research_rows_need_no_licence(tmp_path: Path) -> None:
    (row,) = read_manifest(_write(tmp_path, {"use": "research", "licence": ""}))

    assert row.licence == ""


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["a.wav", "dog"], "the row ends before split, use, source, group, licence, duration_s"),
        ([*GOOD.values(), "x", "y"], "2 cells more than the header has"),
    ],
)
def test_a_row_of_the_wrong_length_is_told(tmp_path: Path, cells: list[str], said: str) -> None:
    lines = ["\t".join(COLUMNS), "\t".join(cells)]
    (tmp_path / "manifest.tsv").write_text("\n".join(lines), encoding="utf-8")

    (fault,) = _faults(tmp_path)

    assert f":2: {said}" in fault


def test_a_path_listed_twice_names_both_lines(tmp_path: Path) -> None:
    (fault,) = _faults(_write(tmp_path, {}, {"path": "c.wav"}, {}))

    assert fault.endswith(":4: a/b.ogg stands in line 2 already; keep one")


def test_a_group_in_two_splits_is_told_once_with_both_lines(tmp_path: Path) -> None:
    rows = [{"path": f"{number}.wav", "split": "dev" if number else "train"} for number in range(4)]
    (fault,) = _faults(_write(tmp_path, *rows))

    assert ":3: group yard-1 is in split dev here and in train in line 2" in fault


def test_all_faults_are_told_at_once_and_of_very_many_the_number(tmp_path: Path) -> None:
    few = _write(tmp_path, {"split": "x", "use": "y"}, {"label": ""}, {"path": "c", "group": ""})
    assert len(_faults(few)) == 4

    many = _faults(_write(tmp_path, *({"path": str(n), "split": "x"} for n in range(50))))
    assert len(many) == MOST_SHOWN + 1
    assert many[-1] == f"... and {50 - MOST_SHOWN} more"


# whatever a file holds


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


words = st.text(
    st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"], blacklist_characters='"'),
    min_size=1,
    max_size=12,
).filter(lambda word: bool(word.strip()))
groups = st.dictionaries(words, st.sampled_from(["train", "dev"]), min_size=1, max_size=6)


@st.composite
def manifests(draw: st.DrawFn) -> list[ClipRow]:
    """Rows without a fault: unique paths, each group in one split."""
    split_of = draw(groups)
    rows = []
    for number in range(draw(st.integers(0, 12))):
        group = draw(st.sampled_from(sorted(split_of)))
        name = draw(words).replace("/", "_")
        rows.append(
            ClipRow(
                path=f"{number}/{name if name != '..' else 'dots'}",
                label=draw(words),
                split=split_of[group],
                use=draw(st.sampled_from(["ship", "research"])),
                source=draw(words),
                group=group,
                licence=draw(words),
            )
        )
    return rows


def _save(folder: Path, rows: list[ClipRow]) -> None:
    lines = ["\t".join(COLUMNS)] + ["\t".join([*asdict(row).values(), "1.0"]) for row in rows]
    (folder / "manifest.tsv").write_text("\n".join(lines), encoding="utf-8")


@settings(deadline=None, max_examples=80)
@given(rows=manifests())
def test_rows_without_a_fault_are_read_as_they_were_written(
    rows: list[ClipRow], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "good_manifest"
    folder.mkdir(exist_ok=True)
    _save(folder, rows)

    assert read_manifest(folder) == tuple(rows)


@settings(deadline=None, max_examples=80)
@given(rows=manifests().filter(bool), data=st.data())
def test_one_wrong_row_among_good_ones_is_the_one_that_is_named(
    rows: list[ClipRow], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "spoilt_manifest"
    folder.mkdir(exist_ok=True)
    place = data.draw(st.integers(0, len(rows) - 1))
    key, value = data.draw(
        st.sampled_from(
            [("split", "test"), ("use", ""), ("label", ""), ("path", "/a"), ("group", "")]
        )
    )
    spoilt = ClipRow(**{**asdict(rows[place]), key: value})
    _save(folder, [*rows[:place], spoilt, *rows[place + 1 :]])

    (fault,) = _faults(folder)

    assert fault.startswith(f"{folder / 'manifest.tsv'}:{place + 2}: {key}")
