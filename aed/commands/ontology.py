"""`aed ontology`: shows what can be heard, and checks ontology files of one's own."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text
    from rich.tree import Tree

    from aed.commands import Subparsers
    from ontology import Node, Ontology


def add_parser(subparsers: "Subparsers") -> None:
    """Add `ontology` with its own subcommands `show` and `check`."""
    parser = subparsers.add_parser("ontology", help="show or check what aed can tell apart")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, run, text in (
        ("show", run_show, "show an ontology as a tree"),
        ("check", run_check, "list every fault of an ontology file"),
    ):
        action = actions.add_parser(name, help=text, description=text.capitalize() + ".")
        action.add_argument(
            "file",
            nargs="?",
            type=Path,
            metavar="FILE",
            help="ontology file (default: the home ontology that aed comes with)",
        )
        action.set_defaults(run=run)


def run_show(arguments: argparse.Namespace) -> int:
    """Print the ontology: a tree in a terminal, indented lines elsewhere.

    Args:
        arguments: with `file`, a path or None.

    Returns:
        The exit code.

    Raises:
        OntologyError: the file is wrong; carries every fault.
    """
    from rich.console import Console

    ontology = _load(arguments.file)
    console = Console()
    if console.is_terminal:
        console.print(_tree(ontology))
        return 0
    print(f"{ontology.name}: {len(ontology.nodes)} nodes")
    for node in ontology.nodes:
        words = [node.id, node.name, *_marks(node), *node.audioset]
        print("  " * (node.depth + 1) + "  ".join(words))
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Print every fault of an ontology file on stderr, or that it is fine on stdout.

    Args:
        arguments: with `file`, a path or None.

    Returns:
        0 if the file is fine, else 1.
    """
    from ontology import OntologyError
    from ontology.loader import HOME_PATH

    try:
        ontology = _load(arguments.file)
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


def _load(path: Path | None) -> "Ontology":
    from ontology import home, load

    return home() if path is None else load(path)


def _marks(node: "Node") -> list[str]:
    """Return what stands behind a name: how urgent the sound is."""
    if node.alert is None:
        return []
    return ["critical" if node.alert.critical else "alert", *node.alert.pattern]


def _tree(ontology: "Ontology") -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    def grow(branch: Tree, nodes: "Iterable[Node]") -> None:
        for node in nodes:
            grow(branch.add(_line(node)), node.children)

    root = Tree(Text(f"{ontology.name}: {len(ontology.nodes)} nodes", style="bold"))
    grow(root, ontology.roots)
    return root


def _line(node: "Node") -> "Text":
    from rich.text import Text

    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(node.name, style="bold" if node.children else "")
    line.append(f"  {node.id}", style="cyan")
    if marks := _marks(node):
        critical = node.alert is not None and node.alert.critical
        line.append("  " + " ".join(marks), style="bold red" if critical else "yellow")
    if node.audioset:
        line.append("  " + " ".join(node.audioset), style="dim")
    return line
