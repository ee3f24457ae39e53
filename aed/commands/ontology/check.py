"""`aed ontology check`: every fault of an ontology file at once."""

import argparse
import sys
from typing import TYPE_CHECKING

from aed.commands.ontology.files import add_file, load

if TYPE_CHECKING:
    from aed.commands import Subparsers


def add_parser(actions: "Subparsers") -> None:
    """Add `check`."""
    text = "list every fault of an ontology file"
    parser = actions.add_parser("check", help=text, description=f"{text.capitalize()}.")
    add_file(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every fault of an ontology file on stderr, or that it is fine on stdout.

    Args:
        arguments: with `file`, a path or None.

    Returns:
        0 if the file is fine, else 1.
    """
    from ontology import OntologyError
    from ontology.loader import HOME_PATH

    try:
        ontology = load(arguments.file)
    except OntologyError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return error.exit_code
    alerts = [node.alert for node in ontology.nodes if node.alert is not None]
    levels = 1 + max(node.depth for node in ontology.nodes)
    critical = sum(alert.critical for alert in alerts)
    print(
        f"{arguments.file or HOME_PATH}: fine, {len(ontology.nodes)} nodes on {levels} levels,"
        f" {len(alerts)} alert, {critical} of them critical"
    )
    return 0
