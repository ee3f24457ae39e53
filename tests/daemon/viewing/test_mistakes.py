"""What a person says was wrong is kept row by row, whatever happened to the file before."""

import json
from pathlib import Path

import pytest

from daemon.errors import RequestError
from daemon.viewing.mistakes import FILE_NAME, MAX_BYTES, Mistakes


def test_rows_are_kept_and_a_line_that_a_power_cut_left_half_done_costs_itself_alone(
    tmp_path: Path,
) -> None:
    mistakes = Mistakes(tmp_path)
    assert mistakes.read() == []
    mistakes.note({"kind": "missed", "note": "größer"})
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write('{"kind": "fal')

    mistakes.note({"kind": "false_alarm"})

    rows = mistakes.read()
    assert [row["kind"] for row in rows] == ["missed", "false_alarm"]
    assert rows[0]["note"] == "größer"
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_full_file_takes_no_more_and_says_so(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\n" * MAX_BYTES)

    with pytest.raises(RequestError, match="is full"):
        Mistakes(tmp_path).note({"kind": "missed"})


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()

    with pytest.raises(RequestError, match="cannot be written"):
        Mistakes(tmp_path).note({"kind": "missed"})
    with pytest.raises(RequestError, match="cannot be read"):
        Mistakes(tmp_path).read()


def test_a_row_has_the_columns_of_a_manifest(tmp_path: Path) -> None:
    from training.clips.manifest import COLUMNS  # noqa: PLC0415 - of another room

    mistakes = Mistakes(tmp_path)
    mistakes.note({**dict.fromkeys(COLUMNS), "kind": "missed"})

    row = json.loads((tmp_path / FILE_NAME).read_text())
    assert set(COLUMNS) <= set(row)
