"""`aed run`: listens until it is told to stop, and tells the broker what it hears."""

import argparse
import contextlib
import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import AedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aed.commands import Subparsers
    from daemon.service import Service
    from daemon.settings.models import Settings

_logger = logging.getLogger(__name__)


def add_parser(subparsers: "Subparsers") -> None:
    """Add `run`."""
    parser = subparsers.add_parser(
        "run",
        help="listen, and publish what is heard over MQTT",
        description="Listens until it gets SIGTERM or SIGINT, and publishes what it hears over "
        "MQTT. Keeps running without a microphone and without a broker, and says so.",
    )
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="settings file (YAML)"
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon.

    Args:
        arguments: with `config` and `verbose`.

    Returns:
        0 once it was told to stop; under journald the exit code of what is raised elsewhere.

    Raises:
        SettingsError: the settings are wrong, or do not fit the bundle.
        BundleError: the bundle cannot be used.
        OutboxError: another aed uses the state directory, or a newer one wrote the outbox.
    """
    from daemon.assembly import assemble
    from daemon.clocks import SystemClock
    from daemon.journal import configure_logging, log_end
    from daemon.mqtt.dispatch import new_memory
    from daemon.settings.file import load_settings
    from daemon.wakeup import ReloadRequest, StopRequest, Wakeup

    configure_logging(level=logging.DEBUG if arguments.verbose else logging.INFO)
    where: Path = arguments.config
    try:
        settings = load_settings(where)
        with contextlib.closing(Wakeup()) as wakeup, contextlib.ExitStack() as signals:
            stop = StopRequest(wakeup)
            reload = ReloadRequest(wakeup)
            clock = SystemClock()
            make = functools.partial(
                assemble,
                where=where,
                clock=clock,
                wakeup=wakeup,
                stop=stop,
                reload=reload,
                memory=new_memory(clock),
            )
            # A stop may come while the bundle loads.
            signals.enter_context(stop.on_signals())
            signals.enter_context(reload.on_signal())
            service = make(settings)
            while (changed := service.run()) is not None:
                try:
                    service = make(changed)
                except AedError as error:
                    _logger.error("the former settings are used again: %s", error)  # noqa: TRY400
                    service = _make_again(make, settings)
                else:
                    settings = changed
    except AedError as error:
        if not log_end(error):
            raise
        return error.exit_code
    return 0


def _make_again(make: "Callable[..., Service]", settings: "Settings") -> "Service":
    """Make what ran before, since other settings could not be used.

    Raises:
        AedError: it cannot be made any more; it could, so that a later start may.
    """
    try:
        return make(settings, is_refused=True)
    except AedError as error:
        error.exit_code = AedError.exit_code
        raise
