"""`aed ontology`: shows what can be heard, checks, compares, draws and makes ontology files."""

from typing import TYPE_CHECKING

from aed.commands.ontology import audioset, check, diff, draw, show

if TYPE_CHECKING:
    from aed.commands import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add `ontology` with its own subcommands."""
    parser = subparsers.add_parser("ontology", help="what aed can tell apart: show, check, change")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action in (show, check, diff, draw, audioset):
        action.add_parser(actions)
