"""`aed run`: listens until it is told to stop, and tells the broker what it hears."""

import argparse
import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import AedError

if TYPE_CHECKING:
    from aed.commands import Subparsers

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
    from daemon.dispatch import new_memory
    from daemon.journal import configure_logging, log_end
    from daemon.settings_file import load_settings
    from daemon.wakeup import ReloadRequest, StopRequest, Wakeup

    configure_logging(level=logging.DEBUG if arguments.verbose else logging.INFO)
    where: Path = arguments.config
    try:
        settings = load_settings(where)
        wakeup = Wakeup()
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
        with stop.on_signals(), reload.on_signal():  # a stop may come while the bundle loads
            service = make(settings)
            while (changed := service.run()) is not None:
                try:
                    service = make(changed)
                except AedError as error:
                    _logger.error("the former settings are used again: %s", error)  # noqa: TRY400
                    service = make(settings)
                else:
                    settings = changed
        wakeup.close()
    except AedError as error:
        if not log_end(error):
            raise
        return error.exit_code
    return 0
