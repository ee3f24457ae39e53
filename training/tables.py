"""Tables with a header, as manifests and truths are: read whole, or refused."""

import csv
from collections.abc import Sequence
from pathlib import Path

from training.errors import TrainingDataError


def read_table(
    path: Path, columns: Sequence[str], advice: str = "", *, delimiter: str = "\t"
) -> list[tuple[int, dict[str, str]]]:
    """Read a table; further columns are kept.

    Args:
        path: the file.
        columns: those it must have.
        advice: what to do if it cannot be read, after a semicolon.
        delimiter: between two cells.

    Returns:
        The number of each line, and its cells by column. A line with too few cells has None in
        place of the missing ones, one with too many a list under None, as of `csv.DictReader`.

    Raises:
        TrainingDataError: it cannot be read, is no table in UTF-8, or lacks columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise TrainingDataError(
                    f"{path}: wanted the columns {', '.join(columns)}; {', '.join(missing)} missing"
                )
            return [(reader.line_num, cells) for cells in reader]
    except OSError as error:
        told = f"; {advice}" if advice else ""
        raise TrainingDataError(f"{path}: cannot be read ({error.strerror}){told}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TrainingDataError(f"{path}: is not a table in UTF-8: {error}") from error
