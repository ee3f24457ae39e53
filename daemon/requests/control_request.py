"""Asks the running daemon by its control socket; for the command line."""

import socket
from pathlib import Path
from typing import Any

from daemon.errors import RequestError
from daemon.mqtt.payloads import read_object, to_json
from daemon.requests.handler import MAX_BYTES

SERVICE_SOCKET = Path("/run/aed/control.sock")
"""Where the service of this machine listens."""

TIMEOUT_S = 30.0
_MAX_RESPONSE_BYTES = 1_000_000


def ask(path: Path, name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Ask and wait for the response.

    Args:
        path: the control socket.
        name: which request.
        data: its data.

    Returns:
        The response.

    Raises:
        RequestError: the data cannot be sent, or nobody answers.
    """
    try:
        line = to_json({"request": name, "data": data}) + b"\n"
    except ValueError as error:
        raise RequestError(f"this cannot be asked: {error}") from error
    if len(line) > MAX_BYTES:
        raise RequestError(f"wanted at most {MAX_BYTES} bytes of data, found {len(line)}")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(line)
            with connection.makefile("rb") as responses:
                response = responses.readline(_MAX_RESPONSE_BYTES)
    except OSError as error:
        raise RequestError(
            f"no aed answers at {path} ({error.strerror or error}): does it run, and may you ask "
            f"it (sudo)? One that is not the service listens where runtime_directory in its "
            f"settings says; --config or --socket say where to ask"
        ) from error
    try:
        return read_object(response)
    except ValueError as error:
        raise RequestError(f"what answers at {path} is no aed: {error}") from error
