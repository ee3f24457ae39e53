"""Tries settings: trains one cell of the home set with them and judges it on dev, never on test.

Dev sessions are the same for all cells, and no cell of the grid is tested on one.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from training.errors import TrainingDataError
from training.experiments.grid import Cell
from training.experiments.judging import closed_figures, judge_of
from training.experiments.methods import METHODS
from training.experiments.settings import Settings, settings_for
from training.experiments.steps import Watch
from training.experiments.unit import Shared, Workplace
from training.hierarchy import leaf_columns

_NAME = re.compile(r"home-(?P<method>[a-z_]+)-(?P<percent>\d+)-seed(?P<turn>\d+)")
_FIXED = ("clips_per_node",)
"""Settings that decide which sessions are dev: another value would bring test sessions into it."""

_FIGURES = ("accuracy", "balanced_accuracy", "hierarchical_f1", "mean_average_precision")


def try_settings(name: str, changes: Sequence[str], place: Workplace, watch: Watch) -> str:
    """Train one cell with changed settings; returns a line of figures on dev.

    Args:
        name: as of a cell of the home set; its seed need not be of the grid.
        changes: `key=value` each, keys of `Settings`.
        place: where clips and spectra are.
        watch: is told of progress.

    Raises:
        TrainingDataError: there is no such cell or setting, or clips cannot be used.
    """
    cell = _cell(name)
    settings = changed(settings_for(cell.dataset, smoke=place.is_smoke), changes)
    started_s = time.monotonic()
    shared = Shared(cell, place, settings)
    lesson = shared.lesson(cell, place, watch)
    trained = shared.trained(cell, lesson)
    labels, columns = lesson.corpus.labels, lesson.corpus.columns
    judge = judge_of(trained.fitted.network, trained.objective, labels, METHODS[cell.method])
    dev = lesson.split.dev[np.isin(columns[lesson.split.dev], leaf_columns(labels))]
    figures = closed_figures(judge, judge.probabilities(lesson.crops, dev), columns[dev])
    told = "  ".join(f"{figure} {figures[figure]:.3f}" for figure in _FIGURES)
    spent_s = time.monotonic() - started_s
    return f"{name} {' '.join(changes) or 'as it is'}: on {len(dev)} of dev {told}  {spent_s:.0f} s"


def changed(settings: Settings, changes: Sequence[str]) -> Settings:
    """Settings with `key=value` changes.

    Raises:
        TrainingDataError: a key is unknown or may not be tried, or its value is no number of the
            wanted kind.
    """
    names = [field.name for field in fields(settings) if field.name not in _FIXED]
    kinds = {name: type(getattr(settings, name)) for name in names}
    for change in changes:
        key, _, value = change.partition("=")
        if key in _FIXED:
            raise TrainingDataError(
                f"--set {change}: {key} decides which clips are dev, others would be test clips of "
                "the grid; it cannot be tried"
            )
        if key not in kinds:
            raise TrainingDataError(
                f"--set {change}: there is no setting {key!r}, there are {', '.join(kinds)}"
            )
        try:
            settings = replace(settings, **{key: kinds[key](value)})
        except ValueError as error:
            raise TrainingDataError(
                f"--set {change}: wanted {key}={kinds[key].__name__}, found {value!r}"
            ) from error
    return settings


def _cell(name: str) -> Cell:
    found = _NAME.fullmatch(name)
    if found is None or found["method"] not in METHODS:
        raise TrainingDataError(
            f"{name}: wanted a cell of the home set, as home-tree-10-seed0 (ESC-10 has no dev); "
            f"methods are {', '.join(METHODS)}"
        )
    return Cell(
        dataset="home",
        method=found["method"],
        label_percent=int(found["percent"]),
        turn=int(found["turn"]),
    )
