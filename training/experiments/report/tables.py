"""Tables of the report, in Markdown."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from training.experiments.cells import Result
from training.experiments.grid import LABEL_PERCENTS
from training.experiments.methods import METHODS
from training.experiments.report.comparisons import Figure, mean_over_depths, metric
from training.experiments.report.judged import JudgedClaim

_Column = tuple[str, Figure, int]
"""Heading, figure, and digits behind its point."""

MAIN: tuple[_Column, ...] = (
    ("accuracy", metric("accuracy"), 3),
    ("hierarchical F1", metric("hierarchical_f1"), 3),
    ("mean height", metric("mean_height"), 2),
    ("ECE over levels", mean_over_depths("calibration_error_by_depth"), 3),
    ("accuracy, distorted", metric("distorted", "accuracy"), 3),
    ("agreement, distorted", metric("distorted", "agreement"), 3),
    ("seconds", lambda result: result.seconds, 0),
)
FURTHER: tuple[_Column, ...] = (
    ("balanced accuracy", metric("balanced_accuracy"), 3),
    ("mAP", metric("mean_average_precision"), 3),
    ("height of mistakes", metric("mistake_height"), 2),
    ("least risk: hierarchical F1", metric("least_risk", "hierarchical_f1"), 3),
    ("least risk: mean height", metric("least_risk", "mean_height"), 2),
    ("may stop early: hierarchical F1", metric("selective", "hierarchical_f1"), 3),
    ("may stop early: nothing named", metric("selective", "abstained"), 3),
)


def claim_table(judged: JudgedClaim) -> str:
    """The comparisons of a claim."""
    lines = [
        "| comparison | claimed | compared to | difference | interval | pairs | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in judged.rows:
        found = row.comparison
        interval = (
            f"{found.lower:+.3f} to {found.upper:+.3f}" if found.lower == found.lower else "–"
        )
        difference = "–" if math.isnan(found.mean) else f"{found.mean:+.3f}"
        lines.append(
            f"| {row.row.title} | {spread(row.ours)} | {spread(row.others)} | {difference} | "
            f"{interval} | {len(row.ours)} of {row.wanted} | {found.verdict} |"
        )
    return "\n".join(lines)


def summary_table(claims: Sequence[JudgedClaim]) -> str:
    """Every claim and its verdict."""
    lines = ["| claim | verdict |", "|---|---|"]
    lines += [
        f"| [{judged.claim.title}](#{anchor(judged.claim.title)}) | **{judged.verdict}** |"
        for judged in claims
    ]
    return "\n".join(lines)


def method_table(results: Mapping[str, Result], dataset: str, columns: Sequence[_Column]) -> str:
    """Figures of all methods on one data set, mean and range; empty without cells."""
    lines = [
        f"| labels | method | {' | '.join(name for name, _, _ in columns)} | cells |",
        "|---" * (len(columns) + 3) + "|",
    ]
    for percent in LABEL_PERCENTS:
        for name, method in METHODS.items():
            found = _cells(results, dataset, name, percent)
            if found:
                figures = " | ".join(
                    extent(_known(figure, found), digits=digits) for _, figure, digits in columns
                )
                title = f"{method.letter}: {method.title}"
                lines.append(f"| {percent} % | {title} | {figures} | {len(found)} |")
    return "\n".join(lines) if len(lines) > 2 else ""  # noqa: PLR2004 - more than the heading


def teaching_table(results: Mapping[str, Result]) -> str:
    """How many clips the teachers named, and how often rightly, by depth; empty without cells."""
    lines = [
        "| data | method | labels | clips named, by depth | right, by depth |",
        "|---|---|---|---|---|",
    ]
    for dataset in ("esc10", "home"):
        for percent in LABEL_PERCENTS:
            for name, method in METHODS.items():
                found = _cells(results, dataset, name, percent)
                taught = [r.metrics["pseudo_labels"] for r in found if r.metrics["pseudo_labels"]]
                if taught:
                    rates = _by_depth([each["rate_by_depth"] for each in taught])
                    rights = _by_depth([each["accuracy_by_depth"] for each in taught])
                    lines.append(
                        f"| {dataset} | {method.letter} | {percent} % | {rates} | {rights} |"
                    )
    return "\n".join(lines) if len(lines) > 2 else ""  # noqa: PLR2004 - more than the heading


def cost_table(results: Mapping[str, Result]) -> str:
    """Time and memory of the cells of each method, and of all; empty without cells."""
    lines = ["| data | method | cells | hours | most memory, MB |", "|---|---|---|---|---|"]
    for dataset in ("esc10", "home"):
        for name, method in METHODS.items():
            found = [
                result
                for result in results.values()
                if (result.cell.dataset, result.cell.method) == (dataset, name)
            ]
            if found:
                lines.append(f"| {dataset} | {method.letter} | {_cost(found)} |")
    if results:
        lines.append(f"| **all** | | {_cost(list(results.values()))} |")
    return "\n".join(lines) if len(lines) > 2 else ""  # noqa: PLR2004 - more than the heading


def _cost(results: Sequence[Result]) -> str:
    hours = sum(result.seconds for result in results) / 3600
    return f"{len(results)} | {hours:.2f} | {max(result.memory_mb for result in results):.0f}"


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation."""
    if not values:
        return "–"
    mean = f"{np.mean(values):.3f}"
    return f"{mean} ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else mean


def extent(values: Sequence[float], *, digits: int = 3) -> str:
    """Mean, and in brackets the least and the greatest."""
    if not values:
        return "–"
    mean, least, most = (f"{v:.{digits}f}" for v in (np.mean(values), min(values), max(values)))
    return f"{mean} ({least}–{most})"


def anchor(title: str) -> str:
    """Where a heading is found in a page."""
    kept = (letter for letter in title.lower() if letter.isalnum() or letter in " -")
    return "".join(kept).replace(" ", "-")


def _cells(results: Mapping[str, Result], dataset: str, method: str, percent: int) -> list[Result]:
    return [
        result
        for result in results.values()
        if result.cell.unseen is None
        and (result.cell.dataset, result.cell.method, result.cell.label_percent)
        == (dataset, method, percent)
    ]


def _known(figure: Figure, results: Sequence[Result]) -> list[float]:
    values = (figure(result) for result in results)
    return [value for value in values if value is not None]


def _by_depth(rows: Sequence[Sequence[float | None]]) -> str:
    means = []
    for column in zip(*rows, strict=True):
        known = [value for value in column if value is not None]
        means.append(f"{np.mean(known):.2f}" if known else "–")
    return " ".join(means)
