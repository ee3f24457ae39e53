"""`aed ontology import-audioset`: AudioSet's classes, or a part of them, as an ontology file."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aed.commands.ontology.files import write

if TYPE_CHECKING:
    from aed.commands import Subparsers

_DESCRIPTION = """\
Makes an ontology of AudioSet's 632 classes. A class with several parents stands under the first
one, the others become its see_also. Ids are made of the names; none of the nodes alerts."""


def add_parser(actions: "Subparsers") -> None:
    """Add `import-audioset`."""
    parser = actions.add_parser(
        "import-audioset", help="make an ontology of AudioSet's classes", description=_DESCRIPTION
    )
    parser.add_argument(
        "json",
        nargs="?",
        type=Path,
        metavar="JSON",
        help="AudioSet's ontology.json (default: the list of classes that aed comes with)",
    )
    parser.add_argument(
        "--under",
        action="append",
        default=[],
        metavar="NAME",
        help="only this class and those below it, as Alarm or /m/07pp_mv; may be repeated",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the file.

    Args:
        arguments: with `json`, `under` and `output`.

    Returns:
        0.

    Raises:
        OntologyError: JSON is no such file, or NAME no class of it.
        AedError: the file cannot be written.
    """
    from ontology import parse
    from ontology.audioset import audioset_classes
    from ontology.audioset_json import read_audioset_json
    from ontology.audioset_tree import audioset_tree

    if arguments.json is None:
        classes = tuple(audioset_classes().values())
    else:
        classes = read_audioset_json(arguments.json)
    text = audioset_tree(classes, under=arguments.under)
    nodes = len(parse(text, where=str(arguments.output or "import-audioset")).nodes)
    if arguments.output is None:
        print(text, end="")
    else:
        write(arguments.output, text)
        print(f"{arguments.output}: {nodes} nodes", file=sys.stderr)
    return 0
