"""Where sounds are taught: in the state directory of the running daemon, or of one that may run."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aed.bundle import default_bundle_path
from daemon.ears.making import bundle_path
from daemon.errors import RequestError
from daemon.requests.control_request import SERVICE_SOCKET, ask
from daemon.settings.file import load_settings, socket_path, state_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where sounds are taught.

    Attributes:
        state: the state directory.
        bundle: folder of the bundle that is taught.
        socket: control socket of the daemon that uses them; None if none runs.
    """

    state: Path
    bundle: Path
    socket: Path | None

    def ask(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        """Ask the daemon, if there is one.

        Returns:
            The data of its response.

        Raises:
            RequestError: it refuses, or nobody answers.
        """
        if self.socket is None:
            raise RequestError("there is no running aed to ask")
        return _answered(self.socket, name, data)


def find_place(arguments: argparse.Namespace) -> Place:
    """Ask the running daemon, else the settings, where the sounds are.

    Args:
        arguments: with `config`, `socket`, `state` and `bundle`, paths or None.

    Raises:
        SettingsError: the settings are wrong.
        RequestError: neither a daemon nor the arguments say where.
    """
    if arguments.state is not None:
        bundle = arguments.bundle or default_bundle_path(arguments.state)
        return Place(state=arguments.state, bundle=bundle, socket=None)
    settings = None if arguments.config is None else load_settings(arguments.config)
    socket = arguments.socket or socket_path(settings) or SERVICE_SOCKET
    try:
        response = ask(socket, "taught", {})
    except RequestError as error:
        if settings is None:
            raise RequestError(
                f"{error}. Where no aed runs, --config FILE or --state DIR say where to keep "
                f"what is taught"
            ) from error
        bundle = arguments.bundle or bundle_path(settings)
        return Place(state=state_directory(settings), bundle=bundle, socket=None)
    data = _data(socket, response)
    return Place(state=Path(data["state"]), bundle=Path(data["bundle"]), socket=socket)


def _answered(socket: Path, name: str, data: dict[str, Any]) -> dict[str, Any]:
    return _data(socket, ask(socket, name, data))


def _data(socket: Path, response: dict[str, Any]) -> dict[str, Any]:
    data = response.get("data")
    if response.get("status") != "ok" or not isinstance(data, dict):
        raise RequestError(f"the aed at {socket} refuses: {response.get('error')}")
    return data
