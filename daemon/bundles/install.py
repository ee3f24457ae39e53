"""Puts a bundle in place, or takes it back: `python -m daemon.bundles.install …` beside the daemon.

Copying waits for the disk and the self-test for the processor, so that the daemon has a process of
its own do both. It writes one JSON object to its standard output: `done` with a sentence, or
`error`.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aed.bundle import SHIPPED, Bundle, load_bundle
from aed.bundle_description import DESCRIPTION_FILE, ONTOLOGY_FILE, read_description
from aed.errors import BundleError
from daemon.bundles.store import BundleStore, folder_name
from daemon.errors import InstallError, SettingsError
from daemon.settings.file import load_settings, state_directory
from daemon.settings.models import Settings
from daemon.settings.nodes import fit_to_ontology
from ontology.errors import AedError
from ontology.matching import matches

TAKEN_BACK = "taken back by hand"


def install(
    source: Path, store: BundleStore, settings: Settings | None, *, where: Path, accept: bool
) -> str:
    """Put a bundle in place, and lead `current` to it.

    Args:
        source: its folder, which can go afterwards.
        store: where to.
        settings: what it must fit; None if there are none.
        where: their file.
        accept: take it even if its maker's gate, or what it cannot hear, speaks against it.

    Returns:
        What was done, as a sentence.

    Raises:
        BundleError: it cannot be used, or should not.
        InstallError: the settings name another one, there is no room, or somebody else installs.
    """
    _refuse_named(settings, where=where)
    if not source.is_dir():
        raise BundleError(
            f"bundle {source}: there is no such folder, or none that whoever installs may see: the "
            f"service looks into neither /home nor /root nor /tmp; copy it to /srv, for example"
        )
    info, _ = read_description(source)
    if not accept:
        _check_gate(source, info)
    bundle = load_bundle(source)
    if settings is not None:
        _check_settings(bundle, settings, where=where)
    with store.lock():
        store.sweep()
        if not accept:
            _check_critical(bundle, store)
        name = folder_name(bundle.name, bundle.digest)
        store.bring_in(source, name, {**info["files"], DESCRIPTION_FILE: bundle.digest})
        store.make_current(name)
    return f"{name} is installed"


def roll_back(store: BundleStore) -> str:
    """Lead `current` back to the latest version before it that can be used.

    Args:
        store: where they are.

    Returns:
        What was done, as a sentence.

    Raises:
        InstallError: there is nothing to go back from, or the disk refuses.
    """
    left = store.current
    if left is None:
        raise InstallError("there is nothing to take back: the bundle that comes with aed is used")
    skipped = []
    with store.lock():
        store.sweep()
        found = None
        for name in store.predecessors():
            try:
                load_bundle(store.folder / name)
            except BundleError:
                skipped.append(name)
            else:
                found = name
                break
        store.go_back(found, problem=TAKEN_BACK)
    told = f"back from {left} to {found or f'the bundle that comes with aed ({SHIPPED})'}"
    return f"{told}; damaged, and passed over: {', '.join(skipped)}" if skipped else told


def _refuse_named(settings: Settings | None, *, where: Path) -> None:
    """Refuse where the settings name a bundle: what is installed would not be heard with.

    Raises:
        InstallError: they do.
    """
    if settings is not None and settings.bundle is not None:
        raise InstallError(
            f"{where} names a bundle ({settings.bundle}), and that one is heard with whatever is "
            f"installed; take `bundle` out of the settings first"
        )


def _check_gate(source: Path, info: Mapping[str, Any]) -> None:
    gate = info["quality"].get("gate")
    if gate is None or (isinstance(gate, dict) and gate.get("accepted") is True):
        return
    rest = gate.items() if isinstance(gate, dict) else [("gate", gate)]
    told = "; ".join(f"{key}: {value}" for key, value in rest if key != "accepted")
    raise BundleError(
        f"bundle {source}: its maker's own gate found it worse than the one before"
        f"{f' ({told[:600]})' if told else ''}; --accept installs it all the same"
    )


def _check_settings(bundle: Bundle, settings: Settings, *, where: Path) -> None:
    try:
        fit_to_ontology(settings, where=where, bundle=bundle.thresholds, ontology=bundle.ontology)
    except SettingsError as error:
        raise BundleError(
            f"bundle {bundle.path} does not fit the settings:\n     {error}\n     "
            f"`aed ontology diff` shows what is otherwise in {bundle.path / ONTOLOGY_FILE}"
        ) from error


def _check_critical(bundle: Bundle, store: BundleStore) -> None:
    """Whoever relies on a critical sound must not lose it without knowing."""
    try:
        present = load_bundle(store.link if store.current else SHIPPED, must_pass=False)
    except BundleError:
        return  # it is damaged: whatever works is better
    kept = matches(present.ontology, bundle.ontology)
    still = {kept[node] for node in _heard_critical(bundle) if node in kept}
    lost = sorted(_heard_critical(present) - still)
    if lost:
        raise BundleError(
            f"bundle {bundle.path} cannot hear {', '.join(lost)}, which the present one "
            f"({present.name}) can, and which is critical; `aed ontology diff` shows what else is "
            f"otherwise; --accept installs it all the same"
        )


def _heard_critical(bundle: Bundle) -> set[str]:
    return {
        node.id
        for node in bundle.ontology.nodes
        if node.is_critical and node.id not in bundle.untaught
    }


def main() -> int:
    """Do what the daemon was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="daemon.bundles.install", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--install", type=Path)
    parser.add_argument("--accept", action="store_true")
    arguments = parser.parse_args()
    os.umask(0o077)
    try:
        settings = load_settings(arguments.config)
        store = BundleStore(state_directory(settings))
        if arguments.install is None:
            done = roll_back(store)
        else:
            where = arguments.config
            done = install(arguments.install, store, settings, where=where, accept=arguments.accept)
    except AedError as error:
        json.dump({"error": str(error)}, sys.stdout)
        return error.exit_code
    json.dump({"done": done}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
