"""A model to start with whatever has become of the installed one.

A card that loses a page must not leave a home unheard: where the settings name no bundle and the
installed one cannot be used, those before it are tried, the latest first, and then the shipped one.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from aed.bundle import SHIPPED, Bundle, load_bundle
from aed.errors import BundleError
from daemon.bundles.store import BundleStore
from daemon.ears.making import bundle_path, fitted, load_fitting_bundle, model_name
from daemon.errors import SettingsError
from daemon.settings.models import Settings

_logger = logging.getLogger(__name__)


def load_something_fitting(
    settings: Settings, *, where: Path, store: BundleStore, must_pass: bool
) -> tuple[Bundle, str | None]:
    """Load the bundle that settings ask for, or another one if that is the installed one.

    Args:
        settings: validated settings.
        where: their file.
        store: the installed bundles.
        must_pass: refuse a bundle that fails its self-test.

    Returns:
        The bundle, and why it is not the installed one, as a sentence; None if it is what was asked
        for.

    Raises:
        SettingsError: the settings do not fit the bundle.
        BundleError: the bundle cannot be used, nor any other.
    """
    try:
        return load_fitting_bundle(settings, where=where, must_pass=must_pass), None
    except BundleError as error:
        if settings.bundle is not None or bundle_path(settings) == SHIPPED:
            raise
        for path in _others(store):
            try:
                bundle = fitted(load_bundle(path), settings, where=where)
            except (BundleError, SettingsError) as reason:
                _logger.warning("%s cannot stand in: %s", path, reason)
                continue
            problem = (
                f"the installed bundle cannot be used, {model_name(bundle)} is heard with instead: "
                f"{error}"
            )
            _logger.error("%s", problem)  # noqa: TRY400 - no bug
            return bundle, problem
        raise


def _others(store: BundleStore) -> Iterator[Path]:
    yield from (store.folder / name for name in store.predecessors())
    yield SHIPPED
