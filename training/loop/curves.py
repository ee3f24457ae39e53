"""The curves of a training run, as one picture beside its log.

`python -m training.loop.curves RUN_FOLDER` reads the folder's log.csv and draws curves.png: a panel
for each figure, one line per depth of the tree where a figure is told by depth. It may be run while
the run goes on; a line that is being written is left out.

Axes: P lines of the log.
"""

import argparse
import csv
import io
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from ontology.errors import AedError
from training.errors import TrainingDataError
from training.loop.step_log import LOG_NAME

CURVES_NAME = "curves.png"
PANELS_ACROSS = 2
PANEL_INCHES = (5.0, 2.8)
DPI = 110

_BY_DEPTH = re.compile(r"(?P<figure>.+?)_(?P<depth>\d+)")
_SHARES = re.compile(r"(?<!learning_)(recall|accuracy|rate|share|precision)")
"""Figures drawn from 0 to 1, so that runs can be compared by eye."""

_FEW_LINES = 40
"""Up to so many lines of the log, each is marked by a dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLog:
    """What a run wrote down.

    Attributes:
        steps: (P,) step of each line.
        columns: name to (P,) values, NaN where a line has none.
    """

    steps: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]


def read_log(path: Path) -> RunLog:
    """Read a log.

    Raises:
        TrainingDataError: there is none, it is no log, or nothing has been written yet.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingDataError(
            f"{path}: cannot be read as a run's log ({error}); wanted the folder that was given to "
            "training as --out"
        ) from error
    whole = text[: text.rfind("\n") + 1]
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(whole)) if row]
    except (ValueError, csv.Error) as error:
        raise TrainingDataError(f"{path}: has no whole line of a log yet") from error
    if header[0] != "step" or len(set(header)) != len(header):
        raise TrainingDataError(
            f"{path}: wanted different columns of which the first is `step`, found "
            f"{', '.join(header)}"
        )
    if not rows:
        raise TrainingDataError(f"{path}: has a header alone; the run has not told anything yet")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise TrainingDataError(
                f"{path}: line {number}: wanted {len(header)} fields, found {len(row)}"
            )
    table = np.array([[_number(path, field) for field in row] for row in rows])  # (P, columns)
    steps = table[:, 0]
    if np.isnan(steps).any() or (steps % 1).any() or (np.diff(steps) <= 0).any():
        raise TrainingDataError(f"{path}: wanted whole steps that rise from line to line")
    columns = {name: table[:, column] for column, name in enumerate(header) if column}
    return RunLog(steps=steps.astype(np.int64), columns=columns)


def draw_curves(log: RunLog, title: str) -> Figure:
    """Draw each figure in a panel of its own, in the order of the log."""
    panels = _panels(log.columns)
    across = min(PANELS_ACROSS, max(len(panels), 1))
    down = max(-(-len(panels) // across), 1)
    figure = Figure(
        figsize=(PANEL_INCHES[0] * across, PANEL_INCHES[1] * down),
        layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08),
    )
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize="medium", parse_math=False)
    grid = list(figure.subplots(down, across, squeeze=False, sharex=True).flat)
    for axes, (name, lines) in zip(grid, panels.items(), strict=False):
        _draw_panel(axes, log.steps, name, lines)
    for axes in grid[len(panels) :]:
        axes.remove()
    return figure


def write_curves(run_folder: Path) -> Path:
    """Draw the curves of a run, in one move: an interrupted write leaves the previous picture.

    Returns:
        The picture.

    Raises:
        TrainingDataError: the log cannot be read or the picture cannot be written.
    """
    log = read_log(run_folder / LOG_NAME)
    figure = draw_curves(log, f"{run_folder.resolve().name}, step {log.steps[-1]}")
    path = run_folder / CURVES_NAME
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        figure.savefig(partial, format="png", dpi=DPI)
        partial.replace(path)
    except OSError as error:
        raise TrainingDataError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the curves of the run named on the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m training.loop.curves", description="Draw the curves of a training run."
    )
    parser.add_argument(
        "run_folder", type=Path, metavar="RUN_FOLDER", help=f"folder with a {LOG_NAME}"
    )
    try:
        print(write_curves(parser.parse_args(arguments).run_folder))
    except AedError as error:
        print(f"training.loop.curves: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _number(path: Path, field: str) -> float:
    """A field's number; what is empty or infinite leaves a gap in the line."""
    if not field:
        return math.nan
    try:
        number = float(field)
    except ValueError as error:
        raise TrainingDataError(f"{path}: wanted numbers, found {field!r}") from error
    return number if math.isfinite(number) and abs(number) < sys.maxsize else math.nan


def _panels(
    columns: Mapping[str, NDArray[np.float64]],
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Figure to its lines by depth; a figure without depths has one line without a name."""
    panels: dict[str, dict[str, NDArray[np.float64]]] = {}
    for name, values in columns.items():
        by_depth = _BY_DEPTH.fullmatch(name)
        figure, line = by_depth.group("figure", "depth") if by_depth else (name, "")
        panels.setdefault(figure, {})[line] = values
    return panels


def _draw_panel(
    axes: Axes,
    steps: NDArray[np.int64],
    name: str,
    lines: Mapping[str, NDArray[np.float64]],
) -> None:
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.85, len(lines)))
    dots = "." if len(steps) <= _FEW_LINES else ""
    for (depth, values), colour in zip(lines.items(), colours, strict=True):
        axes.plot(steps, values, color=colour, marker=dots, linewidth=1.2, label=depth)
    by_depth = name.endswith("_depth")
    shown = name.removesuffix("_depth").replace("_", " ") + (" by depth" if by_depth else "")
    axes.set_title(shown, fontsize="small", parse_math=False)
    axes.set_xlabel("step", fontsize="small")
    axes.tick_params(labelsize="small", labelbottom=True)
    axes.grid(visible=True, alpha=0.3)
    if _SHARES.search(name):
        axes.set_ylim(-0.02, 1.02)
    if len(lines) > 1:
        title = "depth" if by_depth else None
        axes.legend(title=title, fontsize="x-small", title_fontsize="x-small", ncols=6)


if __name__ == "__main__":
    raise SystemExit(main())
