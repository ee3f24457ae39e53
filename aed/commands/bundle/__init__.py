"""`aed bundle`: what a model is, whether it can be used here, and putting another one in place."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aed.bundle import Bundle
    from aed.commands import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add `bundle` with its subcommands."""
    from aed.commands.bundle import installing

    parser = subparsers.add_parser("bundle", help="show, check or install a trained model")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, run, text in (
        ("show", run_show, "show what a bundle says of itself"),
        ("check", run_check, "check the files of a bundle and run its self-test"),
    ):
        action = actions.add_parser(name, help=text, description=text.capitalize() + ".")
        action.add_argument(
            "folder",
            nargs="?",
            type=Path,
            metavar="DIR",
            help="folder of the bundle (default: the installed one, else the shipped one)",
        )
        action.set_defaults(run=run)
    installing.add_parsers(actions)


def run_show(arguments: argparse.Namespace) -> int:
    """Print the description of a bundle.

    Args:
        arguments: with `folder`, a path or None.

    Returns:
        The exit code.

    Raises:
        BundleError: the bundle cannot be used.
    """
    bundle = _load(arguments.folder)
    for line in describe(bundle):
        print(line)
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Load a bundle, which checks all there is to check, and say that it is fine.

    Args:
        arguments: with `folder`, a path or None.

    Returns:
        0.

    Raises:
        BundleError: the bundle cannot be used; says why.
    """
    bundle = _load(arguments.folder)
    print(f"{bundle.path}: fine: {bundle.name}, {len(bundle.labels)} nodes, self-test passed")
    return 0


def describe(bundle: "Bundle") -> "Iterator[str]":
    """What `aed bundle show` prints, line by line."""
    info = bundle.info
    yield f"{bundle.name}  ({bundle.path})"
    yield f"format      {info['format_version']}"
    yield f"created     {info.get('created', 'unknown')}"
    yield f"licence     {info.get('licence', 'unknown')}"
    yield f"digest      {bundle.digest}"
    ontology = bundle.ontology
    yield f"ontology    {ontology.name}, {len(ontology.nodes)} nodes, {ontology.digest}"
    for title in ("architecture", "front_end", "training", "quality"):
        yield from _section(title, info.get(title) or {})
    yield f"untaught    {', '.join(bundle.untaught) or 'none'}"
    yield "thresholds"
    for node_id, numbers in bundle.thresholds.items():
        yield f"  {node_id}: " + ", ".join(f"{key} {value}" for key, value in numbers.items())
    yield f"data        {len(info.get('data') or [])} sources"
    for source in info.get("data") or []:
        yield f"  {_one_line(source)}"


def _section(title: str, content: "Mapping[str, Any]") -> "Iterator[str]":
    if content:
        yield title
    for key, value in content.items():
        yield f"  {key}: {_one_line(value)}"


def _one_line(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_one_line(each)}" for key, each in value.items())
    if isinstance(value, list):
        told = [_one_line(each) for each in value[:_MOST_TOLD]]
        if len(value) > _MOST_TOLD:
            told.append(f"and {len(value) - _MOST_TOLD} more")
        return f"[{', '.join(told)}]"
    return str(value)


_MOST_TOLD = 16
"""Of a list; `bundle.yaml` holds all of it."""


def _load(folder: Path | None) -> "Bundle":
    from aed.bundle import default_bundle_path, load_bundle

    return load_bundle(folder or default_bundle_path())
