"""`aed check`: whether `aed run` would start with these settings, hear, and be heard."""

import argparse
import json
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ontology.errors import AedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aed.bundle import Bundle
    from aed.commands import Subparsers
    from daemon.checks.finding import Finding
    from daemon.settings.models import Settings

EXIT_FINE = 0
EXIT_FAILED = 1
EXIT_UNUSABLE = 78

INSIDE = ("settings", "bundle", "ontology")
OUTSIDE = ("source", "dns", "tcp", "tls", "login", "delivery")
"""The stages, in their order: what lies in files, and what does not. There is a `source` for each
source of the settings."""

_Made = TypeVar("_Made")


def add_parser(subparsers: "Subparsers") -> None:
    """Add `check`."""
    parser = subparsers.add_parser(
        "check",
        help="check settings, microphones and broker without starting",
        description="Checks, in this order: settings (every fault at once), the bundle with its "
        "self-test, whether the two fit together; of each source whether sound comes; the broker's "
        "name, port, encryption, login, and whether a message comes back. Says of each stage "
        "whether it is ok, failed (and what to do) or skipped (and why). May run beside `aed run`.",
        epilog="Exit codes: 0 nothing failed, 1 a source or the broker did, 78 `aed run` would not "
        "start.",
    )
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="settings file (YAML)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.add_argument(
        "--offline",
        action="store_true",
        help="only what lies in files: open no source, do not contact the broker",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check, and print what was found, stage by stage.

    Args:
        arguments: with `config`, `json` and `offline`.

    Returns:
        0 if nothing failed, 78 if `aed run` would not start, else 1.
    """
    from daemon.checks.finding import Verdict

    logging.getLogger("daemon").setLevel(logging.CRITICAL)  # the findings say it
    findings: list[Finding] = []
    for finding in check(arguments.config, is_offline=arguments.offline):
        findings.append(finding)
        if not arguments.json:
            _print(finding)
    failed = {finding.stage for finding in findings if finding.verdict is Verdict.FAILED}
    code = EXIT_UNUSABLE if failed & set(INSIDE) else EXIT_FAILED if failed else EXIT_FINE
    if arguments.json:
        result = {"ok": not failed, "stages": [asdict(finding) for finding in findings]}
        print(json.dumps(result, indent=2, ensure_ascii=False))
    return code


def check(where: Path, *, is_offline: bool) -> "Iterator[Finding]":
    """Go through all stages; one that needs another that failed is skipped.

    Args:
        where: the settings file.
        is_offline: whether to stop at what lies in files.

    Yields:
        What each stage came to, as soon as it is known.
    """
    from daemon.checks.finding import skipped

    settings, finding = _tried("settings", lambda: _load_settings(where))
    yield finding
    if settings is None:
        reason = "the settings cannot be used"
        yield from skipped(*INSIDE[1:], *OUTSIDE, reason=reason)
        return
    bundle, finding = _tried("bundle", lambda: _load_bundle(settings))
    yield finding
    if bundle is None:
        yield from skipped("ontology", reason="it is in the bundle, which cannot be used")
    else:
        yield _tried("ontology", lambda: _fit(settings, where, bundle))[1]
    if is_offline:
        yield from skipped(*OUTSIDE, reason="not asked for (--offline)")
    else:
        yield from _outside(settings)


def _tried(stage: str, make: "Callable[[], tuple[_Made, str]]") -> "tuple[_Made | None, Finding]":
    """What a stage makes, None if it cannot, and what to say of it."""
    from daemon.checks.finding import Finding, Verdict

    began_s = time.monotonic()
    made: _Made | None = None
    found = ""
    faults: tuple[str, ...] = ()
    try:
        made, found = make()
    except AedError as error:
        faults = tuple(str(fault) for fault in getattr(error, "faults", (error,)))
    verdict = Verdict.FAILED if faults else Verdict.OK
    took_s = time.monotonic() - began_s
    return made, Finding(stage=stage, verdict=verdict, found=found, faults=faults, took_s=took_s)


def _load_settings(where: Path) -> "tuple[Settings, str]":
    from daemon.checks.running import is_daemon_running
    from daemon.settings.file import load_settings, state_directory
    from daemon.state_folder import check_state_folder

    settings = load_settings(where)
    folder = state_directory(settings)
    check_state_folder(folder)
    here = ", running here now" if is_daemon_running(folder) else ""
    return settings, f"node {settings.node}, {len(settings.sources)} source(s){here}"


def _load_bundle(settings: "Settings") -> "tuple[Bundle, str]":
    from aed.bundle import load_bundle
    from daemon.ears.making import bundle_path

    bundle = load_bundle(bundle_path(settings))
    text = f"{bundle.name} in {bundle.path}, {len(bundle.labels)} nodes, self-test passed"
    deserving = [node for node in bundle.untaught if bundle.ontology.node(node).alert is not None]
    if deserving:
        text += f"; never taught, so never reported: {', '.join(deserving)}"
    return bundle, text


def _fit(settings: "Settings", where: Path, bundle: "Bundle") -> tuple[None, str]:
    from daemon.settings.nodes import class_nodes, fit_to_ontology

    fit_to_ontology(settings, where=where, bundle=bundle.thresholds, ontology=bundle.ontology)
    num_classes = len(class_nodes(settings, bundle))
    return None, f"{bundle.ontology.name}, {num_classes} of its nodes with topics of their own"


def _outside(settings: "Settings") -> "Iterator[Finding]":
    from daemon.checks.delivery import check_delivery
    from daemon.checks.finding import Verdict, skipped
    from daemon.checks.network import check_network
    from daemon.checks.running import is_daemon_running
    from daemon.checks.sources import listen_to
    from daemon.clocks import SystemClock
    from daemon.mqtt.topics import Topics
    from daemon.settings.file import state_directory

    is_running = is_daemon_running(state_directory(settings))
    yield from listen_to(settings.sources, clock=SystemClock(), is_daemon_running=is_running)
    is_reached = True
    for finding in check_network(settings.mqtt):
        is_reached = is_reached and finding.verdict is not Verdict.FAILED
        yield finding
    if is_reached:
        topics = Topics(node=settings.node)
        yield from check_delivery(settings.mqtt, topics, is_daemon_running=is_running)
    else:
        yield from skipped("login", "delivery", reason="the broker cannot be reached")


def _print(finding: "Finding") -> None:
    """Say what a stage came to; what failed goes to the standard error."""
    name = finding.stage if finding.source is None else f"{finding.stage} {finding.source}"
    if not finding.faults:
        print(f"{name}: {finding.verdict}, {finding.found}", flush=True)
    for fault in finding.faults:
        print(f"{name}: {finding.verdict}, {fault}", file=sys.stderr, flush=True)
    if finding.remedy:
        print(f"    {finding.remedy}", file=sys.stderr, flush=True)
