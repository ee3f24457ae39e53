"""The file of a finished cell: what was done, what came out, what it took, at which commit."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingDataError
from training.experiments.grid import Cell

CELLS_FOLDER = Path("docs/experiments/cells")
_KEYS = ("cell", "settings", "data", "metrics", "seconds", "memory_mb", "commit", "command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished cell.

    Attributes:
        cell: which one.
        settings: numbers of the training, plain values.
        data: what it was trained and tested on, plain values.
        metrics: figures by name; a figure that has no value (no mistake, no pseudo-label) is None.
        seconds: processor time, training and test; weights that cells share are counted in each.
        memory_mb: most resident memory of the process so far.
        commit: of the sources, with `+` behind it if they were changed since.
        command: that makes the cell.
    """

    cell: Cell
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    metrics: Mapping[str, Any]
    seconds: float
    memory_mb: float
    commit: str
    command: str


def write_result(result: Result, folder: Path) -> Path:
    """Write a cell's file in one move; an interrupted write leaves none.

    Raises:
        TrainingDataError: it cannot be written.
    """
    path = folder / f"{result.cell.name}.json"
    document = {key: getattr(result, key) for key in _KEYS}
    document["cell"] = result.cell.as_dict()
    partial = path.with_suffix(f".{os.getpid()}.partial")
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise TrainingDataError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def read_result(path: Path) -> Result:
    """Read a cell's file.

    Raises:
        TrainingDataError: it is not one.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cell = Cell(**document["cell"])
        return Result(cell=cell, **{key: document[key] for key in _KEYS if key != "cell"})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingDataError(
            f"{path}: is not the file of a cell ({type(error).__name__}: {error}); delete it and "
            "run the experiment again"
        ) from error


def read_results(folder: Path) -> dict[str, Result]:
    """All finished cells of a folder, by name."""
    results = (read_result(path) for path in sorted(folder.glob("*.json")))
    return {result.cell.name: result for result in results}


def missing(cells: Iterable[Cell], folder: Path) -> tuple[Cell, ...]:
    """Cells that have no file yet."""
    return tuple(cell for cell in cells if not (folder / f"{cell.name}.json").exists())


def source_commit(folder: Path) -> str:
    """Short hash of the sources in `folder`, with `+` if they were changed; `unknown` without git.

    Files that are not under version control and finished cells do not count as changes.
    """
    try:
        commit = _git(folder, "rev-parse", "--short", "HEAD")
        paths = ("training", "aed", "ontology")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", *paths)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+" if changes else "")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
