"""`aed evaluate`: how a bundle does on recordings whose sounds are known."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ontology import AedError

if TYPE_CHECKING:
    from aed.commands import Subparsers

_DESCRIPTION = """\
Hears recordings as if they were sounding now and says which sounds were found, how late, and how
often there was nothing: recall, false alarms per hour with their bound, delay, calibration, and a
page with the curves and the worst cases. LIST is a truth.tsv (docs/evaluation.md), a manifest.tsv
(its dev rows), or a folder with either; hours without any known sound count as negatives.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `evaluate`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure a bundle on recordings (extras `train` and `evaluate`)",
        description=_DESCRIPTION,
    )
    parser.add_argument("lists", nargs="+", type=Path, metavar="LIST")
    parser.add_argument(
        "--bundle",
        dest="bundles",
        action="append",
        type=Path,
        metavar="DIR",
        help="the model (default: the installed one); several are seeds of one recipe: a band",
    )
    yamnet = os.environ.get("AED_YAMNET")
    parser.add_argument(
        "--yamnet",
        type=Path,
        metavar="DIR",
        default=Path(yamnet) if yamnet else None,
        help="folder of YAMNet's TFLite file, to be drawn beside (default: AED_YAMNET)",
    )
    parser.add_argument(
        "--node",
        dest="nodes",
        action="append",
        default=[],
        help="judge this one too (default: all critical ones)",
    )
    parser.add_argument(
        "--part",
        choices=("development", "confirmation"),
        help="only the half that may choose thresholds, or the one that confirms them",
    )
    parser.add_argument("--out", type=Path, default=Path("build/evaluation"), metavar="DIR")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, print the figures, and say where the page is.

    Returns:
        0, or 1 if a recording could not be read.

    Raises:
        AedError: an extra is not installed, or lists or bundles cannot be used.
    """
    try:
        from rich.console import Console

        from aed.bundle import default_bundle_path, load_bundle
        from training.errors import TrainingDataError
        from training.evaluation.contestants import Aed, Yamnet
        from training.evaluation.evaluation import Entrant, evaluate
        from training.evaluation.material import judged_nodes, read_material
        from training.evaluation.page import PAGE_NAME
    except ModuleNotFoundError as error:
        raise AedError(
            f"evaluating needs the extras `train` and `evaluate` ({error.name} is not installed): "
            "pip install -e '.[train,evaluate]'"
        ) from error

    bundles = [load_bundle(path) for path in arguments.bundles or [default_bundle_path()]]
    labels = bundles[0].labels
    if any(bundle.labels.nodes != labels.nodes for bundle in bundles):
        raise TrainingDataError("the bundles have different ontologies; evaluate them one by one")
    nodes = judged_nodes(labels, arguments.nodes)
    ids = [node.id for node in nodes]
    names = [f"aed {number + 1}" if len(bundles) > 1 else "aed" for number in range(len(bundles))]
    entrants = [
        Entrant(contestant=Aed(bundle, ids, name), family="aed")
        for bundle, name in zip(bundles, names, strict=True)
    ]
    if arguments.yamnet is not None:
        yamnet = Yamnet(arguments.yamnet, labels, ids)
        entrants.append(Entrant(contestant=yamnet, family=yamnet.name))
    recordings = read_material(arguments.lists, labels)
    if arguments.part is not None:
        recordings = tuple(each for each in recordings if each.part == arguments.part)
        if not recordings:
            raise TrainingDataError(f"none of the recordings is of the part {arguments.part}")
    console = Console(stderr=True)
    figures = evaluate(recordings, entrants, nodes, labels, out=arguments.out, console=console)
    for contestant in figures["contestants"]:
        print("\n".join(_lines(contestant)))
    print(f"page: {arguments.out / PAGE_NAME}")
    return 1 if figures["unreadable"] else 0


def _lines(contestant: dict[str, Any]) -> list[str]:
    """What is told of a contestant in a terminal."""
    lines = [contestant["name"]]
    for node, found in contestant["nodes"].items():
        if not found["sounds"]:
            continue
        recall_at = found["recall_at_false_alarms"]
        recalls = " ".join(_told(value) for value in recall_at.values())
        line = (
            f"  {node:<14} {found['sounds']:5d} sounds  recall at {', '.join(recall_at)} false "
            f"alarms: {recalls}"
        )
        if (shipped := found["shipped"]) is not None:
            line += (
                f"  as shipped: {_told(shipped['recall'])} with {shipped['false_alarms']} false "
                f"in {found['hours_without']:.1f} h"
            )
            if shipped["delay_median_s"] is not None:
                line += f", after {shipped['delay_median_s']} s (p95 {shipped['delay_p95_s']} s)"
        lines.append(line)
    if "wrong_critical_events" in contestant:
        lines.append(
            f"  wrong critical events: {contestant['wrong_critical_events']}, at most "
            f"{_told(contestant['wrong_critical_events_per_hour_upper_95'])} an hour (95 %) in "
            f"{contestant['hours_without_a_critical_node']:.1f} h"
        )
    return lines


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
