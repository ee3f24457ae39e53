"""`aed ontology draw`: an ontology as a picture that a page can show, light or dark."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aed.commands.ontology.counting import add_data, counted, summary, words
from aed.commands.ontology.files import add_file, load, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aed.commands import Subparsers
    from ontology import Ontology
    from ontology.drawing import Remark
    from training.node_counts import DataCounts


def add_parser(actions: "Subparsers") -> None:
    """Add `draw`."""
    text = "draw an ontology as SVG"
    parser = actions.add_parser("draw", help=text, description=f"{text}.")
    add_file(parser)
    add_data(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="SVG", help="the picture"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Draw.

    Args:
        arguments: with `file`, `data`, `labels` and `output`.

    Returns:
        0.

    Raises:
        OntologyError: the file is wrong; carries every fault.
        TrainingDataError: manifest or label map cannot be used.
        AedError: the picture cannot be written.
    """
    from ontology.drawing import draw

    tree = load(arguments.file)
    counts = counted(tree, arguments.data, arguments.labels)
    if counts is None:
        text = draw(tree)
    else:
        text = draw(tree, _remarks(tree, counts), lines=summary(counts)[:1])
    write(arguments.output, text)
    print(f"picture: {arguments.output}", file=sys.stderr)
    return 0


def _remarks(tree: "Ontology", counts: "DataCounts") -> "Mapping[str, Remark]":
    """What stands behind each name; bars grow with the root, or speech would dwarf the rest."""
    from ontology.drawing import Remark

    most = max((counts.nodes[node.id].clips for node in tree.nodes if node.is_leaf), default=0)
    return {
        id_: Remark(
            text=words(count),
            is_warning=count.is_too_little,
            share=min((count.clips / max(most, 1)) ** 0.5, 1.0),
        )
        for id_, count in counts.nodes.items()
    }
