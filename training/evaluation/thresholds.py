"""Thresholds of the critical nodes: no false alarm in the development half of the hours.

`python -m training.evaluation.thresholds --bundle DIR LIST...` hears that half, sets `on` of each
critical node just above what it sustains for its dwell where it does not sound, writes it into the
bundle, and says what is left: `aed evaluate --part confirmation` then judges by the other half.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from aed.bundle import load_bundle
from ontology import AedError, LabelSet
from training.errors import TrainingDataError
from training.evaluation.contestants import Aed
from training.evaluation.hearing import Heard, hear_all
from training.evaluation.matching import frames_without
from training.evaluation.material import JudgedNode, judged_nodes, read_material
from training.release.description import open_description, seal
from training.release.evaluate import dwell_frames, sustained

LEAST_ON = 0.5
"""Below it nothing deserves a person's attention."""

MOST_ON, MOST_ON_BRIEF = 0.95, 0.9
"""Above it nothing is ever heard. An alarm goes on, and posteriors rise with every period; what
sounds once, as breaking glass does, has one chance, and at 0.95 half of the demonstration's windows
lost theirs."""

MARGIN = 0.02
"""By which a threshold stands above the loudest of the negatives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A node's threshold and what it rests on.

    Attributes:
        node: which.
        on: the threshold.
        loudest: what the node sustains at most where it does not sound.
        recordings_passed: those that still reach the threshold where the node does not sound.
        hours: how long it is known not to sound.
    """

    node: str
    on: float
    loudest: float
    recordings_passed: int
    hours: float


def choose(heard: Sequence[Heard], node: JudgedNode, labels: LabelSet) -> Chosen:
    """Choose a node's threshold from recordings of the first contestant."""
    dwell = dwell_frames(labels)[[node.column]]
    peaks, hours = [0.0], 0.0
    for each in heard:
        free = frames_without(each, 0, node)
        scores = np.where(free, each.said[0].scores[:, node.place], 0.0)
        peaks.append(float(sustained(scores[:, None].astype(np.float32), dwell)[0]))
        hours += float(free.sum()) * each.said[0].hop_s / 3600
    loudest = max(peaks)
    on = round(min(max(loudest + MARGIN, LEAST_ON), _most_on(labels, node)), 3)
    return Chosen(
        node=node.id,
        on=on,
        loudest=loudest,
        recordings_passed=sum(peak >= on for peak in peaks),
        hours=hours,
    )


def _most_on(labels: LabelSet, node: JudgedNode) -> float:
    """The highest threshold that a node may be asked for."""
    own = labels.ontology.node(node.id)
    goes_on = any(each.alert is not None and each.alert.pattern for each in (own, *own.descendants))
    return MOST_ON if goes_on else MOST_ON_BRIEF


def main() -> int:
    """Choose, write, tell."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation.thresholds", description=main.__doc__
    )
    parser.add_argument("lists", nargs="+", type=Path, metavar="LIST")
    parser.add_argument("--bundle", type=Path, required=True)
    arguments = parser.parse_args()
    bundle = load_bundle(arguments.bundle)
    nodes = judged_nodes(bundle.labels)
    recordings = [
        each for each in read_material(arguments.lists, bundle.labels) if each.part == "development"
    ]
    contestant = Aed(bundle, [node.id for node in nodes], "aed")
    hearings = hear_all(recordings, [contestant], Console(stderr=True))
    if hearings.faults:
        raise TrainingDataError.of_faults(
            [*hearings.faults, "thresholds must not rest on what is left; repair these recordings"]
        )
    chosen = [choose(hearings.heard, node, bundle.labels) for node in nodes]
    if deaf := [each.node for each in chosen if each.hours == 0]:
        raise TrainingDataError(
            f"no recording of the development half without {', '.join(deaf)}; give hours of them"
        )
    info = open_description(arguments.bundle)
    for each in chosen:
        info["thresholds"].setdefault(each.node, {}).update(
            {"on": each.on, "off": round(each.on / 2, 3)}
        )
        print(
            f"{each.node:<14} on {each.on:.3f}: sustains at most {each.loudest:.3f} in "
            f"{each.hours:.1f} h without it; {each.recordings_passed} recordings still reach it"
        )
    info["quality"]["thresholds"] = {
        "measured_by": "python -m training.evaluation.thresholds",
        "hours_of_development": round(max(each.hours for each in chosen), 2),
        "recordings_passed": {each.node: each.recordings_passed for each in chosen},
    }
    seal(arguments.bundle, info)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AedError as error:
        sys.exit(f"aed: {error}")
