"""log.csv of a run: one line for every so many steps, true to the checkpoint it belongs to."""

import csv
import io
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.errors import CheckpointError

LOG_NAME = "log.csv"

_logger = logging.getLogger(__name__)


class StepLog:
    """Appends lines, and drops those of steps that an interrupted run took after its checkpoint.

    Args:
        path: the file; made with its first line.
        step: the step that the run continues at.

    Raises:
        CheckpointError: the file cannot be read or written.
    """

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        if path.exists():
            try:
                lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            except (OSError, UnicodeDecodeError) as error:
                raise CheckpointError(f"{path}: cannot be read as a log: {error}") from error
            whole = [line for line in lines if line.endswith("\n")]
            kept = whole[:1] + [row for row in whole[1:] if _step_of(row) <= step]
            if kept != lines:
                self._write("".join(kept), "w")

    def append(self, step: int, figures: Mapping[str, float]) -> None:
        """Write one line; nan becomes an empty field.

        Raises:
            CheckpointError: the disk is full.
        """
        header = _line(["step", *figures])
        text = _line([step, *(_field(name, value) for name, value in figures.items())])
        if self._header() != header:
            self._set_aside(step)
            text = header + text
        self._write(text, "a")

    def _header(self) -> str:
        if not self.path.exists():
            return ""
        with self.path.open(encoding="utf-8") as file:
            return file.readline()

    def _set_aside(self, step: int) -> None:
        """Keep the lines of a version that told other figures, under another name."""
        if self._header():
            aside = self.path.with_name(f"{self.path.stem}.before-{step}{self.path.suffix}")
            self.path.replace(aside)
            _logger.warning("%s: had other columns, and is %s now", self.path, aside.name)

    def _write(self, text: str, mode: str) -> None:
        try:
            with self.path.open(mode, encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise CheckpointError(
                f"{self.path}: cannot be written ({error.strerror}); the checkpoint beside it is "
                "good: make room and start the same command again"
            ) from error


def _step_of(row: str) -> int:
    first = row.split(",", 1)[0]
    return int(first) if first.isdecimal() else 0


def _field(name: str, value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.2e}" if name == "lr" else f"{value:.4f}"


def _line(fields: Sequence[str | int]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue()
