"""`aed request`: ask the running daemon on this machine, by its control socket."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aed.commands import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add `request`."""
    parser = subparsers.add_parser(
        "request",
        help="ask the running daemon",
        description="Asks the aed that runs on this machine and prints its response as JSON. "
        "What can be asked: ping, snapshot, recent_events, mute, set_threshold, self_test, "
        "delete_clip, reload. "
        "Exit code 1 if it is refused, or nobody answers.",
        epilog="Example: aed request mute '{\"for_s\": 600}'",
    )
    parser.add_argument("name", metavar="NAME", help="what to ask for")
    parser.add_argument(
        "data", metavar="JSON", nargs="?", type=_object, default={}, help="with which data"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--config", type=Path, metavar="FILE", help="settings of the daemon to ask (YAML)"
    )
    where.add_argument(
        "--socket", type=Path, metavar="PATH", help="its control socket; else that of the service"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the response.

    Args:
        arguments: with `name`, `data`, `config` and `socket`.

    Returns:
        0, or 1 if the request was refused.

    Raises:
        SettingsError: the settings are wrong.
        RequestError: nobody answers.
    """
    from daemon.requests.control_request import SERVICE_SOCKET, ask
    from daemon.settings.file import load_settings, socket_path

    path = arguments.socket
    if path is None:
        settings = None if arguments.config is None else load_settings(arguments.config)
        path = socket_path(settings) or SERVICE_SOCKET
    response = ask(path, arguments.name, arguments.data)
    print(json.dumps(response, ensure_ascii=False))
    return 0 if response.get("status") == "ok" else 1


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"wanted a JSON object, found no JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"wanted a JSON object, found {text[:60]!r}")
    return value
