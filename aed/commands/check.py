"""`aed check`: whether `aed run` would start with these settings."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import AedError

if TYPE_CHECKING:
    from aed.bundle import Bundle
    from aed.commands import Subparsers

EXIT_FINE = 0

STAGES = ("settings", "bundle", "nodes")
"""What is checked, in this order; the first that is not fine is the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One thing that was checked.

    Attributes:
        stage: what.
        ok: whether it is fine.
        faults: what is wrong with it, one sentence each.
        found: what was found, when it is fine.
    """

    stage: str
    ok: bool
    faults: tuple[str, ...] = ()
    found: str = ""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `check`."""
    parser = subparsers.add_parser(
        "check",
        help="check settings without starting",
        description="Checks the settings, the files they name, the bundle with its self-test, and "
        "whether the two fit together. Opens no microphone and does not contact the broker.",
    )
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="settings file (YAML)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check settings and print what was found.

    Args:
        arguments: with `config` and `json`.

    Returns:
        0 if `aed run` would start, else what it would exit with.
    """
    stages, code = check(arguments.config)
    if arguments.json:
        result = {"ok": code == EXIT_FINE, "stages": [asdict(stage) for stage in stages]}
        print(json.dumps(result, indent=2, ensure_ascii=False))
        return code
    for stage in stages:
        if stage.ok:
            print(f"{stage.stage}: ok, {stage.found}")
        for fault in stage.faults:
            print(fault, file=sys.stderr)
    return code


def check(where: Path) -> tuple[list[Stage], int]:
    """Go through the stages of starting, as far as they get.

    Args:
        where: the settings file.

    Returns:
        The stages that were tried, and the exit code that `aed run` would give.
    """
    from daemon.errors import SettingsError

    stages: list[Stage] = []
    try:
        for name, found in _stages(where):
            stages.append(Stage(stage=name, ok=True, found=found))
    except AedError as error:
        faults = error.faults if isinstance(error, SettingsError) else (error,)
        sentences = tuple(str(fault) for fault in faults)
        stages.append(Stage(stage=STAGES[len(stages)], ok=False, faults=sentences))
        return stages, error.exit_code
    return stages, EXIT_FINE


def _stages(where: Path) -> Iterator[tuple[str, str]]:
    """Do what `aed run` does before it listens; gives each stage with what it found."""
    from aed.bundle import load_bundle
    from daemon.ears import bundle_path
    from daemon.settings_file import load_settings, state_directory
    from daemon.settings_nodes import class_nodes, fit_to_ontology
    from daemon.state_folder import check_state_folder

    settings = load_settings(where)
    check_state_folder(state_directory(settings))
    yield STAGES[0], f"node {settings.node}, {len(settings.sources)} source(s)"
    bundle = load_bundle(bundle_path(settings))
    yield STAGES[1], _described(bundle)
    fit_to_ontology(settings, where=where, bundle=bundle.thresholds, ontology=bundle.ontology)
    num_classes = len(class_nodes(settings, bundle.ontology))
    yield STAGES[2], f"{num_classes} of them with topics of their own"


def _described(bundle: "Bundle") -> str:
    """What was found of a bundle, and what it should report but never will."""
    text = f"{bundle.name} in {bundle.path}, {len(bundle.labels)} nodes, self-test passed"
    deserving = [node for node in bundle.untaught if bundle.ontology.node(node).alert is not None]
    return f"{text}; never taught, so never reported: {', '.join(deserving)}" if deserving else text
