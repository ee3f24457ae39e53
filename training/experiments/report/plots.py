"""Plots of the report: one for each claim, one of all methods, one of unseen sounds.

Every plot shows single folds or seeds as dots: with so few, a mean alone would hide the spread.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from training.experiments.cells import Result
from training.experiments.grid import LABEL_PERCENTS, UNSEEN_LEAVES, UNSEEN_METHODS
from training.experiments.methods import METHODS
from training.experiments.report.judged import JudgedClaim, JudgedRow

_COLOURS = {"holds": "#2a7f3f", "does not hold": "#b3332e", "not shown": "#6b6b6b"}
_SHARES = (
    ("right", "right super-category", "#2a7f3f"),
    ("abstained", "nothing named", "#c9c9c9"),
    ("wrong_group", "wrong super-category", "#e0a33a"),
    ("wrong_leaf", "wrong leaf", "#b3332e"),
)
_DPI = 110


def plot_claim(judged: JudgedClaim, path: Path) -> bool:
    """Differences of every comparison with their intervals; False if there are none to draw."""
    rows = [row for row in judged.rows if row.comparison.differences]
    if not rows:
        return False
    figure = Figure(figsize=(8.0, 1.7 + 0.42 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0.0, color="black", linewidth=1.0)
    for place, row in enumerate(reversed(rows)):
        found = row.comparison
        colour = _COLOURS[found.verdict]
        axes.plot(found.differences, [place] * len(found.differences), "o", color=colour, alpha=0.4)
        if np.isfinite(found.lower):
            axes.plot([found.lower, found.upper], [place, place], color=colour, linewidth=2)
        axes.plot([found.mean], [place], "|", color=colour, markersize=16, markeredgewidth=3)
        if row.row.margin:
            axes.plot([-row.row.margin] * 2, [place - 0.4, place + 0.4], ":", color="black")
    axes.set_yticks(range(len(rows)), [row.row.title for row in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.margins(x=0.06)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{judged.claim.unit} (right of 0 is better)")
    axes.set_title(f"{judged.claim.title}: {judged.verdict}", fontsize=11)
    keys = _claim_keys(rows)
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), fontsize=8)
    _save(figure, path)
    return True


def _claim_keys(rows: Sequence[JudgedRow]) -> list[Line2D]:
    """Legend of a claim: what marks mean, and the colours that occur."""
    grey = _COLOURS["not shown"]
    keys = [
        Line2D([], [], color=grey, marker="o", linestyle="", alpha=0.4, label="one pair"),
        _mean_key("|"),
        Line2D([], [], color=grey, linewidth=2, label="interval"),
    ]
    if any(row.row.margin for row in rows):
        keys.append(Line2D([], [], color="black", linestyle=":", label="margin"))
    seen = {row.comparison.verdict for row in rows}
    return keys + [
        Line2D([], [], color=colour, marker="s", markersize=8, linestyle="", label=verdict)
        for verdict, colour in _COLOURS.items()
        if verdict in seen
    ]


def _mean_key(marker: str) -> Line2D:
    return Line2D(
        [],
        [],
        color=_COLOURS["not shown"],
        marker=marker,
        markersize=12,
        markeredgewidth=3,
        linestyle="",
        label="mean",
    )


def plot_methods(results: Mapping[str, Result], figure_name: str, title: str, path: Path) -> bool:
    """A figure of every method on both data sets; False if there are no cells."""
    used = [result for result in results.values() if result.cell.unseen is None]
    datasets = [name for name in ("esc10", "home") if any(r.cell.dataset == name for r in used)]
    if not datasets:
        return False
    figure = Figure(figsize=(5.2 * len(datasets), 3.8), layout="constrained")
    for axes, dataset in zip(
        np.atleast_1d(figure.subplots(1, len(datasets))), datasets, strict=True
    ):
        methods = [
            name
            for name in METHODS
            if any(r.cell.dataset == dataset and r.cell.method == name for r in used)
        ]
        for shift, percent in zip((-0.16, 0.16), LABEL_PERCENTS, strict=True):
            columns = [_values(used, dataset, name, percent, figure_name) for name in methods]
            _dots(axes, columns, shift, f"{percent} % of the labels")
        axes.set_xticks(range(len(methods)), [METHODS[name].letter for name in methods])
        axes.set_title("ESC-10" if dataset == "esc10" else "home", fontsize=11)
        axes.set_ylabel(title)
        axes.grid(axis="y", alpha=0.3)
    keys, _ = axes.get_legend_handles_labels()
    keys.append(_mean_key("_"))
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), fontsize=8)
    _save(figure, path)
    return True


def plot_unseen(results: Mapping[str, Result], path: Path) -> bool:
    """What is answered to sounds of a leaf that was left out; False if there are no such cells."""
    used = [result for result in results.values() if result.cell.unseen is not None]
    if not used:
        return False
    figure = Figure(figsize=(8.0, 3.8), layout="constrained")
    axes = figure.subplots()
    ticks: list[tuple[float, str]] = []
    for place, leaf in enumerate(UNSEEN_LEAVES):
        for shift, method in zip((-0.2, 0.2), UNSEEN_METHODS, strict=True):
            found = [r for r in used if r.cell.unseen == leaf and r.cell.method == method]
            if not found:
                continue
            bottom = 0.0
            for key, name, colour in _SHARES:
                share = float(np.mean([r.metrics["unseen"][key] for r in found]))
                label = name if not ticks else None
                axes.bar(place + shift, share, 0.36, bottom=bottom, color=colour, label=label)
                bottom += share
            ticks.append((place + shift, METHODS[method].letter))
        ticks.append((place, f"\n{leaf}"))
    axes.set_xticks([tick for tick, _ in ticks], [name for _, name in ticks])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("share of the clips, mean over seeds")
    axes.set_title("Answers to a leaf that was left out of training", fontsize=11)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _save(figure, path)
    return True


def _values(
    results: Sequence[Result], dataset: str, method: str, percent: int, name: str
) -> list[float]:
    return [
        result.metrics[name]
        for result in results
        if (result.cell.dataset, result.cell.method, result.cell.label_percent)
        == (dataset, method, percent)
        and result.metrics[name] is not None
    ]


def _dots(axes: Axes, columns: Sequence[Sequence[float]], shift: float, label: str) -> None:
    """Single values as dots, their mean as a bar; `label` for the legend."""
    x = [place + shift for place, values in enumerate(columns) for _ in values]
    y = [value for values in columns for value in values]
    (drawn,) = axes.plot(x, y, "o", alpha=0.45, markersize=5, label=label)
    means = [(place + shift, float(np.mean(v))) for place, v in enumerate(columns) if v]
    axes.plot(
        [place for place, _ in means],
        [mean for _, mean in means],
        "_",
        color=drawn.get_color(),
        markersize=18,
        markeredgewidth=3,
    )


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG that is the same for the same cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI, bbox_inches="tight", pad_inches=0.1, metadata={"Software": None})
