"""The page's process: `python -m daemon.page`, started by the daemon."""

import argparse
import ipaddress
import socket
import sys
from pathlib import Path

from ontology.errors import AedError

MOST_CONNECTIONS = 64
_LONGEST_HEADERS_BYTES = 16_384
_STOP_S = 1
_EXTRA_MISSING = "the page needs Starlette and uvicorn: pip install 'aed[web]'"


def main() -> int:
    """Show the page until told to stop.

    Returns:
        The exit code; 78 if it cannot be shown as the settings want it.
    """
    parser = argparse.ArgumentParser(prog="python -m daemon.page")
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--password-file", type=Path)
    try:
        return _serve(parser.parse_args())
    except AedError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(error.strerror or error, file=sys.stderr)
        return 1


def _serve(arguments: argparse.Namespace) -> int:
    from daemon.page.errors import PageError  # noqa: PLC0415 - beside what may be missing
    from daemon.page.passwords import read_password_hash  # noqa: PLC0415

    try:
        import uvicorn  # noqa: PLC0415

        from daemon.page.app import PageSettings, make_app  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in ("uvicorn", "starlette"):
            raise
        raise PageError(_EXTRA_MISSING) from error
    where = arguments.password_file
    settings = PageSettings(
        address=arguments.address,
        socket=arguments.socket,
        state=arguments.state,
        parent=arguments.parent,
        password=None if where is None else read_password_hash(where),
    )
    config = uvicorn.Config(
        make_app(settings),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",  # what strangers send is no news
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_STOP_S,
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_LONGEST_HEADERS_BYTES,
    )
    with _listening(arguments.address, arguments.port) as listener:
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listening(address: str, port: int) -> socket.socket:
    version = ipaddress.ip_address(address).version
    family = socket.AF_INET6 if version == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{address} port {port}: {error.strerror}") from error
    listener.listen(MOST_CONNECTIONS)
    return listener


if __name__ == "__main__":
    sys.exit(main())
