"""Puts the report together: text, tables, plots, and what people learned from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.experiments.cells import Result, read_results
from training.experiments.grid import full_grid
from training.experiments.report.claims import all_claims
from training.experiments.report.comparable import comparable
from training.experiments.report.judged import JudgedClaim, judge_claim
from training.experiments.report.plots import plot_claim, plot_methods, plot_unseen
from training.experiments.report.tables import (
    claim_table,
    cost_table,
    method_table,
    summary_table,
    teaching_table,
)
from training.experiments.settings import settings_for
from training.yaml_file import read_mapping

LESSONS_NAME = "lessons.yaml"
"""Written by people: claim key, or `general`, to what was learned. It survives the report."""

_INTRODUCTION = """\
# Experiments

What the joint model claims, tested on recordings anyone can get. This page is written by
`python -m training.experiments report` from the files in [`experiments/cells`](experiments/cells)
alone, one for each cell; `make experiment` makes the cells that are missing and then this page.
"What was learned" comes from [`experiments/lessons.yaml`](experiments/lessons.yaml).

**Cells.** {done} of {wanted} are done{left_out}, in {hours:.1f} hours of one core (weights that
cells share count in each). A cell is one method on one data set with 10 % or 100 % of the labels:
ESC-10 in its five folds (four teach, one is tested), the home set in three seeds (recording
sessions: dev is the same in all, train and test are drawn anew; its tree is the home ontology
without nodes of fewer than six sessions, at most {clips} clips a node).

**Methods.** a flat softmax; b the same network, leaves summed up the tree; c masked-spectrogram
pretraining on the training clips without labels, then c1 a linear probe or c2 fine-tuning; d a tree
of softmaxes over siblings with a virtual "other"; e consistency (FixMatch with a mean teacher) on
the flat network; f tree and consistency: ours. All train the same network on {crops} crops a step
with the same distortions, for {esc10_steps} steps (ESC-10) or {home_steps} (home); c takes as many
more for pretraining; in e and f half of the crops are unlabelled. In all of them a few more crops
hold coloured noise, sweeps or hum, taught as nothing of the tree (uniform for a flat softmax,
"other" for a tree). The weights that are judged are the running mean in every method. Answers are
the likeliest leaf in every method; where it says "least risk" they are, again in every method, the
leaf whose expected mistake is least (Karthik et al. 2021), which needs no training.

**Rule.** Methods are compared pair by pair on the same folds or seeds. The interval is the mean of
the differences ± t s √(1/n + r), with one twentieth of Student's distribution beyond each end and r
the number of test clips over that of training clips, since folds and seeds share training clips
(Nadeau and Bengio 2003). Of unseen sounds a pair is a leaf and a seed. A
comparison *holds* if its whole interval lies above minus its margin (0 unless said), *does not
hold* if all of it lies below, and is *not shown* otherwise or while cells are missing. A claim
holds if all its comparisons do, and does not if one does not.
"""

_TEACHING = """\
Share of unlabelled crops of which the teacher named a node of each depth (top level first) after
the ramp, and share of these names that were right."""


def write_report(cells: Path, docs: Path) -> str:
    """Write docs/experiments.md and its plots; returns the verdicts, for a terminal.

    Args:
        cells: folder of finished cells.
        docs: where the page goes; plots and lessons stand in its folder `experiments`.

    Raises:
        TrainingDataError: a cell or the lessons cannot be read.
    """
    found = read_results(cells)
    results = comparable(found)
    plots = docs / "experiments"
    lessons_path = plots / LESSONS_NAME
    lessons = read_mapping(lessons_path) if lessons_path.exists() else {}
    claims = [judge_claim(claim, results) for claim in all_claims()]
    left_out = len(found) - len(results)
    parts = [_introduction(results, left_out), "## Verdicts", summary_table(claims)]
    for judged in claims:
        parts += _section(judged, results, plots, lessons)
    parts += _figures(results, plots)
    if lessons.get("general"):
        parts += ["## What was learned besides", str(lessons["general"]).strip()]
    docs.mkdir(parents=True, exist_ok=True)
    page = docs / "experiments.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    verdicts = [f"{judged.verdict:<14} {judged.claim.title}" for judged in claims]
    return "\n".join([*verdicts, f"written: {page}"])


def _introduction(results: Mapping[str, Result], left_out: int) -> str:
    grid = full_grid()
    esc10, home = settings_for("esc10", smoke=False), settings_for("home", smoke=False)
    return _INTRODUCTION.format(
        done=sum(cell.name in results for cell in grid),
        wanted=len(grid),
        left_out=f" ({left_out} more have other settings and are left out)" if left_out else "",
        hours=sum(result.seconds for result in results.values()) / 3600,
        clips=home.clips_per_node,
        crops=home.crops,
        esc10_steps=esc10.steps,
        home_steps=home.steps,
    ).rstrip()


def _section(
    judged: JudgedClaim, results: Mapping[str, Result], plots: Path, lessons: Mapping[str, Any]
) -> list[str]:
    claim = judged.claim
    parts = [f"## {claim.title}", f"{claim.statement}", f"**Verdict: {judged.verdict}.**"]
    parts.append(claim_table(judged))
    if plot_claim(judged, plots / f"{claim.key}.png"):
        parts.append(f"![{claim.title}](experiments/{claim.key}.png)")
    if claim.key == "unseen" and plot_unseen(results, plots / "unseen_answers.png"):
        parts.append("![Answers to unseen sounds](experiments/unseen_answers.png)")
    parts.append(f"Command: `make experiment`; commit of the cells: {_commits(judged.results)}.")
    if lesson := lessons.get(claim.key):
        parts.append(f"**What was learned.** {str(lesson).strip()}")
    return parts


def _figures(results: Mapping[str, Result], plots: Path) -> list[str]:
    """All methods side by side: figures, pseudo-labels, cost."""
    parts = ["## All methods", "Mean ± standard deviation over folds (ESC-10) or seeds (home)."]
    for dataset, name in (("esc10", "ESC-10"), ("home", "Home set")):
        if table := method_table(results, dataset):
            parts += [f"### {name}", table]
    for figure, title in (
        ("accuracy", "accuracy at the leaf"),
        ("hierarchical_f1", "hierarchical F1"),
    ):
        if plot_methods(results, figure, title, plots / f"methods_{figure}.png"):
            parts.append(f"![All methods: {title}](experiments/methods_{figure}.png)")
    if table := teaching_table(results):
        parts += [
            "### Pseudo-labels",
            _TEACHING,
            table,
        ]
    if table := cost_table(results):
        parts += ["### Cost", "One thread; weights that cells share count in each.", table]
    return parts if len(parts) > 2 else []  # noqa: PLR2004 - more than the heading


def _commits(results: Mapping[str, Result]) -> str:
    commits = sorted({result.commit for result in results.values()})
    return ", ".join(f"`{commit}`" for commit in commits) or "none yet"
