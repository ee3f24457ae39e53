"""Which training recordings a model takes for something critical that they are not.

`python -m training.mining CHECKPOINT` hears every clip that may train and prints those that come
nearest to a critical node, as the `hard_paths` of a run's settings, the worst first.
"""

import argparse
import logging
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml

import ontology
from ontology import LabelSet
from training.labels import ROOM_LABEL, read_label_map
from training.loop.run import Run
from training.release import evaluate
from training.session import open_data

_logger = logging.getLogger(__name__)

LEAST_POSTERIOR = 0.15
"""What stays below it is told apart well enough."""

MOST_OF_A_GROUP = 3
"""A session with many alike clips gives no more than so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardClip:
    """A recording and the critical node it was nearest to.

    Attributes:
        path: as in the manifest.
        node: which critical node.
        posterior: what it sustained for the node's dwell.
    """

    path: str
    node: str
    posterior: float


def hardest(
    clips: evaluate.ClipScores, labels: LabelSet, groups: dict[str, str], most: int
) -> list[HardClip]:
    """Clips that sustain a critical posterior they should not, the worst first.

    Args:
        clips: heard by the model.
        labels: the tree.
        groups: session of each path.
        most: how many at most.
    """
    columns = list(labels.critical)
    wrong = ~(clips.true | clips.unknown)[:, columns]
    posteriors = np.where(wrong, clips.sustained[:, columns], 0.0)  # (C, critical)
    taken: Counter[str] = Counter()
    found: list[HardClip] = []
    for index in np.argsort(-posteriors.max(axis=1)):
        posterior = float(posteriors[index].max())
        path = clips.paths[index]
        if posterior < LEAST_POSTERIOR or len(found) == most:
            break
        if taken[groups[path]] < MOST_OF_A_GROUP:
            taken[groups[path]] += 1
            node = labels.nodes[columns[int(posteriors[index].argmax())]]
            found.append(HardClip(path=path, node=node, posterior=posterior))
    return found


def main() -> int:
    """Print the hard clips of a checkpoint as YAML."""
    parser = argparse.ArgumentParser(prog="python -m training.mining", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, default=os.environ.get("AED_DATA"))
    parser.add_argument("--cache", type=Path, default=Path("build/cache"))
    parser.add_argument("--most", type=int, default=150)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    labels = LabelSet(ontology.home())
    run = Run.from_checkpoint(arguments.checkpoint, labels)
    data = open_data(arguments.data, arguments.cache, held_out_share=run.config.held_out_share)
    rows = tuple(row for row in data.training_rows(run.config) if row.label != ROOM_LABEL)
    ones, zeros = torch.ones(len(labels)), torch.zeros(len(labels))
    clips = evaluate.score_clips(
        run.averaged_model(),
        data.bank(rows),
        read_label_map(labels).targets,
        scale=ones,
        bias=zeros,
    )
    found = hardest(clips, labels, {row.path: row.group for row in rows}, arguments.most)
    for clip in found:
        _logger.info("%.2f %-20s %s", clip.posterior, clip.node, clip.path)
    print(yaml.safe_dump({"hard_paths": [clip.path for clip in found]}), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
