"""`aed bundle install`, `list` and `rollback`: by the running daemon, or without one."""

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aed.commands import Subparsers
    from daemon.bundles.history import Installed
    from daemon.bundles.store import BundleStore
    from daemon.settings.models import Settings

SERVICE_SETTINGS = Path("/etc/aed/settings.yaml")

POLL_S = 0.5
LONGEST_S = 600.0


def add_parsers(actions: "Subparsers") -> None:
    """Add the three to the actions of `aed bundle`."""
    install = actions.add_parser(
        "install",
        help="hear with another model, without a pause",
        description="Checks a bundle and copies it to the state directory. An aed that runs loads "
        "it beside the model in use, hears with it, and goes back by itself if it fails, is too "
        "slow or takes too much memory within a minute.",
    )
    install.add_argument("folder", type=Path, metavar="DIR", help="folder of the bundle")
    install.add_argument(
        "--accept",
        action="store_true",
        help="install it although it was found worse, or cannot hear what is critical",
    )
    listing = actions.add_parser(
        "list", help="list the installed models", description="Lists the installed models."
    )
    rollback = actions.add_parser(
        "rollback",
        help="go back to the model before",
        description="Goes back to the latest model before the installed one that is intact, and "
        "from the first one to the one that comes with aed.",
    )
    for parser, run in ((install, run_install), (listing, run_list), (rollback, run_rollback)):
        parser.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            help=f"settings of the aed that hears (default: {SERVICE_SETTINGS}, if it is there)",
        )
        parser.set_defaults(run=run)


def run_install(arguments: argparse.Namespace) -> int:
    """Install a bundle, and wait until it is heard with where an aed runs.

    Args:
        arguments: with `folder`, `accept` and `config`.

    Returns:
        0.

    Raises:
        SettingsError: the settings are wrong.
        BundleError: the bundle cannot be used, or should not.
        InstallError: there is no room, or somebody else installs.
        RequestError: the running aed refuses.
    """
    from daemon.bundles.install import install

    settings, where = _settings(arguments.config)
    data = {"path": str(arguments.folder.absolute()), "accept": arguments.accept}
    if not _asked(settings, "install_bundle", data):
        store = _store(settings)
        print(install(arguments.folder, store, settings, where=where, accept=arguments.accept))
        _print_not_running()
    return 0


def run_rollback(arguments: argparse.Namespace) -> int:
    """Go back, and wait until the former one is heard with where an aed runs.

    Args:
        arguments: with `config`.

    Returns:
        0.

    Raises:
        SettingsError: the settings are wrong.
        InstallError: there is nothing to go back from, or the disk refuses.
        RequestError: the running aed refuses.
    """
    from daemon.bundles.install import roll_back

    settings, _ = _settings(arguments.config)
    if not _asked(settings, "rollback_bundle", {}):
        print(roll_back(_store(settings)))
        _print_not_running()
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """Print what is installed, the latest first.

    Args:
        arguments: with `config`.

    Returns:
        0.

    Raises:
        SettingsError: the settings are wrong.
        InstallError: the state directory may not be read.
    """
    from aed.bundle import SHIPPED

    settings, where = _settings(arguments.config)
    store = _store(settings)
    current, history = store.current, store.history()
    if settings is not None and settings.bundle is not None:
        print(f"{where} names {settings.bundle}: none of these is heard with")
    if current is not None and current not in [each.name for each in history]:
        print(f"* {current}  ({store.link}) is none of ours, or gone; `aed bundle rollback`")
    for each in reversed(history):
        mark = "*" if each.name == current else " "
        print(f"{mark} {each.name}  {_standing(store, each)}")
    print(f"{' ' if current else '*'} the one that comes with aed  ({SHIPPED})")
    return 0


def _standing(store: "BundleStore", installed: "Installed") -> str:
    from aed.bundle_description import read_description
    from aed.errors import BundleError
    from daemon.bundles.files import is_same_bundle

    folder = store.folder / installed.name
    try:
        is_intact = is_same_bundle(folder, read_description(folder)[0]["files"])
    except BundleError:
        is_intact = False
    if not is_intact:
        return "damaged; install it again, or `aed bundle rollback`"
    if installed.problem is not None:
        return f"given up: {installed.problem}"
    return "proven" if installed.is_proven else "not proven yet"


def _settings(config: Path | None) -> tuple["Settings | None", Path]:
    from daemon.settings.file import load_settings

    if config is None and not SERVICE_SETTINGS.is_file():
        return None, SERVICE_SETTINGS
    where = config or SERVICE_SETTINGS
    return load_settings(where), where


def _store(settings: "Settings | None") -> "BundleStore":
    from daemon.bundles.store import BundleStore
    from daemon.errors import InstallError

    state = _state(settings)
    if os.path.lexists(state) and not os.access(state, os.R_OK | os.X_OK):
        raise InstallError(f"{state} may not be read by you; sudo may")
    return BundleStore(state)


def _state(settings: "Settings | None") -> Path:
    from daemon.settings.file import default_state_directory, state_directory

    return default_state_directory() if settings is None else state_directory(settings)


def _asked(settings: "Settings | None", name: str, data: dict[str, Any]) -> bool:
    """Have the running daemon do it, and print what has come of it; False if none runs."""
    from aed.errors import BundleError
    from daemon.errors import RequestError
    from daemon.requests.control_request import SERVICE_SOCKET, ask
    from daemon.settings.file import DEFAULT_STATE_DIRECTORY, socket_path

    path = socket_path(settings)
    if path is None and _state(settings) == DEFAULT_STATE_DIRECTORY:
        path = SERVICE_SOCKET
    if path is None:
        return False
    try:
        ask(path, "ping", {})
    except RequestError:
        return False
    response = ask(path, name, data)
    deadline_s = time.monotonic() + LONGEST_S
    while response["status"] == "ok" and response["data"]["doing"] in ("installing", "loading"):
        if time.monotonic() > deadline_s:
            raise RequestError(f"aed has not come to an end with it within {LONGEST_S:.0f} s")
        time.sleep(POLL_S)
        response = ask(path, "bundle_status", {})
    if response["status"] != "ok":
        raise RequestError(str(response["error"]))
    if response["data"]["error"] is not None:
        raise BundleError(response["data"]["error"])
    print(f"{response['data']['done']}, and aed hears with it")
    if response["data"]["doing"] == "watching":
        print("for a minute it is watched; `aed bundle list` says whether it has proven itself")
    return True


def _print_not_running() -> None:
    print("no aed answers: one that runs takes it over on SIGHUP (systemctl reload aed)")
