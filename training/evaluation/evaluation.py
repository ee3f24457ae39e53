"""The whole evaluation: hears, judges, draws, writes `evaluation.json` and `index.html`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ontology import LabelSet
from training.errors import TrainingDataError
from training.evaluation.contestants import Contestant
from training.evaluation.hearing import Heard, hear_all
from training.evaluation.levels import OUTCOMES, outcomes_by_depth
from training.evaluation.matching import frames_without
from training.evaluation.material import Judged, JudgedNode
from training.evaluation.nodes import NodeResult, judge_node
from training.evaluation.page import write_page
from training.evaluation.plots import plot_reliability, plot_snr, plot_sweeps
from training.evaluation.shipped import wrong_critical
from training.evaluation.sweep import upper_bound_per_hour
from training.evaluation.worst import worst_cases

JSON_NAME = "evaluation.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A contestant, and the family it is drawn with.

    Attributes:
        contestant: who hears.
        family: contestants of one family (seeds of one recipe) are one line with a band.
    """

    contestant: Contestant
    family: str


def evaluate(
    recordings: Sequence[Judged],
    entrants: Sequence[Entrant],
    nodes: Sequence[JudgedNode],
    labels: LabelSet,
    *,
    out: Path,
    console: Console,
) -> dict[str, Any]:
    """Evaluate; returns what stands in `evaluation.json`.

    Args:
        recordings: what is heard.
        entrants: who hears; the first one's events and worst cases are shown.
        nodes: what is judged.
        labels: the ontology.
        out: folder of the page, made if it is not there.
        console: for progress.

    Raises:
        TrainingDataError: nothing could be read, or the folder cannot be written to.
    """
    hearings = hear_all(recordings, [each.contestant for each in entrants], console)
    for fault in hearings.faults:
        console.print(fault, markup=False, highlight=False, soft_wrap=True)
    heard = hearings.heard
    if not heard:
        raise TrainingDataError("none of the recordings could be read")
    results = [
        [judge_node(heard, index, node, labels) for node in nodes] for index in range(len(entrants))
    ]
    figures = _figures(heard, entrants, results, nodes, labels, unreadable=len(hearings.faults))
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / JSON_NAME).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        pictures = _pictures(entrants, results, out)
        cases = {
            node.id: worst_cases(heard, 0, node, results[0][node.place].matches, out)
            for node in nodes
        }
        write_page(figures, pictures, cases, out)
    except OSError as error:
        raise TrainingDataError(f"{out}: cannot be written to ({error.strerror})") from error
    return figures


def _figures(
    heard: Sequence[Heard],
    entrants: Sequence[Entrant],
    results: Sequence[Sequence[NodeResult]],
    nodes: Sequence[JudgedNode],
    labels: LabelSet,
    *,
    unreadable: int,
) -> dict[str, Any]:
    hours = {
        kind: round(sum(e.duration_s for e in heard if e.judged.kind == kind) / 3600, 3)
        for kind in ("recording", "mixture")
    }
    told: list[dict[str, Any]] = []
    for index, (entrant, found) in enumerate(zip(entrants, results, strict=True)):
        entry: dict[str, Any] = {
            "name": entrant.contestant.name,
            "family": entrant.family,
            "model": entrant.contestant.model,
            "nodes": {each.node: each.as_dict() for each in found},
        }
        if any(each.shipped is not None for each in found):
            entry |= _told_of_events(heard, index, nodes, labels)
        told.append(entry)
    return {
        "recordings": len(heard),
        "parts": sorted({each.judged.part for each in heard}),
        "unreadable": unreadable,
        "hours": hours,
        "contestants": told,
    }


def _told_of_events(
    heard: Sequence[Heard], index: int, nodes: Sequence[JudgedNode], labels: LabelSet
) -> dict[str, Any]:
    hours = _hours_without_a_critical_node(heard, index, nodes, labels)
    wrong = wrong_critical(heard, index, labels)
    depths = outcomes_by_depth(heard, index, labels)
    return {
        "wrong_critical_events": len(wrong),
        "hours_without_a_critical_node": round(hours, 3),
        "wrong_critical_events_per_hour_upper_95": round(upper_bound_per_hour(len(wrong), hours), 4)
        if hours > 0
        else None,
        "wrong_critical_in": [
            f"{heard[each.recording].judged.name} at {each.event.onset_s:.1f} s: {each.event.path}"
            for each in wrong
        ],
        "outcomes_by_depth": {
            str(depth): {outcome: counts[outcome] for outcome in OUTCOMES}
            for depth, counts in depths.items()
        },
    }


def _hours_without_a_critical_node(
    heard: Sequence[Heard], index: int, nodes: Sequence[JudgedNode], labels: LabelSet
) -> float:
    """Time in which at least one of them is known not to sound: only then can it be wrong."""
    critical = [node for node in nodes if node.column in labels.critical]
    frames = sum(
        int(np.any([frames_without(each, index, node) for node in critical], axis=0).sum())
        * each.said[index].hop_s
        for each in heard
    )
    return frames / 3600


def _pictures(
    entrants: Sequence[Entrant], results: Sequence[Sequence[NodeResult]], out: Path
) -> Mapping[str, str]:
    """Draw everything that can be drawn; title by file name."""
    pictures = {}
    for place, result in enumerate(results[0]):
        if not result.matches.found:
            continue
        families: dict[str, list[NodeResult]] = {}
        for entrant, found in zip(entrants, results, strict=True):
            families.setdefault(entrant.family, []).append(found[place])
        name = f"sweep-{result.node}.png"
        plot_sweeps(families, out / name, node=result.node)
        pictures[name] = f"{result.node}: recall against false alarms per hour"
    marked = [result for result in results[0] if result.benchmarks.sounds]
    if plot_snr(marked, out / "snr.png"):
        pictures["snr.png"] = "Recall against SNR"
    if marked:
        plot_reliability(marked, out / "reliability.png")
        pictures["reliability.png"] = "Reliability of posteriors"
    return pictures
