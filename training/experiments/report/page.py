"""Puts the report together: text, tables, plots, and what people learned from them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.experiments.cells import Result, read_results
from training.experiments.grid import UNSEEN_LEAVES, full_grid
from training.experiments.report.claims import all_claims
from training.experiments.report.comparable import comparable
from training.experiments.report.judged import JudgedClaim, judge_claim
from training.experiments.report.plots import plot_claim, plot_methods, plot_unseen
from training.experiments.report.tables import (
    FURTHER,
    MAIN,
    anchor,
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

**Cells.** {done} of {wanted} are done and used (commit: {commits}; command: `make experiment`).
Together they took {hours:.1f} hours (processor time; weights that cells share count in
each).{left_out} A cell is one method on one data set with 10 % or 100 % of the labels: ESC-10 in
its five folds (four teach, one is tested), the home set in three seeds (recording sessions: dev is
the same in all, train and test are drawn anew; its tree is the home ontology without nodes of fewer
than six sessions, at most {clips} clips a node).

**Methods.** a flat softmax; b the same network, leaves summed up the tree; c masked-spectrogram
pretraining on the training clips without labels, then c1 a linear probe or c2 fine-tuning; d a tree
of softmaxes over siblings with a virtual "other"; e consistency (FixMatch with a mean teacher) on
the flat network; f tree and consistency: ours. All train the same network on {crops} labelled crops
a step with the same distortions, for {esc10_steps} steps (ESC-10) or {home_steps} (home). What c, e
and f hear without labels comes on top: c takes as many steps more for pretraining, e and f have
{unlabelled} unlabelled crops more in each step. In all of them {strangers} more crops hold coloured
noise, sweeps, chords, hum or the noise of a microphone in silence, taught as nothing of the tree
(uniform for a flat softmax, "other" for a tree). The weights that are judged are the running mean
in every method. Answers are the likeliest leaf in every method; where it says "least risk" they
are, in every method but a, the leaf whose expected mistake is least (Karthik et al. 2021), which
needs no training.

**Rule.** Methods are compared pair by pair on the same folds or seeds. The interval is the mean of
the differences ± t s √(1/n + r): s is their standard deviation, n their number, t leaves one
twentieth of Student's distribution beyond each end, and r is the number of test clips over that of
training clips of the cells, mean over the pairs. Without r it would be too narrow, since folds and
seeds share training clips (Nadeau and Bengio 2003, "Inference for the Generalization Error"). It is
for clips drawn anew from these data sets, not for other recordings. A comparison *holds* if its
whole interval lies above minus its margin (0 unless said), *does not hold* if all of it lies below,
and is *not shown* otherwise or while cells are missing. A claim holds if all its comparisons do,
and does not if one does not.

Two claims have other pairs. For unseen sounds a pair is a leaf and a seed: the interval is for the
mean over these {leaves} leaves, chosen by hand, if sessions were drawn anew. It says nothing of
other leaves, or of one of them alone. For noise a pair is a share of labels and a seed, compared to
naming nothing at all.
"""

_LEFT_OUT = "Cells that are not used"

_METHODS = """\
Mean, and in brackets the range, over folds (ESC-10) or seeds (home). Height: of the lowest common
ancestor of answer and truth, mistakes or not; ECE: calibration error, mean over the levels of the
tree; agreement: share of clips with the same answer, distorted or not."""

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
    left_out = sorted(found.keys() - results.keys())
    parts = [_introduction(results, left_out), "## Verdicts", summary_table(claims)]
    for judged in claims:
        parts += _section(judged, results, plots, lessons)
    parts += _figures(results, plots)
    if left_out:
        parts += [f"## {_LEFT_OUT}", "\n".join(f"- `{name}`" for name in left_out)]
    if lessons.get("general"):
        parts += ["## What was learned besides", str(lessons["general"]).strip()]
    docs.mkdir(parents=True, exist_ok=True)
    page = docs / "experiments.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    verdicts = [f"{judged.verdict:<14} {judged.claim.title}" for judged in claims]
    return "\n".join([*verdicts, f"written: {page}"])


def _introduction(results: Mapping[str, Result], left_out: Sequence[str]) -> str:
    esc10, home = settings_for("esc10", smoke=False), settings_for("home", smoke=False)
    return _INTRODUCTION.format(
        done=len(results),
        wanted=len(full_grid()),
        commits=_commits(results),
        left_out=f" {_told(left_out)}" if left_out else "",
        hours=sum(result.seconds for result in results.values()) / 3600,
        clips=home.clips_per_node,
        crops=home.crops,
        unlabelled=home.unlabelled_crops,
        strangers=home.strangers,
        esc10_steps=esc10.steps,
        home_steps=home.steps,
        leaves=len(UNSEEN_LEAVES),
    ).rstrip()


def _told(left_out: Sequence[str]) -> str:
    cells = "1 cell was" if len(left_out) == 1 else f"{len(left_out)} cells were"
    are = "is" if len(left_out) == 1 else "are"
    return (
        f"{cells} made with other settings, or {are} no longer in the grid, and {are} not used: "
        f"see [the list](#{anchor(_LEFT_OUT)})."
    )


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
    count = len(judged.results)
    parts.append(f"Command: `make experiment`; {count} cells, commit: {_commits(judged.results)}.")
    if lesson := lessons.get(claim.key):
        parts.append(f"**What was learned.** {str(lesson).strip()}")
    return parts


def _figures(results: Mapping[str, Result], plots: Path) -> list[str]:
    """All methods side by side: figures, pseudo-labels, cost."""
    parts = ["## All methods", _METHODS]
    for dataset, name in (("esc10", "ESC-10"), ("home", "Home set")):
        if table := method_table(results, dataset, MAIN):
            further = method_table(results, dataset, FURTHER)
            parts += [f"### {name}", table, f"### {name}: further figures", further]
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
        parts += [
            "### Cost",
            "Processor time; weights that cells share count in each.",
            table,
        ]
    return parts if len(parts) > 2 else []  # noqa: PLR2004 - more than the heading


def _commits(results: Mapping[str, Result]) -> str:
    commits = sorted({result.commit for result in results.values()})
    return ", ".join(f"`{commit}`" for commit in commits) or "none yet"
