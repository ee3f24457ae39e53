"""How much a data folder holds of each node, in words: for `show --data` and `draw --data`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import AedError

if TYPE_CHECKING:
    from ontology import Ontology
    from training.node_counts import DataCounts, NodeCount


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the arguments --data and --labels."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with a manifest.tsv: count its clips"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="what the manifest's labels mean (default: as in training/label_map.yaml)",
    )


def counted(tree: "Ontology", data: Path | None, label_map: Path | None) -> "DataCounts | None":
    """Count the clips of a data folder, if there is one to count.

    Raises:
        AedError: a label map is given, but no data folder.
        TrainingDataError: manifest or label map cannot be used.
    """
    from training.clips.manifest import read_manifest
    from training.node_counts import count_clips

    if data is not None:
        return count_clips(read_manifest(data), tree, label_map)
    if label_map is not None:
        raise AedError("--labels says what a manifest's labels mean: give its folder, --data DIR")
    return None


def words(count: "NodeCount") -> str:
    """What there is of a node, as `26 clips in 8 sessions, synthesised`."""
    found = []
    if count.clips:
        found.append(f"{_many(count.clips, 'clip')} in {_many(count.sessions, 'session')}")
    if count.is_synthesised:
        found.append("synthesised")
    if count.is_too_little:
        found.append("too few" if count.clips else "no clips")
    return ", ".join(found)


def summary(counts: "DataCounts") -> list[str]:
    """What is to be said of the whole folder, and what counts as too few."""
    from training.node_counts import LEAST_SESSIONS

    few = (
        f"{len(counts.too_little)} of {len(counts.nodes)} nodes have too few clips to learn from: "
        f"fewer than {LEAST_SESSIONS} recording sessions, and training synthesises none."
    )
    lines = [few]
    if counts.background or counts.skipped:
        lines.append(
            f"Beside them {_many(counts.background, 'clip')} of background and "
            f"{counts.skipped} of labels that are not learned from."
        )
    if counts.meaningless:
        listed = ", ".join(f"{label} ({clips})" for label, clips in counts.meaningless.items())
        lines.append(f"Labels that mean nothing here, with their clips: {listed}")
    return lines


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
