"""`aed ontology show`: an ontology as a tree, with what there is to learn it from."""

import argparse
from typing import TYPE_CHECKING

from aed.commands.ontology.counting import add_data, counted, summary, words
from aed.commands.ontology.files import add_file, load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text
    from rich.tree import Tree

    from aed.commands import Subparsers
    from ontology import Node, Ontology
    from training.node_counts import DataCounts


def add_parser(actions: "Subparsers") -> None:
    """Add `show`."""
    text = "show an ontology as a tree"
    parser = actions.add_parser("show", help=text, description=f"{text.capitalize()}.")
    add_file(parser)
    add_data(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the ontology: a tree in a terminal, indented lines elsewhere.

    Args:
        arguments: with `file`, `data` and `labels`, paths or None.

    Returns:
        The exit code.

    Raises:
        OntologyError: the file is wrong; carries every fault.
        TrainingDataError: manifest or label map cannot be used.
    """
    from rich.console import Console

    ontology = load(arguments.file)
    counts = counted(ontology, arguments.data, arguments.labels)
    console = Console()
    if console.is_terminal:
        console.print(_tree(ontology, counts))
    else:
        print(f"{ontology.name}: {len(ontology.nodes)} nodes")
        for node in ontology.nodes:
            line = [node.id, node.name, *_marks(node), *node.audioset, *_told(node, counts)]
            print("  " * (node.depth + 1) + "  ".join(line))
    if counts is not None:
        print(*summary(counts), sep="\n")
    return 0


def _marks(node: "Node") -> list[str]:
    """Return what stands behind a name: how urgent the sound is."""
    if node.alert is None:
        return []
    return ["critical" if node.alert.critical else "alert", *node.alert.pattern]


def _told(node: "Node", counts: "DataCounts | None") -> list[str]:
    return [] if counts is None else [words(counts.nodes[node.id])]


def _tree(ontology: "Ontology", counts: "DataCounts | None") -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    def grow(branch: Tree, nodes: "Iterable[Node]") -> None:
        for node in nodes:
            grow(branch.add(_line(node, counts)), node.children)

    root = Tree(Text(f"{ontology.name}: {len(ontology.nodes)} nodes", style="bold"))
    grow(root, ontology.roots)
    return root


def _line(node: "Node", counts: "DataCounts | None") -> "Text":
    from rich.text import Text

    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(node.name, style="bold" if node.children else "")
    line.append(f"  {node.id}", style="cyan")
    if marks := _marks(node):
        line.append("  " + " ".join(marks), style="bold red" if node.is_critical else "yellow")
    if counts is not None:
        style = "yellow" if counts.nodes[node.id].is_too_little else "green"
        line.append("  " + words(counts.nodes[node.id]), style=style)
    elif node.audioset:
        line.append("  " + " ".join(node.audioset), style="dim")
    return line
